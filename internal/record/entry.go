package record

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Entry is one line of a file: a request with its answer, redacted. It holds no
// key, no address and no header of the client, and no name of its key.
type Entry struct {
	Time       time.Time         `json:"time"`
	Route      string            `json:"route"`
	Target     string            `json:"target"`
	Dialect    string            `json:"dialect"`
	Body       json.RawMessage   `json:"body"` // what the client asked, without model and stream
	Answer     Answer            `json:"answer"`
	Usage      map[string]int64  `json:"usage,omitempty"` // tokens, by kind
	CostUSD    *float64          `json:"cost_usd,omitempty"`
	Latency    int64             `json:"latency_ms"`
	FirstToken int64             `json:"first_token_ms,omitempty"`
	Stream     bool              `json:"stream,omitempty"`
	Degraded   bool              `json:"degraded,omitempty"` // served by a lower tier than the route's first choice
	Labels     map[string]string `json:"labels,omitempty"`
	Redacted   map[string]int    `json:"redacted,omitempty"` // what was taken out, by kind
}

// Answer is what the model said.
type Answer struct {
	Text    string `json:"text,omitempty"`
	Calls   []Call `json:"calls,omitempty"`
	Refusal string `json:"refusal,omitempty"`
	Finish  string `json:"finish"`
}

// Call is a tool call. Arguments are JSON as far as the model wrote any, else a
// text.
type Call struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// entry redacts an exchange; nil if it is none that an eval set could ask.
func (r *Redactor) entry(x *switchgear.Exchange) *Entry {
	if x.Request == nil || x.Request.Wire == nil || len(x.Request.Wire.Body) == 0 {
		return nil
	}
	p := r.pass()
	e := &Entry{
		Time: x.Start.UTC().Truncate(time.Millisecond), Route: x.Route, Target: x.Target.String(), Dialect: x.Request.Wire.Dialect,
		Body: p.body(x.Request.Wire.Body), Answer: p.answer(&x.Answer), Usage: counted(&x.Usage),
		Latency: x.Duration.Milliseconds(), FirstToken: x.FirstToken.Milliseconds(), Stream: x.Stream, Degraded: x.Degraded,
	}
	if x.Cost.Known {
		e.CostUSD = &x.Cost.USD
	}
	for name, value := range x.Request.Labels {
		if e.Labels == nil {
			e.Labels = map[string]string{}
		}
		e.Labels[p.text(name)] = p.text(value)
	}
	e.Redacted = p.counts
	return e
}

// answer redacts an answer. What the model thought is not kept.
func (p *pass) answer(c *switchgear.Choice) Answer {
	w := &walk{pass: p}
	a := Answer{Finish: finishes[c.Finish.Kind]}
	var text, refusal strings.Builder
	for i := range c.Parts {
		part := &c.Parts[i]
		switch part.Kind {
		case switchgear.PartText:
			text.WriteString(part.Text)
		case switchgear.PartRefusal:
			refusal.WriteString(part.Text)
		case switchgear.PartToolCall:
			if part.Call != nil {
				a.Calls = append(a.Calls, w.call(part.Call))
			}
		case switchgear.PartThinking, switchgear.PartRedacted, switchgear.PartImage, switchgear.PartDocument, switchgear.PartAudio,
			switchgear.PartToolResult, switchgear.PartOther:
		}
	}
	a.Text, a.Refusal = w.maybeJSON(text.String()), w.maybeJSON(refusal.String())
	return a
}

func (w *walk) call(c *switchgear.ToolCall) Call {
	out := Call{Name: w.text(c.Name)}
	switch arguments := []byte(c.Arguments); {
	case len(bytes.TrimSpace(arguments)) == 0:
	case jsonx.Check(arguments) == nil:
		out.Arguments = w.document(arguments, 1)
	default:
		out.Arguments = jsonx.AppendQuote(nil, w.text(c.Arguments))
	}
	return out
}

var finishes = map[switchgear.FinishKind]string{ //nolint:gochecknoglobals // a constant table
	switchgear.FinishNone: "", switchgear.FinishStop: "stop", switchgear.FinishLength: "length", switchgear.FinishToolCall: "tool_calls",
	switchgear.FinishFilter: "refused", switchgear.FinishPause: "pause", switchgear.FinishOther: "other",
}

func counted(u *switchgear.Usage) map[string]int64 {
	var out map[string]int64
	for _, c := range []struct {
		name  string
		field switchgear.UsageField
		n     int64
	}{
		{"input", switchgear.UsageInput, u.Input},
		{"output", switchgear.UsageOutput, u.Output},
		{"cache_read", switchgear.UsageCacheRead, u.CacheRead},
		{"reasoning", switchgear.UsageReasoning, u.Reasoning},
	} {
		if u.Has(c.field) {
			if out == nil {
				out = map[string]int64{}
			}
			out[c.name] = c.n
		}
	}
	return out
}

// line is the entry as it is written.
func (e *Entry) line() ([]byte, error) {
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	if err := to.Encode(e); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
