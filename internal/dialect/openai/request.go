package openai

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// legacy is the Origin of calls, results and tools that are written as the
// functions of the time before tools.
const legacy = "openai-functions"

// rival is the dialect whose signed thoughts some hosts of this one pass on,
// under the format below.
const (
	rival       = "anthropic"
	rivalFormat = "anthropic-claude-v1"
)

// Decode reads the body of a request for a chat completion into the gateway's
// own words. What has no word there goes into Extra; raw values alias the body.
// Route and Wire are left to the caller.
//
// What means the same is not told apart afterwards:
//   - null is no value; n 1, no penalty, no logprobs, response_format text,
//     modalities of text alone and strict false are what holds without them;
//   - max_tokens and max_completion_tokens are one limit, safety_identifier is
//     the user where none is named, one stop sequence is a list of one;
//   - leading system and developer messages are one set of instructions, and a
//     developer speaks as the system does;
//   - a tool without a type is a function;
//   - content that is one plain text is a string, an empty text says nothing,
//     a picture's bare address is its url, a refusal block is the refusal;
//     an empty description or reasoning says nothing either;
//   - a call's index, empty tool_calls and annotations are echoes of an answer,
//     and so is everything but the id of a spoken one;
//   - a cache marker of a message stands on its last part.
//
// What a client says of how it wants to be sent its answer (stream_options, and
// OpenRouter's usage) is no business of a target in another dialect: it goes
// into Options, for [Codec.Stream].
func (*Codec) Decode(body []byte) (*switchgear.Request, error) {
	if err := jsonx.Check(body); err != nil {
		return nil, unreadable(err)
	}
	if jsonx.KindOf(body) != jsonx.Object {
		return nil, wrong("invalid_json", "", "the body must be a JSON object")
	}
	d := decoder{req: &switchgear.Request{Origin: Name}, size: len(body)}
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		if r.Kind() != jsonx.Null {
			d.member(&r)
		}
		if d.err != nil {
			return nil, d.err
		}
	}
	if d.finish(); d.err != nil {
		return nil, d.err
	}
	return d.req, nil
}

// decoder reads a request. The first fault stands in err; what is read after it
// counts for nothing.
type decoder struct {
	req    *switchgear.Request
	path   []step
	err    error
	talk   bool   // the conversation has begun: what comes is not leading
	fns    int    // calls of functions so far: each gets an id
	custom []byte // a tool_choice of a custom tool
	older  *int64 // max_tokens
	safety string
	asides members // what concerns the answer's way to the client

	size    int // of the body
	parts   []switchgear.Part
	results []switchgear.ToolResult
	called  []switchgear.ToolCall
}

// atOnce is how many small things are made room for at once: one at a time
// takes the most time of a long conversation.
const atOnce = 32

// one is a list of a single part, whose room is not shared.
func (d *decoder) one(p switchgear.Part) []switchgear.Part {
	if len(d.parts) == cap(d.parts) {
		d.parts = make([]switchgear.Part, 0, d.batch())
	}
	d.parts = append(d.parts, p)
	n := len(d.parts)
	return d.parts[n-1 : n : n]
}

// batch is how many things to make room for: few for a short body.
func (d *decoder) batch() int { return min(max(d.size>>11, 2), atOnce) }

func (d *decoder) newResult() *switchgear.ToolResult {
	if len(d.results) == cap(d.results) {
		d.results = make([]switchgear.ToolResult, 0, d.batch())
	}
	d.results = d.results[:len(d.results)+1]
	return &d.results[len(d.results)-1]
}

func (d *decoder) newCall() *switchgear.ToolCall {
	if len(d.called) == cap(d.called) {
		d.called = make([]switchgear.ToolCall, 0, d.batch())
	}
	d.called = d.called[:len(d.called)+1]
	return &d.called[len(d.called)-1]
}

// step is a piece of the path to what is read; at is -1 for a plain member.
type step struct {
	name string
	at   int
}

func (d *decoder) in(name string, at int) { d.path = append(d.path, step{name, at}) }
func (d *decoder) out()                   { d.path = d.path[:len(d.path)-1] }

// where is the JSON path of a member of what is read.
func (d *decoder) where(name string) string {
	var b []byte
	for _, s := range append(slices.Clip(d.path), step{name, -1}) {
		if len(b) > 0 && s.name != "" {
			b = append(b, '.')
		}
		b = append(b, s.name...)
		if s.at >= 0 {
			b = append(strconv.AppendInt(append(b, '['), int64(s.at), 10), ']')
		}
	}
	return string(b)
}

// fail notes a fault of a member.
func (d *decoder) fail(name, problem string) {
	if d.err == nil {
		path := d.where(name)
		d.err = wrong("invalid_request", path, `"`+path+`" `+problem)
	}
}

// str reads a string; null is an empty one.
func (d *decoder) str(r *jsonx.Reader, name string) string {
	switch r.Kind() {
	case jsonx.String:
		return r.Str()
	case jsonx.Null:
	default:
		d.fail(name, "must be a string")
	}
	r.Skip()
	return ""
}

// word reads a string that mostly is one of a few, which take no memory.
func (d *decoder) word(r *jsonx.Reader, name string) string {
	if r.Kind() != jsonx.String {
		return d.str(r, name)
	}
	raw := r.Raw()
	switch string(raw) {
	case `"user"`:
		return "user"
	case `"assistant"`:
		return "assistant"
	case `"tool"`:
		return "tool"
	case `"system"`:
		return "system"
	case `"function"`:
		return "function"
	case `"text"`:
		return "text"
	case `"image_url"`:
		return "image_url"
	}
	word, _ := jsonx.Unquote(raw)
	return word
}

func (d *decoder) whole(r *jsonx.Reader, name string) *int64 {
	n, ok := r.Int()
	if !ok {
		d.fail(name, "must be a whole number")
		return nil
	}
	return &n
}

func (d *decoder) number(r *jsonx.Reader, name string) *float64 {
	f, ok := r.Float()
	if !ok {
		d.fail(name, "must be a number")
		return nil
	}
	return &f
}

func (d *decoder) flag(r *jsonx.Reader, name string) bool {
	v, ok := r.Bool()
	if !ok {
		d.fail(name, "must be true or false")
	}
	return v
}

// kind reports whether the next value is of a kind, and notes a fault if not.
func (d *decoder) kind(r *jsonx.Reader, name string, kind jsonx.Kind) bool {
	if r.Kind() == kind {
		return true
	}
	word := "an object"
	if kind == jsonx.Array {
		word = "an array"
	}
	d.fail(name, "must be "+word)
	r.Skip()
	return false
}

// rest keeps a value that has no field. It aliases the body.
func rest(extra *map[string]json.RawMessage, name string, raw []byte) {
	if *extra == nil {
		*extra = make(map[string]json.RawMessage)
	}
	(*extra)[name] = raw
}

// member reads a top-level member that is not null.
func (d *decoder) member(r *jsonx.Reader) {
	req := d.req
	switch key := r.Key(); string(key) {
	case "model", "stream": // of the envelope
	case "messages":
		d.messages(r)
	case "tools":
		d.tools(r)
	case "functions":
		d.functions(r)
	case "tool_choice":
		d.choice(r)
	case "function_call":
		d.functionChoice(r)
	case "parallel_tool_calls":
		v := d.flag(r, "parallel_tool_calls")
		d.chosen().Parallel = &v
	case "response_format":
		d.format(r)
	case "stop":
		d.stop(r)
	case "reasoning_effort":
		req.Effort = d.str(r, "reasoning_effort")
	case "service_tier":
		req.Tier = d.str(r, "service_tier")
	case "user":
		req.User = d.str(r, "user")
	case "safety_identifier":
		d.safety = d.str(r, "safety_identifier")
	case "stream_options", "usage": // usage: OpenRouter
		d.asides.set(string(key), r.Raw())
	default:
		if !d.sampling(r, string(key)) {
			d.other(r, string(key))
		}
	}
}

// sampling reads a number that steers the drawing of the answer.
func (d *decoder) sampling(r *jsonx.Reader, name string) bool {
	s := &d.req.Sampling
	switch name {
	case "max_tokens":
		d.older = d.whole(r, name)
	case "max_completion_tokens":
		s.MaxTokens = d.whole(r, name)
	case "temperature":
		s.Temperature = d.number(r, name)
	case "top_p":
		s.TopP = d.number(r, name)
	case "top_k":
		s.TopK = d.whole(r, name)
	case "seed":
		s.Seed = d.whole(r, name)
	default:
		return false
	}
	return true
}

// other keeps a member that has no field, unless it says what holds anyway.
func (d *decoder) other(r *jsonx.Reader, name string) {
	raw := r.Raw()
	value := jsonx.NewReader(raw)
	idle := false
	switch name {
	case "n":
		n, ok := value.Int()
		idle = ok && n == 1
	case "frequency_penalty", "presence_penalty":
		f, ok := value.Float()
		idle = ok && f == 0
	case "logprobs":
		v, ok := value.Bool()
		idle = ok && !v
	case "modalities":
		idle = textOnly(&value)
	}
	if idle {
		delete(d.req.Extra, name) // of two, the last word holds
		return
	}
	rest(&d.req.Extra, name, raw)
}

func textOnly(r *jsonx.Reader) bool {
	texts, others := 0, 0
	for r.Array(); r.More(); {
		if r.Str() == "text" {
			texts++
		} else {
			others++
		}
	}
	return texts == 1 && others == 0
}

func (d *decoder) stop(r *jsonx.Reader) {
	d.req.Stop = nil
	if r.Kind() == jsonx.String {
		d.req.Stop = []string{r.Str()}
		return
	}
	if r.Kind() != jsonx.Array {
		d.fail("stop", "must be a string or an array of strings")
		return
	}
	for r.Array(); r.More(); {
		if r.Kind() != jsonx.String {
			d.fail("stop", "must hold strings only")
		}
		d.req.Stop = append(d.req.Stop, r.Str())
	}
}

// finish settles what two members say together.
func (d *decoder) finish() {
	req := d.req
	switch limit := &req.Sampling.MaxTokens; {
	case d.older == nil:
	case *limit == nil:
		*limit = d.older
	case **limit != *d.older:
		d.fail("max_tokens", `and "max_completion_tokens" differ: they are the same limit, so give one of them`)
	}
	switch {
	case d.safety == "":
	case req.User == "":
		req.User = d.safety
	case req.User != d.safety:
		rest(&req.Extra, "safety_identifier", quote(d.safety))
	}
	if d.custom != nil {
		d.customChoice()
	}
	if len(d.asides) > 0 {
		req.Options = map[string]json.RawMessage{Name: d.asides.object()}
	}
}
