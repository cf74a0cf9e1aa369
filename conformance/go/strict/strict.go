// Package strict reads requests as the real providers do: it refuses what they
// refuse, and says what it saw.
package strict

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Seen is what a request asked for, whichever protocol it came in.
type Seen struct {
	Dialect      string   `json:"dialect"`
	Model        string   `json:"model"`
	Stream       bool     `json:"stream"`
	IncludeUsage bool     `json:"include_usage"` // an OpenAI client that wants usage in the stream
	MaxTokens    int      `json:"max_tokens"`
	Think        bool     `json:"think"`  // Anthropic's thinking is on
	Effort       string   `json:"effort"` // in either protocol's words
	Tools        []string `json:"tools"`
	Choice       string   `json:"choice"` // tool_choice: auto, none, any, required, or the name of a tool
	Serial       bool     `json:"serial"` // one tool at a time
	Results      []Result `json:"results"`
	Calls        int      `json:"calls"`  // tool calls in the history
	System       int      `json:"system"` // bytes of system text
	Text         string   `json:"text"`   // the text of the last user turn
	Images       []string `json:"images"` // media type and length, or the URL
	Schema       bool     `json:"schema"` // an answer in a schema is asked for
	Stop         []string `json:"stop"`
	Signed       int      `json:"signed"` // thinking blocks with the signature they left with
	Marks        int      `json:"marks"`  // cache_control markers
}

// Result is the result of a tool.
type Result struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Offers reports whether tools of these names are offered.
func (s *Seen) Offers(names ...string) bool {
	all := strings.Join(s.Tools, ",") + ","
	for _, n := range names {
		if !strings.Contains(","+all, ","+n+",") {
			return false
		}
	}
	return true
}

// Read reads a request for an answer in the protocol of its path. It is nil for
// any other path.
func Read(r *http.Request, body []byte) (*Seen, error) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/messages"):
		return readAnthropic(r.Header, body)
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		return readOpenAI(body)
	}
	return nil, nil //nolint:nilnil // documented
}

// Refuse writes the 400 of a provider in its protocol.
func Refuse(w http.ResponseWriter, r *http.Request, why error) {
	text, err := json.Marshal(why.Error())
	if err != nil {
		return
	}
	body := `{"error":{"message":` + string(text) + `,"type":"invalid_request_error","param":null,"code":null}}`
	if strings.HasSuffix(r.URL.Path, "/messages") {
		body = `{"type":"error","error":{"type":"invalid_request_error","message":` + string(text) + `},"request_id":"req_strict"}`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, body)
}

// block is a content block or part in either protocol.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	Signature string          `json:"signature"`
	Cache     json.RawMessage `json:"cache_control"`
	Source    struct {
		Type      string `json:"type"`
		MediaType string `json:"media_type"`
		Data      string `json:"data"`
		URL       string `json:"url"`
	} `json:"source"`
	ImageURL struct {
		URL string `json:"url"`
	} `json:"image_url"`
}

func blocksOf(content json.RawMessage) []block {
	var blocks []block
	var text string
	if string(content) == "null" {
		return nil
	}
	if json.Unmarshal(content, &text) == nil {
		return []block{{Type: "text", Text: text}}
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
