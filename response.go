package switchgear

import (
	"encoding/json"
	"strings"
	"time"
)

// Response is a whole answer.
type Response struct {
	ID      string // the provider's id of the answer
	Model   string // the model that answered, in the provider's words
	Choices []Choice
	Usage   Usage
	Cost    Cost
	Extra   map[string]json.RawMessage // top-level members this type has no field for
	Wire    *Wire                      // the answer as it came
	Trace   *Trace                     // set by the gateway
}

// Choice is one of the answers to a request; there is more than one only if
// the request asked for it.
type Choice struct {
	Index  int
	Parts  []Part
	Finish Finish
	Extra  map[string]json.RawMessage
}

// Text is the text of the first choice, its parts joined.
func (r *Response) Text() string {
	if len(r.Choices) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range r.Choices[0].Parts {
		if p := &r.Choices[0].Parts[i]; p.Kind == PartText {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// ToolCalls are the tool calls of the first choice, in order.
func (r *Response) ToolCalls() []ToolCall {
	if len(r.Choices) == 0 {
		return nil
	}
	var calls []ToolCall
	for i := range r.Choices[0].Parts {
		if p := &r.Choices[0].Parts[i]; p.Kind == PartToolCall && p.Call != nil {
			calls = append(calls, *p.Call)
		}
	}
	return calls
}

// FinishKind is why an answer ended, in the gateway's words.
type FinishKind uint8

// The reasons an answer ends.
const (
	FinishNone     FinishKind = iota // the provider did not say
	FinishStop                       // the model was done, or met a stop sequence
	FinishLength                     // the answer was cut at the token limit or at the end of the context window
	FinishToolCall                   // the model waits for tools
	FinishFilter                     // a content filter or the model itself declined
	FinishPause                      // the provider paused a long turn; the caller sends it back to go on
	FinishOther                      // something else: see Finish.Reason
)

// Finish is why an answer ended.
type Finish struct {
	Kind     FinishKind
	Reason   string // the provider's word
	Sequence string // the stop sequence that was met, where the provider says
}

// UsageField names a field of [Usage].
type UsageField uint8

// The fields of [Usage], as bits.
const (
	UsageInput UsageField = 1 << iota
	UsageOutput
	UsageCacheRead
	UsageCacheWrite
	UsageCacheWriteHour
	UsageReasoning
)

// Usage counts tokens. Providers do the arithmetic in different ways; here it
// is always the same: Input holds everything that was read, from the cache or
// not; CacheRead and CacheWrite are parts of it; Output holds everything that
// was written, reasoning included.
//
// A count the provider did not give is not zero: see [Usage.Has].
type Usage struct {
	Input          int64
	Output         int64
	CacheRead      int64 // part of Input: read from the provider's cache
	CacheWrite     int64 // part of Input: written to the provider's cache
	CacheWriteHour int64 // part of CacheWrite: kept for an hour rather than five minutes
	Reasoning      int64 // part of Output
	Known          UsageField
	Estimated      bool // counted by the gateway, because the provider never said
}

// Has reports whether the provider gave all the named counts.
func (u *Usage) Has(f UsageField) bool { return u.Known&f == f }

// Set records a count.
func (u *Usage) Set(f UsageField, n int64) {
	u.Known |= f
	switch f {
	case UsageInput:
		u.Input = n
	case UsageOutput:
		u.Output = n
	case UsageCacheRead:
		u.CacheRead = n
	case UsageCacheWrite:
		u.CacheWrite = n
	case UsageCacheWriteHour:
		u.CacheWriteHour = n
	case UsageReasoning:
		u.Reasoning = n
	}
}

// Merge takes over the counts the other one knows: of a stream, the last word
// holds, field by field.
func (u *Usage) Merge(later *Usage) {
	for f := UsageInput; f <= UsageReasoning; f <<= 1 {
		if later.Has(f) {
			u.Set(f, later.get(f))
		}
	}
	u.Estimated = u.Estimated || later.Estimated
}

// Total is Input plus Output.
func (u *Usage) Total() int64 { return u.Input + u.Output }

func (u *Usage) get(f UsageField) int64 {
	switch f {
	case UsageInput:
		return u.Input
	case UsageOutput:
		return u.Output
	case UsageCacheRead:
		return u.CacheRead
	case UsageCacheWrite:
		return u.CacheWrite
	case UsageCacheWriteHour:
		return u.CacheWriteHour
	case UsageReasoning:
		return u.Reasoning
	default:
		return 0
	}
}

// Cost is what an answer costs at list price, in US dollars.
type Cost struct {
	USD   float64
	Known bool   // false if the price or the usage is unknown; USD is then 0 and means nothing
	AsOf  string // the date of the price, YYYY-MM-DD
}

// Attempt is one try at one target, or a target that was passed over.
type Attempt struct {
	Step       int // place in the chain as written, from 1
	Target     Target
	Credential string // Credential.ID; "" if none was used
	Start      time.Time
	FirstToken time.Duration // from Start to the first content; 0 if none came
	Duration   time.Duration
	Usage      Usage
	Cost       Cost
	Skipped    string // why the target was not called ("breaker open"); "" if it was called
	Unready    bool   // it was passed over for a reason of the target's own: barred, without a key, or full
	Trial      bool   // the target is a candidate that stands in for its step's
	Lost       bool   // another target was asked at the same time and served instead
	Probe      bool   // the gateway's own: no caller's request, but a test whether the target is well again
	Err        *Error // nil if it answered
}

// Arm is a side of a canary: a candidate answers some of the requests, the
// incumbent the others.
type Arm string

// The arms. The empty one is that nobody is on trial.
const (
	ArmIncumbent Arm = "incumbent"
	ArmCandidate Arm = "candidate"
)

// Trace is how an answer, or a failure, came about.
type Trace struct {
	Route    string
	Config   string // generation of the configuration that planned it
	Target   Target // who served; zero if nobody did
	Step     int    // the place of Target in the chain, from 1
	Steps    int    // the length of the chain
	Degraded bool   // served by a lower tier than the first step's
	Arm      Arm    // where a candidate is on trial: whose the request was
	Trial    bool   // and the candidate did serve it
	Attempts []Attempt
	// Translated is set when the target that served does not speak the
	// protocol the request came in: it was given the request's values, and its
	// answer's values are to be written in the client's protocol.
	Translated bool
	Dropped    []string // parts of the request the target could not be told
	// Normalised names the rungs (strip_fence and the like) that brought the
	// answer into the form that was declared for it; nil if it stands as it
	// came. The bytes of a changed answer say what its values do, or are left
	// out; of a changed stream there are none.
	Normalised []string
}

// Calls counts the attempts that reached out to a provider.
func (t *Trace) Calls() int {
	n := 0
	for i := range t.Attempts {
		if t.Attempts[i].Skipped == "" {
			n++
		}
	}
	return n
}

// EmbedResponse is the vectors of an [EmbedRequest], in its order.
type EmbedResponse struct {
	Model   string
	Vectors [][]float32
	Usage   Usage
	Cost    Cost
	Wire    *Wire
	Trace   *Trace
}

// TokenCount is how many tokens a request would read.
type TokenCount struct {
	Input     int64
	Estimated bool  // by the gateway, because no target of the route can count
	Wire      *Wire // nil for an estimate
	Trace     *Trace
}
