package switchgear

import (
	"encoding/json"
	"net/http"
)

// Request is one question to a route, in no provider's words.
//
// A request that arrived over the wire carries its bytes in Wire, and the typed
// fields may be empty: a target that speaks the same dialect is sent those
// bytes. A request made by a program fills the typed fields.
type Request struct {
	Route    string    // a route or alias of the routing table
	System   []Part    // instructions that stand before the conversation
	Messages []Message // the conversation, oldest first
	Tools    []Tool
	Choice   *ToolChoice // nil leaves the choice of tools to the model
	Output   *Output     // structured output; nil for free text
	Effort   string      // the effort dial, in the provider's words ("low", "high", ...); "" is the model's default
	Thinking *Thinking   // nil is the model's default
	Sampling Sampling
	Stop     []string // sequences that end the answer
	Tier     string   // service tier, in the provider's words; "" is the account's default
	User     string   // an opaque id of the end user, for the provider's abuse checks

	Options map[string]json.RawMessage // top-level members for one dialect, by dialect name: levers this type has no field for
	Extra   map[string]json.RawMessage // top-level members that came over the wire and that this type has no field for
	Origin  string                     // the dialect that Extra, the messages' too, is written in; "" if a program made the request for its target
	Wire    *Wire                      // the request as it came, if it came over the wire
	Labels  map[string]string          // task, surface, tenant and the like: for rules, records and limits
	Limits  Limits                     // what this one request asks of its route
}

// Limits are what a single request may ask of its route. They only ever
// tighten what the configuration says.
type Limits struct {
	Stakes     Stakes // raises the route's stakes; a lower value changes nothing
	NoFallback bool   // only the first usable step is tried
	Client     string // the name of the client key it came with; "" if none is asked for
	Retry      int    // which retry of the caller's own this is, where it says so; 0 for the first try
}

// Ask makes a request of one user message, for the common case.
func Ask(route, text string) *Request {
	return &Request{
		Route:    route,
		Messages: []Message{{Role: RoleUser, Parts: []Part{{Kind: PartText, Text: text}}}},
	}
}

// Sampling are the numbers that steer how an answer is drawn. A nil field
// leaves the model's default in place.
type Sampling struct {
	MaxTokens   *int64 // most tokens in the answer, thinking included
	Temperature *float64
	TopP        *float64
	TopK        *int64
	Seed        *int64
}

// Role is who speaks.
type Role string

// The roles of a conversation.
const (
	RoleSystem    Role = "system" // in mid-conversation; leading instructions stand in Request.System
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool" // results of tool calls
)

// Message is one turn of a conversation.
type Message struct {
	Role  Role
	Name  string // a participant's name, where a dialect has one
	Parts []Part
	Extra map[string]json.RawMessage
}

// PartKind says which fields of a [Part] are meant.
type PartKind uint8

// The kinds of parts.
const (
	PartText       PartKind = iota // Text
	PartThinking                   // Text, and Signature where the provider signs it
	PartRedacted                   // Signature holds thinking that the provider encrypted
	PartImage                      // Media
	PartDocument                   // Media
	PartAudio                      // Media
	PartToolCall                   // Call
	PartToolResult                 // Result
	PartRefusal                    // Text: why the model declined
	PartOther                      // Raw: a block this version has no name for, as it came
)

// Part is one piece of a message.
type Part struct {
	Kind      PartKind
	Text      string
	Signature string
	Media     *Media
	Call      *ToolCall
	Result    *ToolResult
	Cache     *Cache          // a cache marker that stands on this part
	Raw       json.RawMessage // for PartOther: the whole block
	Origin    string          // the dialect that Raw, Signature and Extra are written in
	Extra     map[string]json.RawMessage
}

// Media is an image, a document or a sound. The gateway never fetches URL: the
// provider does, if it can.
type Media struct {
	Type   string // MIME type; "" if unknown
	Data   string // base64; "" if by reference
	URL    string
	FileID string // a file the provider already has
	Name   string // a file name or title
	Detail string // how closely to look, in the provider's words
}

// ToolCall is the model's wish to have a tool run.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // JSON as the model wrote it, which may be cut short or empty
}

// ToolResult is the answer to a [ToolCall].
type ToolResult struct {
	CallID string
	Parts  []Part
	Failed bool // the tool itself reports an error
}

// Cache marks the end of a prefix that the provider should keep.
type Cache struct {
	TTL string // how long, in the provider's words ("5m", "1h"); "" is its default
}

// Tool is something the model may ask to have run.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // JSON Schema of the arguments
	Strict      bool            // the provider must hold the model to the schema
	Cache       *Cache
	Raw         json.RawMessage // a tool that runs at the provider, as it came; the fields above but Name are then empty
	Origin      string          // the dialect Raw is written in
	Extra       map[string]json.RawMessage
}

// ToolChoice limits which tools the model may call.
type ToolChoice struct {
	Mode     string // "auto", "none", "any" (some tool) or "tool" (the one named)
	Name     string
	Parallel *bool // whether several calls may come in one turn; nil is the provider's default
}

// Output asks for an answer that is JSON.
type Output struct {
	Name   string
	Schema json.RawMessage // JSON Schema; empty asks for any JSON object
	Strict bool
}

// Thinking says how much the model may reason before it answers.
type Thinking struct {
	Mode   string // "adaptive", "enabled" (with Budget) or "disabled"
	Budget int64  // tokens, for Mode "enabled"
}

// Wire is a request or an answer as it came: the bytes, and the dialect they
// are written in. Nothing may change the bytes.
type Wire struct {
	Dialect string      // "openai", "anthropic"
	Body    []byte      // valid JSON, nested no deeper than 1,000
	Header  http.Header // of a request: the feature headers a provider may see; of an answer: those a client may see. Canonical keys
	Query   string      // encoded query parameters that select features ("beta=true"); never a key
	Model   Span        // of a request: where the value of the top-level member "model" stands, quotes included
	Stream  bool        // of a request: whether the client asked for a stream
	Values  *Request    // of a request: what Body says, once something had to know; its own Wire is nil
}

// Span is a half-open range of byte offsets.
type Span struct{ Start, End int }

// EmbedRequest asks for the vectors of some texts.
type EmbedRequest struct {
	Route      string
	Input      []string
	Dimensions int // 0 is the model's own
	Extra      map[string]json.RawMessage
	Wire       *Wire
	Labels     map[string]string
	Limits     Limits
}
