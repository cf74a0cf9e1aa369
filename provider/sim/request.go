package sim

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
)

// The dialects, as they are called everywhere else.
const (
	openai    = "openai"
	anthropic = "anthropic"
)

// wireRequest has the members of every request body, of both dialects, that
// the server heeds.
type wireRequest struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Messages     []wireMessage   `json:"messages"`
	System       json.RawMessage `json:"system"`
	Tools        []wireTool      `json:"tools"`
	ToolChoice   json.RawMessage `json:"tool_choice"`
	Parallel     *bool           `json:"parallel_tool_calls"`
	Format       *wireFormat     `json:"response_format"`
	OutputConfig struct {
		Format *wireFormat `json:"format"`
	} `json:"output_config"`
	OutputFormat *wireFormat `json:"output_format"`
	Thinking     struct {
		Type    string `json:"type"`
		Display string `json:"display"`
	} `json:"thinking"`
	Effort        string          `json:"reasoning_effort"`
	N             int             `json:"n"`
	Stop          json.RawMessage `json:"stop"`
	StopSequences []string        `json:"stop_sequences"`
	MaxTokens     *int            `json:"max_tokens"`
	MaxCompletion *int            `json:"max_completion_tokens"`
	Cache         *wireCache      `json:"cache_control"`

	Input          json.RawMessage `json:"input"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     int             `json:"dimensions"`
}

type wireMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

type wireBlock struct {
	Type  string     `json:"type"`
	Text  string     `json:"text"`
	Cache *wireCache `json:"cache_control"`
}

type wireCache struct {
	TTL string `json:"ttl"`
}

type wireTool struct {
	Type     string `json:"type"`
	Function struct {
		Name       string          `json:"name"`
		Parameters json.RawMessage `json:"parameters"`
	} `json:"function"`
	Name        string          `json:"name"`
	InputSchema json.RawMessage `json:"input_schema"`
	Cache       *wireCache      `json:"cache_control"`
}

type wireFormat struct {
	Type       string          `json:"type"`
	Schema     json.RawMessage `json:"schema"`
	JSONSchema struct {
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

// ask is what a request asks for, in either dialect.
type ask struct {
	dialect   string
	model     string
	stream    bool
	usage     bool // OpenAI: a chunk of usage at the end of the stream
	choices   int
	max       int // most tokens; 0 for no limit
	stops     []string
	tools     []tool // those that the caller runs
	mustCall  bool
	onlyCall  string // the one tool that must be called
	parallel  bool
	schema    json.RawMessage // the answer must be an instance of it
	jsonMode  bool            // the answer must be a JSON object
	thinks    bool
	thinkText bool // whether thinking can be read
	afterTool bool // the last message carries the result of a tool
	turns     int
	bytes     int // of everything the model reads
	last      string
	prefix    []byte // what a cache marker covers; nil without one
	hour      bool   // the marker asks for an hour
	hash      uint64
	wire      *wireRequest
	noUsage   bool          // a fault: usage is left out
	echo      string        // a fault: the model that the answer claims; "" for the one asked for
	shape     func(*answer) // what faults do to each choice; nil for nothing
}

// tool is a function the caller offers.
type tool struct {
	name   string
	schema json.RawMessage
}

// parse reads a request body. The error is that of encoding/json.
func parse(dialect string, body []byte, seed uint64) (*ask, error) {
	w := &wireRequest{}
	if err := json.Unmarshal(body, w); err != nil {
		return nil, err
	}
	a := &ask{
		dialect: dialect, model: w.Model, stream: w.Stream, usage: w.StreamOptions.IncludeUsage, choices: max(w.N, 1),
		parallel: true, turns: len(w.Messages), hash: hashOf(body) ^ seed*0x9e3779b97f4a7c15, wire: w,
	}
	for _, limit := range []*int{w.MaxTokens, w.MaxCompletion} {
		if limit != nil {
			a.max = *limit
		}
	}
	a.stops = slices.Concat(w.StopSequences, texts(w.Stop))
	a.readMessages(w)
	a.readTools(w)
	a.readFormat(w)
	a.readThinking(w)
	a.readCache(w)
	return a, nil
}

// texts reads a string or a list of strings; anything else is none.
func texts(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	var many []string
	_ = json.Unmarshal(raw, &many)
	return many
}

// blocks reads the content of a message: a string or a list of blocks.
func blocks(raw json.RawMessage) []wireBlock {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []wireBlock{{Type: "text", Text: text}}
	}
	var list []wireBlock
	_ = json.Unmarshal(raw, &list)
	return list
}

func (a *ask) readMessages(w *wireRequest) {
	a.bytes = len(w.System)
	for _, m := range w.Messages {
		var text strings.Builder
		result := m.Role == "tool"
		for _, b := range blocks(m.Content) {
			text.WriteString(b.Text)
			result = result || b.Type == "tool_result"
		}
		a.bytes += min(len(m.Content), text.Len()+4000) // an image costs about a thousand tokens, not its bytes
		a.afterTool = result
		if m.Role == "user" && text.Len() > 0 {
			a.last = text.String()
		}
	}
}

func (a *ask) readTools(w *wireRequest) {
	for _, t := range w.Tools {
		a.bytes += len(t.Function.Parameters) + len(t.InputSchema) + 64
		switch {
		case t.Function.Name != "":
			a.tools = append(a.tools, tool{t.Function.Name, t.Function.Parameters})
		case t.InputSchema != nil:
			a.tools = append(a.tools, tool{t.Name, t.InputSchema})
		}
	}
	a.parallel = w.Parallel == nil || *w.Parallel
	var choice struct {
		Type     string `json:"type"`
		Name     string `json:"name"`
		Serial   bool   `json:"disable_parallel_tool_use"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(w.ToolChoice, &choice.Type) != nil {
		_ = json.Unmarshal(w.ToolChoice, &choice)
	}
	a.parallel = a.parallel && !choice.Serial
	a.onlyCall = choice.Name + choice.Function.Name
	a.mustCall = a.onlyCall != "" || choice.Type == "required" || choice.Type == "any"
	if choice.Type == "none" || (a.afterTool && !a.mustCall) {
		a.tools = nil
	}
}

func (a *ask) readFormat(w *wireRequest) {
	for _, f := range []*wireFormat{w.Format, w.OutputConfig.Format, w.OutputFormat} {
		if f == nil {
			continue
		}
		a.jsonMode = f.Type == "json_object" || f.Type == "json_schema"
		a.schema = f.Schema
		if f.JSONSchema.Schema != nil {
			a.schema = f.JSONSchema.Schema
		}
	}
}

func (a *ask) readThinking(w *wireRequest) {
	if a.dialect == anthropic {
		a.thinks = w.Thinking.Type == "enabled" || w.Thinking.Type == "adaptive"
		hides := w.Thinking.Type == "adaptive" && hidesThinking(a.model)
		a.thinkText = w.Thinking.Display == "summarized" || (w.Thinking.Display == "" && !hides)
		return
	}
	a.thinks = w.Effort != "none" && w.Effort != "minimal" && (w.Effort != "" || isReasoning(a.model))
}

// hidesThinking reports whether a model sends only the signature of its
// adaptive thinking unless asked for more.
func hidesThinking(model string) bool {
	return strings.HasPrefix(model, "claude-opus-4-7") || strings.HasPrefix(model, "claude-opus-4-8") || strings.HasPrefix(model, "claude-sonnet-5")
}

// isReasoning reports whether a model reasons without being asked.
func isReasoning(model string) bool {
	for _, prefix := range []string{"o1", "o3", "o4", "gpt-5", "sim-reasoning"} {
		if strings.HasPrefix(model, prefix) {
			return true
		}
	}
	return false
}

// readCache finds what the last cache marker covers, to a message's grain.
func (a *ask) readCache(w *wireRequest) {
	var upTo bytes.Buffer
	mark := func(c *wireCache) {
		if c != nil {
			a.prefix = bytes.Clone(upTo.Bytes())
			a.hour = c.TTL == "1h"
		}
	}
	add := func(raw []byte) { upTo.Write(raw) }
	for _, t := range w.Tools {
		add([]byte(t.Name))
		add(t.InputSchema)
		mark(t.Cache)
	}
	add(w.System)
	for _, b := range blocks(w.System) {
		mark(b.Cache)
	}
	for _, m := range w.Messages {
		add(m.Content)
		for _, b := range blocks(m.Content) {
			mark(b.Cache)
		}
	}
	mark(w.Cache)
}

func hashOf(b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(b)
	return h.Sum64()
}

// echoed is the model that the answer claims to be from.
func (a *ask) echoed() string {
	if a.echo != "" {
		return a.echo
	}
	return a.model
}
