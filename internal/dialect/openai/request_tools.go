package openai

import (
	"slices"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// tools reads the tools. A function is a tool of the caller's; every other kind
// is one that only this dialect knows, and stays as it is.
func (d *decoder) tools(r *jsonx.Reader) {
	if !d.kind(r, "tools", jsonx.Array) {
		return
	}
	i := 0
	for r.Array(); r.More(); i++ {
		d.in("tools", i)
		if d.kind(r, "", jsonx.Object) {
			d.req.Tools = append(d.req.Tools, d.tool(r))
		}
		d.out()
	}
}

func (d *decoder) tool(r *jsonx.Reader) switchgear.Tool {
	var t switchgear.Tool
	var kind, custom string
	start, defined := *r, false
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		switch key := r.Key(); string(key) {
		case "type":
			kind = d.word(r, "type")
		case "function":
			defined = true
			d.function(r, &t, "function.")
		case "custom":
			custom = nameIn(r.Raw())
		case "cache_control":
			raw := r.Raw()
			if t.Cache = marker(raw); t.Cache == nil {
				rest(&t.Extra, "cache_control", raw)
			}
		default:
			rest(&t.Extra, string(key), r.Raw())
		}
	}
	if kind == "function" || kind == "" && defined {
		if t.Name == "" {
			d.fail("function.name", "is missing: a function needs a name")
		}
		if custom != "" {
			d.fail("custom", "must not stand in a tool of type function")
		}
		if t.Cache != nil || t.Extra != nil {
			t.Origin = Name
		}
		return t
	}
	if kind == "" {
		d.fail("type", "is missing: say what kind of tool this is")
	}
	*r = start
	name := custom
	if name == "" {
		name = kind
	}
	return switchgear.Tool{Name: name, Raw: r.Raw(), Origin: Name}
}

// function reads the definition of a function. Members without a field are
// kept under the prefix.
func (d *decoder) function(r *jsonx.Reader, t *switchgear.Tool, prefix string) {
	if !d.kind(r, "function", jsonx.Object) {
		return
	}
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		switch key := r.Key(); string(key) {
		case "name":
			t.Name = d.str(r, prefix+"name")
		case "description":
			t.Description = d.str(r, prefix+"description")
		case "parameters":
			if d.kind(r, prefix+"parameters", jsonx.Object) {
				t.Schema = r.Raw()
			}
		case "strict":
			t.Strict = d.flag(r, prefix+"strict")
		default:
			rest(&t.Extra, prefix+string(key), r.Raw())
		}
	}
}

// functions reads the tools of the time before tools.
func (d *decoder) functions(r *jsonx.Reader) {
	if !d.kind(r, "functions", jsonx.Array) {
		return
	}
	i := 0
	for r.Array(); r.More(); i++ {
		t := switchgear.Tool{Origin: legacy}
		d.in("functions", i)
		if d.function(r, &t, ""); t.Name == "" {
			d.fail("name", "is missing: a function needs a name")
		}
		d.out()
		d.req.Tools = append(d.req.Tools, t)
	}
}

// marker is a cache marker, if it is one and nothing besides.
func marker(raw []byte) *switchgear.Cache {
	var c switchgear.Cache
	good := false
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			good = r.Str() == "ephemeral"
		case "ttl":
			if c.TTL = r.Str(); c.TTL == "" {
				return nil
			}
		default:
			return nil
		}
	}
	if !good {
		return nil
	}
	return &c
}

// nameIn is the member "name" of an object.
func nameIn(raw []byte) (name string) {
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		if string(r.Key()) == "name" {
			name = r.Str()
		}
	}
	return name
}

func (d *decoder) chosen() *switchgear.ToolChoice {
	if d.req.Choice == nil {
		d.req.Choice = &switchgear.ToolChoice{}
	}
	return d.req.Choice
}

// choice reads tool_choice. A form without a field, such as a list of the tools
// that are allowed, stays as it is.
func (d *decoder) choice(r *jsonx.Reader) {
	raw := r.Raw()
	value := jsonx.NewReader(raw)
	switch value.Kind() {
	case jsonx.String:
		switch word := value.Str(); word {
		case "auto", "none":
			d.chosen().Mode = word
			return
		case "required", "any": // any: Mistral
			d.chosen().Mode = "any"
			return
		}
	case jsonx.Object:
		switch kind, name := named(raw); {
		case name == "":
		case kind == "custom":
			d.custom = raw
			return
		default:
			c := d.chosen()
			c.Mode, c.Name = "tool", name
			return
		}
	default:
		d.fail("tool_choice", "must be a string or an object")
	}
	rest(&d.req.Extra, "tool_choice", raw)
}

// named reads a choice of one tool: its kind and its name, or no name if it
// says anything else.
func named(raw []byte) (kind, name string) {
	said := ""
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			said = r.Str()
		case "function", "custom":
			if kind = string(key); name != "" {
				return "", ""
			}
			for r.Object(); r.More(); {
				if string(r.Key()) != "name" {
					return "", ""
				}
				name = r.Str()
			}
		default:
			return "", ""
		}
	}
	if said != "" && said != kind {
		return "", ""
	}
	return kind, name
}

// customChoice settles a choice of a custom tool, now that the tools are known.
func (d *decoder) customChoice() {
	_, name := named(d.custom)
	if custom(d.req.Tools, name) {
		c := d.chosen()
		c.Mode, c.Name = "tool", name
		return
	}
	rest(&d.req.Extra, "tool_choice", d.custom)
}

// custom reports whether a name is that of a custom tool.
func custom(tools []switchgear.Tool, name string) bool {
	return slices.ContainsFunc(tools, func(t switchgear.Tool) bool {
		if t.Name != name || t.Origin != Name || len(t.Raw) == 0 {
			return false
		}
		r, is := jsonx.NewReader(t.Raw), false
		for r.Object(); r.More(); {
			if string(r.Key()) == "type" {
				is = r.Str() == "custom"
			}
		}
		return is
	})
}

// functionChoice reads the function_call of a request, which is tool_choice of
// the time before tools.
func (d *decoder) functionChoice(r *jsonx.Reader) {
	raw := r.Raw()
	value := jsonx.NewReader(raw)
	switch word := value.Str(); {
	case word == "auto" || word == "none":
		d.chosen().Mode = word
	case jsonx.KindOf(raw) == jsonx.Object && nameIn(raw) != "":
		c := d.chosen()
		c.Mode, c.Name = "tool", nameIn(raw)
	default:
		d.fail("function_call", `must be "auto", "none" or an object with a name`)
	}
}
