package crossing

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// facts is a request or an answer as a flat list of what it says, one line
// each, without what is only form: how turns are cut, whether a text is one
// block or two, the spacing of JSON. Lines of a conversation keep their order.
type facts []string

func (f *facts) add(words ...string) { *f = append(*f, strings.Join(words, " ")) }

func requestFacts(q *switchgear.Request) facts {
	var f facts
	f.parts("system", q.System)
	for i := range q.Messages {
		m := &q.Messages[i]
		role := string(m.Role)
		if m.Role == switchgear.RoleTool {
			role = string(switchgear.RoleUser)
		}
		if m.Name != "" {
			f.add(role, "name", m.Name)
		}
		f.parts(role, m.Parts)
		f.extra(role, m.Extra)
	}
	for i := range q.Tools {
		f.tool(&q.Tools[i])
	}
	if c := q.Choice; c != nil {
		mode := c.Mode
		if mode == "" {
			mode = "auto"
		}
		if mode != "auto" {
			f.add("choice", mode, c.Name)
		}
		if c.Parallel != nil && !*c.Parallel && mode != "none" {
			f.add("choice one at a time")
		}
	}
	if q.Output != nil {
		f.output(q.Output)
	}
	f.numbers(q)
	for _, s := range q.Stop {
		f.add("stop", strconv.Quote(s))
	}
	if q.User != "" {
		f.add("user", q.User)
	}
	f.extra("request", q.Extra)
	return f
}

// output adds what an answer must look like. Where a schema has no name beside
// it, its title is its name.
func (f *facts) output(o *switchgear.Output) {
	var schema map[string]json.RawMessage
	_ = json.Unmarshal(o.Schema, &schema)
	title := strings.Trim(string(schema["title"]), `"`)
	delete(schema, "title")
	body, _ := json.Marshal(schema)
	f.add("output schema", compact(body))
	if o.Name == "" {
		o = &switchgear.Output{Name: title}
	}
	if o.Name != "" {
		f.add("output name", o.Name)
	}
	if title != "" && title != o.Name {
		f.add("output title", title)
	}
}

func (f *facts) numbers(q *switchgear.Request) {
	s := &q.Sampling
	for i, n := range []*int64{s.MaxTokens, s.TopK, s.Seed} {
		if n != nil {
			f.add("sampling", []string{"max_tokens", "top_k", "seed"}[i], strconv.FormatInt(*n, 10))
		}
	}
	for i, n := range []*float64{s.Temperature, s.TopP} {
		if n != nil && *n != 1 { // which is what holds without it
			f.add("sampling", []string{"temperature", "top_p"}[i], strconv.FormatFloat(*n, 'g', -1, 64))
		}
	}
}

func (f *facts) tool(t *switchgear.Tool) {
	if t.Name == "" && len(t.Raw) == 0 {
		return // taken out
	}
	schema := compact(t.Schema)
	if schema == "" && len(t.Raw) == 0 {
		schema = `{"type":"object"}` // no schema, and one that allows anything
	}
	f.add("tool", t.Name, strconv.Quote(t.Description), schema, strconv.FormatBool(t.Strict), compact(t.Raw))
	if t.Cache != nil {
		f.add("tool", t.Name, "cache", t.Cache.TTL)
	}
	f.extra("tool "+t.Name, t.Extra)
}

// parts adds the parts of a turn. Texts that follow each other are one text.
func (f *facts) parts(who string, parts []switchgear.Part) {
	for i := range parts {
		p := &parts[i]
		switch p.Kind {
		case switchgear.PartText, switchgear.PartRefusal:
			f.text(who, p)
		case switchgear.PartThinking:
			f.add(who, "thought", strconv.Quote(p.Text), p.Signature)
		case switchgear.PartRedacted:
			f.add(who, "redacted", p.Signature)
		case switchgear.PartImage, switchgear.PartDocument, switchgear.PartAudio:
			if m := p.Media; m != nil {
				detail := m.Detail
				if detail == "auto" { // which is what holds without it
					detail = ""
				}
				name := m.Name
				if name == "document" { // of a file that has none, where one must have one
					name = ""
				}
				speaker, _, _ := strings.Cut(who, " result ") // where results are text, their pictures are the user's
				f.add(speaker, "media", strconv.Itoa(int(p.Kind)), m.Type, m.Data, m.URL, m.FileID, name, detail)
			}
		case switchgear.PartToolCall:
			if c := p.Call; c != nil {
				f.add(who, "call", plainID(c.ID), c.Name, arguments(c.Arguments))
			}
		case switchgear.PartToolResult:
			if r := p.Result; r != nil {
				f.add(who, "result", plainID(r.CallID), strconv.FormatBool(r.Failed))
				f.parts(who+" result "+plainID(r.CallID), r.Parts)
			}
		case switchgear.PartOther:
			if len(p.Raw) > 0 {
				f.add(who, "other", compact(p.Raw))
			}
		default:
			f.add(who, "unknown kind")
		}
		if p.Cache != nil {
			f.add(who, "cache", p.Cache.TTL)
		}
		f.extra(who, p.Extra)
	}
}

const textMark = " text "

func (f *facts) text(who string, p *switchgear.Part) {
	if p.Text == "" {
		return
	}
	line := who + textMark
	if n := len(*f); n > 0 && strings.HasPrefix((*f)[n-1], line) {
		(*f)[n-1] += p.Text
		return
	}
	*f = append(*f, line+p.Text)
}

func (f *facts) extra(who string, extra map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		f.add(who, "extra", name, compact(extra[name]))
	}
}

func compact(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(out)
}

// plainID is the id of a call in the letters both protocols take.
func plainID(id string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, id)
}

// arguments of a call: none at all and an empty object are the same.
func arguments(text string) string {
	if text == "" {
		return "{}"
	}
	return compact([]byte(text))
}
