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
	HalfOpen              // passes one probe at a time
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
	default:
		return "unknown"
	}
}

// Event is a change of state.
type Event struct {
	From, To    State
	At          time.Time
	Until       time.Time // for Open: when the next probe is due
	Consecutive int       // failures in a row that led to it
	Generation  uint64    // the new one
	Err         *switchgear.Error
}

// Snapshot is a breaker at one moment.
type Snapshot struct {
	State       State
	Since       time.Time // zero if it has never changed
	Until       time.Time // for Open: when the next probe is due; for HalfOpen: when the probe in flight is given up; else zero
	Consecutive int       // failures in a row, by now
	Generation  uint64
	Opens       uint64 // how often it has opened, failed probes included
	Stale       uint64 // results that came too late to count
}
