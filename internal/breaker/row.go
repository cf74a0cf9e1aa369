package breaker

import (
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// probeBody stands for the body of a synthetic probe: it is like no caller's.
const probeBody = ^uint64(0)

// origin is where a bad outcome comes from.
type origin struct {
	body   uint64 // 0 if it needs none to happen
	client uint64 // who sent it; 0 if nobody has a name
}

// probed is the origin of a synthetic probe's failure.
var probed = origin{body: probeBody, client: probeBody} //nolint:gochecknoglobals // a constant

func originOf(o *failover.Outcome) origin { return origin{body: o.Body, client: o.Client} }

// bodies tells whether failures speak of the target or may all come from one
// request that is sent again and again, or from one client: it may be what is
// wrong.
type bodies struct {
	first   origin // of the first failure that needs a body
	begun   bool
	needed  bool // of some failure no body
	bodies  bool // two have failed
	clients bool // of two
}

func (s *bodies) add(from origin) {
	switch {
	case from.body == 0:
		s.needed = true
	case !s.begun:
		s.first, s.begun = from, true
	default:
		s.bodies = s.bodies || s.first.body != from.body
		s.clients = s.clients || s.first.client != from.client
	}
}

// proven reports whether it is the target that they speak of. Where several
// clients are about, it takes two of them.
func (s *bodies) proven(several bool) bool {
	return s.needed || s.bodies && (s.clients || !several)
}

// crowd tells whether more than one client is about. It is lock-free.
type crowd struct {
	last  atomic.Uint64 // who came last
	mixed atomic.Int64  // when somebody else came than before, plus one; 0 for never
}

// note hears of a client.
func (c *crowd) note(client uint64, at time.Duration) {
	last := c.last.Load()
	if client == 0 || last == client {
		return
	}
	c.last.Store(client)
	if last != 0 {
		c.mixed.Store(int64(at) + 1)
	}
}

// several reports whether at least two clients have been about of late.
func (c *crowd) several(at time.Duration) bool {
	mixed := c.mixed.Load()
	return mixed != 0 && at-time.Duration(mixed) < quietSpan
}

// row is bad outcomes with no good one between.
type row struct {
	bodies

	failures int
	connects int // of them the last ones, without a break, failures to connect
}

func (r *row) add(o *failover.Outcome, from origin) {
	r.failures++
	r.bodies.add(from)
	if connect(o) {
		r.connects++
	} else {
		r.connects = 0
	}
}

// connect reports whether the target could not even be reached. A connection
// that broke off once the request was on its way is no such case.
func connect(o *failover.Outcome) bool {
	return o.Err != nil && o.Err.Class == switchgear.ClassConnect && !o.Err.Marks.Has(switchgear.MarkSent)
}

// sighting is one bad outcome.
type sighting struct {
	seq  uint64 // how many outcomes there had been, this one included
	at   time.Duration
	from origin
	late bool // it took long to show
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

// prompt reports whether all bad outcomes since a moment showed at once, as far
// as the last few tell; not if there are none.
func (h *history) prompt(since time.Duration) bool {
	for i := 1; i <= promptLast; i++ {
		s, ok := h.last(i)
		if !ok || s.at < since {
			return i > 1
		}
		if s.late {
			return false
		}
	}
	return true
}

// late is how many bad outcomes since a moment took long to show, as far as they
// are remembered.
func (h *history) late(since time.Duration) int {
	n := 0
	for i := 1; ; i++ {
		s, ok := h.last(i)
		if !ok || s.at < since {
			return n
		}
		if s.late {
			n++
		}
	}
}

// proven reports whether the bad outcomes since a moment, at most the last n,
// are proof enough.
func (h *history) proven(since time.Duration, n int, several bool) bool {
	var b bodies
	for i := 1; i <= n; i++ {
		s, ok := h.last(i)
		if !ok || s.at < since {
			break
		}
		b.add(s.from)
	}
	return b.proven(several)
}
