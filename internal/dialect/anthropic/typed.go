package anthropic

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
	"github.com/switchgear-dev/switchgear/provider"
)

// encodeTyped writes a request a program made, or one that came in another
// dialect.
func encodeTyped(call *switchgear.Call, stream bool) (provider.Encoded, error) {
	t := newTyped(call)
	defer t.books.Close()
	out := provider.Encoded{Path: messagesPath, Header: header(nil)}
	t.body.set("max_tokens", nil) // has its place before the messages, and its value once thinking is settled
	t.conversation()
	if l := call.Levers; l != nil && l.Thinking != nil {
		t.think = l.Thinking // wins, and its budget counts
	}
	t.limit()
	t.stop()
	t.draw()
	t.tier()
	t.user()
	if stream {
		t.body.set("stream", []byte("true"))
	}
	if err := t.others(out.Header); err != nil {
		return out, err
	}
	if err := t.body.apply(call.Levers); err != nil {
		return out, err
	}
	t.body.set("model", quote(call.Target.Model))
	out.Body, out.Dropped = t.body.pieces(), t.books.Left()
	return out, nil
}

// encodeTypedCount writes the same request for counting.
func encodeTypedCount(call *switchgear.Call) (provider.Encoded, error) {
	t := newTyped(call)
	defer t.books.Close()
	out := provider.Encoded{Path: countPath, Header: header(nil)}
	t.conversation()
	t.books.Said(leaves.MaxTokens | leaves.Temperature | leaves.TopP | leaves.TopK | leaves.Seed | leaves.Stop | leaves.Tier | leaves.User)
	if err := t.body.apply(countLevers(call.Levers)); err != nil {
		return out, err
	}
	out.Body, out.Dropped = t.body.pieces(), append(droppedByCount(call.Levers), t.books.Left()...)
	return out, nil
}

// typed is a typed request on its way into the protocol.
type typed struct {
	req     *switchgear.Request
	books   *leaves.Ledger
	body    fields
	foreign bool                 // the request came in another dialect and is fitted to the model
	family  *family              // of the model
	think   *switchgear.Thinking // how the model is told to think; nil for nothing
}

func newTyped(call *switchgear.Call) *typed {
	t := &typed{
		req: call.Request, books: leaves.Open(call.Request, name),
		foreign: !ours(call.Request.Origin), family: familyOf(call.Target.Model),
		body: make(fields, 0, 12),
	}
	t.body.set("model", quote(call.Target.Model))
	return t
}

// limit sets max_tokens, which the protocol demands.
func (t *typed) limit() {
	n := int64(DefaultMaxTokens)
	t.books.Said(leaves.MaxTokens)
	if m := t.req.Sampling.MaxTokens; m != nil {
		n = *m
	} else if t.think != nil && t.think.Mode == modeEnabled {
		n += t.think.Budget // which counts against the limit
	}
	t.body.set("max_tokens", strconv.AppendInt(nil, n, 10))
}

// conversation sets what the model reads.
func (t *typed) conversation() {
	turns := t.turns()
	if system := t.system(); len(system) > 0 {
		t.body.set("system", system)
	}
	t.body.set("messages", turns)
	tools := t.tools()
	if len(tools) > 0 {
		t.body.set("tools", tools)
	}
	if c := t.req.Choice; c != nil {
		t.choice(c, len(tools) > 0)
	}
	if config := t.output(); len(config) > 0 {
		t.body.set(outputConfig, config)
	}
	t.thinkingLever()
}

// output is output_config: the effort and the schema of the answer.
func (t *typed) output() []byte {
	var config fields
	if t.req.Effort != "" {
		t.effort(&config)
	}
	// There is no way to ask for JSON without a schema.
	if o := t.req.Output; o != nil && len(o.Schema) > 0 && (!t.foreign || t.family.schemas) {
		var format fields
		format.set("type", []byte(`"json_schema"`))
		schema, whole := named(o)
		format.set("schema", schema)
		config.set("format", format.write())
		t.books.Said(leaves.OutputAll &^ leaves.OutputName)
		if whole {
			t.books.Said(leaves.OutputName)
		}
	}
	if len(config) == 0 {
		return nil
	}
	return config.write()
}

// named is the schema of an answer. Its name has no member here and becomes the
// schema's title; said is false if that is another one. The provider always
// holds to a schema.
func named(o *switchgear.Output) (schema []byte, said bool) {
	if o.Name == "" || jsonx.KindOf(o.Schema) != jsonx.Object {
		return o.Schema, false
	}
	spans := make([]jsonx.Span, 1)
	if err := jsonx.Find(o.Schema, []string{"title"}, spans); err != nil || spans[0].End != 0 {
		return o.Schema, title(o.Schema) == o.Name
	}
	pieces, err := jsonx.SetMembers(o.Schema, jsonx.Member{Name: "title", Value: quote(o.Name)})
	if err != nil {
		return o.Schema, false
	}
	return jsonx.Join(pieces), true
}

// user sets the opaque id of the end user.
func (t *typed) user() {
	if t.req.User == "" {
		return
	}
	var f fields
	f.set("user_id", quote(t.req.User))
	t.body.set("metadata", f.write())
	t.books.Said(leaves.User)
}

// others sets the members this package has no field for. Those of Options are
// meant for this dialect and win; those of Extra fill gaps, also inside of
// objects.
func (t *typed) others(h http.Header) error {
	for _, key := range slices.Sorted(maps.Keys(t.req.Extra)) {
		value := t.req.Extra[key]
		if t.foreign {
			if empty(key, value) {
				t.books.Extra(key)
			}
			continue
		}
		t.books.Extra(key)
		if key == outputFormat {
			key, value = outputConfig, fieldOf("format", value)
		}
		t.body.gap(key, value)
	}
	options, ok := t.req.Options[name]
	if !ok {
		return nil
	}
	if err := jsonx.Check(options); err != nil || jsonx.KindOf(options) != jsonx.Object {
		return invalid("the options for anthropic must be a JSON object", "options.anthropic")
	}
	t.books.Said(leaves.Options)
	r := jsonx.NewReader(options)
	for r.Object(); r.More(); {
		key := string(r.Key())
		switch value := r.Raw(); key {
		case "betas":
			h.Set("Anthropic-Beta", betas(value))
		case outputConfig:
			if err := t.mergeOutput(value); err != nil {
				return err
			}
		default:
			t.body.set(key, value)
		}
	}
	return nil
}

// fieldOf is an object of one member.
func fieldOf(member string, value []byte) []byte {
	var f fields
	f.set(member, value)
	return f.write()
}

// gap sets a member that is not set yet; of two objects, the members that the
// one which is set has not.
func (f *fields) gap(name string, value []byte) {
	old := f.get(name)
	switch {
	case old == nil:
		f.set(name, value)
		return
	case jsonx.KindOf(old) != jsonx.Object || jsonx.KindOf(value) != jsonx.Object || jsonx.Check(value) != nil:
		return
	}
	var have fields
	for _, object := range [][]byte{old, value} {
		r := jsonx.NewReader(object)
		for r.Object(); r.More(); {
			if key := string(r.Key()); have.get(key) == nil {
				have.set(key, r.Raw())
			}
		}
	}
	f.set(name, have.write())
}

// mergeOutput lets options add to output_config what the request has no field
// for.
func (t *typed) mergeOutput(value []byte) error {
	var members []jsonx.Member
	r := jsonx.NewReader(value)
	for r.Object(); r.More(); {
		key := string(r.Key())
		members = append(members, jsonx.Member{Name: key, Value: r.Raw()})
	}
	return t.body.merge(outputConfig, members...)
}

func betas(list []byte) string {
	var names []string
	r := jsonx.NewReader(list)
	for r.Array(); r.More(); {
		names = append(names, r.Str())
	}
	return strings.Join(names, ",")
}

// tools writes the tools, nothing if there are none. One that runs at another
// provider cannot be told.
func (t *typed) tools() []byte {
	var w jsonx.Writer
	n := 0
	for i := range t.req.Tools {
		tool := &t.req.Tools[i]
		if len(tool.Raw) > 0 && !ours(tool.Origin) {
			continue
		}
		if n++; n == 1 {
			w.Grow(sizeOfTools(t.req.Tools))
			w.Array()
		}
		t.tool(&w, t.books.Tool(i), tool)
	}
	if n == 0 {
		return nil
	}
	w.End()
	return w.Buf()
}

func (t *typed) tool(w *jsonx.Writer, books leaves.Tool, tool *switchgear.Tool) {
	if len(tool.Raw) > 0 {
		w.Raw(tool.Raw)
		books.Said(leaves.ToolRaw | leaves.ToolName)
		return
	}
	books.Said(leaves.ToolName | leaves.ToolDescription | leaves.ToolStrict | leaves.ToolCache | leaves.ToolCacheTTL)
	w.Object()
	w.Key("name")
	w.Str(tool.Name)
	if tool.Description != "" {
		w.Key("description")
		w.Str(tool.Description)
	}
	w.Key("input_schema")
	if jsonx.KindOf(tool.Schema) == jsonx.Object {
		books.Said(leaves.ToolSchema)
		w.Raw(schema(tool.Schema))
	} else {
		w.Raw([]byte(`{"type":"object"}`))
	}
	if tool.Strict {
		w.Key("strict")
		w.Bool(true)
	}
	marker(w, tool.Cache, tool.Extra, ours(tool.Origin))
	if ours(tool.Origin) {
		more(w, tool.Extra, "name", "description", "input_schema", "strict", "cache_control")
		books.Said(leaves.ToolExtra)
	}
	w.End()
}

// schema is a tool's schema, which must say that the input is an object.
func schema(raw json.RawMessage) json.RawMessage {
	if blockType(raw) != "" {
		return raw
	}
	pieces, err := jsonx.SetMembers(raw, jsonx.Member{Name: "type", Value: []byte(`"object"`)})
	if err != nil {
		return raw
	}
	return jsonx.Join(pieces)
}

// choice says which tools may be called, if there are any: without, the
// provider refuses the question.
func (t *typed) choice(c *switchgear.ToolChoice, tools bool) {
	mode := c.Mode
	if mode == "" {
		mode = modeAuto
	}
	if !tools {
		if mode == modeAuto || mode == modeNone {
			t.books.Said(leaves.ToolChoice)
		}
		if t.foreign {
			return
		}
	}
	t.books.Said(leaves.ToolChoice)
	var w jsonx.Writer
	w.Object()
	w.Key("type")
	w.Str(mode)
	if mode == modeTool {
		w.Key("name")
		w.Str(c.Name)
	}
	if c.Parallel != nil && mode != modeNone {
		w.Key("disable_parallel_tool_use")
		w.Bool(!*c.Parallel)
	}
	w.End()
	t.body.set("tool_choice", w.Buf())
}

// ours reports whether something written in a dialect can be sent in this one:
// what names no origin was made for this call.
func ours(origin string) bool { return origin == "" || origin == name }
