package eval

import (
	"time"

	switchgear "github.com/switchgear-dev/switchgear"
)

// Answer is what a model answered to a case, as a [Store] keeps it.
type Answer struct {
	Key       string                `json:"key"` // see KeyOf
	Case      string                `json:"case"`
	Target    string                `json:"target"`
	Repeat    int                   `json:"repeat,omitempty"` // from 0
	At        time.Time             `json:"at"`
	Model     string                `json:"model,omitempty"` // in the provider's words
	Text      string                `json:"text,omitempty"`
	Calls     []AnswerCall          `json:"calls,omitempty"`
	Finish    switchgear.FinishKind `json:"finish,omitempty"`
	Reason    string                `json:"reason,omitempty"` // the provider's word for Finish
	Refusal   string                `json:"refusal,omitempty"`
	Tokens    Tokens                `json:"tokens"`
	USD       *float64              `json:"usd,omitempty"` // nil if it is not known
	LatencyMS float64               `json:"latency_ms"`    // of the try that answered
	Dropped   []string              `json:"dropped,omitempty"`
}

// AnswerCall is a tool call of an [Answer].
type AnswerCall struct {
	ID        string `json:"id,omitempty"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Tokens are the counts of an answer; nil is one that the provider did not
// give.
type Tokens struct {
	Input     *int64 `json:"input,omitempty"`
	Output    *int64 `json:"output,omitempty"`
	CacheRead *int64 `json:"cache_read,omitempty"` // part of Input
	Reasoning *int64 `json:"reasoning,omitempty"`  // part of Output
}

// KeyOf is what an answer is kept under: a hash of everything that it depends
// on. Which repeat it is counts too: an answer that was repeated from a cache
// would be no second answer.
func KeyOf(target, params string, c *Case, repeat int) string {
	return digest(object{"version": 1, "target": target, "params": params, "input": c.Input, "repeat": repeat})
}

// answerOf keeps what is needed of a response.
func answerOf(r *switchgear.Response) *Answer {
	out := OutputOf(r)
	a := &Answer{Model: r.Model, Text: out.Text, Finish: out.Finish.Kind, Reason: out.Finish.Reason, Refusal: out.Refusal, Tokens: tokensOf(&r.Usage)}
	for _, c := range out.Calls {
		a.Calls = append(a.Calls, AnswerCall(c))
	}
	if r.Trace != nil {
		a.Dropped = r.Trace.Dropped
	}
	return a
}

func tokensOf(u *switchgear.Usage) Tokens {
	count := func(f switchgear.UsageField, n int64) *int64 {
		if !u.Has(f) {
			return nil
		}
		return &n
	}
	return Tokens{
		Input: count(switchgear.UsageInput, u.Input), Output: count(switchgear.UsageOutput, u.Output),
		CacheRead: count(switchgear.UsageCacheRead, u.CacheRead), Reasoning: count(switchgear.UsageReasoning, u.Reasoning),
	}
}

func (t *Tokens) usage() switchgear.Usage {
	var u switchgear.Usage
	for f, n := range map[switchgear.UsageField]*int64{
		switchgear.UsageInput: t.Input, switchgear.UsageOutput: t.Output, switchgear.UsageCacheRead: t.CacheRead, switchgear.UsageReasoning: t.Reasoning,
	} {
		if n != nil {
			u.Set(f, *n)
		}
	}
	return u
}

// Output is the answer as graders look at it.
func (a *Answer) Output() *Output {
	out := &Output{Text: a.Text, Finish: switchgear.Finish{Kind: a.Finish, Reason: a.Reason}, Refusal: a.Refusal, Usage: a.Tokens.usage()}
	for _, c := range a.Calls {
		out.Calls = append(out.Calls, switchgear.ToolCall(c))
	}
	return out
}

// size is how much the model wrote, in bytes: what is compared of two models
// whose tokens do not compare.
func (a *Answer) size() int {
	n := len(a.Text)
	for i := range a.Calls {
		n += len(a.Calls[i].Name) + len(a.Calls[i].Arguments)
	}
	return n
}
