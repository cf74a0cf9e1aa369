package swap

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// File is a routing file as it stands on a disk.
type File struct {
	Name string // for positions and messages
	Text []byte
	Env  func(string) (string, bool) // environment variables; nil for none
}

// Edit is one step of a file changed.
type Edit struct {
	Place    Place
	From, To switchgear.Target
	Title    string // what it does, in a line
	Old, New string // what differs, before and after
	Offset   int    // where that begins, in bytes
	Line     int    // counted from 1
	Text     []byte // the whole file with the edit
	Notes    []string

	old           []byte // the whole file before
	before, after *config.Config
	was, is       *config.Step // who answered, and who is to
	trial         bool         // is answers a part of the requests on trial
}

// Replace writes another model into one step of a chain.
func (f File) Replace(at Place, to string) (*Edit, error) {
	if to == "" {
		return nil, sentence("there is no model \"\"", "Write provider/model, or a short name of models.")
	}
	return f.Change(&Wish{Place: at, To: to})
}

// parse reads a text of the file. Secrets need not be at hand.
func (f File) parse(text []byte) (*config.Config, error) {
	c, findings := config.Parse(f.Name, text, f.Env, config.WithoutSecrets())
	for i := range findings {
		if findings[i].Severity == config.Error {
			return nil, fmt.Errorf("the file has mistakes, which are to be mended first: %s", findings[i])
		}
	}
	return c, nil
}

// shared says what else a short name serves, and where it is defined.
func shared(c *config.Config, s *config.Step, at Place) string {
	if s.Model == nil {
		return ""
	}
	var users []string
	uses := func(chain []config.Step, p Place) {
		for i := range chain {
			if p.Step = i + 1; chain[i].Model == s.Model && p != at {
				users = append(users, p.String())
			}
			if k := chain[i].Canary; k != nil && k.Step.Model == s.Model && k.Step.Model != nil {
				users = append(users, "the canary of "+p.String())
			}
		}
	}
	for i := range c.Routes {
		r := &c.Routes[i]
		uses(r.Chain, Place{Route: r.Name})
		for j := range r.Rules {
			uses(r.Rules[j].Chain, Place{Route: r.Name, Rule: j + 1})
		}
	}
	where := s.Model.Name + " (models, line " + strconv.Itoa(s.Model.Pos.Line) + ")"
	if len(users) == 0 {
		return "the short name " + where + " stays as it is, and nothing uses it any more"
	}
	return "the short name " + where + " stays as it is: it also serves " + strings.Join(users, ", ")
}

// token is a scalar as it stands in a file.
type token struct {
	start, end int
	line       int
	quote      byte // ' or ", or 0 for none
}

// errVariable is that a step is not spelt out in the file.
var errVariable = errors.New("takes its model from a variable. Change the variable, or write the model into the file")

// layout is a file as it can be edited: its lines, and what it means with
// positions that fit them.
type layout struct {
	text  []byte
	lines []line
	cfg   *config.Config
}

// lay finds the lines of a file. The YAML reader counts a carriage return as a
// line of its own, so it is asked about a copy without any.
func (f File) lay() (*layout, error) {
	lines := split(f.Text)
	flat := make([]byte, 0, len(f.Text))
	for i, l := range lines {
		if i > 0 {
			flat = append(flat, '\n')
		}
		flat = append(flat, f.Text[l.start:l.end]...)
	}
	c, err := f.parse(flat)
	if err != nil {
		return nil, err
	}
	return &layout{text: f.Text, lines: lines, cfg: c}, nil
}

// offset is where a position lies, in bytes; -1 if it lies nowhere.
func (l *layout) offset(pos config.Position) int {
	if pos.Line < 1 || pos.Line > len(l.lines) {
		return -1
	}
	at := l.lines[pos.Line-1]
	start := column(l.text[at.start:at.end], pos.Col)
	if start < 0 {
		return -1
	}
	return at.start + start
}

// locate finds the scalar that names a step's model.
func (l *layout) locate(at Place) (token, error) {
	step, _, err := at.find(l.cfg)
	if err != nil {
		return token{}, err
	}
	lost := fmt.Errorf("%s: %s is written in a way that cannot be edited. Change it by hand", step.Pos, at)
	start := l.offset(step.Pos)
	if start < 0 {
		return token{}, lost
	}
	end := l.lines[step.Pos.Line-1].end
	t, ok := scan(l.text[:end], start, step.Use)
	t.line = step.Pos.Line
	switch {
	case ok:
		return t, nil
	case bytes.Contains(l.text[start:end], []byte("${")):
		return token{}, fmt.Errorf("%s: %s %w", step.Pos, at, errVariable)
	default:
		return token{}, lost
	}
}

// line is where a line of the text lies, without its end.
type line struct{ start, end int }

const mark = "\ufeff"

// split finds the lines of a text, whatever ends them. A byte order mark is
// part of none.
func split(text []byte) []line {
	at := 0
	if bytes.HasPrefix(text, []byte(mark)) {
		at = len(mark)
	}
	var out []line
	for start := at; ; {
		i := bytes.IndexAny(text[start:], "\r\n")
		if i < 0 {
			return append(out, line{start, len(text)})
		}
		out = append(out, line{start, start + i})
		if bytes.HasPrefix(text[start+i:], []byte("\r\n")) {
			i++
		}
		start += i + 1
	}
}

// column turns a column, counted in characters from 1, into bytes; -1 if the
// line is not that long.
func column(text []byte, col int) int {
	at := 0
	for range col - 1 {
		_, n := utf8.DecodeRune(text[at:])
		if n == 0 {
			return -1
		}
		at += n
	}
	return at
}

// scan reads the scalar that begins at a place, and reports whether it spells a
// word out. Text ends where its line does.
func scan(text []byte, at int, word string) (token, bool) {
	t := token{start: at}
	if at >= len(text) {
		return t, false
	}
	switch rest := text[at:]; rest[0] {
	case '\'':
		spelt := "'" + strings.ReplaceAll(word, "'", "''") + "'"
		t.quote, t.end = '\'', at+len(spelt)
		return t, bytes.HasPrefix(rest, []byte(spelt))
	case '"':
		t.quote = '"'
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				t.end = at + i + 1
				inner := string(rest[1:i])
				return t, inner == word || (strings.Contains(inner, `\`) && !strings.Contains(inner, "${"))
			}
		}
		return t, false
	default:
		t.end = at + len(word)
		return t, word != "" && bytes.HasPrefix(rest, []byte(word))
	}
}

// styles are the ways to write a word in the place of the scalar, the nearest
// to it first. Without quotes, YAML may take a name for something else.
func (t token) styles(word string) []string {
	double := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
	single := "'" + strings.ReplaceAll(word, "'", "''") + "'"
	switch t.quote {
	case '\'':
		return []string{single}
	case '"':
		return []string{double}
	default:
		return []string{word, double}
	}
}

// After is what the edited file means.
func (e *Edit) After() *config.Config { return e.after }

// differ finds the lines that two texts differ in, without their ends, and the
// number of the first.
func differ(a, b []byte) (first int, before, after []string) {
	x, y := rows(a), rows(b)
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		head++
	}
	tail := 0
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	return head + 1, x[head : len(x)-tail], y[head : len(y)-tail]
}

// rows are the lines of a text, without their ends.
func rows(text []byte) []string {
	var out []string
	for _, l := range split(text) {
		out = append(out, string(text[l.start:l.end]))
	}
	return out
}

// Diff are the lines that the edit changes, each marked with - or +.
func (e *Edit) Diff() string {
	_, before, after := differ(e.old, e.Text)
	var b strings.Builder
	for _, line := range before {
		b.WriteString("-" + line + "\n")
	}
	for _, line := range after {
		b.WriteString("+" + line + "\n")
	}
	return b.String()
}

// narrow notes what differs, as near to what was spliced as that is true.
func (e *Edit) narrow(splices []splice) {
	from, to := len(e.old), 0
	for _, s := range splices {
		if s.text != string(e.old[s.start:s.end]) {
			from, to = min(from, s.start), max(to, s.end)
		}
	}
	after := len(e.old) - max(from, to)
	for !bytes.HasPrefix(e.Text, e.old[:from]) {
		from--
	}
	for !bytes.HasSuffix(e.Text, e.old[len(e.old)-after:]) || len(e.Text)-after < from || len(e.old)-after < from {
		after--
	}
	e.Offset, e.Old, e.New = from, string(e.old[from:len(e.old)-after]), string(e.Text[from:len(e.Text)-after])
	e.Line, _, _ = differ(e.old, e.Text)
}
