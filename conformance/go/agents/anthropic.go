package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// signature is what the scripted model signs its thinking with. The real one
// refuses a thinking block whose signature is missing or changed.
const signature = "RXJzdGVuc2lnbmF0dXIgZGVzIFNrcmlwdHM9PXNjcmlwdGVkLXNpZ25hdHVyZS0wMDAx"

type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	Thinking  *string         `json:"thinking"`
	Signature string          `json:"signature"`
}

type anthropicRequest struct {
	Model     string          `json:"model"`
	MaxTokens int             `json:"max_tokens"`
	Stream    bool            `json:"stream"`
	System    json.RawMessage `json:"system"`
	Thinking  struct {
		Type string `json:"type"`
	} `json:"thinking"`
	Tools []struct {
		Name   string          `json:"name"`
		Type   string          `json:"type"`
		Schema json.RawMessage `json:"input_schema"`
	} `json:"tools"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
}

// readAnthropic reads a messages request and refuses what Anthropic refuses.
func readAnthropic(r *http.Request) (*ask, error) {
	if r.Header.Get("Anthropic-Version") == "" {
		return nil, errors.New("anthropic-version: header is required")
	}
	var q anthropicRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	if q.MaxTokens < 1 {
		return nil, errors.New("max_tokens: Field required")
	}
	a := &ask{dialect: "anthropic", model: q.Model, stream: q.Stream, tools: map[string]bool{}}
	a.think = q.Thinking.Type == "adaptive" || q.Thinking.Type == "enabled"
	for i, t := range q.Tools {
		if t.Type == "" && !isObject(t.Schema) {
			return nil, fmt.Errorf("tools.%d.input_schema: Field required", i)
		}
		a.tools[t.Name] = true
	}
	a.system = len(textOf(q.System))
	called := map[string]bool{} // calls of the last assistant turn that wait for a result
	for i, m := range q.Messages {
		blocks := blocksOf(m.Content)
		if err := a.anthropicTurn(m.Role, blocks, called); err != nil {
			return nil, fmt.Errorf("messages.%d: %w", i, err)
		}
		if m.Role == "system" {
			a.system += len(textOf(m.Content))
		}
	}
	if len(called) > 0 {
		return nil, fmt.Errorf("%d tool_use ids were found without tool_result blocks", len(called))
	}
	return a, nil
}

func (a *ask) anthropicTurn(role string, blocks []anthropicBlock, called map[string]bool) error {
	for _, b := range blocks {
		switch b.Type {
		case "tool_use":
			if !isObject(b.Input) {
				return fmt.Errorf("tool_use.input of %s: Input should be a valid dictionary", b.ID)
			}
			called[b.ID] = true
		case "tool_result":
			if !called[b.ToolUseID] {
				return fmt.Errorf("unexpected tool_use_id found in tool_result blocks: %s", b.ToolUseID)
			}
			delete(called, b.ToolUseID)
			a.results = append(a.results, result{b.ToolUseID, textOf(b.Content)})
		case "thinking":
			if b.Signature != signature {
				return errors.New("thinking: Invalid signature in thinking block")
			}
			a.signed++
		case "text":
			if strings.TrimSpace(b.Text) == "" {
				return errors.New("text content blocks must contain non-whitespace text")
			}
		}
	}
	if role == "assistant" && len(blocks) == 0 {
		return errors.New("an assistant message must have non-empty content")
	}
	return nil
}

func blocksOf(content json.RawMessage) []anthropicBlock {
	var blocks []anthropicBlock
	var text string
	if json.Unmarshal(content, &text) == nil {
		return []anthropicBlock{{Type: "text", Text: text}}
	}
	_ = json.Unmarshal(content, &blocks)
	return blocks
}

// textOf is the text of a string or of a list of text blocks or parts.
func textOf(content json.RawMessage) string {
	var all strings.Builder
	for _, b := range blocksOf(content) {
		all.WriteString(b.Text)
	}
	return all.String()
}

func isObject(raw json.RawMessage) bool {
	return len(raw) > 0 && raw[0] == '{'
}

// anthropicBlocks are the content blocks of an answer as they stand in a whole
// body.
func anthropicBlocks(a *ask, s say) []map[string]any {
	var blocks []map[string]any
	if a.think {
		blocks = append(blocks, map[string]any{"type": "thinking", "thinking": "Two files, one sum.", "signature": signature})
	}
	if s.text != "" {
		blocks = append(blocks, map[string]any{"type": "text", "text": s.text})
	}
	for _, c := range s.calls {
		blocks = append(blocks, map[string]any{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input})
	}
	return blocks
}

func writeAnthropic(w http.ResponseWriter, a *ask, s say) {
	stop := "end_turn"
	if len(s.calls) > 0 {
		stop = "tool_use"
	}
	usage := map[string]any{"input_tokens": 20, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 20000, "output_tokens": 1}
	head := map[string]any{
		"id": "msg_scripted", "type": "message", "role": "assistant", "model": a.model, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil, "usage": usage,
	}
	w.Header().Set("Request-Id", "req_scripted")
	if !a.stream {
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
		deltas("thinking_delta", "thinking", b["thinking"].(string)) //nolint:errcheck,forcetypeassert // made above
		send("content_block_delta", map[string]any{"index": i, "delta": map[string]any{"type": "signature_delta", "signature": signature}})
	case "text":
		start(map[string]any{"type": "text", "text": ""})
		deltas("text_delta", "text", b["text"].(string)) //nolint:errcheck,forcetypeassert // made above
	case "tool_use":
		start(map[string]any{"type": "tool_use", "id": b["id"], "name": b["name"], "input": map[string]any{}})
		raw, _ := json.Marshal(b["input"]) //nolint:errchkjson // strings only
		deltas("input_json_delta", "partial_json", string(raw))
	}
	send("content_block_stop", map[string]any{"index": i})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
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
