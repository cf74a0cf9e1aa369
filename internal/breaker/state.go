package breaker

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// State is what a breaker does with the next attempt.
type State uint8

// The states.
const (
	Closed   State = iota // passes everything
	Open                  // passes nothing until the cool-off is over
	HalfOpen              // passes one trial at a time
	Suspect               // passes everything, but keeps an eye on it
	Ramp                  // passes a share, which grows
	Held                  // passes nothing: somebody has said so
	Gone                  // passes nothing: the provider does not have the model
)

// String is the word used in metrics and pages.
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case Open:
		return "open"
	case HalfOpen:
		return "half-open"
	case Suspect:
		return "suspect"
	case Ramp:
		return "ramp"
	case Held:
		return "held"
	case Gone:
		return "gone"
	default:
		return "unknown"
	}
}

// lively reports whether requests are passed as if nothing had happened.
func (s State) lively() bool { return s == Closed || s == Suspect }

// Event is a change of state: of one target, or of a whole provider, which is
// only ever Open or Closed.
type Event struct {
	Target     switchgear.Target // zero if it is about a provider
	Provider   string            // set if it is about a provider
	From, To   State
	Reason     string // in a few words of ours, never the provider's: "5 failures in a row"
	Bad, N     int    // of the last N outcomes, how many were bad
	Generation uint64 // the one that begins, or goes on
	At         time.Time
	Until      time.Time         // for Open and Gone: when the next trial is due
	Err        *switchgear.Error // a sample of what went wrong; nil if there is none
}

// Snapshot is a breaker at one moment.
type Snapshot struct {
	State       State
	Since       time.Time // zero if it has never changed
	Until       time.Time // Open and Gone: when the next trial is due; HalfOpen: when the one under way is given up; Ramp: when the share grows; else zero
	Reason      string    // why it is in this state; "" for a breaker that has never changed
	Share       int       // Ramp: how much passes, in percent; else 0
	Bad, N      int       // outcomes of the last window: bad ones, all
	Consecutive int       // bad outcomes in a row, by now
	Generation  uint64
	Opens       uint64 // how often it has opened, failed trials included
	Stale       uint64 // results that came too late to count
	Forced      uint64 // attempts made although it was open
	By          string // Held: who holds it
}
