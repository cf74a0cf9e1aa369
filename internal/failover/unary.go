package failover

import (
	"github.com/switchgear-dev/switchgear"
)

// ask makes an attempt whose answer comes in one piece.
func ask[T any](a *attempt, call func() (*T, error)) (answer *T, err *switchgear.Error) {
	a.expectWhole()
	defer func() {
		if p := caught(recover(), a.step.Target.Provider); p != nil {
			answer, err = nil, p
		}
	}()
	answer, raw := call()
	switch {
	case raw != nil:
		return nil, a.failure(raw)
	case answer == nil:
		return nil, &switchgear.Error{
			Class: switchgear.ClassMalformed, Provider: a.step.Target.Provider, Message: "the provider gave neither an answer nor an error",
		}
	default:
		return answer, nil
	}
}

func (a *attempt) complete(req *switchgear.Request) (*switchgear.Response, *switchgear.Error) {
	if a.kind == kindStream {
		return a.fetch(req)
	}
	a.call.Request = req
	resp, err := ask(a, func() (*switchgear.Response, error) { return a.step.Provider.Complete(a.ctx, &a.call) })
	if err != nil {
		a.settle(err)
		return nil, err
	}
	a.usage, a.seen, a.finished = resp.Usage, weighAnswer(resp), true
	a.heard(resp.Model)
	resp.Cost = a.cost()
	if a.job.plan.Policy == PolicyFallback && filtered(resp.Choices) {
		err = declined(a.step.Target.Provider, resp.Choices[0].Finish.Reason)
	}
	if err == nil {
		a.claim()
	}
	a.settle(err)
	return resp, err
}

func (a *attempt) embed(req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, *switchgear.Error) {
	call := switchgear.EmbedCall{Request: req, Target: a.call.Target, Credential: a.call.Credential}
	resp, err := ask(a, func() (*switchgear.EmbedResponse, error) {
		return a.step.Provider.(switchgear.Embedder).Embed(a.ctx, &call) //nolint:forcetypeassert // the survey of the steps made sure
	})
	if err == nil {
		a.usage, a.finished = resp.Usage, true
		a.heard(resp.Model)
		resp.Cost = a.cost()
		a.claim()
	}
	a.settle(err)
	return resp, err
}

func (a *attempt) count(req *switchgear.Request) (*switchgear.TokenCount, *switchgear.Error) {
	a.call.Request = req
	count, err := ask(a, func() (*switchgear.TokenCount, error) {
		return a.step.Provider.(switchgear.TokenCounter).CountTokens(a.ctx, &a.call) //nolint:forcetypeassert // the survey of the steps made sure
	})
	if err == nil {
		a.claim()
	}
	a.settle(err)
	return count, err
}

// filtered reports whether every choice of an answer was withheld.
func filtered(choices []switchgear.Choice) bool {
	for i := range choices {
		if choices[i].Finish.Kind != switchgear.FinishFilter {
			return false
		}
	}
	return len(choices) > 0
}

// declined is the failure that an answer of the kind "I must not" counts as,
// on a route that falls over for it.
func declined(provider, reason string) *switchgear.Error {
	message := "the model declined to answer"
	if reason != "" {
		message += " (finish reason " + reason + ")"
	}
	return &switchgear.Error{
		Class: switchgear.ClassPolicy, Provider: provider, Code: switchgear.CodeContentPolicy, Message: message,
	}
}
