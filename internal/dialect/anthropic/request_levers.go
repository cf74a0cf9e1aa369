package anthropic

import (
	"bytes"
	"encoding/json"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// put copies a value that has no field. Null says nothing.
func put(extra *map[string]json.RawMessage, name string, raw []byte) {
	if jsonx.KindOf(raw) == jsonx.Null || len(raw) == 0 {
		return
	}
	if *extra == nil {
		*extra = make(map[string]json.RawMessage, 2)
	}
	(*extra)[name] = bytes.Clone(raw)
}

// rest is the object of those members of another that have no field.
type rest struct {
	w   jsonx.Writer
	any bool
}

func (x *rest) add(key []byte, r *jsonx.Reader) {
	name := string(key)
	raw := r.Raw()
	if jsonx.KindOf(raw) == jsonx.Null {
		return
	}
	if !x.any {
		x.any = true
		x.w.Object()
	}
	x.w.Key(name)
	x.w.Raw(raw)
}

// into keeps the object under the other's name.
func (x *rest) into(extra *map[string]json.RawMessage, name string) {
	if x.any {
		x.w.End()
		put(extra, name, x.w.Buf())
	}
}

func (d *decoder) thinking(r *jsonx.Reader) {
	d.in("thinking")
	defer d.out()
	d.req.Thinking = nil
	if !d.is(r, jsonx.Object, "an object") {
		return
	}
	var t switchgear.Thinking
	var budget *int64
	var more rest
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			t.Mode = d.str(r, "type")
		case "budget_tokens":
			budget = d.whole(r, "budget_tokens")
		default:
			more.add(key, r)
		}
	}
	if t.Mode == "" {
		d.wrong(`an object whose "type" says how to think`)
		return
	}
	if budget != nil && t.Mode == modeEnabled {
		t.Budget = *budget
	}
	d.req.Thinking = &t
	more.into(&d.req.Extra, "thinking")
}

func (d *decoder) choice(r *jsonx.Reader) {
	d.in("tool_choice")
	defer d.out()
	d.req.Choice = nil
	if !d.is(r, jsonx.Object, "an object") {
		return
	}
	var c switchgear.ToolChoice
	var more rest
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			c.Mode = d.str(r, "type")
		case "name":
			c.Name = d.str(r, "name")
		case "disable_parallel_tool_use":
			if r.Kind() == jsonx.Null {
				continue
			}
			parallel := !d.flag(r, "disable_parallel_tool_use")
			c.Parallel = &parallel
		default:
			more.add(key, r)
		}
	}
	if c.Mode == "" {
		d.wrong(`an object whose "type" says which tools may be called`)
		return
	}
	d.req.Choice = &c
	more.into(&d.req.Extra, "tool_choice")
}

func (d *decoder) output(r *jsonx.Reader) {
	d.in(outputConfig)
	defer d.out()
	if !d.is(r, jsonx.Object, "an object") {
		return
	}
	var more rest
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "effort":
			d.req.Effort = d.str(r, "effort")
		case "format":
			raw := r.Raw()
			if !d.format(raw) {
				put(&d.req.Extra, outputFormat, raw)
			}
		default:
			more.add(key, r)
		}
	}
	more.into(&d.req.Extra, outputConfig)
}

// format reads what an answer must look like, and reports whether the typed
// field holds all of it.
func (d *decoder) format(raw []byte) bool {
	kind, sure := "", true
	var schema []byte
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			kind = r.Str()
		case "schema":
			schema = r.Raw()
		default:
			sure = sure && jsonx.KindOf(r.Raw()) == jsonx.Null
		}
	}
	if !sure || kind != "json_schema" || jsonx.KindOf(schema) != jsonx.Object {
		return false
	}
	d.req.Output = &switchgear.Output{Name: title(schema), Schema: bytes.Clone(schema), Strict: true}
	return true
}

func (d *decoder) metadata(r *jsonx.Reader) {
	d.in("metadata")
	defer d.out()
	if !d.is(r, jsonx.Object, "an object") {
		return
	}
	var more rest
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "user_id":
			d.req.User = d.str(r, "user_id")
		default:
			more.add(key, r)
		}
	}
	more.into(&d.req.Extra, "metadata")
}

// title is a schema's title, where it can be the name of one.
func title(schema []byte) string {
	text := ""
	r := jsonx.NewReader(schema)
	for r.Object(); r.More(); {
		if string(r.Key()) == "title" {
			text = r.Str()
		}
	}
	if len(text) > maxName {
		return ""
	}
	for i := range len(text) {
		c := text[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return text
}
