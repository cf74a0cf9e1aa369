package switchgear

import "time"

// Outcome is what became of a request, as the person who sent it sees it.
type Outcome string

// The outcomes of a request.
const (
	OutcomeOK       Outcome = "ok"       // the first step served
	OutcomeFallback Outcome = "fallback" // a later step of the same tier served
	OutcomeDegraded Outcome = "degraded" // a later step of a lower tier served
	OutcomeRefused  Outcome = "refused"  // the gateway would not: a floor, a limit, a key, an unknown route
	OutcomeInvalid  Outcome = "invalid"  // the request was wrong, or a content policy declined it
	OutcomeFailed   Outcome = "failed"   // no step could serve, or the answer broke off
	OutcomeCanceled Outcome = "canceled" // the caller went away
)

// Record is one request once it is over. It holds nothing of what was asked or
// answered, and no key.
type Record struct {
	ID        string
	Start     time.Time
	Duration  time.Duration
	Overhead  time.Duration // of Duration, what was not spent waiting for providers
	Client    string        // the name of the client key; "" if none is asked for
	Dialect   string        // the protocol the client speaks
	Operation string        // "chat", "embeddings", "count_tokens", "models"
	Route     string
	Stream    bool
	Status    int // HTTP status sent to the client
	Outcome   Outcome
	Retry     int // which retry of the client's own this is, where it says so; 0 for the first try
	Usage     Usage
	Cost      Cost
	Err       *Error
	Trace     *Trace
	Panicked  bool
}

// OutcomeOf judges a request by what came of it.
func OutcomeOf(t *Trace, e *Error) Outcome {
	if e != nil {
		switch e.Class {
		case ClassCanceled:
			return OutcomeCanceled
		case ClassInvalid, ClassContext, ClassPolicy:
			return OutcomeInvalid
		case ClassRefused:
			return OutcomeRefused
		case ClassAuth:
			if e.Provider == "" {
				return OutcomeRefused
			}
			return OutcomeFailed
		default:
			return OutcomeFailed
		}
	}
	switch {
	case t == nil:
		return OutcomeOK
	case t.Degraded:
		return OutcomeDegraded
	case t.Step > 1:
		return OutcomeFallback
	default:
		return OutcomeOK
	}
}

// Exchange is a request with its answer, for who keeps such things. It holds
// what a user asked and was told, as it was: whoever is given one must take out
// what is not to be kept.
type Exchange struct {
	Start      time.Time
	Duration   time.Duration // until the end of the answer
	FirstToken time.Duration // until the first content of a stream; 0 for a whole answer
	Route      string
	Target     Target // who served
	Degraded   bool
	Stream     bool
	Request    *Request
	Answer     Choice // the first one
	Usage      Usage
	Cost       Cost
}
