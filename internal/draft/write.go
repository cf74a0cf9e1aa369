package draft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/switchgear-dev/switchgear/internal/record"
)

// Options say what a set of recorded traffic is made of.
type Options struct {
	Choice

	Name      string   // of the files beside the set: NAME.jsonl, NAME.schema.json
	Judge     string   // the model that judges prose; [NoJudge] for graders that see little
	Normalise []string // what serving undoes
}

// Draft is an eval set, ready to be written.
type Draft struct {
	Set    []byte // the YAML
	Cases  []byte // the JSONL beside it; nil for none
	Schema []byte // the JSON Schema beside it; nil for none
	N      int
	Passed Passed
	Looks  string   // what the answers look like
	Todo   []string // what a person must do
}

// NoJudge asks for a set of prose without a judge.
const NoJudge = "none"

// ErrProse is that the answers are prose, and nobody was named to judge it. A
// set that lets nearly everything pass would be evidence for nearly anything, so
// it is made only for who asks for it.
var ErrProse = errors.New("the answers are prose, which only a judge can grade")

// ErrNothing is that no case could be made of the records.
var ErrNothing = errors.New("no case can be made of the records")

// FromTraffic drafts a set of records. The error is [ErrNothing] if none fits,
// and [ErrProse] if there is no judge for what they are.
func FromTraffic(entries []record.Entry, o Options) (*Draft, error) {
	picked, passed := Pick(entries, o.Choice)
	d := &Draft{Passed: passed}
	if len(picked) == 0 {
		return d, ErrNothing
	}
	s := suggest(picked, o.Name+".schema.json", o.Judge)
	if s.kind == kindProse && o.Judge == "" {
		return d, ErrProse
	}
	var cases bytes.Buffer
	varying, left := 0, 0
	from, to := days(picked)
	for i := range picked {
		p := &picked[i]
		line, ok := caseOf(p, s)
		if !ok {
			left++
			continue
		}
		if p.Other > 0 {
			varying++
		}
		d.N++
		cases.Write(line)
	}
	d.Cases, d.Schema, d.Looks = cases.Bytes(), s.schema, s.why
	d.Todo = append([]string{
		fmt.Sprintf("The expected answers are what %s said, not the truth: read them, mend what is wrong, take out what does not matter.", who(o.Target)),
		"What was redacted stands as [email-1] and the like in questions and answers alike; names and stories of people do not: look for them before you commit the file.",
	}, s.todo...)
	if varying > 0 {
		d.Todo = append(d.Todo, fmt.Sprintf("%d of the cases were asked several times and answered differently: the answer that was given most is expected. Look at those first.", varying))
	}
	if left > 0 {
		d.Todo = append(d.Todo, fmt.Sprintf("%d of the answers did not look like the others and were left out.", left))
	}
	about := fmt.Sprintf("Drafted from %d recorded requests of route %s, %s to %s: %s.", d.N, o.Route, from, to, s.why)
	d.Set = setText(about, &o, s, d.Todo)
	return d, nil
}

func who(target string) string {
	if target == "" {
		return "the models"
	}
	return target
}

// caseOf is a case as a line; false if the suggestion does not fit it.
func caseOf(p *Picked, s *suggestion) ([]byte, bool) {
	type line struct {
		ID      string            `json:"id"`
		Dialect string            `json:"dialect"`
		Body    json.RawMessage   `json:"body"`
		Expect  json.RawMessage   `json:"expect,omitempty"`
		Tags    []string          `json:"tags,omitempty"`
		Graders []json.RawMessage `json:"graders,omitempty"`
	}
	c := line{ID: p.ID, Dialect: p.Dialect, Body: p.Body, Tags: tags(p.Labels), Expect: s.expect(p)}
	if s.own != nil {
		for _, g := range s.own(p) {
			c.Graders = append(c.Graders, json.RawMessage(g))
		}
	} else if c.Expect == nil {
		return nil, false
	}
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	if err := to.Encode(c); err != nil {
		return nil, false
	}
	return out.Bytes(), true
}

// setText is the YAML of a set of traffic.
func setText(about string, o *Options, s *suggestion, todo []string) []byte {
	var b strings.Builder
	comment(&b, about, "# ")
	b.WriteString("#\n# What a person must still do:\n")
	for i, t := range todo {
		comment(&b, fmt.Sprintf("%d. %s", i+1, t), "#   ")
	}
	fmt.Fprintf(&b, "route: %s\ncases: %s\ngraders:\n", scalar(o.Route), scalar(o.Name+".jsonl"))
	for _, g := range s.graders {
		if text, ok := strings.CutPrefix(g, "# "); ok {
			fmt.Fprintf(&b, "  # - %s\n", text)
			continue
		}
		fmt.Fprintf(&b, "  - %s\n", g)
	}
	if len(o.Normalise) > 0 && s.kind == kindJSON {
		fmt.Fprintf(&b, "harness: {format: json, normalise: [%s]} # what the route does to answers, as the configuration says\n", strings.Join(o.Normalise, ", "))
	}
	return []byte(b.String())
}

// comment writes a text in lines of a width that can be read.
func comment(b *strings.Builder, text, mark string) {
	const width = 110
	line := mark
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != mark {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = mark
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

var plainScalar = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`)

// scalar is a text as YAML has it: in quotes, if it could be taken for something
// else.
func scalar(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return string(quoteJSON(s))
	}
	if plainScalar.MatchString(s) {
		return s
	}
	return string(quoteJSON(s))
}
