package anthropic

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Decode reads the body of a client's request, for a target that speaks another
// dialect. Every member either has a field of the request or goes, as it came,
// into the Extra of its level; a content block or a tool of a kind this package
// has no name for is kept whole. Null says nothing anywhere. The model and
// whether to stream are not in the result: [Codec.Scan] reads those.
//
// Of an object that is typed in part (thinking, tool_choice, output_config,
// metadata, cache_control) the members without a field are kept in Extra under
// the object's name.
func (*Codec) Decode(body []byte) (*switchgear.Request, error) {
	if err := jsonx.Check(body); err != nil {
		return nil, scanError(body, err)
	}
	if jsonx.KindOf(body) != jsonx.Object {
		return nil, invalid("the request body must be a JSON object", "")
	}
	d := decoder{req: &switchgear.Request{Origin: name}}
	r := jsonx.NewReader(body)
	for r.Object(); r.More() && d.err == nil; {
		d.member(&r)
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.req, nil
}

// decoder is a client's request on its way into the root types. The first
// mistake stops it.
type decoder struct {
	req  *switchgear.Request
	path []step // to what is being read
	err  error
}

// step is a member's name, or a place in an array.
type step struct {
	name  string
	index int
}

func (d *decoder) in(name string) { d.path = append(d.path, step{name: name}) }
func (d *decoder) at(index int)   { d.path = append(d.path, step{index: index}) }
func (d *decoder) out()           { d.path = d.path[:len(d.path)-1] }

// wrong notes that what is being read is not what it must be.
func (d *decoder) wrong(must string) {
	if d.err != nil {
		return
	}
	var at strings.Builder
	for _, s := range d.path {
		switch {
		case s.name == "":
			at.WriteString("[" + strconv.Itoa(s.index) + "]")
		case at.Len() > 0:
			at.WriteString("." + s.name)
		default:
			at.WriteString(s.name)
		}
	}
	d.err = invalid(strconv.Quote(at.String())+" must be "+must, at.String())
}

// is reports whether the next value is of a kind. Null is skipped; anything
// else is a mistake of the client's, which is noted.
func (d *decoder) is(r *jsonx.Reader, kind jsonx.Kind, must string) bool {
	switch r.Kind() {
	case kind:
		return true
	case jsonx.Null:
		r.Skip()
	default:
		d.wrong(must)
		r.Skip()
	}
	return false
}

// str reads a member that is text.
func (d *decoder) str(r *jsonx.Reader, member string) string {
	d.in(member)
	defer d.out()
	if !d.is(r, jsonx.String, "a string") {
		return ""
	}
	return r.Str()
}

// whole reads a member that is a whole number.
func (d *decoder) whole(r *jsonx.Reader, member string) *int64 {
	d.in(member)
	defer d.out()
	if !d.is(r, jsonx.Number, "a whole number") {
		return nil
	}
	n, ok := r.Int()
	if !ok {
		d.wrong("a whole number of at most 64 bits")
		return nil
	}
	return &n
}

// float reads a member that is a number.
func (d *decoder) float(r *jsonx.Reader, member string) *float64 {
	d.in(member)
	defer d.out()
	if !d.is(r, jsonx.Number, "a number") {
		return nil
	}
	f, ok := r.Float()
	if !ok {
		d.wrong("a number that 64 bits can hold")
		return nil
	}
	return &f
}

// flag reads a member that is true or false; null is false.
func (d *decoder) flag(r *jsonx.Reader, member string) bool {
	d.in(member)
	defer d.out()
	if !d.is(r, jsonx.Bool, "true or false") {
		return false
	}
	v, _ := r.Bool()
	return v
}

// member reads one member of the request.
func (d *decoder) member(r *jsonx.Reader) {
	req := d.req
	switch key := r.Key(); string(key) {
	case "model", "stream":
		r.Skip()
	case "system":
		req.System = d.content(r, "system")
	case "messages":
		d.messages(r)
	case "tools":
		d.tools(r)
	case "tool_choice":
		d.choice(r)
	case "thinking":
		d.thinking(r)
	case outputConfig:
		d.output(r)
	case "output_format": // what output_config.format was called at first
		if raw := r.Raw(); !d.format(raw) {
			put(&req.Extra, "output_format", raw)
		}
	case "metadata":
		d.metadata(r)
	case "max_tokens":
		req.Sampling.MaxTokens = d.whole(r, "max_tokens")
	case "temperature":
		req.Sampling.Temperature = d.float(r, "temperature")
	case "top_p":
		req.Sampling.TopP = d.float(r, "top_p")
	case "top_k":
		req.Sampling.TopK = d.whole(r, "top_k")
	case "stop_sequences":
		d.stop(r)
	case "service_tier":
		req.Tier = d.str(r, "service_tier")
	default:
		keep(&req.Extra, key, r)
	}
}

func (d *decoder) stop(r *jsonx.Reader) {
	d.in("stop_sequences")
	defer d.out()
	d.req.Stop = nil
	if !d.is(r, jsonx.Array, "an array of strings") {
		return
	}
	i := 0
	for r.Array(); r.More(); i++ {
		if r.Kind() != jsonx.String {
			d.at(i)
			d.wrong("a string")
			d.out()
			r.Skip()
			continue
		}
		d.req.Stop = append(d.req.Stop, r.Str())
	}
}
