package openai

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// encoder writes a typed request and keeps the books of what it said.
type encoder struct {
	w     jsonx.Writer
	l     *leaves.Ledger
	req   *switchgear.Request
	model string
	over  members // what Extra, Options and the levers set: over the typed fields
	late  []seen  // what tools showed rather than told
}

// encodeRequest writes a request by its typed fields. What the levers say wins
// over what the request says, and Options over its typed fields.
func encodeRequest(call *switchgear.Call, stream bool) ([]byte, []string, error) {
	req := call.Request
	e := &encoder{req: req, model: call.Target.Model, l: leaves.Open(req, Name)}
	defer e.l.Close()
	lost, err := e.overrule(call.Levers, stream)
	if err != nil {
		return nil, nil, err
	}
	e.w.Grow(room(req, e.over))
	e.w.Object()
	e.w.Key("model")
	e.w.Str(call.Target.Model)
	if e.key("messages") {
		e.messages()
	}
	e.tools()
	e.format()
	e.sampling()
	e.dials()
	for _, m := range e.over {
		e.w.Key(m.Name)
		e.w.Raw(m.Value)
	}
	e.w.End()
	return e.w.Buf(), append(e.l.Left(), lost...), nil
}

// overrule gathers what stands over the typed fields, and names the levers
// there is no word for.
func (e *encoder) overrule(levers *switchgear.Levers, stream bool) (lost []string, err error) {
	if e.ours() {
		for _, name := range sorted(e.req.Extra) {
			if !e.nested(name) {
				e.over.set(name, e.req.Extra[name])
			}
		}
		e.l.Said(leaves.Extra)
	}
	if raw := e.req.Options[Name]; len(raw) > 0 {
		if err := e.options(raw); err != nil {
			return nil, err
		}
		e.l.Said(leaves.Options)
	}
	lost = pull(&e.over, levers, e.limit())
	e.over = slices.DeleteFunc(e.over, func(m jsonx.Member) bool {
		return m.Name == "model" || m.Name == "stream" || m.Name == "stream_options" && !stream
	})
	if stream {
		e.over.set("stream", []byte("true"))
		e.over.set("stream_options", withUsage(e.over.get("stream_options")))
	}
	return lost, nil
}

// ours reports whether the extra members of the request and its messages are
// written in this dialect.
func (e *encoder) ours() bool { return e.req.Origin == "" || e.req.Origin == Name }

// nested reports whether an extra member belongs into response_format.
func (e *encoder) nested(name string) bool {
	if e.req.Output == nil {
		return false
	}
	if inner, ok := strings.CutPrefix(name, schemaPrefix); ok {
		return len(e.req.Output.Schema) > 0 && inner != "name" && inner != "schema" && inner != "strict"
	}
	inner, ok := strings.CutPrefix(name, formatPrefix)
	return ok && inner != "type" && inner != "json_schema"
}

// limit is the spelling of the limit of the answer: whoever set the older one
// knows the host.
func (e *encoder) limit() string {
	if e.over.has("max_tokens") {
		return "max_tokens"
	}
	return "max_completion_tokens"
}

// withUsage are the options of a stream, which must give its usage.
func withUsage(options []byte) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("include_usage")
	w.Bool(true)
	r := jsonx.NewReader(options)
	for r.Object(); r.More(); {
		if key := r.Key(); string(key) != "include_usage" {
			w.Key(string(key))
			w.Raw(r.Raw())
		}
	}
	w.End()
	return w.Buf()
}

// key begins a member, unless something stands over it.
func (e *encoder) key(name string) bool {
	if e.over.has(name) {
		return false
	}
	e.w.Key(name)
	return true
}

// options are members that the caller set for this dialect alone.
func (e *encoder) options(raw json.RawMessage) error {
	if err := jsonx.Check(raw); err != nil || jsonx.KindOf(raw) != jsonx.Object {
		return &switchgear.Error{
			Class: switchgear.ClassInvalid, Status: http.StatusBadRequest, Code: "invalid_options",
			Message: `the request's Options["openai"] must be a JSON object`,
		}
	}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		name := string(r.Key())
		e.over.set(name, r.Raw())
	}
	return nil
}

// sorted are the names of a map, so that the same request makes the same bytes.
func sorted(m map[string]json.RawMessage) []string {
	if len(m) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(m))
}

func (e *encoder) sampling() {
	s := &e.req.Sampling
	if s.MaxTokens != nil {
		if !e.over.has("max_tokens") && e.key("max_completion_tokens") {
			e.w.Int(*s.MaxTokens)
		}
		e.l.Said(leaves.MaxTokens)
	}
	if s.Temperature != nil {
		if e.key("temperature") {
			e.w.Float(*s.Temperature)
		}
		e.l.Said(leaves.Temperature)
	}
	if s.TopP != nil {
		if e.key("top_p") {
			e.w.Float(*s.TopP)
		}
		e.l.Said(leaves.TopP)
	}
	if s.Seed != nil {
		if e.key("seed") {
			e.w.Int(*s.Seed)
		}
		e.l.Said(leaves.Seed)
	}
	if s.TopK != nil && e.over.has("top_k") {
		e.l.Said(leaves.TopK)
	}
}

// What OpenAI takes at most.
const (
	maxStops = 4
	maxUser  = 64 // bytes
)

// user is the id of the end user. A longer one of another dialect, which would
// be refused, is its hash: as good to tell one user from the next.
func (e *encoder) user() string {
	id := e.req.User
	if e.ours() || len(id) <= maxUser {
		return id
	}
	e.l.Note("user (a long id as its SHA-256)")
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

func (e *encoder) dials() {
	req := e.req
	if len(req.Stop) > 0 {
		if e.key("stop") {
			e.w.Array()
			for i, s := range req.Stop {
				if i < maxStops || e.ours() {
					e.w.Str(s)
					e.l.Stop(i)
				}
			}
			e.w.End()
		} else {
			e.l.Said(leaves.Stop)
		}
	}
	e.effort()
	if req.Tier != "" {
		word := req.Tier
		if word == "standard_only" { // the same, in the words of Anthropic
			word = "default"
		}
		if e.key("service_tier") {
			e.w.Str(word)
		}
		e.l.Said(leaves.Tier)
	}
	if req.User != "" {
		if e.key("user") {
			e.w.Str(e.user())
		}
		e.l.Said(leaves.User)
	}
}

// format asks for JSON. A schema must have a name here.
func (e *encoder) format() {
	o := e.req.Output
	if o == nil {
		return
	}
	e.l.Said(leaves.Output)
	if len(o.Schema) > 0 {
		e.l.Said(leaves.OutputAll)
	}
	if !e.key("response_format") {
		e.l.Said(leaves.OutputAll)
		return
	}
	e.w.Object()
	e.w.Key("type")
	if len(o.Schema) == 0 {
		e.w.Str("json_object")
	} else {
		e.w.Str("json_schema")
		e.w.Key("json_schema")
		e.schema(o)
	}
	e.beside(formatPrefix)
	e.w.End()
}

func (e *encoder) schema(o *switchgear.Output) {
	e.w.Object()
	e.w.Key("name")
	if o.Name != "" {
		e.w.Str(o.Name)
	} else {
		e.w.Str(unnamed)
	}
	e.w.Key("schema")
	e.w.Raw(o.Schema)
	if o.Strict {
		e.w.Key("strict")
		e.w.Bool(true)
	}
	e.beside(schemaPrefix)
	e.w.End()
}

// beside writes the extra members that belong at a place of response_format.
func (e *encoder) beside(prefix string) {
	if !e.ours() {
		return
	}
	for _, name := range sorted(e.req.Extra) {
		inner, ok := strings.CutPrefix(name, prefix)
		deeper := prefix == formatPrefix && strings.HasPrefix(name, schemaPrefix) && len(e.req.Output.Schema) > 0
		if ok && !deeper && e.nested(name) {
			e.w.Key(inner)
			e.w.Raw(e.req.Extra[name])
		}
	}
}

// room is about how long a request will be, in bytes.
func room(req *switchgear.Request, over members) int {
	n := 512 + partsRoom(req.System)
	for i := range req.Messages {
		n += 36 + len(req.Messages[i].Name) + extraRoom(req.Messages[i].Extra) + partsRoom(req.Messages[i].Parts)
	}
	for i := range req.Tools {
		t := &req.Tools[i]
		n += 128 + len(t.Name) + len(t.Description) + len(t.Schema) + len(t.Raw) + extraRoom(t.Extra)
	}
	if req.Output != nil {
		n += len(req.Output.Schema)
	}
	for _, m := range over {
		n += len(m.Name) + len(m.Value) + 4
	}
	return n + n>>6 // quotes and line feeds take an escape
}

func partsRoom(parts []switchgear.Part) int {
	n := 0
	for i := range parts {
		p := &parts[i]
		if len(parts) > 1 || p.Cache != nil {
			n += 28 // a block rather than a string
		}
		n += 4 + len(p.Text) + len(p.Raw) + extraRoom(p.Extra)
		if m := p.Media; m != nil {
			n += 64 + len(m.Data) + len(m.URL)
		}
		if c := p.Call; c != nil {
			n += 80 + len(c.ID) + len(c.Name) + len(c.Arguments) + len(c.Arguments)>>3
		}
		if p.Result != nil {
			n += 24 + len(p.Result.CallID) + partsRoom(p.Result.Parts)
		}
	}
	return n
}

func extraRoom(extra map[string]json.RawMessage) int {
	n := 0
	for name, raw := range extra {
		n += len(name) + len(raw) + 4
	}
	return n
}
