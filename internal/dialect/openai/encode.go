package openai

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// encoder writes a typed request and notes what it could not say.
type encoder struct {
	body    members
	dropped []string
}

func (e *encoder) drop(path string) { e.dropped = append(e.dropped, path) }

// encodeRequest writes a request that a program made. What the levers say wins
// over what the request says, and Options over its typed fields.
func encodeRequest(call *switchgear.Call, stream bool) ([]byte, []string, error) {
	req := call.Request
	e := &encoder{}
	e.body.set("model", quote(call.Target.Model))
	e.body.set("messages", e.messages(req))
	e.tools(req)
	if req.Output != nil {
		e.body.set("response_format", format(req.Output))
	}
	e.sampling(&req.Sampling)
	e.dials(req)
	for _, name := range sorted(req.Extra) {
		e.body.set(name, req.Extra[name])
	}
	if raw := req.Options[Name]; len(raw) > 0 {
		if err := e.options(raw); err != nil {
			return nil, nil, err
		}
	}
	for _, dialect := range sorted(req.Options) {
		if dialect != Name {
			e.drop("options." + dialect)
		}
	}
	e.body.set("model", quote(call.Target.Model))
	limit := "max_completion_tokens"
	if slices.ContainsFunc(e.body, func(m jsonx.Member) bool { return m.Name == "max_tokens" }) {
		limit = "max_tokens"
	}
	e.dropped = append(e.dropped, pull(&e.body, call.Levers, limit)...)
	if stream {
		setStream(&e.body, true)
	}
	return e.write(), e.dropped, nil
}

func (e *encoder) write() []byte {
	var w jsonx.Writer
	w.Object()
	for _, m := range e.body {
		w.Key(m.Name)
		w.Raw(m.Value)
	}
	w.End()
	return w.Buf()
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
		e.body.set(name, r.Raw())
	}
	return nil
}

// sorted are the names of a map, so that the same request makes the same bytes.
func sorted(m map[string]json.RawMessage) []string { return slices.Sorted(maps.Keys(m)) }

func (e *encoder) sampling(s *switchgear.Sampling) {
	if s.MaxTokens != nil {
		e.body.set("max_completion_tokens", strconv.AppendInt(nil, *s.MaxTokens, 10))
	}
	if s.Temperature != nil {
		e.body.set("temperature", float(*s.Temperature))
	}
	if s.TopP != nil {
		e.body.set("top_p", float(*s.TopP))
	}
	if s.TopK != nil {
		e.drop("sampling.top_k")
	}
	if s.Seed != nil {
		e.body.set("seed", strconv.AppendInt(nil, *s.Seed, 10))
	}
}

func (e *encoder) dials(req *switchgear.Request) {
	if len(req.Stop) > 0 {
		var w jsonx.Writer
		w.Array()
		for _, s := range req.Stop {
			w.Str(s)
		}
		w.End()
		e.body.set("stop", w.Buf())
	}
	if req.Effort != "" {
		e.body.set("reasoning_effort", quote(req.Effort))
	}
	if t := req.Thinking; t != nil {
		if t.Mode == "disabled" && req.Effort == "" {
			e.body.set("reasoning_effort", quote("none"))
		} else {
			e.drop("thinking")
		}
	}
	if req.Tier != "" {
		e.body.set("service_tier", quote(req.Tier))
	}
	if req.User != "" {
		e.body.set("user", quote(req.User))
	}
}

func (e *encoder) tools(req *switchgear.Request) {
	var w jsonx.Writer
	said := 0
	w.Array()
	for i := range req.Tools {
		path := "tools[" + strconv.Itoa(i) + "]"
		t := &req.Tools[i]
		if t.Cache != nil {
			e.drop(path + ".cache")
		}
		for _, name := range sorted(t.Extra) {
			e.drop(path + "." + name)
		}
		switch {
		case t.Raw == nil:
			writeTool(&w, t)
		case t.Origin == Name:
			w.Raw(t.Raw)
		default:
			e.drop(path)
			continue
		}
		said++
	}
	w.End()
	if said > 0 {
		e.body.set("tools", w.Buf())
	}
	if req.Choice != nil {
		e.choice(req.Choice)
	}
}

func writeTool(w *jsonx.Writer, t *switchgear.Tool) {
	w.Object()
	w.Key("type")
	w.Str("function")
	w.Key("function")
	w.Object()
	w.Key("name")
	w.Str(t.Name)
	if t.Description != "" {
		w.Key("description")
		w.Str(t.Description)
	}
	if len(t.Schema) > 0 {
		w.Key("parameters")
		w.Raw(t.Schema)
	}
	if t.Strict {
		w.Key("strict")
		w.Bool(true)
	}
	w.End()
	w.End()
}

func (e *encoder) choice(c *switchgear.ToolChoice) {
	switch c.Mode {
	case "":
	case "auto", "none":
		e.body.set("tool_choice", quote(c.Mode))
	case "any":
		e.body.set("tool_choice", quote("required"))
	case "tool":
		var w jsonx.Writer
		w.Object()
		w.Key("type")
		w.Str("function")
		w.Key("function")
		w.Object()
		w.Key("name")
		w.Str(c.Name)
		w.End()
		w.End()
		e.body.set("tool_choice", w.Buf())
	default:
		e.drop("tool_choice")
	}
	if c.Parallel != nil {
		e.body.set("parallel_tool_calls", strconv.AppendBool(nil, *c.Parallel))
	}
}

// format asks for JSON. A schema must have a name here.
func format(o *switchgear.Output) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("type")
	if len(o.Schema) == 0 {
		w.Str("json_object")
		w.End()
		return w.Buf()
	}
	w.Str("json_schema")
	w.Key("json_schema")
	w.Object()
	w.Key("name")
	if o.Name != "" {
		w.Str(o.Name)
	} else {
		w.Str("answer")
	}
	w.Key("schema")
	w.Raw(o.Schema)
	if o.Strict {
		w.Key("strict")
		w.Bool(true)
	}
	w.End()
	w.End()
	return w.Buf()
}
