package anthropic

import (
	"bytes"
	"encoding/json"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func (d *decoder) tools(r *jsonx.Reader) {
	d.in("tools")
	defer d.out()
	d.req.Tools = nil
	if !d.is(r, jsonx.Array, "an array of tools") {
		return
	}
	i := 0
	for r.Array(); r.More() && d.err == nil; i++ {
		d.at(i)
		if r.Kind() != jsonx.Object {
			d.wrong("an object")
			r.Skip()
		} else {
			d.req.Tools = append(d.req.Tools, d.tool(r.Raw()))
		}
		d.out()
	}
}

// tool reads one tool. One that runs at the provider, or whose schema the
// provider has, is kept whole.
func (d *decoder) tool(raw []byte) switchgear.Tool {
	if kind := blockType(raw); kind != "" && kind != "custom" {
		return switchgear.Tool{Name: toolName(raw), Raw: bytes.Clone(raw), Origin: name}
	}
	t := switchgear.Tool{}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			r.Skip()
		case "name":
			t.Name = d.str(&r, "name")
		case "description":
			t.Description = d.str(&r, "description")
		case "input_schema":
			if d.in("input_schema"); d.is(&r, jsonx.Object, "an object") {
				t.Schema = bytes.Clone(r.Raw())
			}
			d.out()
		case "strict":
			t.Strict = d.flag(&r, "strict")
		case "cache_control":
			t.Cache = d.cache(&r, &t.Extra)
		default:
			keep(&t.Extra, key, &r)
		}
	}
	if len(t.Extra) > 0 {
		t.Origin = name
	}
	return t
}

func toolName(raw []byte) string {
	text := ""
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		if string(r.Key()) == "name" {
			text = r.Str()
		}
	}
	return text
}

// cache reads a cache marker. What it has beside its type and its time to live
// is kept in the Extra of what it stands on; one of another type is kept there
// whole.
func (d *decoder) cache(r *jsonx.Reader, extra *map[string]json.RawMessage) *switchgear.Cache {
	d.in("cache_control")
	defer d.out()
	if !d.is(r, jsonx.Object, "an object") {
		return nil
	}
	raw := r.Raw()
	kind := ""
	var c switchgear.Cache
	var more rest
	m := jsonx.NewReader(raw)
	for m.Object(); m.More(); {
		switch key := m.Key(); string(key) {
		case "type":
			kind = d.str(&m, "type")
		case "ttl":
			c.TTL = d.str(&m, "ttl")
		default:
			more.add(key, &m)
		}
	}
	if kind != "ephemeral" {
		put(extra, "cache_control", raw)
		return nil
	}
	more.into(extra, "cache_control")
	return &c
}
