package eval

import (
	"context"
	"time"

	switchgear "github.com/switchgear-dev/switchgear"
)

// Cached is a [Completer] that asks nothing twice: what a judge said of an answer
// is kept like the answer itself, so that grading again costs nothing.
type Cached struct {
	Models Completer // nil asks nobody: what is not stored is an error
	Store  *Store
}

// Complete implements [Completer].
func (c *Cached) Complete(ctx context.Context, r *switchgear.Request) (*switchgear.Response, error) {
	asked, err := RequestJSON(r)
	if err != nil {
		return nil, err
	}
	key := digest(object{"version": 1, "judge": r.Route, "request": asked})
	if a, ok := c.Store.Get(key); ok {
		return a.response(), nil
	}
	if c.Models == nil {
		return nil, &switchgear.Error{Class: switchgear.ClassInvalid, Err: errNotStored}
	}
	start := time.Now()
	resp, err := c.Models.Complete(ctx, r)
	if err != nil {
		return nil, err
	}
	a := answerOf(resp)
	a.Key, a.Target, a.At, a.LatencyMS = key, "judge "+r.Route, start.UTC(), float64(time.Since(start).Microseconds())/1000
	if resp.Cost.Known {
		a.USD = &resp.Cost.USD
	}
	return resp, c.Store.Put(a)
}

// response is a stored answer as it came.
func (a *Answer) response() *switchgear.Response {
	choice := switchgear.Choice{Finish: switchgear.Finish{Kind: a.Finish, Reason: a.Reason}}
	if a.Text != "" {
		choice.Parts = append(choice.Parts, switchgear.Part{Kind: switchgear.PartText, Text: a.Text})
	}
	for i := range a.Calls {
		call := switchgear.ToolCall(a.Calls[i])
		choice.Parts = append(choice.Parts, switchgear.Part{Kind: switchgear.PartToolCall, Call: &call})
	}
	if a.Refusal != "" {
		choice.Parts = append(choice.Parts, switchgear.Part{Kind: switchgear.PartRefusal, Text: a.Refusal})
	}
	return &switchgear.Response{Model: a.Model, Choices: []switchgear.Choice{choice}, Usage: a.Tokens.usage()}
}
