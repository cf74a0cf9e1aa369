package alert

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// When a route counts as failing: at least half of the requests of the last
// minute, and so many that it is no accident.
const (
	failingOver  = time.Minute
	failingLeast = 5
	slots        = 12              // of failingOver
	sayEvery     = 5 * time.Second // while it goes on failing
	maxRated     = 1000            // routes; where clients may name models themselves, names are without end
)

// rates are the outcomes of the last minute, by route.
type rates struct {
	byRoute sync.Map // string -> *rate
	count   atomic.Int64
}

// rate is a ring of five-second slots.
type rate struct {
	mu    sync.Mutex
	slots [slots]slot
	said  time.Time
}

type slot struct {
	at     int64 // which five seconds since 1970
	bad, n int
}

// Observe takes the outcome of a request as its user saw it. What is the user's
// own doing is not to be told.
func (a *Alerts) Observe(route string, ok bool, now time.Time) {
	r := a.rates.of(route)
	if r == nil {
		return
	}
	bad, n, say := r.add(ok, now)
	if !say {
		return
	}
	a.Tell(Event{Kind: switchgear.AlertRouteFailing, Reason: "requests fail", At: now, Bad: bad, N: n, Routes: []string{route}})
}

// of finds the rate of a route; nil if there are too many.
func (r *rates) of(route string) *rate {
	if found, there := r.byRoute.Load(route); there {
		return found.(*rate) //nolint:forcetypeassert // the map holds nothing else
	}
	if r.count.Add(1) > maxRated {
		r.count.Add(-1)
		return nil
	}
	found, there := r.byRoute.LoadOrStore(route, &rate{})
	if there {
		r.count.Add(-1)
	}
	return found.(*rate) //nolint:forcetypeassert // the map holds nothing else
}

// add counts an outcome, and reports whether it is to be said that the route
// fails.
func (r *rate) add(ok bool, now time.Time) (bad, n int, say bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := now.Unix() / int64(failingOver/time.Second/slots)
	s := &r.slots[at%slots]
	if s.at != at {
		*s = slot{at: at}
	}
	s.n++
	if ok {
		return 0, 0, false
	}
	s.bad++
	for i := range r.slots {
		if r.slots[i].at > at-slots {
			bad += r.slots[i].bad
			n += r.slots[i].n
		}
	}
	if bad < failingLeast || 2*bad < n || now.Sub(r.said) < sayEvery {
		return bad, n, false
	}
	r.said = now
	return bad, n, true
}
