package canary

import (
	"fmt"
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
	SignForm                // the answer was not in the form that was declared for it
	SignSlow                // it took longer than nearly all of the incumbent's do
	signs
)

// Signs are all signs.
func Signs() []Sign { return []Sign{SignError, SignRefusal, SignForm, SignSlow} }

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
	Error     bool // there was no answer: nothing else is looked at
	Refusal   bool // the model declined: its form is not looked at
	Form      bool // it does not have the declared form
	Cut       bool // somebody else answered first: Latency is the least it would have taken, and nothing else is known
	Stream    bool // Latency is to the first content; else to the end
	Latency   time.Duration
}

// Terms say how a canary is run.
type Terms struct {
	Share     float64       // of the requests that the candidate answers, above 0 and below 1
	Enough    int           // answers of the candidate without a cause to withdraw it, after which it is ready
	Least     time.Duration // and so long at least: a quiet hour shows little
	Tolerance float64       // how much more often something may go wrong: 0.01 for one request in a hundred
	Seed      string        // so that two canaries draw different requests
}

// risk is the chance that a candidate which is no worse than tolerated is
// withdrawn, over all signs and however long the canary runs.
const risk = 0.01

const (
	recent = 200 // how many latencies of the incumbent a slow answer is held against
	few    = 40  // how many it takes for a judgement
	leeway = 1.25
)

// State is where a canary stands.
type State string

// The states. A canary never leaves the last one.
const (
	StateRunning   State = "running"
	StateReady     State = "ready" // it has shown enough; it is guarded as before
	StateWithdrawn State = "withdrawn"
)

// Guard decides which requests a candidate answers on trial, and withdraws it
// as soon as it is shown to do worse than the incumbent does in the same hours.
//
// For each sign a betting e-process is kept of the difference between what the
// candidate did and what the incumbent did since the candidate's last request.
// However often it is looked at, the chance of a false alarm stays under one in
// a hundred. It is safe for concurrent use.
type Guard struct {
	terms Terms

	now atomic.Pointer[standing] // read by every request, without a lock

	mu      sync.Mutex
	began   time.Time
	answers int
	bets    [signs]stat.EProcess
	since   [signs]tally // of the incumbent, since the candidate's last request
	ever    [2][signs]tally
	pace    [2]pace // of the incumbent: whole answers, and streams
}

// standing is where a canary stands, and why.
type standing struct {
	state State
	why   string
}

// tally is how often something happened.
type tally struct{ Bad, Of int }

func (t *tally) rate() float64 {
	if t.Of == 0 {
		return 0
	}
	return float64(t.Bad) / float64(t.Of)
}

func (t *tally) add(bad bool) {
	if bad {
		t.Bad++
	}
	t.Of++
}

// New begins a trial.
func New(t Terms, now time.Time) (*Guard, error) {
	switch {
	case !(t.Share > 0 && t.Share < 1):
		return nil, fmt.Errorf("a canary of %v of the requests is none: name a share above 0 and below 1", t.Share)
	case t.Enough <= 0 || t.Least < 0:
		return nil, fmt.Errorf("a canary of %d answers and %s shows nothing", t.Enough, t.Least)
	case !(t.Tolerance >= 0 && t.Tolerance < 0.5):
		return nil, fmt.Errorf("a tolerance of %v is not a share under a half", t.Tolerance)
	}
	g := &Guard{terms: t, began: now}
	g.now.Store(&standing{state: StateRunning})
	return g, nil
}

// Takes reports whether the candidate answers a request, given a hash of what
// it goes by, say its conversation: the same one always has the same answer
// until the candidate is withdrawn, and goes on having it when the share grows.
func (g *Guard) Takes(key uint64) bool {
	if g.now.Load().state == StateWithdrawn {
		return false
	}
	return float64(mix(key^seed(g.terms.Seed))>>11)/(1<<53) < g.terms.Share
}

// seed is FNV-1a, 64 bits.
func seed(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
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
func (g *Guard) State() (state State, why string) {
	s := g.now.Load()
	return s.state, s.why
}

// Observe tells the guard how a request ended. What a caller gave up or got
// wrong is no outcome and is not told. Changed is that this outcome brought the
// canary into the state.
func (g *Guard) Observe(o Outcome, now time.Time) (state State, changed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.now.Load().state
	if before == StateWithdrawn {
		return before, false
	}
	g.look(&o)
	if o.Candidate && !o.Cut {
		g.answers++
	}
	if o.Candidate && g.now.Load().state == StateRunning && g.answers >= g.terms.Enough && now.Sub(g.began) >= g.terms.Least {
		g.now.Store(&standing{state: StateReady})
	}
	state = g.now.Load().state
	return state, state != before
}

// look counts the signs that an outcome has something to say of.
func (g *Guard) look(o *Outcome) {
	if !o.Cut {
		g.count(SignError, o.Candidate, o.Error)
	}
	if o.Error {
		return // there is no answer to look at
	}
	if !o.Cut {
		g.count(SignRefusal, o.Candidate, o.Refusal)
	}
	if !o.Cut && !o.Refusal {
		g.count(SignForm, o.Candidate, o.Form)
	}
	pace := &g.pace[0]
	if o.Stream {
		pace = &g.pace[1]
	}
	if slow := o.Latency > pace.limit; pace.limit > 0 && (slow || !o.Cut) {
		g.count(SignSlow, o.Candidate, slow)
	}
	if !o.Candidate && !o.Cut {
		pace.learn(o.Latency)
	}
}

// pace is how long answers take.
type pace struct {
	last  []time.Duration // of the last answers, oldest first
	news  int             // how many of them the limit does not know
	limit time.Duration   // what 95 of 100 of them stayed under, and a quarter more; 0 as long as there are few
}

// learn takes in a latency, and sets the limit anew once in a while.
func (p *pace) learn(d time.Duration) {
	p.last = append(p.last, d)
	if over := len(p.last) - recent; over > 0 {
		p.last = slices.Delete(p.last, 0, over)
	}
	if p.news++; p.news < few || len(p.last) < few {
		return
	}
	p.news = 0
	sorted := slices.Sorted(slices.Values(p.last))
	p.limit = time.Duration(leeway * float64(sorted[len(sorted)*95/100]))
}

// count bets on one sign, and withdraws the candidate if the bet is won.
func (g *Guard) count(s Sign, candidate, bad bool) {
	if !candidate {
		g.ever[0][s].add(bad)
		g.since[s].add(bad)
		return
	}
	g.ever[1][s].add(bad)
	if g.since[s].Of == 0 {
		return // the incumbent has nothing to set against it
	}
	d := g.since[s].rate() + g.terms.Tolerance // under 0 if the candidate did worse than tolerated
	if bad {
		d--
	}
	g.since[s] = tally{}
	if err := g.bets[s].Observe(min(1, d)); err != nil {
		return // a difference outside -1 to 1, which this is not
	}
	if g.bets[s].Log() < math.Log(float64(signs)/risk) || g.now.Load().state == StateWithdrawn {
		return
	}
	own, theirs := g.ever[1][s], g.ever[0][s]
	g.now.Store(&standing{StateWithdrawn, fmt.Sprintf("too many %s: %.1f%% of %d, and %.1f%% of the incumbent's %d",
		s, 100*own.rate(), own.Of, 100*theirs.rate(), theirs.Of)})
}
