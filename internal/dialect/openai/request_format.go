package openai

import (
	"encoding/json"
	"maps"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

const (
	unnamed      = "answer" // the name of a schema that has none: it must have one here
	formatPrefix = "response_format."
	schemaPrefix = "response_format.json_schema."
)

// format reads response_format. What stands beside a schema and has no field is
// kept under its path.
func (d *decoder) format(r *jsonx.Reader) {
	d.req.Output = nil
	raw := r.Raw()
	if jsonx.KindOf(raw) != jsonx.Object {
		d.fail("response_format", "must be an object")
		return
	}
	o, kind := &switchgear.Output{}, ""
	var extra map[string]json.RawMessage
	value := jsonx.NewReader(raw)
	for value.Object(); value.More(); {
		if value.Kind() == jsonx.Null {
			continue
		}
		switch key := value.Key(); string(key) {
		case "type":
			kind = d.str(&value, "response_format.type")
		case "json_schema":
			d.schema(&value, o, &extra)
		default:
			rest(&extra, formatPrefix+string(key), value.Raw())
		}
	}
	bare := o.Schema == nil && o.Name == ""
	switch {
	case kind == "json_object" && bare, kind == "json_schema" && o.Schema != nil:
		if kind == "json_schema" && o.Name == "" {
			o.Name = unnamed
		}
		d.req.Output = o
		if d.req.Extra == nil {
			d.req.Extra = extra
		} else {
			maps.Copy(d.req.Extra, extra)
		}
	case kind == "text" && bare && extra == nil: // what holds anyway
	default: // a grammar and the like: as it is
		rest(&d.req.Extra, "response_format", raw)
	}
}

func (d *decoder) schema(r *jsonx.Reader, o *switchgear.Output, extra *map[string]json.RawMessage) {
	if !d.kind(r, "response_format.json_schema", jsonx.Object) {
		return
	}
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		switch key := r.Key(); string(key) {
		case "name":
			o.Name = d.str(r, "response_format.json_schema.name")
		case "schema":
			if d.kind(r, "response_format.json_schema.schema", jsonx.Object) {
				o.Schema = r.Raw()
			}
		case "strict":
			o.Strict = d.flag(r, "response_format.json_schema.strict")
		default:
			rest(extra, schemaPrefix+string(key), r.Raw())
		}
	}
}
