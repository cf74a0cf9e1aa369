package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
)

// openaiMembers are the members a chat completion may have. The real API
// refuses any other as an unknown parameter.
var openaiMembers = []string{
	"audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "messages",
	"metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_retention",
	"reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options",
	"temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
}

// openaiParts are the content parts each role may have.
var openaiParts = map[string][]string{
	"system": {"text"}, "developer": {"text"}, "tool": {"text"},
	"user": {"text", "image_url", "input_audio", "file"}, "assistant": {"text", "refusal"},
}

var openaiName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

type openaiMessage struct {
	Role       string          `json:"role"`
	Name       string          `json:"name"`
	Content    json.RawMessage `json:"content"`
	Refusal    json.RawMessage `json:"refusal"`
	Audio      json.RawMessage `json:"audio"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

type openaiRequest struct {
	Model           string   `json:"model"`
	Stream          bool     `json:"stream"`
	MaxTokens       *int     `json:"max_tokens"`
	Temperature     *float64 `json:"temperature"`
	ReasoningEffort string   `json:"reasoning_effort"`
	StreamOptions   *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Tools []struct {
		Type     string `json:"type"`
		Function struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Strict      *bool           `json:"strict"`
			Parameters  json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
	Messages []json.RawMessage `json:"messages"`
}

// readOpenAI reads a chat completion request and refuses what OpenAI refuses
// of a reasoning model.
func readOpenAI(r *http.Request) (*ask, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	var q openaiRequest
	if err := errors.Join(json.Unmarshal(body, &members), json.Unmarshal(body, &q)); err != nil {
		return nil, err
	}
	for name := range members {
		if !slices.Contains(openaiMembers, name) {
			return nil, fmt.Errorf("Unknown parameter: '%s'.", name) //nolint:staticcheck // a provider's sentence
		}
	}
	if err := q.supported(); err != nil {
		return nil, err
	}
	a := &ask{dialect: "openai", model: q.Model, stream: q.Stream, tools: map[string]bool{}}
	a.usage = q.StreamOptions != nil && q.StreamOptions.IncludeUsage
	for i, t := range q.Tools {
		if t.Type != "function" || !openaiName.MatchString(t.Function.Name) || !isObject(t.Function.Parameters) {
			return nil, fmt.Errorf("Invalid value: 'tools[%d]' is a %s named %q.", i, t.Type, t.Function.Name) //nolint:staticcheck // a provider's sentence
		}
		a.tools[t.Function.Name] = true
	}
	return a, a.openaiTurns(q.Messages)
}

func (q *openaiRequest) supported() error {
	if q.MaxTokens != nil {
		return errors.New("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.") //nolint:staticcheck,revive // a provider's sentence
	}
	if q.Temperature != nil && *q.Temperature != 1 {
		return fmt.Errorf("Unsupported value: 'temperature' does not support %v with this model.", *q.Temperature) //nolint:staticcheck,revive // a provider's sentence
	}
	if q.StreamOptions != nil && !q.Stream {
		return errors.New("the 'stream_options' parameter is only allowed when 'stream' is enabled")
	}
	if !slices.Contains([]string{"", "none", "minimal", "low", "medium", "high", "xhigh"}, q.ReasoningEffort) {
		return fmt.Errorf("Unsupported value: 'reasoning_effort' does not support %q.", q.ReasoningEffort) //nolint:staticcheck,revive // a provider's sentence
	}
	return nil
}

func (a *ask) openaiTurns(messages []json.RawMessage) error {
	called := map[string]bool{} // calls of the last assistant turn that wait for a result
	for i, raw := range messages {
		var m openaiMessage
		strict := json.NewDecoder(bytes.NewReader(raw))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&m); err != nil {
			return fmt.Errorf("messages[%d]: %w", i, err)
		}
		if err := a.openaiTurn(&m, called); err != nil {
			return fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	return waiting(called)
}

func (a *ask) openaiTurn(m *openaiMessage, called map[string]bool) error {
	allowed, ok := openaiParts[m.Role]
	if !ok {
		return fmt.Errorf("invalid role %q", m.Role)
	}
	for _, p := range blocksOf(m.Content) {
		if !slices.Contains(allowed, p.Type) {
			return fmt.Errorf("invalid part %q in a message of role %s", p.Type, m.Role)
		}
	}
	if m.Role == "tool" {
		if !called[m.ToolCallID] {
			return fmt.Errorf("messages with role 'tool' must be a response to a preceding message with 'tool_calls': %q", m.ToolCallID)
		}
		delete(called, m.ToolCallID)
		a.results = append(a.results, result{m.ToolCallID, textOf(m.Content)})
		return nil
	}
	if err := waiting(called); err != nil {
		return err
	}
	if m.Role == "system" || m.Role == "developer" {
		a.system += len(textOf(m.Content))
	}
	if m.Role == "assistant" && len(m.ToolCalls) == 0 && textOf(m.Content) == "" {
		return errors.New("an assistant message has neither content nor tool_calls")
	}
	for _, c := range m.ToolCalls {
		if c.Type != "function" || !json.Valid([]byte(c.Function.Arguments)) {
			return fmt.Errorf("the call %q is a %s with the arguments %q", c.ID, c.Type, c.Function.Arguments)
		}
		called[c.ID] = true
	}
	return nil
}

// waiting refuses to go on while a call has no result.
func waiting(called map[string]bool) error {
	for id := range called {
		return fmt.Errorf("an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': %s has none", id)
	}
	return nil
}

// openaiID is a call's id in the form OpenAI gives it.
func openaiID(c call) string { return "call_" + c.id }

func writeOpenAI(w http.ResponseWriter, a *ask, s say) {
	finish := "stop"
	if len(s.calls) > 0 {
		finish = "tool_calls"
	}
	out := tokens(s.text)
	usage := map[string]any{
		"prompt_tokens": 20020, "completion_tokens": out, "total_tokens": 20020 + out,
		"prompt_tokens_details": map[string]any{"cached_tokens": 20000}, "completion_tokens_details": map[string]any{"reasoning_tokens": 0},
	}
	w.Header().Set("X-Request-Id", "req_scripted")
	if !a.stream {
		message := map[string]any{"role": "assistant", "content": s.text, "refusal": nil}
		var calls []any
		for _, c := range s.calls {
			calls = append(calls, map[string]any{"id": openaiID(c), "type": "function", "function": map[string]any{"name": c.name, "arguments": c.arguments()}})
		}
		if calls != nil {
			message["tool_calls"] = calls
		}
		writeJSON(w, map[string]any{
			"id": "chatcmpl-scripted", "object": "chat.completion", "created": 1790000000, "model": a.model, "usage": usage,
			"choices": []any{map[string]any{"index": 0, "message": message, "logprobs": nil, "finish_reason": finish}},
		})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	chunk := func(choices []any, usage any) {
		writeFrame(w, "", map[string]any{
			"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 1790000000, "model": a.model, "choices": choices, "usage": usage,
		})
	}
	delta := func(d map[string]any, finish any) {
		chunk([]any{map[string]any{"index": 0, "delta": d, "logprobs": nil, "finish_reason": finish}}, nil)
	}
	delta(map[string]any{"role": "assistant", "content": nil, "refusal": nil}, nil)
	for _, p := range pieces(s.text) {
		delta(map[string]any{"content": p}, nil)
	}
	for i, c := range s.calls {
		part := func(d map[string]any) {
			d["index"] = i
			delta(map[string]any{"tool_calls": []any{d}}, nil)
		}
		part(map[string]any{"id": openaiID(c), "type": "function", "function": map[string]any{"name": c.name, "arguments": ""}})
		for _, p := range pieces(c.arguments()) {
			part(map[string]any{"function": map[string]any{"arguments": p}})
		}
	}
	delta(map[string]any{}, finish)
	if a.usage {
		chunk([]any{}, usage)
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}
