package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// The types below are Anthropic's bodies, member for member and in their
// order.
type (
	message struct {
		Model       string          `json:"model"`
		ID          string          `json:"id"`
		Type        string          `json:"type"`
		Role        string          `json:"role"`
		Content     []any           `json:"content"`
		StopReason  *string         `json:"stop_reason"`
		Sequence    *string         `json:"stop_sequence"`
		StopDetails json.RawMessage `json:"stop_details"`
		Usage       *messageUsage   `json:"usage,omitempty"`
	}
	messageUsage struct {
		Input    int           `json:"input_tokens"`
		Written  int           `json:"cache_creation_input_tokens"`
		Read     int           `json:"cache_read_input_tokens"`
		Creation *cacheWrites  `json:"cache_creation,omitempty"`
		Output   int           `json:"output_tokens"`
		Details  *usageDetails `json:"output_tokens_details,omitempty"`
		Tier     string        `json:"service_tier,omitempty"`
		Geo      string        `json:"inference_geo,omitempty"`
	}
	cacheWrites struct {
		Minutes int `json:"ephemeral_5m_input_tokens"`
		Hour    int `json:"ephemeral_1h_input_tokens"`
	}
	usageDetails struct {
		Thinking int `json:"thinking_tokens"`
	}
	textBlock struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	thinkingBlock struct {
		Type      string `json:"type"`
		Thinking  string `json:"thinking"`
		Signature string `json:"signature"`
	}
	toolBlock struct {
		Type   string          `json:"type"`
		ID     string          `json:"id"`
		Name   string          `json:"name"`
		Input  json.RawMessage `json:"input"`
		Caller struct {
			Type string `json:"type"`
		} `json:"caller"`
	}
	blockEvent struct {
		Type  string `json:"type"`
		Index int    `json:"index"`
		Block any    `json:"content_block,omitempty"`
		Delta any    `json:"delta,omitempty"`
	}
	startEvent struct {
		Type    string  `json:"type"`
		Message message `json:"message"`
	}
	deltaEvent struct {
		Type  string `json:"type"`
		Delta struct {
			StopReason  string          `json:"stop_reason"`
			Sequence    *string         `json:"stop_sequence"`
			StopDetails json.RawMessage `json:"stop_details"`
		} `json:"delta"`
		Usage *messageUsage `json:"usage,omitempty"`
	}
)

// messages answers POST /v1/messages.
func (c *call) messages() *exchange {
	if x := c.checkMessages(true); x != nil {
		return x
	}
	c.ask.choices = 1
	answers, x := c.recordedOr()
	if x != nil {
		return x
	}
	a := answers[0]
	m := message{
		Model: c.ask.echoed(), ID: "msg_01" + letters(c.ask.rng(-1), 22), Type: "message", Role: "assistant",
		Content: []any{}, StopDetails: null(), Usage: c.messageUsage(a),
	}
	if c.ask.stream {
		return c.messageStream(a, m)
	}
	if a.signature != "" {
		m.Content = append(m.Content, thinkingBlock{"thinking", a.thinking, a.signature})
	}
	if a.text != "" {
		m.Content = append(m.Content, textBlock{"text", a.text})
	}
	for _, t := range a.calls {
		input := json.RawMessage(t.args)
		if !json.Valid(input) {
			input = json.RawMessage("{}") // what was cut cannot be an object
		}
		m.Content = append(m.Content, newToolBlock(t, input))
	}
	reason := stopReason(a)
	m.StopReason, m.Sequence, m.StopDetails = &reason, sequence(a), stopDetails(a)
	return whole(http.StatusOK, "application/json", quote(m))
}

func newToolBlock(t toolCall, input json.RawMessage) toolBlock {
	b := toolBlock{Type: "tool_use", ID: t.id, Name: t.name, Input: input}
	b.Caller.Type = "direct"
	return b
}

// checkMessages makes the checks that Anthropic makes before it answers.
func (c *call) checkMessages(limit bool) *exchange {
	var missing string
	switch {
	case c.r.Header.Get("Anthropic-Version") == "":
		return c.anthropicError(http.StatusBadRequest, "invalid_request_error", "anthropic-version: header is required")
	case c.ask.model == "":
		missing = "model"
	case len(c.ask.wire.Messages) == 0:
		missing = "messages"
	case limit && c.ask.wire.MaxTokens == nil:
		missing = "max_tokens"
	default:
		return nil
	}
	return c.anthropicError(http.StatusBadRequest, "invalid_request_error", missing+": Field required")
}

func stopReason(a *answer) string {
	switch a.finish {
	case finishLength:
		return "max_tokens"
	case finishTool:
		return "tool_use"
	case finishSequence:
		return "stop_sequence"
	case finishRefusal, finishFilter:
		return "refusal"
	default:
		return "end_turn"
	}
}

func sequence(a *answer) *string {
	if a.finish != finishSequence {
		return nil
	}
	return &a.sequence
}

func stopDetails(a *answer) json.RawMessage {
	if a.finish != finishRefusal && a.finish != finishFilter {
		return null()
	}
	return json.RawMessage(`{"type":"refusal","category":"simulated","explanation":"[simulated] This request was declined on cue."}`)
}

func (c *call) messageUsage(a *answer) *messageUsage {
	if c.ask.noUsage {
		return nil
	}
	total, read, written := c.promptTokens()
	if a.recorded != nil {
		total, read, written = a.recorded[0], 0, 0
	}
	u := &messageUsage{
		Input: total - read - written, Read: read, Written: written, Creation: &cacheWrites{Minutes: written},
		Output: a.tokens(), Tier: "standard", Geo: "global",
	}
	if c.ask.hour {
		u.Creation = &cacheWrites{Hour: written}
	}
	if a.signature != "" {
		u.Details = &usageDetails{a.reasoning}
	}
	return u
}

// messageStream writes the events of one answer.
func (c *call) messageStream(a *answer, m message) *exchange {
	w := &eventWriter{pad: c.ask.rng(-2)}
	final := m.Usage
	if m.Usage != nil {
		start := *m.Usage
		start.Output, start.Details = min(start.Output, 1+w.pad.IntN(4)), nil
		m.Usage = &start
		end := *final
		end.Creation, end.Tier, end.Geo = nil, "", ""
		final = &end
	}
	w.add(frameEnvelope, "message_start", startEvent{"message_start", m})
	if a.signature != "" {
		w.open(thinkingBlock{Type: "thinking"})
		for _, piece := range pieces(a.rng, a.thinking) {
			w.delta("thinking_delta", "thinking", piece)
		}
		w.delta("signature_delta", "signature", a.signature)
		w.close()
	}
	if a.text != "" {
		w.open(textBlock{Type: "text"})
		for _, piece := range pieces(a.rng, a.text) {
			w.delta("text_delta", "text", piece)
		}
		w.close()
	}
	for _, t := range a.calls {
		w.open(newToolBlock(t, json.RawMessage("{}")))
		w.delta("input_json_delta", "partial_json", "")
		for _, shred := range shreds(a.rng, t.args) {
			w.delta("input_json_delta", "partial_json", shred)
		}
		w.close()
	}
	if w.index == 0 {
		w.ping()
	}
	end := deltaEvent{Type: "message_delta", Usage: final}
	end.Delta.StopReason, end.Delta.Sequence, end.Delta.StopDetails = stopReason(a), sequence(a), stopDetails(a)
	w.add(frameFinish, "message_delta", end)
	w.add(frameEnd, "message_stop", struct {
		Type string `json:"type"`
	}{"message_stop"})
	return streamed(w.frames)
}

// eventWriter writes Anthropic's events: named, and padded with blanks before
// the last brace.
type eventWriter struct {
	frames []frame
	index  int
	pad    *rand.Rand
}

func (w *eventWriter) add(kind frameKind, name string, payload any) {
	raw := quote(payload)
	blanks := bytes.Repeat([]byte(" "), w.pad.IntN(16))
	w.frames = append(w.frames, frame{kind: kind, data: fmt.Appendf(nil, "event: %s\ndata: %s%s}\n\n", name, raw[:len(raw)-1], blanks)})
}

func (w *eventWriter) open(block any) {
	w.add(frameEnvelope, "content_block_start", blockEvent{Type: "content_block_start", Index: w.index, Block: block})
	if w.index == 0 {
		w.ping()
	}
}

func (w *eventWriter) ping() {
	w.frames = append(w.frames, frame{data: anthropicPing()})
}

func anthropicPing() []byte { return []byte("event: ping\ndata: {\"type\": \"ping\"}\n\n") }

func (w *eventWriter) delta(kind, member, value string) {
	payload := json.RawMessage(fmt.Sprintf(`{"type":%q,%q:%s}`, kind, member, quote(value)))
	w.add(frameContent, "content_block_delta", blockEvent{Type: "content_block_delta", Index: w.index, Delta: payload})
}

func (w *eventWriter) close() {
	w.add(frameEnvelope, "content_block_stop", blockEvent{Type: "content_block_stop", Index: w.index})
	w.index++
}

// countTokens answers POST /v1/messages/count_tokens.
func (c *call) countTokens() *exchange {
	if x := c.checkMessages(false); x != nil {
		return x
	}
	total := 8 + 4*c.ask.turns + tokensOf(c.ask.bytes)
	return whole(http.StatusOK, "application/json", fmt.Appendf(nil, `{"input_tokens":%d}`, total))
}
