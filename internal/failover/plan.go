// Package failover carries one request over a plan: it tries targets in order,
// retries, waits, falls over, and says when bytes may reach the caller.
package failover

import (
	"context"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Plan is what a request may try, in order, and on what terms. It is built
// when a configuration is loaded, never changes, and is shared by all requests
// of a route.
type Plan struct {
	Route      string
	Config     string // generation of the configuration
	Stakes     switchgear.Stakes
	Steps      []Step      // those that may serve, in order
	Excluded   []Exclusion // those that may not, and why: named in errors
	Length     int         // of the chain as written
	Timeout    Timeout
	Commit     Commit
	Policy     PolicyAction
	NoFallback bool // only the first step that can take the request is tried
	Strict     bool // a step that would have to leave something of the request out is passed over
	Attempts   int  // most upstream calls per request, over all steps; 0 for no limit
}

// Step is one target of a plan.
type Step struct {
	Number   int // place in the chain as written, from 1
	Target   switchgear.Target
	Provider switchgear.Provider
	Dialects []string // what it speaks; empty for a provider that takes typed requests only
	Levers   *switchgear.Levers
	Breaker  Breaker // nil lets everything pass
	Keys     Keys    // nil for a provider that needs no keys
	Price    Pricer  // nil if the price is unknown
	Retry    Retry
	Context  int64   // context window in tokens; 0 if unknown
	Lacks    Feature // what the model is known not to have; what is not known is not lacking
	Degraded bool    // an answer from here is of a lower tier than the first step's
}

// Exclusion is a step that may not serve.
type Exclusion struct {
	Number int
	Target switchgear.Target
	Reason string // "under floor frontier"
	Code   string // switchgear.CodeFloorRefused and the like
}

// Timeout are the clocks of a route. Zero means no limit.
type Timeout struct {
	FirstToken time.Duration // per attempt, from the call to the first content
	Idle       time.Duration // per attempt, between one content and the next
	Total      time.Duration // for the whole request, over all attempts
}

// Retry is how often and how patiently one target is tried again.
type Retry struct {
	Attempts int           // tries per target, the first included; 0 is 1
	Base     time.Duration // the first wait is between 0 and Base; it doubles from there
	Cap      time.Duration
	WaitHint time.Duration // the longest Retry-After that is waited out
}

// Commit says when bytes may reach the caller.
type Commit uint8

// The commit points.
const (
	CommitFirstToken Commit = iota // at the first content
	CommitHold                     // a little later, so that early deaths go unseen
	CommitWhole                    // when the answer is complete
)

// PolicyAction says what a content-policy refusal does.
type PolicyAction uint8

// What a content-policy refusal does.
const (
	PolicyStop     PolicyAction = iota // the caller gets it
	PolicyFallback                     // the next step is tried
)

// Token is the leave to make one attempt, given by a [Breaker].
type Token struct {
	Generation uint64
	Probe      bool
	Serial     uint64 // tells one probe from the next
}

// Verdict is a [Breaker]'s answer.
type Verdict struct {
	Pass   bool
	Reason string    // why not: "breaker open"
	Until  time.Time // when the next trial is due; zero if unknown
}

// OutcomeKind is how an attempt went, as a [Breaker] sees it.
type OutcomeKind uint8

// The outcomes.
const (
	OutcomeOK      OutcomeKind = iota
	OutcomeFail                // the target failed
	OutcomeSlow                // a deadline passed
	OutcomeIgnored             // says nothing about the target: the caller's fault, the key's, a cancel
)

// Outcome is what a [Breaker] is told, once per [Token].
type Outcome struct {
	Kind OutcomeKind
	Body uint64 // a fingerprint of the request body; 0 if the failure needs no body to happen
	Err  *switchgear.Error
}

// Breaker guards one target. Both calls allocate nothing.
type Breaker interface {
	Acquire(now time.Time) (Token, Verdict)
	Done(t Token, o Outcome, now time.Time)
}

// Keys are the credentials of one provider.
type Keys interface {
	// Pick returns a key that is not cooling, and the number of its place,
	// which is at most 63. Avoid holds a bit for each place that must not be
	// picked. If there is none, ok is false and until is when the first of
	// those not avoided is back; zero if there are none.
	Pick(now time.Time, avoid uint64) (c switchgear.Credential, place int, until time.Time, ok bool)
	// Report tells what came of using the key at a place, once per use; err is
	// nil if all went well. A failure whose class does not cool keys is to be
	// ignored: it is neither.
	Report(place int, err *switchgear.Error, now time.Time)
}

// Pricer says what a usage costs.
type Pricer interface {
	Cost(u *switchgear.Usage, at time.Time) switchgear.Cost
}

// Observer sees every attempt that called a provider, once, when it is over.
// It must not block, and must not keep a.
type Observer interface {
	Attempted(ctx context.Context, plan *Plan, a *switchgear.Attempt)
}
