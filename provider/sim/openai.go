package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// The types below are OpenAI's bodies, member for member and in their order.
type (
	chatBody struct {
		ID          string          `json:"id"`
		Object      string          `json:"object"`
		Created     int64           `json:"created"`
		Model       string          `json:"model"`
		Choices     []chatChoice    `json:"choices"`
		Usage       *chatUsage      `json:"usage,omitempty"`
		Tier        string          `json:"service_tier"`
		Fingerprint json.RawMessage `json:"system_fingerprint"`
	}
	chatChoice struct {
		Index    int             `json:"index"`
		Message  chatMessage     `json:"message"`
		Logprobs json.RawMessage `json:"logprobs,omitempty"`
		Finish   string          `json:"finish_reason"`
	}
	chatMessage struct {
		Role        string     `json:"role"`
		Content     *string    `json:"content"`
		ToolCalls   []chatCall `json:"tool_calls,omitempty"`
		Refusal     *string    `json:"refusal"`
		Annotations []struct{} `json:"annotations"`
	}
	chatCall struct {
		Index    *int     `json:"index,omitempty"`
		ID       string   `json:"id,omitempty"`
		Type     string   `json:"type,omitempty"`
		Function chatFunc `json:"function"`
	}
	chatFunc struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	}
	chatUsage struct {
		Prompt        int `json:"prompt_tokens"`
		Completion    int `json:"completion_tokens"`
		Total         int `json:"total_tokens"`
		PromptDetails struct {
			Cached int `json:"cached_tokens"`
			Audio  int `json:"audio_tokens"`
		} `json:"prompt_tokens_details"`
		CompletionDetails struct {
			Reasoning int `json:"reasoning_tokens"`
			Audio     int `json:"audio_tokens"`
			Accepted  int `json:"accepted_prediction_tokens"`
			Rejected  int `json:"rejected_prediction_tokens"`
		} `json:"completion_tokens_details"`
	}
	chatChunk struct {
		ID          string          `json:"id"`
		Object      string          `json:"object"`
		Created     int64           `json:"created"`
		Model       string          `json:"model"`
		Tier        string          `json:"service_tier"`
		Fingerprint json.RawMessage `json:"system_fingerprint"`
		Choices     []chatDelta     `json:"choices"`
		Usage       json.RawMessage `json:"usage,omitempty"`
		Obfuscation string          `json:"obfuscation"`
	}
	chatDelta struct {
		Index    int             `json:"index"`
		Delta    chatPart        `json:"delta"`
		Logprobs json.RawMessage `json:"logprobs,omitempty"`
		Finish   *string         `json:"finish_reason"`
	}
	chatPart struct {
		Role      string          `json:"role,omitempty"`
		Content   json.RawMessage `json:"content,omitempty"`
		ToolCalls []chatCall      `json:"tool_calls,omitempty"`
		Refusal   json.RawMessage `json:"refusal,omitempty"`
	}
)

// null is an explicit null, where leaving the member out would be wrong.
func null() json.RawMessage { return json.RawMessage("null") }

// chat answers POST /v1/chat/completions.
func (c *call) chat() *exchange {
	if x := c.checkChat(); x != nil {
		return x
	}
	answers, x := c.recordedOr()
	if x != nil {
		return x
	}
	if c.ask.stream {
		return c.chatStream(answers)
	}
	head := c.chatHead()
	body := chatBody{
		ID: head.ID, Object: "chat.completion", Created: head.Created, Model: head.Model,
		Usage: c.chatUsage(answers), Tier: head.Tier, Fingerprint: head.Fingerprint,
	}
	for i, a := range answers {
		m := chatMessage{Role: "assistant", Annotations: []struct{}{}}
		if a.text != "" || (a.calls == nil && a.refusal == "") {
			m.Content = &a.text
		}
		if a.refusal != "" {
			m.Refusal = &a.refusal
		}
		for _, t := range a.calls {
			m.ToolCalls = append(m.ToolCalls, chatCall{ID: t.id, Type: "function", Function: chatFunc{t.name, t.args}})
		}
		body.Choices = append(body.Choices, chatChoice{Index: i, Message: m, Logprobs: c.logprobs(), Finish: c.chatFinish(a)})
	}
	return whole(http.StatusOK, "application/json", append(jsonBody(body, "  "), '\n'))
}

// checkChat makes the checks that OpenAI makes before it answers.
func (c *call) checkChat() *exchange {
	switch {
	case c.ask.model == "":
		return openaiError(http.StatusBadRequest, "invalid_request_error", "", "", "you must provide a model parameter")
	case len(c.ask.wire.Messages) == 0:
		return openaiError(http.StatusBadRequest, "invalid_request_error", "missing_required_parameter", "messages", "Missing required parameter: 'messages'.")
	case c.ask.choices > 128:
		return openaiError(http.StatusBadRequest, "invalid_request_error", "integer_above_max_value", "n", "Invalid 'n': integer above maximum value. Expected a value <= 128.")
	}
	return nil
}

// logprobs is null at models that have them, and left out at those that
// reason.
func (c *call) logprobs() json.RawMessage {
	if isReasoning(c.ask.model) {
		return nil
	}
	return null()
}

func (c *call) chatFinish(a *answer) string {
	switch a.finish {
	case finishLength:
		return "length"
	case finishFilter:
		return "content_filter"
	case finishTool:
		if c.ask.onlyCall != "" {
			return "stop" // as OpenAI does when the caller named the function
		}
		return "tool_calls"
	default:
		return "stop"
	}
}

func (c *call) chatUsage(answers []*answer) *chatUsage {
	if c.ask.noUsage {
		return nil
	}
	u := &chatUsage{}
	u.Prompt, u.PromptDetails.Cached, _ = c.promptTokens()
	if len(answers) > 0 && answers[0].recorded != nil {
		u.Prompt, u.PromptDetails.Cached = answers[0].recorded[0], 0
	}
	for _, a := range answers {
		u.Completion += a.tokens()
		u.CompletionDetails.Reasoning += a.reasoning
	}
	u.Total = u.Prompt + u.Completion
	return u
}

// chatHead holds the members that every chunk of a stream repeats.
func (c *call) chatHead() chatChunk {
	rng := c.ask.rng(-1)
	head := chatChunk{
		ID: "chatcmpl-" + letters(rng, 29), Object: "chat.completion.chunk",
		Created: 1767225600 + rng.Int64N(300*86400), // a second of 2026 that the request decides
		Model:   c.ask.echoed(), Tier: "default", Fingerprint: quote("fp_" + digits(rng, 10)),
	}
	if isReasoning(c.ask.model) {
		head.Fingerprint = null()
	}
	if c.ask.usage {
		head.Usage = null()
	}
	return head
}

// chatStream writes the chunks, those of several choices in turn.
func (c *call) chatStream(answers []*answer) *exchange {
	head := c.chatHead()
	pad := c.ask.rng(-2)
	chunk := func(kind frameKind, i int, part chatPart, finish string) frame {
		out := head
		delta := chatDelta{Index: i, Delta: part, Logprobs: c.logprobs()}
		if finish != "" {
			delta.Finish = &finish
		}
		out.Choices = []chatDelta{delta}
		out.Obfuscation = letters(pad, pad.IntN(16))
		return frame{kind: kind, data: dataEvent(out)}
	}
	var each [][]frame
	for i, a := range answers {
		list := []frame{chunk(frameEnvelope, i, a.opening(), "")}
		for _, part := range a.parts() {
			list = append(list, chunk(frameContent, i, part, ""))
		}
		each = append(each, append(list, chunk(frameFinish, i, chatPart{}, c.chatFinish(a))))
	}
	frames := interleave(each)
	if c.ask.usage && !c.ask.noUsage {
		out := head
		out.Choices = []chatDelta{}
		out.Usage = quote(c.chatUsage(answers))
		out.Obfuscation = letters(pad, pad.IntN(16))
		frames = append(frames, frame{kind: frameUsage, data: dataEvent(out)})
	}
	return streamed(append(frames, frame{kind: frameEnd, data: []byte("data: [DONE]\n\n")}))
}

// opening is the first delta, which carries the role.
func (a *answer) opening() chatPart {
	switch {
	case a.refusal != "":
		return chatPart{Role: "assistant", Content: null(), Refusal: quote("")}
	case a.calls != nil && a.text == "":
		return chatPart{Role: "assistant", Content: null()}
	}
	return chatPart{Role: "assistant", Content: quote(""), Refusal: null()}
}

// parts are the deltas that carry content.
func (a *answer) parts() []chatPart {
	var out []chatPart
	for _, piece := range pieces(a.rng, a.text) {
		out = append(out, chatPart{Content: quote(piece)})
	}
	for _, piece := range pieces(a.rng, a.refusal) {
		out = append(out, chatPart{Refusal: quote(piece)})
	}
	for i, t := range a.calls {
		first := chatCall{Index: &i, ID: t.id, Type: "function", Function: chatFunc{Name: t.name}}
		out = append(out, chatPart{ToolCalls: []chatCall{first}})
		for _, shred := range shreds(a.rng, t.args) {
			out = append(out, chatPart{ToolCalls: []chatCall{{Index: &i, Function: chatFunc{Arguments: shred}}}})
		}
	}
	return out
}

// interleave takes one frame of each list in turn.
func interleave(lists [][]frame) []frame {
	var out []frame
	for i, more := 0, true; more; i++ {
		more = false
		for _, list := range lists {
			if i < len(list) {
				out = append(out, list[i])
				more = true
			}
		}
	}
	return out
}

// dataEvent frames a payload as OpenAI does.
func dataEvent(payload any) []byte {
	var b bytes.Buffer
	b.Grow(512) // a chunk has some 300 bytes
	b.WriteString("data: ")
	encode(&b, payload)
	b.WriteString("\n\n")
	return b.Bytes()
}
