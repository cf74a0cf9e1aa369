package alert

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// maxQueue is how many notices may wait for one receiver. Ends of incidents may
// be more: there is at most one for each beginning that got in.
const maxQueue = 256

// receiver delivers to one sink, in the order of each incident.
type receiver struct {
	name     string
	identity string
	sink     Sink
	on       []string              // under Alerts.mu
	told     map[string]*knowledge // under Alerts.mu
	failed   func(n *Notice, unsure bool)
	idle     func()        // called when nothing is left to deliver
	wake     chan struct{} // there is something new to do; holds one
	done     chan struct{}

	sent, retried, lost, dropped atomic.Uint64

	mu       sync.Mutex
	lines    []*line // of incidents with something to deliver, first come first
	size     int     // notices in all lines
	pause    time.Time
	draining bool
}

// knowledge is what a receiver was told of an open incident.
type knowledge struct {
	serial   uint64
	places   int // how many conditions
	severity Severity
	at       time.Time
	lost     bool // its beginning did not get out, and is to be told again
	unsure   bool // or perhaps it did
}

// line are the notices of one incident, in order.
type line struct {
	key     string
	waiting []*parcel
	next    time.Time // when the first is to be tried
}

// parcel is a notice under way.
type parcel struct {
	notice *Notice
	since  time.Time
	tries  int
	unsure bool // a try may have arrived without our knowing
}

// start begins to deliver to a receiver.
func (a *Alerts) start(r Receiver) *receiver {
	out := &receiver{
		name: r.Name, identity: r.Identity, sink: r.Sink, on: r.On,
		told: map[string]*knowledge{}, wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	out.failed = func(n *Notice, unsure bool) { a.failed(out, n, unsure) }
	out.idle = a.nudge
	go out.run(a.sinks)
	return out
}

func (r *receiver) is(other Receiver) bool {
	return r.name == other.Name && r.identity == other.Identity
}

// known is what the receiver knows of an incident; nil for nothing.
func (r *receiver) known(i *incident) *knowledge {
	if k := r.told[i.key]; k != nil && k.serial == i.serial {
		return k
	}
	return nil
}

// put queues a notice, and reports whether there was room for it.
func (r *receiver) put(n *Notice, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.size >= maxQueue && n.Action != Resolve {
		r.dropped.Add(1)
		return false
	}
	l := r.line(n.Key)
	if l == nil {
		l = &line{key: n.Key, next: now}
		r.lines = append(r.lines, l)
	}
	if last := len(l.waiting) - 1; n.Action == Update && last >= 0 && l.waiting[last].tries == 0 && l.waiting[last].notice.Action != Resolve {
		n.Action, n.ID = l.waiting[last].notice.Action, l.waiting[last].notice.ID
		l.waiting[last].notice = n // the newer tells all that the older would have
		return true
	}
	l.waiting = append(l.waiting, &parcel{notice: n, since: now})
	r.size++
	r.nudge()
	return true
}

func (r *receiver) line(key string) *line {
	for _, l := range r.lines {
		if l.key == key {
			return l
		}
	}
	return nil
}

func (r *receiver) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// drain has the receiver end once everything is delivered.
func (r *receiver) drain() {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	r.nudge()
}

func (r *receiver) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size == 0
}

// abandon counts what was never delivered.
func (r *receiver) abandon() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.size
	r.dropped.Add(uint64(left))
	r.lines, r.size = nil, 0
	return left
}

func (r *receiver) counts() []Count {
	return []Count{
		{r.name, "sent", r.sent.Load()},
		{r.name, "retried", r.retried.Load()},
		{r.name, "failed", r.lost.Load()},
		{r.name, "dropped", r.dropped.Load()},
	}
}

// run delivers until the receiver is drained or ctx ends.
func (r *receiver) run(ctx context.Context) {
	defer close(r.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l, p, wait, over := r.pick(time.Now())
		if over || ctx.Err() != nil {
			return
		}
		if p != nil {
			r.attempt(ctx, l, p)
			continue
		}
		timer.Reset(wait)
		select {
		case <-r.wake:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// pick finds what is to be tried now, or says how long there is nothing.
func (r *receiver) pick(now time.Time) (l *line, p *parcel, wait time.Duration, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) == 0 {
		return nil, nil, time.Hour, r.draining
	}
	first := r.lines[0]
	for _, l := range r.lines[1:] {
		if l.next.Before(first.next) {
			first = l
		}
	}
	if at := later(first.next, r.pause); at.After(now) {
		return nil, nil, at.Sub(now), false
	}
	first.waiting[0].tries++ // from here on nothing is merged into it
	return first, first.waiting[0], 0, false
}

// pop takes the first notice off a line.
func (r *receiver) pop(l *line, now time.Time) {
	l.waiting = l.waiting[1:]
	l.next = now
	r.size--
	if len(l.waiting) > 0 {
		return
	}
	for i := range r.lines {
		if r.lines[i] == l {
			r.lines = append(r.lines[:i], r.lines[i+1:]...)
			return
		}
	}
}
