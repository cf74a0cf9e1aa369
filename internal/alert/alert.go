// Package alert tells people what happened: it gathers events into incidents,
// and delivers each incident's beginning and end to those who want to know.
//
// An incident is what a person is paged for: the circuits of one provider are
// one, however many models it has and however often they open and close again.
// It has one key from its beginning to its end. Whoever tells of an event never
// waits: delivery, with its retries, happens elsewhere, for each receiver on
// its own.
package alert

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Event is something that happened. It holds nothing of what was asked or
// answered, no key, and nothing in a provider's words.
//
// The fields are those of the gateway's own event, so that one converts to the
// other.
type Event struct {
	Kind       string // one of the switchgear.Alert constants; others are passed over
	Provider   string
	Target     switchgear.Target // zero for the whole provider and for its keys
	Credential string            // the name of the key it is about, such as "anthropic#2"
	Reason     string            // in a few words of ours: "overloaded"
	At         time.Time         // zero for now
	Until      time.Time         // when it will be tried again, where that is known
	Class      switchgear.Class
	Status     int      // HTTP status; 0 for none
	Bad, N     int      // of N requests, Bad failed
	Routes     []string // that it touches; those of the configuration are found out here as well
	Stranded   []string // of those, which nobody is left to serve
	Serving    string   // who carries the load of the first of them; "" if that is not known
}

// Route is what must be known of a route to say how bad an incident is.
type Route struct {
	Name    string
	Stakes  switchgear.Stakes
	Targets []switchgear.Target // that may serve it, in order
}

// Receiver is someone to be told.
type Receiver struct {
	Name     string
	Sink     Sink
	On       []string // patterns over the kinds: "circuit_open", "key_*"
	Identity string   // two receivers of one name and one identity are the same; see [Alerts.Use]
}

// Sink delivers notices. Send is called by one goroutine at a time, and is to
// give up when ctx ends. Its error is an [*Error] where it knows more of the
// failure than that it was one.
type Sink interface {
	Send(ctx context.Context, n *Notice) error
}

// Options say how alerts begin.
type Options struct {
	Instance  string // names this gateway, or the cluster it belongs to, in every notice and key
	Receivers []Receiver
	Routes    []Route
}

// Alerts gathers and delivers. Its methods may be called from anywhere, and
// none but Close waits for anything.
type Alerts struct {
	instance string
	rates    rates
	lost     atomic.Uint64 // events of incidents beyond the most that are kept
	wake     chan struct{} // there is something new to look at; holds one
	finished chan struct{} // the gathering has ended
	abort    context.CancelFunc

	mu        sync.Mutex // held for moments, never over a delivery
	incidents map[string]*incident
	routes    []Route
	receivers []*receiver // those that are told
	retired   []*receiver // those that only wait for the end of what they were told
	gone      []Count     // counts of receivers that have ended
	serial    uint64
	closing   bool
	sinks     context.Context
}

// New begins to gather and to deliver. It must be closed.
func New(o Options) *Alerts {
	ctx, abort := context.WithCancel(context.Background())
	a := &Alerts{
		instance: plain(o.Instance), sinks: ctx, abort: abort,
		wake: make(chan struct{}, 1), finished: make(chan struct{}), incidents: map[string]*incident{},
	}
	a.Use(o.Receivers, o.Routes)
	go a.gather()
	return a
}

// Tell takes an event.
func (a *Alerts) Tell(e Event) {
	k, ok := kinds[e.Kind]
	if !ok {
		return
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.clean()
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closing {
		a.take(e, k)
	}
}

// Use replaces the receivers and the routes. Open incidents stay open: who is
// new is told of them, who stays (by name and identity) is not told twice, and
// who goes is still told the end of what it knows.
func (a *Alerts) Use(receivers []Receiver, routes []Route) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		return
	}
	before := a.receivers
	a.receivers = nil
	for _, r := range receivers {
		kept := take(&before, func(old *receiver) bool { return old.is(r) })
		if kept == nil {
			kept = take(&a.retired, func(old *receiver) bool { return old.is(r) })
		}
		if kept == nil {
			kept = a.start(r)
		}
		kept.on = r.On
		a.receivers = append(a.receivers, kept)
	}
	a.retired = append(a.retired, before...)
	a.forget(routes)
	a.routes = routes
	for _, i := range a.incidents {
		i.due(time.Now())
	}
	a.nudge()
}

// take removes the first of a list for which ok holds; nil if there is none.
func take(list *[]*receiver, ok func(*receiver) bool) *receiver {
	for i, r := range *list {
		if ok(r) {
			*list = slices.Concat((*list)[:i], (*list)[i+1:])
			return r
		}
	}
	return nil
}

// Count is how often something became of the notices for a receiver.
type Count struct {
	Receiver string
	Outcome  string // "sent", "retried", "failed" or "dropped"
	N        uint64
}

// Counts are what became of all notices since the start. Events that were lost
// because there were too many incidents count as dropped, for receiver "".
func (a *Alerts) Counts() []Count {
	a.mu.Lock()
	defer a.mu.Unlock()
	sum := map[[2]string]uint64{{"", "dropped"}: a.lost.Load()}
	add := func(counts []Count) {
		for _, c := range counts {
			sum[[2]string{c.Receiver, c.Outcome}] += c.N
		}
	}
	add(a.gone)
	for _, r := range slices.Concat(a.receivers, a.retired) {
		add(r.counts())
	}
	return sorted(sum)
}

// Close sends what is not out yet, ends the open incidents (a gateway that is
// not there cannot say later that they are over) and waits until everything is
// delivered or ctx ends. The error says how many notices were left.
func (a *Alerts) Close(ctx context.Context) error {
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	a.nudge()
	<-a.finished
	left := 0
	for _, r := range slices.Concat(a.receivers, a.retired) {
		select {
		case <-r.done:
		case <-ctx.Done():
			a.abort()
			<-r.done
		}
		left += r.abandon()
	}
	a.abort()
	if left > 0 {
		return errors.New(strconv.Itoa(left) + " alerts could not be delivered before the end")
	}
	return nil
}

// nudge has the gathering look again.
func (a *Alerts) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}
