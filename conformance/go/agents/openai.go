package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/switchgear-dev/switchgear/conformance/strict"
)

// openaiID is a call's id in the form OpenAI gives it.
func openaiID(c call) string { return "call_" + c.id }

func writeOpenAI(w http.ResponseWriter, a *strict.Seen, s say) {
	finish := "stop"
	if len(s.calls) > 0 {
		finish = "tool_calls"
	}
	out := tokens(s.text)
	usage := map[string]any{
		"prompt_tokens": 20020, "completion_tokens": out, "total_tokens": 20020 + out,
		"prompt_tokens_details": map[string]any{"cached_tokens": 20000}, "completion_tokens_details": map[string]any{"reasoning_tokens": 0},
	}
	id := fmt.Sprintf("chatcmpl-scripted%04d", len(a.Results)) // the agent puts answers of one id together
	w.Header().Set("X-Request-ID", "req_scripted")
	if !a.Stream {
		message := map[string]any{"role": "assistant", "content": s.text, "refusal": nil}
		var calls []any
		for _, c := range s.calls {
			calls = append(calls, map[string]any{"id": openaiID(c), "type": "function", "function": map[string]any{"name": c.name, "arguments": c.arguments()}})
		}
		if calls != nil {
			message["tool_calls"] = calls
		}
		writeJSON(w, map[string]any{
			"id": id, "object": "chat.completion", "created": 1790000000, "model": a.Model, "usage": usage,
			"choices": []any{map[string]any{"index": 0, "message": message, "logprobs": nil, "finish_reason": finish}},
		})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	chunk := func(choices []any, usage any) {
		writeFrame(w, "", map[string]any{
			"id": id, "object": "chat.completion.chunk", "created": 1790000000, "model": a.Model, "choices": choices, "usage": usage,
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
	if a.IncludeUsage {
		chunk([]any{}, usage)
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}
