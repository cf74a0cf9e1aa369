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
	// May says, at a glance, which of some features a request that came over
	// the wire may ask for: too many do no harm but that the request is read
	// with Decode. Nil is all of them.
	May  func(w *switchgear.Wire, of Feature) Feature
	Rand func() float64 // in [0, 1), for the jitter of waits; must be safe for concurrent use; nil is math/rand/v2
}

// Runner carries requests over plans. It holds no state of any request or
// target: breakers and keys, which the steps of a plan bring along, do. It is
// safe for concurrent use.
type Runner struct {
	observer Observer
	decode   func(w *switchgear.Wire) (*switchgear.Request, error)
	may      func(w *switchgear.Wire, of Feature) Feature
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
	return &Runner{observer: o.Observer, decode: o.Decode, may: o.May, rand: o.Rand, seed: maphash.MakeSeed()}
}

type nobody struct{}

func (nobody) Attempted(context.Context, *Plan, *switchgear.Attempt) {}

// Complete gets a whole answer from the first step of the plan that can give
// one. The error is an [*switchgear.Error]; it and the answer carry the trace.
func (r *Runner) Complete(ctx context.Context, plan *Plan, req *switchgear.Request) (*switchgear.Response, error) {
	j := r.job(ctx, plan, req.Wire, func() uint64 { return r.digest(req) })
	j.translates(req)
	j.asks(req)
	resp, err := carry(j, &operation[switchgear.Response]{
		try: func(a *attempt) (*switchgear.Response, *switchgear.Error) { return a.complete(j.wording(a, req)) },
	})
	if err != nil {
		return nil, err
	}
	j.keepDropped(resp.Trace)
	resp.Trace = j.trace
	return resp, nil
}

// Stream gets a streamed answer from the first step of the plan that can give
// one, and returns when the plan's commit point is reached: what fails before
// that is not seen by the caller. Its stream is a [switchgear.Traced], must be
// closed, and ends when ctx does.
func (r *Runner) Stream(ctx context.Context, plan *Plan, req *switchgear.Request) (switchgear.Stream, error) {
	j := r.job(ctx, plan, req.Wire, func() uint64 { return r.digest(req) })
	j.translates(req)
	j.asks(req)
	s, err := carry(j, &operation[stream]{
		try: func(a *attempt) (*stream, *switchgear.Error) { return a.stream(j.wording(a, req)) },
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Embed gets vectors from the first step of the plan that can give them.
func (r *Runner) Embed(ctx context.Context, plan *Plan, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error) {
	j := r.job(ctx, plan, req.Wire, func() uint64 { return r.digestEmbed(req) })
	resp, err := carry(j, &operation[switchgear.EmbedResponse]{
		lacks: func(p switchgear.Provider) string {
			if _, ok := p.(switchgear.Embedder); !ok {
				return "cannot embed"
			}
			return ""
		},
		try: func(a *attempt) (*switchgear.EmbedResponse, *switchgear.Error) { return a.embed(req) },
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
	j := r.job(ctx, plan, req.Wire, func() uint64 { return r.digest(req) })
	count, err := carry(j, &operation[switchgear.TokenCount]{
		lacks: func(p switchgear.Provider) string {
			if _, ok := p.(switchgear.TokenCounter); !ok {
				return "cannot count tokens"
			}
			return ""
		},
		try: func(a *attempt) (*switchgear.TokenCount, *switchgear.Error) { return a.count(req) },
	})
	if err != nil && j.impossible() != nil {
		count, err = &switchgear.TokenCount{Input: j.guess(req), Estimated: true}, nil
	}
	if err != nil {
		return nil, err
	}
	j.keepDropped(count.Trace)
	count.Trace = j.trace
	return count, nil
}

// guess estimates the tokens of a request that nobody can count.
func (j *job) guess(req *switchgear.Request) int64 {
	if req.Wire == nil {
		return estimate(req)
	}
	if j.runner.decode != nil {
		if values, err := j.values(req.Wire); err == nil {
			return estimate(values)
		}
	}
	return max(int64(len(req.Wire.Body))/plainBytes, 1)
}
