package config

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// The addresses listened on if the file does not say.
const (
	DefaultListen      = "127.0.0.1:8080"
	DefaultAdminListen = "127.0.0.1:8081"
)

// DefaultRetry is what holds where neither route, provider nor file say
// anything.
func DefaultRetry() Retry {
	hint, budget := 2500*time.Millisecond, 0.1
	return Retry{
		Attempts: 2,
		Backoff:  &Backoff{Base: 250 * time.Millisecond, Cap: 2 * time.Second},
		WaitHint: &hint,
		Budget:   &budget,
	}
}

// Over fills what r leaves out from base.
func (r Retry) Over(base Retry) Retry {
	if r.Attempts == 0 {
		r.Attempts = base.Attempts
	}
	if r.Backoff == nil {
		r.Backoff = base.Backoff
	}
	if r.WaitHint == nil {
		r.WaitHint = base.WaitHint
	}
	if r.Budget == nil {
		r.Budget = base.Budget
	}
	return r
}

// RetryFor is what holds for a step: the route's word over the provider's, over
// the file's, over the default. No field of it is nil or zero but by the file's
// own word.
func (c *Config) RetryFor(r *Route, p *Provider) Retry {
	return r.Retry.Over(p.Retry).Over(c.Retry).Over(DefaultRetry())
}

// AloneAttempts is how often a model is tried where no other can take the
// request: as often as the vendors' own SDKs do, unless the route, the provider
// or the file says how often.
func (c *Config) AloneAttempts(r *Route, p *Provider) int {
	return r.Retry.Over(p.Retry).Over(c.Retry).Over(Retry{Attempts: 3}).Attempts
}

// SecondOpinion reports whether a refusal in words that are not known is worth
// asking the next step: unless the file says, on every route but those of high
// stakes.
func (r *Route) SecondOpinion() bool {
	if r.Opinion == "" {
		return r.Stakes != switchgear.StakesHigh
	}
	return r.Opinion == SwitchOn
}

// Recorded reports whether requests of the route may be kept where the file
// keeps any. What an embedding route is asked is not.
func (r *Route) Recorded() bool { return r.Kind == KindChat && r.Record != SwitchOff }

// CommitsAt is the commit point that holds: an answer that may have to be
// changed is passed on when it is complete, whatever the file says.
func (r *Route) CommitsAt() Commit {
	if len(r.Normalise) > 0 {
		return CommitWhole
	}
	return r.Commit
}

// DefaultTimeout are the clocks of a surface.
func DefaultTimeout(s Surface) Timeout {
	switch s {
	case SurfaceQuality:
		return Timeout{FirstToken: 30 * time.Second, Idle: 60 * time.Second, Total: 10 * time.Minute}
	case SurfaceBackground:
		return Timeout{FirstToken: 60 * time.Second, Idle: 120 * time.Second, Total: 15 * time.Minute}
	case SurfaceInteractive:
		fallthrough
	default:
		return Timeout{FirstToken: 3 * time.Second, Idle: 15 * time.Second, Total: 60 * time.Second}
	}
}

// Clocks are the route's timeouts with the surface's defaults where the file
// says nothing.
func (r *Route) Clocks() Timeout {
	t, d := r.Timeout, DefaultTimeout(r.Surface)
	if t.FirstToken == 0 {
		t.FirstToken = d.FirstToken
	}
	if t.Idle == 0 {
		t.Idle = d.Idle
	}
	if t.Total == 0 {
		t.Total = d.Total
	}
	return t
}
