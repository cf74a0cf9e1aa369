package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// maxLine bounds a case in a JSONL file: 16 MiB is a request with a few large
// images in it.
const maxLine = 16 << 20

// cases reads the cases, wherever they are.
func (p *loading) cases(s *Set, o *Options) {
	v := o.Value("cases")
	switch {
	case v == nil:
		o.Complain("cases", "the set has no cases", "Add cases: NAME.jsonl, or a list of them here.")
		return
	case v.Kind == String:
		p.caseFile(s, v, "cases")
	case v.Kind == List:
		for i, item := range v.Items {
			at := index("cases", i)
			if item.Kind == String {
				p.caseFile(s, item, at)
			} else if c := p.caseOf(item, at); c != nil {
				s.Cases = append(s.Cases, c)
			}
		}
	default:
		o.r.wrong(v, "cases", "the name of a JSONL file or a list of cases", "cases: extract.jsonl")
		return
	}
	if len(s.Cases) == 0 && !p.failed() {
		p.errorf(v.Pos, "cases", "the set has no cases", "A gate with a margin of 0.05 needs at least 59; about 250 tell equal models apart.")
	}
}

// caseFile reads a JSONL file, a line at a time.
func (p *loading) caseFile(s *Set, v *Value, path string) {
	f, err := p.open(v.Text)
	if err != nil {
		p.errorf(v.Pos, path, "the file "+Quote(v.Text)+" cannot be read: "+reason(err), "Paths are relative to the folder of the set.")
		return
	}
	defer func() { _ = f.Close() }()
	set := p.file
	p.file = v.Text
	defer func() { p.file = set }()
	if err := p.lines(s, f); err != nil {
		p.file = set
		p.errorf(v.Pos, path, "the file "+Quote(v.Text)+" cannot be read to its end: "+reason(err))
	}
}

func (p *loading) lines(s *Set, f io.Reader) error {
	in := bufio.NewReaderSize(f, 1<<16)
	for number := 1; ; number++ {
		line, whole, err := readLine(in)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if c := p.caseLine(line, number, whole); c != nil {
				s.Cases = append(s.Cases, c)
			}
		}
		if last {
			return nil
		}
	}
}

var errLong = errors.New("a line is longer than 16 MiB")

// readLine reads a line into memory of its own, and whether it had an end.
func readLine(in *bufio.Reader) ([]byte, bool, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, false, errLong
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err == nil, err
		}
	}
}

var caseID = regexp.MustCompile(`"id"\s*:\s*"((?:[^"\\]|\\.){1,100})`)

// caseLine reads a case from a line of JSON.
func (p *loading) caseLine(line []byte, number int, whole bool) *Case {
	if !json.Valid(line) {
		pos, which := config.Position{File: p.file, Line: number, Col: 1}, ""
		if id := caseID.FindSubmatch(line); id != nil {
			which = "case " + Quote(string(id[1])) + ": "
		}
		if whole {
			p.errorf(pos, "", which+"this line is not JSON", "Each line holds one case: {\"id\": ..., \"input\": ..., \"expect\": ...}.")
		} else {
			p.errorf(pos, "", which+"the file is cut short in this line", "Take the line out, or get the whole file.")
		}
		return nil
	}
	return p.caseOf(p.readJSON(line, number), "")
}

// caseOf reads a case. Of a case from a JSONL file the path is empty: the line
// says which it is.
func (p *loading) caseOf(v *Value, path string) *Case {
	o := p.options(v, path, `{id: "1", input: "What is due?", expect: "5 May"}`, p.open)
	if v.Kind != Map {
		return nil
	}
	c := &Case{Pos: v.Pos, Weight: 1}
	c.Pos.File = p.file
	if c.ID, _ = o.Text("id"); c.ID != "" {
		c.Pos = o.Value("id").Pos
		p.once(c, o)
	} else {
		o.Complain("id", "the case has no id", "Give every case an id of its own: results are told apart by it.")
	}
	if e := o.Value("expect"); e != nil {
		c.Expect = e.JSON()
	}
	c.Tags = o.Texts("tags")
	c.Cluster, _ = o.Text("cluster")
	if w, ok := o.Number("weight", 0, 1e6); ok {
		if c.Weight = w; w == 0 {
			o.Complain("weight", "a case that weighs nothing is no case", "Take it out.")
		}
	}
	c.Graders = p.graders(o.Value("graders"), child(path, "graders"))
	c.Request = p.request(o)
	o.finish()
	if c.Request == nil {
		return nil
	}
	c.hash()
	return c
}

// once complains about an id that was seen before.
func (p *loading) once(c *Case, o *Options) {
	if first, again := p.ids[c.ID]; again {
		o.Complain("id", "there is a case "+Quote(c.ID)+" already, in line "+itoa(first.Line)+" of "+first.File, "Give every case an id of its own.")
		return
	}
	p.ids[c.ID] = c.Pos
}

// request reads what a case asks: a text, messages, values for the set's own
// request, a request in full, or the body of a client's.
func (p *loading) request(o *Options) *switchgear.Request {
	given := []string{}
	for _, key := range []string{"input", "messages", "request", "body"} {
		if o.Has(key) {
			given = append(given, key)
		}
	}
	vars := p.vars(o)
	switch {
	case len(given) > 1:
		o.Complain(given[1], "the case says twice what is asked: "+given[0]+" and "+given[1], "Keep one of them.")
		return nil
	case len(given) == 0 && (vars == nil || p.base == nil):
		fix := "Add input: TEXT, messages, request (in full) or body (as a client sends it)."
		if vars != nil {
			fix = "The values in vars are for the set's own request, which it does not have; add request to the set."
		}
		o.Complain("", "the case does not say what is asked", fix)
		return nil
	case len(given) == 1 && given[0] == "body":
		return p.wire(o)
	}
	req := &switchgear.Request{}
	if p.base != nil && !o.Has("request") {
		req = p.base.make(p, o, vars)
	}
	switch {
	case o.Has("input"):
		text, ok := o.Text("input")
		if !ok {
			return nil
		}
		req.Messages = append(req.Messages, switchgear.Message{Role: switchgear.RoleUser, Parts: []switchgear.Part{{Text: text}}})
	case o.Has("messages"):
		req.Messages = append(req.Messages, p.messages(o.Value("messages"), child(o.path, "messages"))...)
	case o.Has("request"):
		req = p.readRequest(o.Value("request"), child(o.path, "request"))
	}
	if req != nil && len(req.Messages) == 0 && len(req.System) == 0 && !p.failed() {
		o.Complain("", "the case asks nothing", "Add input: TEXT, or messages.")
	}
	return req
}

func (p *loading) vars(o *Options) map[string]string {
	v := o.Value("vars")
	if v == nil {
		return nil
	}
	if v.Kind != Map {
		o.r.wrong(v, child(o.path, "vars"), "a map from names to texts", "{name: Ada}")
		return nil
	}
	out := map[string]string{}
	for i := range v.Entries {
		e := &v.Entries[i]
		switch e.Value.Kind {
		case String, Number, Bool:
			out[e.Key] = e.Value.Text
		case Bad, Null, List, Map:
			out[e.Key] = string(e.Value.JSON())
		}
	}
	return out
}

// wire reads the body of a client's request. Whoever runs the case decodes it.
func (p *loading) wire(o *Options) *switchgear.Request {
	v := o.Value("body")
	dialect, ok := o.Word("dialect", "openai", "anthropic")
	if !ok {
		if !o.Has("dialect") {
			o.Complain("body", "the case does not say in which dialect its body is written", "Add dialect: openai or dialect: anthropic.")
		}
		return nil
	}
	if v.Kind != Map {
		o.r.wrong(v, child(o.path, "body"), "the body of a request", `{"messages": [...]}`)
		return nil
	}
	body := v.raw
	if body == nil {
		body = v.JSON()
	}
	return &switchgear.Request{Origin: dialect, Wire: &switchgear.Wire{Dialect: dialect, Body: bytes.Clone(body)}}
}
