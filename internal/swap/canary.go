package swap

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Sign is something that goes wrong with an answer, as a guard counts it.
type Sign int

// The signs.
const (
	SignError   Sign = iota // there was no answer, and the fault was not the caller's
	SignRefusal             // the model declined
	SignForm                // the answer was not in the form the route declares
	SignSlow                // it took longer than nearly all of the incumbent's do
	signs
)

// String is the sign as people are told of it.
func (s Sign) String() string {
	switch s {
	case SignError:
		return "errors"
	case SignRefusal:
		return "refusals"
	case SignForm:
		return "answers in the wrong form"
	case SignSlow:
		return "slow answers"
	case signs:
	}
	return "unknown"
}

// Outcome is how one request of a canary ended.
type Outcome struct {
	Candidate bool // it was the candidate's to answer; else the incumbent's
	Error     bool
	Refusal   bool
	Form      bool          // it does not have the declared form
	Latency   time.Duration // of an answer; 0 for an error
}

// Trial says how a canary is run.
type Trial struct {
	Share     float64       // of the requests that the candidate answers, above 0 and below 1
	Enough    int           // answers of the candidate without a cause to withdraw it, after which it stays
	Least     time.Duration // and so long at least: a quiet hour shows little
	Tolerance float64       // how much more often something may go wrong: 0.01 for one request in a hundred
	Seed      string        // so that two canaries draw different requests
}

// risk is the chance that a candidate which is no worse than tolerated is
// withdrawn, over all signs and however long the canary runs.
const risk = 0.01

// recent is how many latencies of the incumbent a slow answer is held against,
// and few how many it takes for a judgement.
const (
	recent = 200
	few    = 40
)

// State is where a canary stands.
type State string

// The states. A canary never leaves the last two.
const (
	StateRunning   State = "running"
	StateWithdrawn State = "withdrawn"
	StateDone      State = "done"
)

// Canary decides which requests a candidate answers on trial, and withdraws it
// as soon as it is shown to do worse than the incumbent does in the same hours.
//
// For each sign a betting e-process is kept of the difference between what the
// candidate did and what the incumbent did since the candidate's last request.
// However often it is looked at, the chance of a false alarm stays under one in
// a hundred. It is safe for concurrent use.
type Canary struct {
	trial Trial
	began time.Time

	now atomic.Pointer[standing] // read by every request, without a lock

	mu        sync.Mutex
	answers   int
	bets      [signs]stat.EProcess
	since     [signs]tally // of the incumbent, since the candidate's last request
	ever      [2][signs]tally
	latencies []time.Duration // of the incumbent's last answers, oldest first
	news      int             // how many of them the limit does not know
	limit     time.Duration   // what 95 of 100 of them stayed under; 0 as long as there are few
}

// standing is where a canary stands, and why.
type standing struct {
	state State
	why   string
}

// tally is how often something happened.
type tally struct{ bad, of int }

func (t tally) rate() float64 {
	if t.of == 0 {
		return 0
	}
	return float64(t.bad) / float64(t.of)
}

// NewCanary begins a trial.
func NewCanary(t Trial, now time.Time) (*Canary, error) {
	switch {
	case !(t.Share > 0 && t.Share < 1):
		return nil, fmt.Errorf("a canary of %v of the requests is none: name a share above 0 and below 1", t.Share)
	case t.Enough <= 0 || t.Least < 0:
		return nil, fmt.Errorf("a canary of %d answers and %s shows nothing", t.Enough, t.Least)
	case !(t.Tolerance >= 0 && t.Tolerance < 0.5):
		return nil, fmt.Errorf("a tolerance of %v is not a share under a half", t.Tolerance)
	}
	c := &Canary{trial: t, began: now}
	c.now.Store(&standing{state: StateRunning})
	return c, nil
}

// Takes reports whether the candidate answers a request. The same key, say that
// of a conversation, always has the same answer while the canary runs.
func (c *Canary) Takes(key string) bool {
	switch c.now.Load().state {
	case StateWithdrawn:
		return false
	case StateDone:
		return true
	case StateRunning:
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.trial.Seed + "\x00" + key))
	return float64(mix(h.Sum64())>>11)/(1<<53) < c.trial.Share
}

// mix spreads the bits of a hash whose high ones depend on little of short
// texts (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// State is where the canary stands, and why it was withdrawn.
func (c *Canary) State() (state State, why string) {
	s := c.now.Load()
	return s.state, s.why
}

// Observe tells the guard how a request ended. What a caller gave up or got
// wrong is no outcome and is not told.
func (c *Canary) Observe(o Outcome, now time.Time) State {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.now.Load(); s.state != StateRunning {
		return s.state
	}
	seen := [signs]bool{SignError: o.Error, SignRefusal: o.Refusal, SignForm: o.Form, SignSlow: c.slow(o)}
	for s, bad := range seen {
		if s != int(SignError) && o.Error {
			continue // an error has no answer to look at
		}
		if s == int(SignSlow) && c.limit == 0 {
			continue
		}
		c.count(Sign(s), o.Candidate, bad)
	}
	if !o.Candidate {
		if !o.Error {
			c.learn(o.Latency)
		}
		return c.now.Load().state
	}
	c.answers++
	if c.now.Load().state == StateRunning && c.answers >= c.trial.Enough && now.Sub(c.began) >= c.trial.Least {
		c.now.Store(&standing{state: StateDone})
	}
	return c.now.Load().state
}

// slow reports whether an answer took longer than 95 of 100 of the incumbent's
// last ones.
func (c *Canary) slow(o Outcome) bool { return !o.Error && c.limit > 0 && o.Latency > c.limit }

// learn takes in a latency of the incumbent, and sets the limit anew once in a
// while.
func (c *Canary) learn(d time.Duration) {
	c.latencies = append(c.latencies, d)
	if over := len(c.latencies) - recent; over > 0 {
		c.latencies = slices.Delete(c.latencies, 0, over)
	}
	if c.news++; c.news < few || len(c.latencies) < few {
		return
	}
	c.news = 0
	sorted := slices.Sorted(slices.Values(c.latencies))
	c.limit = sorted[len(sorted)*95/100]
}

// count bets on one sign, and withdraws the candidate if the bet is won.
func (c *Canary) count(s Sign, candidate, bad bool) {
	side, n := 0, 0
	if candidate {
		side = 1
	}
	if bad {
		n = 1
	}
	c.ever[side][s].bad += n
	c.ever[side][s].of++
	if !candidate {
		c.since[s].bad += n
		c.since[s].of++
		return
	}
	if c.since[s].of == 0 {
		return // the incumbent has nothing to set against it
	}
	d := c.since[s].rate() - float64(n) + c.trial.Tolerance // under 0 if the candidate did worse than tolerated
	c.since[s] = tally{}
	if err := c.bets[s].Observe(min(1, d)); err != nil {
		return // a difference outside -1 to 1, which this is not
	}
	if c.bets[s].Log() < math.Log(float64(signs)/risk) {
		return
	}
	own, theirs := c.ever[1][s], c.ever[0][s]
	c.now.Store(&standing{StateWithdrawn, fmt.Sprintf("too many %s: %.1f %% of %d requests, and %.1f %% of the incumbent's %d",
		s, 100*own.rate(), own.of, 100*theirs.rate(), theirs.of)})
}
