package failover

import (
	"context"
	"hash/maphash"
	"math/rand/v2"

	"github.com/switchgear-dev/switchgear"
)

// Options are what a [Runner] is made of. The zero value works.
type Options struct {
	Observer Observer // nil for none
	// Decode reads the values of a request that came over the wire, for targets
	// that do not speak its dialect; nil if such targets cannot be used. Its
	// errors are of ClassInvalid.
	Decode func(w *switchgear.Wire) (*switchgear.Request, error)
	// Reword gives the bytes of an answer other texts, by the places of their
	// choices, and reports whether it could. Nil is that the bytes of an answer
	// whose text was changed are left out.
	Reword func(w *switchgear.Wire, texts map[int]string) ([]byte, bool)
	// May says, at a glance, which of some features a request that came over
	// the wire may ask for: too many do no harm but that the request is read
	// with Decode. Nil is all of them.
	May func(w *switchgear.Wire, of Feature) Feature
	// MaxTokens says, at a glance, how many tokens a request that came over the
	// wire asks for at most; 0 if it does not say. Nil is that for all.
	MaxTokens func(w *switchgear.Wire) int64
	// Alone reports whether a request must never be with two targets at once:
	// it has tools that run at the provider, is stored there or runs there on
	// its own. It is asked only when that is about to happen. Nil is never.
	Alone func(req *switchgear.Request) bool
	Rand  func() float64 // in [0, 1), for the jitter of waits; must be safe for concurrent use; nil is math/rand/v2
}

// Runner carries requests over plans. It holds no state of any request or
// target: breakers and keys, which the steps of a plan bring along, do. It is
// safe for concurrent use.
type Runner struct {
	observer Observer
	decode   func(w *switchgear.Wire) (*switchgear.Request, error)
	reword   func(w *switchgear.Wire, texts map[int]string) ([]byte, bool)
	may      func(w *switchgear.Wire, of Feature) Feature
	most     func(w *switchgear.Wire) int64
	alone    func(req *switchgear.Request) bool
	rand     func() float64
	seed     maphash.Seed
}

// NewRunner makes a runner.
func NewRunner(o Options) *Runner {
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return &Runner{
		observer: o.Observer, decode: o.Decode, reword: o.Reword, may: o.May, most: o.MaxTokens, alone: o.Alone, rand: o.Rand,
		seed: maphash.MakeSeed(),
	}
}

type nobody struct{}

func (nobody) Attempted(context.Context, *Plan, *switchgear.Attempt) {}

// Complete gets a whole answer from the first step of the plan that can give
// one. The error is an [*switchgear.Error]; it and the answer carry the trace.
func (r *Runner) Complete(ctx context.Context, plan *Plan, req *switchgear.Request) (*switchgear.Response, error) {
	j := r.job(ctx, plan, asked{kind: kindWhole, req: req})
	j.translates(req)
	j.asks(req)
	resp, err := carry(j, &operation[switchgear.Response]{
		try: func(a *attempt) (*switchgear.Response, *switchgear.Error) { return a.complete(a.job.wording(a)) },
	})
	if err != nil {
		return nil, err
	}
	j.keepDropped(resp.Trace)
	resp.Trace = j.trace
	j.mend(resp)
	return resp, nil
}

// Stream gets a streamed answer from the first step of the plan that can give
// one, and returns when the plan's commit point is reached: what fails before
// that is not seen by the caller. Its stream is a [switchgear.Traced], must be
// closed, and ends when ctx does.
func (r *Runner) Stream(ctx context.Context, plan *Plan, req *switchgear.Request) (switchgear.Stream, error) {
	j := r.job(ctx, plan, asked{kind: kindStream, req: req})
	j.translates(req)
	j.asks(req)
	s, err := carry(j, &operation[stream]{
		try: func(a *attempt) (*stream, *switchgear.Error) { return a.stream(a.job.wording(a)) },
	})
	if err != nil {
		return nil, err
	}
	if t, ok := s.inner.(switchgear.Traced); ok {
		j.keepDropped(t.Trace())
	}
	if s.ended && s.err == nil {
		j.mendHeld(&s.held)
	}
	return s, nil
}

// Embed gets vectors from the first step of the plan that can give them.
func (r *Runner) Embed(ctx context.Context, plan *Plan, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error) {
	j := r.job(ctx, plan, asked{kind: kindEmbed, texts: req})
	resp, err := carry(j, &operation[switchgear.EmbedResponse]{
		lacks: func(p switchgear.Provider) string {
			if _, ok := p.(switchgear.Embedder); !ok {
				return "cannot embed"
			}
			return ""
		},
		try: func(a *attempt) (*switchgear.EmbedResponse, *switchgear.Error) { return a.embed(a.job.texts) },
	})
	if err != nil {
		return nil, err
	}
	j.keepDropped(resp.Trace)
	resp.Trace = j.trace
	return resp, nil
}

// CountTokens gets a count from the first step of the plan that can give it.
// If none can, whatever their state, the count is an estimate.
func (r *Runner) CountTokens(ctx context.Context, plan *Plan, req *switchgear.Request) (*switchgear.TokenCount, error) {
	j := r.job(ctx, plan, asked{kind: kindCount, req: req})
	count, err := carry(j, &operation[switchgear.TokenCount]{
		lacks: func(p switchgear.Provider) string {
			if _, ok := p.(switchgear.TokenCounter); !ok {
				return "cannot count tokens"
			}
			return ""
		},
		try: func(a *attempt) (*switchgear.TokenCount, *switchgear.Error) { return a.count(a.job.req) },
	})
	if err != nil && j.impossible() != nil {
		count, err = &switchgear.TokenCount{Input: max(j.weigh(), 1), Estimated: true}, nil
	}
	if err != nil {
		return nil, err
	}
	j.keepDropped(count.Trace)
	count.Trace = j.trace
	return count, nil
}
