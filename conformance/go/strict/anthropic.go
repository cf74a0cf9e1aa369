package strict

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Signature is what a scripted model signs its thinking with. The real one
// refuses a thinking block whose signature is missing or changed.
const Signature = "RXJzdGVuc2lnbmF0dXIgZGVzIFNrcmlwdHM9PXNjcmlwdGVkLXNpZ25hdHVyZS0wMDAx"

type anthropicRequest struct {
	Model     string          `json:"model"`
	MaxTokens int             `json:"max_tokens"`
	Stream    bool            `json:"stream"`
	System    json.RawMessage `json:"system"`
	Stop      []string        `json:"stop_sequences"`
	Thinking  struct {
		Type   string `json:"type"`
		Budget int    `json:"budget_tokens"`
	} `json:"thinking"`
	Output struct {
		Effort string          `json:"effort"`
		Format json.RawMessage `json:"format"`
	} `json:"output_config"`
	Tools []struct {
		Name   string          `json:"name"`
		Type   string          `json:"type"`
		Schema json.RawMessage `json:"input_schema"`
		Cache  json.RawMessage `json:"cache_control"`
	} `json:"tools"`
	Choice struct {
		Type   string `json:"type"`
		Name   string `json:"name"`
		Serial bool   `json:"disable_parallel_tool_use"`
	} `json:"tool_choice"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
}

// readAnthropic reads a messages request and refuses what Anthropic refuses.
func readAnthropic(h http.Header, body []byte) (*Seen, error) {
	if h.Get("Anthropic-Version") == "" {
		return nil, errors.New("anthropic-version: header is required")
	}
	var q anthropicRequest
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	if err := q.valid(); err != nil {
		return nil, err
	}
	s := &Seen{
		Dialect: "anthropic", Model: q.Model, Stream: q.Stream, MaxTokens: q.MaxTokens, Stop: q.Stop, Effort: q.Output.Effort,
		Think: q.Thinking.Type == "adaptive" || q.Thinking.Type == "enabled", Schema: q.Output.Format != nil, Serial: q.Choice.Serial,
		Choice: q.Choice.Type + q.Choice.Name,
	}
	for i, t := range q.Tools {
		if t.Type == "" && !isObject(t.Schema) {
			return nil, fmt.Errorf("tools.%d.input_schema: Field required", i)
		}
		s.Tools = append(s.Tools, t.Name)
		s.mark(t.Cache)
	}
	s.System = len(textOf(q.System))
	for _, b := range blocksOf(q.System) {
		s.mark(b.Cache)
	}
	called := map[string]bool{} // calls of the last assistant turn that wait for a result
	for i, m := range q.Messages {
		if err := s.anthropicTurn(m.Role, blocksOf(m.Content), called); err != nil {
			return nil, fmt.Errorf("messages.%d: %w", i, err)
		}
	}
	if len(called) > 0 {
		return nil, fmt.Errorf("%d tool_use ids were found without tool_result blocks immediately after", len(called))
	}
	return s, nil
}

func (q *anthropicRequest) valid() error {
	if q.MaxTokens < 1 {
		return errors.New("max_tokens: Field required")
	}
	if len(q.Messages) == 0 {
		return errors.New("messages: at least one message is required")
	}
	if q.Thinking.Type == "enabled" && (q.Thinking.Budget < 1024 || q.Thinking.Budget >= q.MaxTokens) {
		return fmt.Errorf("thinking.budget_tokens is %d, and must be at least 1024 and less than max_tokens, %d", q.Thinking.Budget, q.MaxTokens)
	}
	if !slices.Contains([]string{"", "low", "medium", "high", "xhigh", "max"}, q.Output.Effort) {
		return fmt.Errorf("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max', not %q", q.Output.Effort)
	}
	return nil
}

func (s *Seen) anthropicTurn(role string, blocks []block, called map[string]bool) error {
	if len(blocks) == 0 {
		return fmt.Errorf("the content of a message of role %s must not be empty", role)
	}
	if len(called) > 0 && role == "assistant" {
		return errors.New("tool_use ids were found without tool_result blocks immediately after")
	}
	if role == "user" {
		s.Text = ""
	}
	for _, b := range blocks {
		s.mark(b.Cache)
		if err := s.anthropicBlock(role, &b, called); err != nil {
			return err
		}
	}
	return nil
}

func (s *Seen) anthropicBlock(role string, b *block, called map[string]bool) error {
	switch b.Type {
	case "tool_use":
		if !isObject(b.Input) {
			return fmt.Errorf("tool_use.input of %s: Input should be a valid dictionary", b.ID)
		}
		called[b.ID] = true
		s.Calls++
	case "tool_result":
		if !called[b.ToolUseID] {
			return fmt.Errorf("unexpected tool_use_id found in tool_result blocks: %s", b.ToolUseID)
		}
		delete(called, b.ToolUseID)
		s.Results = append(s.Results, Result{b.ToolUseID, textOf(b.Content)})
	case "thinking":
		if len(b.Signature) < 50 {
			return errors.New("thinking: Invalid signature in thinking block")
		}
		if b.Signature == Signature {
			s.Signed++
		}
	case "image":
		return s.anthropicImage(b)
	case "text":
		if strings.TrimSpace(b.Text) == "" {
			return errors.New("text content blocks must contain non-whitespace text")
		}
		switch role {
		case "user":
			s.Text += b.Text
		case "system":
			s.System += len(b.Text)
		}
	}
	return nil
}

func (s *Seen) anthropicImage(b *block) error {
	switch {
	case b.Source.Type == "base64" && strings.HasPrefix(b.Source.MediaType, "image/") && b.Source.Data != "":
		s.Images = append(s.Images, b.Source.MediaType+" "+strconv.Itoa(len(b.Source.Data)))
	case b.Source.Type == "url" && strings.HasPrefix(b.Source.URL, "https://"):
		s.Images = append(s.Images, b.Source.URL)
	default:
		return fmt.Errorf("image.source: a source of type %q, media type %q", b.Source.Type, b.Source.MediaType)
	}
	return nil
}

func (s *Seen) mark(cache json.RawMessage) {
	if isObject(cache) {
		s.Marks++
	}
}
