package breaker

import (
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// probeBody stands for the body of a synthetic probe: it is like no caller's.
const probeBody = ^uint64(0)

// bodies tells whether failures speak of the target or may all come from one
// request that is sent again and again: it may be what is wrong.
type bodies struct {
	first  uint64 // of the first failure that needs a body
	proven bool   // two bodies have failed, or a failure needed none
}

func (s *bodies) add(body uint64) {
	switch {
	case body == 0:
		s.proven = true
	case s.first == 0:
		s.first = body
	case s.first != body:
		s.proven = true
	}
}

// row is bad outcomes with no good one between.
type row struct {
	bodies

	failures int
	connects int // of them the last ones, without a break, failures to connect
}

func (r *row) add(o *failover.Outcome, body uint64) {
	r.failures++
	r.bodies.add(body)
	if connect(o) {
		r.connects++
	} else {
		r.connects = 0
	}
}

// connect reports whether the target could not even be reached.
func connect(o *failover.Outcome) bool {
	return o.Err != nil && o.Err.Class == switchgear.ClassConnect
}

// sighting is one bad outcome.
type sighting struct {
	seq  uint64 // how many outcomes there had been, this one included
	at   time.Duration
	body uint64
}

// history is the last bad outcomes.
type history struct {
	ring [32]sighting
	n    int // ever
}

func (h *history) add(s sighting) {
	h.ring[h.n%len(h.ring)] = s
	h.n++
}

// last is the i-th last, from 1. There is none if ok is false.
func (h *history) last(i int) (s sighting, ok bool) {
	if i > h.n || i > len(h.ring) {
		return sighting{}, false
	}
	return h.ring[(h.n-i)%len(h.ring)], true
}

// proven reports whether the bad outcomes since a moment, at most the last n,
// have more than one body between them.
func (h *history) proven(since time.Duration, n int) bool {
	var b bodies
	for i := 1; i <= n; i++ {
		s, ok := h.last(i)
		if !ok || s.at < since {
			break
		}
		b.add(s.body)
	}
	return b.proven
}
