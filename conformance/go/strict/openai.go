package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	Notes      json.RawMessage `json:"annotations"` // of an answer that is sent back as it came
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
	Model           string          `json:"model"`
	Stream          bool            `json:"stream"`
	MaxTokens       *int            `json:"max_tokens"`
	MaxCompletion   int             `json:"max_completion_tokens"`
	Temperature     *float64        `json:"temperature"`
	ReasoningEffort string          `json:"reasoning_effort"`
	Choice          json.RawMessage `json:"tool_choice"`
	Parallel        *bool           `json:"parallel_tool_calls"`
	Stop            json.RawMessage `json:"stop"`
	Format          struct {
		Type   string `json:"type"`
		Schema struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Tools []struct {
		Type     string `json:"type"`
		Function struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
	Messages []json.RawMessage `json:"messages"`
}

// readOpenAI reads a chat completion request and refuses what OpenAI refuses.
func readOpenAI(body []byte) (*Seen, error) {
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
	s := &Seen{
		Dialect: "openai", Model: q.Model, Stream: q.Stream, MaxTokens: q.MaxCompletion, Effort: q.ReasoningEffort,
		Schema: q.Format.Type == "json_schema", Serial: q.Parallel != nil && !*q.Parallel, Choice: choice(q.Choice),
		IncludeUsage: q.StreamOptions != nil && q.StreamOptions.IncludeUsage,
	}
	if q.MaxTokens != nil {
		s.MaxTokens = *q.MaxTokens
	}
	if json.Unmarshal(q.Stop, &s.Stop) != nil {
		s.Stop = []string{textOf(q.Stop)}
	}
	for i, t := range q.Tools {
		f := t.Function
		if t.Type != "function" || !openaiName.MatchString(f.Name) || f.Parameters != nil && !isObject(f.Parameters) {
			return nil, fmt.Errorf("Invalid value: 'tools[%d]' is a %s named %q.", i, t.Type, f.Name) //nolint:staticcheck // a provider's sentence
		}
		s.Tools = append(s.Tools, f.Name)
	}
	return s, s.openaiTurns(q.Messages)
}

// choice is the word of a tool_choice, or the name of the tool it demands.
func choice(raw json.RawMessage) string {
	var word string
	var named struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(raw, &word) != nil {
		_ = json.Unmarshal(raw, &named)
		word = named.Function.Name
	}
	return word
}

// reasons reports whether a model reasons, and so takes fewer parameters.
func reasons(model string) bool {
	return strings.HasPrefix(model, "gpt-5") || strings.HasPrefix(model, "o1") || strings.HasPrefix(model, "o3") || strings.HasPrefix(model, "o4")
}

func (q *openaiRequest) supported() error {
	if reasons(q.Model) && q.MaxTokens != nil {
		return errors.New("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.") //nolint:staticcheck // a provider's sentence
	}
	if reasons(q.Model) && q.Temperature != nil && *q.Temperature != 1 {
		return fmt.Errorf("Unsupported value: 'temperature' does not support %v with this model.", *q.Temperature) //nolint:staticcheck // a provider's sentence
	}
	if q.StreamOptions != nil && !q.Stream {
		return errors.New("the 'stream_options' parameter is only allowed when 'stream' is enabled")
	}
	if !slices.Contains([]string{"", "none", "minimal", "low", "medium", "high", "xhigh"}, q.ReasoningEffort) {
		return fmt.Errorf("Unsupported value: 'reasoning_effort' does not support %q.", q.ReasoningEffort) //nolint:staticcheck // a provider's sentence
	}
	if f := q.Format; f.Type == "json_schema" && (!openaiName.MatchString(f.Schema.Name) || !isObject(f.Schema.Schema)) {
		return fmt.Errorf("Invalid 'response_format.json_schema.name': %q.", f.Schema.Name) //nolint:staticcheck // a provider's sentence
	}
	if q.Parallel != nil && len(q.Tools) == 0 {
		return errors.New("Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.") //nolint:staticcheck // a provider's sentence
	}
	return nil
}

func (s *Seen) openaiTurns(messages []json.RawMessage) error {
	called := map[string]bool{} // calls of the last assistant turn that wait for a result
	for i, raw := range messages {
		var m openaiMessage
		strict := json.NewDecoder(bytes.NewReader(raw))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&m); err != nil {
			return fmt.Errorf("messages[%d]: %w", i, err)
		}
		if err := s.openaiTurn(&m, called); err != nil {
			return fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	return waiting(called)
}

func (s *Seen) openaiTurn(m *openaiMessage, called map[string]bool) error {
	allowed, ok := openaiParts[m.Role]
	if !ok {
		return fmt.Errorf("invalid role %q", m.Role)
	}
	if m.Role == "user" {
		s.Text = ""
	}
	for _, p := range blocksOf(m.Content) {
		if m.Role == "user" {
			s.Text += p.Text
		}
		if err := s.openaiImage(&p); err != nil {
			return err
		}
		if !slices.Contains(allowed, p.Type) {
			return fmt.Errorf("invalid part %q in a message of role %s", p.Type, m.Role)
		}
	}
	if m.Role == "tool" {
		if !called[m.ToolCallID] {
			return fmt.Errorf("messages with role 'tool' must be a response to a preceding message with 'tool_calls': %q", m.ToolCallID)
		}
		delete(called, m.ToolCallID)
		s.Results = append(s.Results, Result{m.ToolCallID, textOf(m.Content)})
		return nil
	}
	if err := waiting(called); err != nil {
		return err
	}
	if m.Role == "system" || m.Role == "developer" {
		s.System += len(textOf(m.Content))
	}
	if m.Role == "assistant" && len(m.ToolCalls) == 0 && textOf(m.Content) == "" {
		return errors.New("an assistant message has neither content nor tool_calls")
	}
	for _, c := range m.ToolCalls {
		if c.Type != "function" || !json.Valid([]byte(c.Function.Arguments)) {
			return fmt.Errorf("the call %q is a %s with the arguments %q", c.ID, c.Type, c.Function.Arguments)
		}
		called[c.ID] = true
		s.Calls++
	}
	return nil
}

func (s *Seen) openaiImage(p *block) error {
	if p.Type != "image_url" {
		return nil
	}
	if data, ok := strings.CutPrefix(p.ImageURL.URL, "data:"); ok {
		media, packed, found := strings.Cut(data, ";base64,")
		if !found || !strings.HasPrefix(media, "image/") || packed == "" {
			return errors.New("Invalid 'image_url': expected a base64-encoded data URL with an image MIME type.") //nolint:staticcheck // a provider's sentence
		}
		s.Images = append(s.Images, media+" "+strconv.Itoa(len(packed)))
		return nil
	}
	if !strings.HasPrefix(p.ImageURL.URL, "https://") {
		return fmt.Errorf("Invalid 'image_url': %q.", p.ImageURL.URL) //nolint:staticcheck // a provider's sentence
	}
	s.Images = append(s.Images, p.ImageURL.URL)
	return nil
}

// waiting refuses to go on while a call has no result.
func waiting(called map[string]bool) error {
	for id := range called {
		return fmt.Errorf("an assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': %s has none", id)
	}
	return nil
}
