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
	"github.com/switchgear-dev/switchgear/provider"
)

// encodeTyped writes a request a program made.
func encodeTyped(call *switchgear.Call, stream bool) (provider.Encoded, error) {
	t := &typed{req: call.Request}
	out := provider.Encoded{Path: messagesPath, Header: header(nil)}
	t.body.set("model", quote(call.Target.Model))
	t.limit()
	t.conversation()
	t.sampling()
	if stream {
		t.body.set("stream", []byte("true"))
	}
	if err := t.foreign(out.Header); err != nil {
		return out, err
	}
	if err := t.body.apply(call.Levers); err != nil {
		return out, err
	}
	t.body.set("model", quote(call.Target.Model))
	out.Body, out.Dropped = [][]byte{t.body.write()}, t.dropped
	return out, nil
}

// encodeTypedCount writes the same request for counting.
func encodeTypedCount(call *switchgear.Call) (provider.Encoded, error) {
	t := &typed{req: call.Request, dropped: droppedByCount(call.Levers)}
	out := provider.Encoded{Path: countPath, Header: header(nil)}
	t.body.set("model", quote(call.Target.Model))
	t.conversation()
	if err := t.body.apply(countLevers(call.Levers)); err != nil {
		return out, err
	}
	out.Body, out.Dropped = [][]byte{t.body.write()}, t.dropped
	return out, nil
}

// typed is a typed request on its way into the protocol.
type typed struct {
	req     *switchgear.Request
	body    fields
	dropped []string
}

func (t *typed) drop(path string) { t.dropped = append(t.dropped, path) }

// limit sets max_tokens, which the protocol demands.
func (t *typed) limit() {
	n := int64(DefaultMaxTokens)
	if m := t.req.Sampling.MaxTokens; m != nil {
		n = *m
	} else if th := t.req.Thinking; th != nil && th.Mode == "enabled" {
		n += th.Budget // which counts against the limit
	}
	t.body.set("max_tokens", strconv.AppendInt(nil, n, 10))
}

// conversation sets what the model reads.
func (t *typed) conversation() {
	if len(t.req.System) > 0 {
		t.body.set("system", t.parts("system", t.req.System))
	}
	t.body.set("messages", t.messages())
	if len(t.req.Tools) > 0 {
		t.body.set("tools", t.tools())
	}
	if c := t.req.Choice; c != nil {
		t.body.set("tool_choice", choice(c))
	}
	if t.req.Effort != "" || t.req.Output != nil {
		if output := t.output(); len(output) > 0 {
			t.body.set(outputConfig, output)
		}
	}
	if t.req.Thinking != nil {
		t.body.set("thinking", thinking(t.req.Thinking))
	}
}

// output is output_config: the effort and the schema of the answer.
func (t *typed) output() []byte {
	var config fields
	if t.req.Effort != "" {
		config.set("effort", quote(t.req.Effort))
	}
	switch o := t.req.Output; {
	case o == nil:
	case len(o.Schema) == 0:
		t.drop("output") // there is no way to ask for JSON without a schema
	default:
		var format fields
		format.set("type", []byte(`"json_schema"`))
		format.set("schema", o.Schema)
		config.set("format", format.write())
	}
	if len(config) == 0 {
		return nil
	}
	return config.write()
}

// sampling sets what steers the answer.
func (t *typed) sampling() {
	if len(t.req.Stop) > 0 {
		var w jsonx.Writer
		w.Array()
		for _, s := range t.req.Stop {
			w.Str(s)
		}
		w.End()
		t.body.set("stop_sequences", w.Buf())
	}
	s := &t.req.Sampling
	if s.Temperature != nil {
		t.body.set("temperature", float(*s.Temperature))
	}
	if s.TopP != nil {
		t.body.set("top_p", float(*s.TopP))
	}
	if s.TopK != nil {
		t.body.set("top_k", strconv.AppendInt(nil, *s.TopK, 10))
	}
	if s.Seed != nil {
		t.drop("sampling.seed")
	}
	if t.req.Tier != "" {
		t.body.set("service_tier", quote(t.req.Tier))
	}
	if t.req.User != "" {
		var w jsonx.Writer
		w.Object()
		w.Key("user_id")
		w.Str(t.req.User)
		w.End()
		t.body.set("metadata", w.Buf())
	}
}

// foreign sets the members this package has no field for. Those of Options are
// meant for this dialect and win; those of Extra fill gaps.
func (t *typed) foreign(h http.Header) error {
	for _, key := range slices.Sorted(maps.Keys(t.req.Extra)) {
		if t.body.get(key) == nil {
			t.body.set(key, t.req.Extra[key])
		}
	}
	options, ok := t.req.Options[name]
	if !ok {
		return nil
	}
	if err := jsonx.Check(options); err != nil || jsonx.KindOf(options) != jsonx.Object {
		return invalid("the options for anthropic must be a JSON object", "options.anthropic")
	}
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

// tools writes the tools. One that runs at another provider cannot be told.
func (t *typed) tools() []byte {
	var w jsonx.Writer
	w.Array()
	for i := range t.req.Tools {
		tool := &t.req.Tools[i]
		if len(tool.Raw) > 0 && !ours(tool.Origin) {
			t.drop("tools[" + strconv.Itoa(i) + "]")
			continue
		}
		w.Raw(toolJSON(tool))
	}
	w.End()
	return w.Buf()
}

func toolJSON(tool *switchgear.Tool) []byte {
	if len(tool.Raw) > 0 {
		return tool.Raw
	}
	var f fields
	f.set("name", quote(tool.Name))
	if tool.Description != "" {
		f.set("description", quote(tool.Description))
	}
	f.set("input_schema", json.RawMessage(`{"type":"object"}`))
	if len(tool.Schema) > 0 {
		f.set("input_schema", tool.Schema)
	}
	if tool.Strict {
		f.set("strict", []byte("true"))
	}
	if tool.Cache != nil {
		f.set("cache_control", cacheControl(tool.Cache))
	}
	f.fill(tool.Extra)
	return f.write()
}

// fill sets members that are not set yet, in the order of their names.
func (f *fields) fill(extra map[string]json.RawMessage) {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if f.get(key) == nil {
			f.set(key, extra[key])
		}
	}
}

func choice(c *switchgear.ToolChoice) []byte {
	mode := c.Mode
	if mode == "" {
		mode = "auto"
	}
	var w jsonx.Writer
	w.Object()
	w.Key("type")
	w.Str(mode)
	if mode == "tool" {
		w.Key("name")
		w.Str(c.Name)
	}
	if c.Parallel != nil && mode != "none" {
		w.Key("disable_parallel_tool_use")
		w.Bool(!*c.Parallel)
	}
	w.End()
	return w.Buf()
}

// ours reports whether something written in a dialect can be sent in this one:
// what names no origin was made for this call.
func ours(origin string) bool { return origin == "" || origin == name }
