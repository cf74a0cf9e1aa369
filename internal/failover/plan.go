// Package failover carries one request over a plan: it tries targets in order,
// retries, waits, falls over, and says when bytes may reach the caller.
//
// There is one state machine for streams, whole answers, vectors and counts:
// carry goes through the steps, climb tries one of them, and an attempt is one
// call. Everything a step brings along (breaker, keys, budgets, limit, pace,
// jury) may be missing. While nothing is suspected an attempt runs on its
// caller's own goroutine; only a target under suspicion or on trial is raced
// by the next, and then each attempt has a goroutine and a record of its own.
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
	NoFallback bool   // only the first step that can take the request is tried
	Strict     bool   // a step that would have to leave something of the request out is passed over
	Attempts   int    // most upstream calls per request, over all steps; 0 for no limit
	Retries    Budget // the route's retry budget; nil for no limit
	Opinion    bool   // an unsure refusal of the request is worth a second opinion
	Hedge      bool   // a target under suspicion may be raced by the next
	Fetch      Fetch  // how an answer is fetched that the caller wants in one piece
	// Trial is the plan of the requests that a candidate answers: this one, with
	// the candidate before the step it may replace. Nil if nobody is on trial.
	Trial  *Plan
	Arm    switchgear.Arm // whose the requests are; "" if nobody is on trial
	Mender Mender         // who brings answers into the form that was declared; nil leaves them as they come. It takes CommitWhole
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
	Retries  Budget  // the target's retry budget; nil for no limit
	Limit    Limit   // how much the target is given at once; nil for no limit
	Pace     Pace    // how fast it is in calm; nil if nobody measures
	Jury     Jury    // who judges its unsure refusals; nil if nobody does
	Price    Pricer  // nil if the price is unknown
	Retry    Retry
	Context  int64   // context window in tokens; 0 if unknown
	Lacks    Feature // what the model is known not to have; what is not known is not lacking
	Witness  Witness // who is told which model answered; nil if nobody minds
	Degraded bool    // an answer from here is of a lower tier than the first step's
	Embeds   bool    // it makes vectors: what a probe asks it for
	Trial    bool    // it is a candidate: whatever it fails with, a refusal aside, the incumbent after it is asked
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
	Alone    int           // tries where no other step can take the request; 0 is as many as elsewhere
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

// Fetch says how an answer is fetched that the caller wants in one piece.
type Fetch uint8

// The ways to fetch a whole answer.
const (
	FetchWhole  Fetch = iota // in one piece: its bytes pass as they came
	FetchStream              // bit by bit, so that silence is noticed early, and put together here rather than passed on byte for byte
)

// Token is the leave to make one attempt, given by a [Breaker].
type Token struct {
	Generation uint64
	Probe      bool
	Forced     bool   // leave was not given but taken, because every target was barred
	Serial     uint64 // tells one probe from the next
}

// Verdict is a [Breaker]'s answer.
type Verdict struct {
	Pass   bool
	Calm   bool      // pass, and nothing is suspected: what is measured may be learned from
	Watch  bool      // pass, but the target is under suspicion: be ready to race it with the next
	Prompt bool      // with Watch: what fails here fails at once. There is little to be gained by a race
	Tee    bool      // pass as a trial: the next target is started at the same moment, and the first content wins
	Final  bool      // no, and panic must not overrule it: it is held, or the model is gone
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
	// Client is a fingerprint of who asks; 0 if nobody has a name.
	Client uint64
	Err    *switchgear.Error
	// Key is the place of the key that was used; -1 for none. A key that was
	// refused (ClassAuth) is ignored by the target, but several of them, or all
	// there are, speak about the provider.
	Key int
	// Locked: this refused key leaves the provider without any that serves.
	Locked bool
	// Spared: this request has tripped another target already. The outcome
	// counts, but trips nothing: one request must not open two circuits.
	Spared bool
	// Ratio is the time to the first content over what is usual in calm for a
	// request like this; of the loser of a race, how long it was waited for. 0
	// if either is unknown.
	Ratio float64
	// Late: the failure took longer to show than nearly every answer takes to
	// begin, so that a race would have hidden it from the user.
	Late bool
	// Overran: slow, but an answer in one piece that was not there when its share
	// of the request's time was used up, and no more. It may be a long one.
	Overran bool
	// Whole: the answer came in one piece, and Ratio is of the time to its end.
	Whole bool
	// Rival is the next target's usual time to the first content, in the same
	// measure as Ratio. 0 if there is none, it is barred, or nothing is known.
	Rival float64
}

// Breaker guards one target. Both calls allocate nothing.
type Breaker interface {
	Acquire(now time.Time) (Token, Verdict)
	// Done is called once for each token that was given. It reports whether
	// this very outcome opened the circuit.
	Done(t Token, o Outcome, now time.Time) (tripped bool)
}

// Forcible is a [Breaker] that can be overruled when every target of a plan is
// barred and something has to be tried.
type Forcible interface{ Force(now time.Time) Token }

// Peeker is a [Breaker] that can be looked at without asking for leave. One
// that is none counts as passing.
type Peeker interface {
	// Barred reports whether Acquire would not pass a request in full: it is
	// open, half-open or held. It changes nothing and allocates nothing.
	Barred(now time.Time) bool
}

// Calmer is a [Breaker] that says whether it suspects nothing at present.
type Calmer interface{ Calm() bool }

// Budget is a retry budget, in tokens: first attempts add a part of one,
// retries, hedges and probes take one. It bounds what failing adds to the load.
// Its calls neither block nor allocate.
type Budget interface {
	Earn(now time.Time)       // a first attempt is made
	Spend(now time.Time) bool // takes one, if there is one
	Refund()                  // gives one back that was not used after all
}

// Sparing is a [Budget] that can be spent from without leaving it empty: what a
// caller says is a retry is taken from what can be spared.
type Sparing interface {
	SpendSpare(now time.Time) bool // takes one, if at least half of a full budget stays
}

// Repaid is a [Budget] that answers fill too. Where no other step can take a
// request, each answer pays for one retry: as long as answers come, retries are
// worth their load, and when none come any longer nothing is repaid.
type Repaid interface{ Repay(now time.Time) }

// Limit bounds how many attempts at one target run at once. What is worth
// less is turned away first. Its calls neither block nor allocate.
type Limit interface {
	// Enter asks for a place. Each that was given is left with Leave.
	Enter(s switchgear.Stakes, now time.Time) bool
	// Leave gives the place back and tells how the attempt went; nil is well.
	Leave(err *switchgear.Error, now time.Time)
}

// Pressed is a [Limit] that can be overruled. Press takes a place all the same,
// and is left like any other; false is that the limit is a fixed one, and holds.
type Pressed interface{ Press() bool }

// Span is how long something usually takes. The zero Span is: not known yet. One
// with a median alone is a guess, of use in comparing one target with another.
type Span struct{ Median, P95 time.Duration }

// Sample is one measured answer.
type Sample struct {
	Input  int64         // tokens read, roughly; known before the call
	Output int64         // the most tokens that were asked for; 0 if not said
	First  time.Duration // from the call to the first content of a stream; 0 if it was none
	Whole  time.Duration // from the call to the end of an answer in one piece; 0 if it was none
	Raced  bool          // another target was asked at the same time: of those that take long only some come to be measured
	Lost   bool          // and it was faster: this one would have taken longer than is said here
}

// Pace knows how fast a target answers while nothing is wrong. Its calls
// neither block for long nor allocate.
type Pace interface {
	First(input int64) Span         // to the first content of a stream
	Whole(input, output int64) Span // of answers in one piece
	Learn(s Sample, now time.Time)  // a sample of calm weather
	Spoil(now time.Time)            // suspicion has come up: what was learned lately is not to be trusted
}

// Opinion is what a [Jury] says of an unsure refusal.
type Opinion uint8

// The opinions.
const (
	OpinionBelieve Opinion = iota // the request is wrong: the caller gets the refusal
	OpinionAsk                    // the next target is asked; the answer is told by Judge
	OpinionDoubt                  // the target has refused good requests lately: it failed
)

// Jury judges the refusals of one target that are in no known words. Its calls
// neither block nor allocate.
type Jury interface {
	Opinion(now time.Time) Opinion
	// Judge tells what came of asking: accepted is whether the second target
	// took the same request.
	Judge(accepted bool, now time.Time)
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

// Trier is [Keys] that lend a key for a probe even while all of them cool: a
// provider whose every key was refused would else never be found well again.
// Report ends such a key's cool-off when the probe went well.
type Trier interface {
	Trial(now time.Time) (c switchgear.Credential, place int, ok bool)
}

// Lender is [Keys] that lend a key while all of them cool, where no other step
// can take a request: one that was left alone by our own reckoning, not at the
// provider's word, and that has answered well a moment ago. Report ends its
// cool-off when it goes well. It allocates nothing.
type Lender interface {
	Lend(now time.Time) (c switchgear.Credential, place int, ok bool)
}

// Pricer says what a usage costs.
type Pricer interface {
	Cost(u *switchgear.Usage, at time.Time) switchgear.Cost
}

// Mender brings the text of an answer into the form that was declared for it.
// Its calls do not block.
type Mender interface {
	// Wants reports whether a text may have to be mended, going by the text
	// alone: for most answers that is all that is asked.
	Wants(text string) bool
	// Mend is given the request's values too. It names what it did; none is that
	// the text stands as it is.
	Mend(req *switchgear.Request, text string) (mended string, by []string)
}

// Witness hears which model a target says has answered, in the provider's
// words and never empty. It is called on the way of each answer and must not
// block.
type Witness interface{ Answered(model string) }

// Observer sees every attempt that called a provider, once, when it is over:
// those that lost a race and probes too. It must not block, must not keep a,
// and must be safe for concurrent use: the loser of a race may end after its
// request has.
type Observer interface {
	Attempted(ctx context.Context, plan *Plan, a *switchgear.Attempt)
}
