package alert

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"
)

// The times of delivery.
const (
	sendTime  = 10 * time.Second // for one try
	giveUp    = 10 * time.Minute // for all tries of a notice
	firstWait = time.Second      // before the second try; it doubles from there
	mostWait  = time.Minute
)

// Error is why a notice was not delivered. It names neither the sink's address
// nor its key.
type Error struct {
	Message    string        // a sentence without its full stop
	Status     int           // HTTP status; 0 for none
	Terminal   bool          // another try would fail the same way
	Refused    bool          // the sink surely did not take the notice; else it may have
	RetryAfter time.Duration // how long the sink asks to be left alone; 0 if it did not say
}

// Error is the message, and the status if there is one.
func (e *Error) Error() string {
	if e.Status != 0 {
		return e.Message + " (" + strconv.Itoa(e.Status) + ")"
	}
	return e.Message
}

// attempt tries to deliver a notice, and does what follows from it.
func (r *receiver) attempt(ctx context.Context, l *line, p *parcel) {
	try, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	err := r.sink.Send(try, p.notice)
	now := time.Now()
	switch {
	case err == nil:
		r.sent.Add(1)
		r.mu.Lock()
		r.pop(l, now)
		r.mu.Unlock()
		r.idle()
	case ctx.Err() != nil: // the end of all: what is left is counted as dropped
	default:
		r.disappointed(l, p, err, now)
	}
}

// disappointed puts a notice off, or gives it up.
func (r *receiver) disappointed(l *line, p *parcel, err error, now time.Time) {
	why, known := errors.AsType[*Error](err)
	if !known {
		why = &Error{}
	}
	p.unsure = p.unsure || !why.Refused
	wait := backoff(p.tries)
	if why.RetryAfter > 0 {
		wait = max(wait, why.RetryAfter)
	}
	r.mu.Lock()
	if why.RetryAfter > 0 {
		r.pause = now.Add(why.RetryAfter) // it is the sink that wants quiet, not this incident
	}
	if !why.Terminal && now.Add(wait).Before(p.since.Add(giveUp)) {
		r.retried.Add(1)
		l.next = now.Add(wait)
		r.mu.Unlock()
		return
	}
	r.lost.Add(1)
	r.pop(l, now)
	began := p.notice.Action == Trigger
	if began && !p.unsure {
		r.skip(l, p.notice.serial, now)
	}
	r.mu.Unlock()
	if began {
		r.failed(p.notice, p.unsure)
	}
	r.idle()
}

// skip drops what follows on the beginning of an incident that surely never
// arrived: its end would be the end of nothing.
func (r *receiver) skip(l *line, serial uint64, now time.Time) {
	for len(l.waiting) > 0 && l.waiting[0].notice.serial == serial {
		r.dropped.Add(1)
		r.pop(l, now)
	}
}

// backoff is how long to wait after some tries: between half of a length that
// doubles and all of it, so that many gateways do not knock at once.
func backoff(tries int) time.Duration {
	d := mostWait
	if tries < 7 { // 2^6 s is over a minute
		d = min(firstWait<<(max(tries, 1)-1), mostWait)
	}
	return d/2 + rand.N(d/2+1)
}
