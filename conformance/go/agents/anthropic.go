package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/switchgear-dev/switchgear/conformance/strict"
)

// anthropicBlocks are the content blocks of an answer as they stand in a whole
// body.
func anthropicBlocks(a *strict.Seen, s say) []map[string]any {
	var blocks []map[string]any
	if a.Think {
		blocks = append(blocks, map[string]any{"type": "thinking", "thinking": "Two files, one sum.", "signature": strict.Signature})
	}
	if s.text != "" {
		blocks = append(blocks, map[string]any{"type": "text", "text": s.text})
	}
	for _, c := range s.calls {
		blocks = append(blocks, map[string]any{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input})
	}
	return blocks
}

func writeAnthropic(w http.ResponseWriter, a *strict.Seen, s say) {
	stop := "end_turn"
	if len(s.calls) > 0 {
		stop = "tool_use"
	}
	usage := map[string]any{"input_tokens": 20, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 20000, "output_tokens": 1}
	head := map[string]any{
		"id": fmt.Sprintf("msg_scripted%04d", len(a.Results)), "type": "message", "role": "assistant", "model": a.Model, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil, "usage": usage,
	}
	w.Header().Set("Request-Id", "req_scripted")
	if !a.Stream {
		usage["output_tokens"] = tokens(s.text)
		head["content"], head["stop_reason"] = anthropicBlocks(a, s), stop
		writeJSON(w, head)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(kind string, members map[string]any) {
		members["type"] = kind
		writeFrame(w, "event: "+kind+"\n", members)
	}
	send("message_start", map[string]any{"message": head})
	send("ping", map[string]any{})
	for i, b := range anthropicBlocks(a, s) {
		sendBlock(i, b, send)
	}
	send("message_delta", map[string]any{"delta": map[string]any{"stop_reason": stop, "stop_sequence": nil}, "usage": map[string]any{"output_tokens": tokens(s.text)}})
	send("message_stop", map[string]any{})
}

// sendBlock streams one block: its start, its deltas, its stop.
func sendBlock(i int, b map[string]any, send func(string, map[string]any)) {
	deltas := func(kind, member, text string) {
		for _, p := range pieces(text) {
			send("content_block_delta", map[string]any{"index": i, "delta": map[string]any{"type": kind, member: p}})
		}
	}
	start := func(block map[string]any) {
		send("content_block_start", map[string]any{"index": i, "content_block": block})
	}
	switch b["type"] {
	case "thinking":
		start(map[string]any{"type": "thinking", "thinking": "", "signature": ""})
		deltas("thinking_delta", "thinking", b["thinking"].(string)) //nolint:forcetypeassert // made above
		send("content_block_delta", map[string]any{"index": i, "delta": map[string]any{"type": "signature_delta", "signature": strict.Signature}})
	case "text":
		start(map[string]any{"type": "text", "text": ""})
		deltas("text_delta", "text", b["text"].(string)) //nolint:forcetypeassert // made above
	case "tool_use":
		start(map[string]any{"type": "tool_use", "id": b["id"], "name": b["name"], "input": map[string]any{}})
		raw, _ := json.Marshal(b["input"]) //nolint:errchkjson // strings only
		deltas("input_json_delta", "partial_json", string(raw))
	}
	send("content_block_stop", map[string]any{"index": i})
}

func writeJSON(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

// writeFrame writes one event and sends it off.
func writeFrame(w http.ResponseWriter, event string, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		return
	}
	_, _ = io.WriteString(w, event+"data: "+string(raw)+"\n\n")
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
