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

// Edit is one scalar of a file replaced by another.
type Edit struct {
	Place    Place
	From, To switchgear.Target
	Old, New string // the scalar before and after, as it stands in the file, with its quotes
	Offset   int    // where it begins, in bytes
	Line     int    // counted from 1
	Text     []byte // the whole file with the edit
	Notes    []string

	before, after *config.Config
}

// Replace writes another model into one step of a chain. Everything else stays
// byte for byte as it was: comments, order, quotes, braces or none, line ends.
// That is checked, not hoped for: the new text is parsed, and must mean what the
// old one did but for that step.
//
// A step that names a model by a short name gets another name; what the short
// name means is never changed, because other steps may use it.
func (f File) Replace(at Place, to string) (*Edit, error) {
	before, err := f.parse(f.Text)
	if err != nil {
		return nil, err
	}
	step, at, err := at.find(before)
	if err != nil {
		return nil, err
	}
	want, err := spell(before, to)
	if err != nil {
		return nil, err
	}
	if want.target == step.Target {
		return nil, fmt.Errorf("%s is %s already", at, step.Target)
	}
	old, err := f.locate(at)
	if err != nil {
		return nil, err
	}
	e := &Edit{
		Place: at, From: step.Target, To: want.target,
		Old: string(f.Text[old.start:old.end]), Offset: old.start, Line: old.line, before: before,
	}
	if want.note != "" {
		e.Notes = append(e.Notes, want.note)
	}
	if note := shared(before, step, at); note != "" {
		e.Notes = append(e.Notes, note)
	}
	for _, token := range old.styles(want.use) {
		text := bytes.Join([][]byte{f.Text[:old.start], []byte(token), f.Text[old.end:]}, nil)
		if after, ok := f.means(text, at, want); ok {
			e.New, e.Text, e.after = token, text, after
			return e, nil
		}
	}
	return nil, fmt.Errorf("%s: %s cannot be replaced without changing something else in the file. Change it by hand", f.Name, at)
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

// locate finds the scalar that names a step's model.
func (f File) locate(at Place) (token, error) {
	// The YAML reader counts a carriage return as a line of its own, so it is
	// asked about a copy without any.
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
		return token{}, err
	}
	step, _, err := at.find(c)
	if err != nil {
		return token{}, err
	}
	lost := fmt.Errorf("%s: %s is written in a way that cannot be edited. Change it by hand", step.Pos, at)
	if step.Pos.Line < 1 || step.Pos.Line > len(lines) {
		return token{}, lost
	}
	l := lines[step.Pos.Line-1]
	start := column(f.Text[l.start:l.end], step.Pos.Col)
	if start < 0 {
		return token{}, lost
	}
	t, ok := scan(f.Text[:l.end], l.start+start, step.Use)
	t.line = step.Pos.Line
	switch {
	case ok:
		return t, nil
	case bytes.Contains(f.Text[l.start+start:l.end], []byte("${")):
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

// Lines are the line of the file that the edit changes, before and after.
func (e *Edit) Lines() (before, after string) {
	all := split(e.Text)
	l := all[e.Line-1]
	after = string(e.Text[l.start:l.end])
	at := e.Offset - l.start
	return after[:at] + e.Old + after[at+len(e.New):], after
}
