package gateway

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/breaker"
)

// Event is something that somebody may have to be told of. It holds nothing of
// any request, and no key.
type Event struct {
	Kind       string // one of the root package's Alert words
	Provider   string
	Target     switchgear.Target // zero for a whole provider and for its keys
	Credential string            // the name of the key an event is about, such as "anthropic#2"
	Reason     string            // in short words of our own
	At         time.Time
	Until      time.Time // when the next trial is due; zero if unknown
	Class      switchgear.Class
	Status     int      // of the failure that led to it; 0 if there was none
	Bad, N     int      // of the last N attempts, how many failed or were slow
	Routes     []string // whose chains it is in
	Stranded   []string // of those, which have nobody else to go to
	Serving    string   // who carries the load now: the next target of the first of the routes
}

// WithEvents tells f of events. It must not block: it is called on a request's
// own way.
func WithEvents(f func(Event)) Option {
	return optionFunc(func(o *options) { o.events = append(o.events, f) })
}

func (g *Gateway) tell(e *Event) {
	if len(g.options.events) == 0 {
		return
	}
	if s := g.now.Load(); s != nil && e.Routes == nil {
		e.Routes, e.Stranded, e.Serving = s.affected(e)
	}
	if e.Kind == switchgear.AlertModelDrift {
		e.Stranded, e.Serving = nil, "" // it goes on serving
	}
	for _, f := range g.options.events {
		f(*e)
	}
}

// affected says whose chains an event touches, who of them has nobody else, and
// who steps in.
func (s *snapshot) affected(e *Event) (routes, stranded []string, serving string) {
	for i := range s.cfg.Routes {
		r := &s.cfg.Routes[i]
		touched, next := touches(r.Chain, e)
		for k := range r.Rules {
			also, _ := touches(r.Rules[k].Chain, e)
			touched = touched || also
		}
		if !touched {
			continue
		}
		routes = append(routes, r.Name)
		if next == "" {
			stranded = append(stranded, r.Name)
		}
		if serving == "" {
			serving = next
		}
	}
	return routes, stranded, serving
}

// touches reports whether a chain has a step that an event is about, and names
// the first that it is not about.
func touches(chain []config.Step, e *Event) (touched bool, next string) {
	for i := range chain {
		t := chain[i].Target
		if k := chain[i].Canary; k != nil && (k.Step.Target == e.Target || (e.Target == switchgear.Target{} && k.Step.Target.Provider == e.Provider)) {
			touched = true
		}
		if t == e.Target || (e.Target == switchgear.Target{} && t.Provider == e.Provider) {
			touched = true
		} else if next == "" {
			next = t.String()
		}
	}
	return touched, next
}

// changed hears of a breaker's change of state.
func (g *Gateway) changed(e breaker.Event) {
	if e.From == breaker.HalfOpen && (e.To == breaker.Ramp || e.To == breaker.Closed) {
		if care, ok := g.now.Load().care(e.Target); ok {
			care.limit.Forget(e.At) // the ramp is gentle enough
		}
	}
	kind := eventKind(&e)
	if kind == "" {
		return
	}
	out := Event{
		Kind: kind, Provider: providerOf(&e), Target: e.Target, Reason: e.Reason, At: e.At, Until: e.Until, Bad: e.Bad, N: e.N,
	}
	if e.Err != nil {
		out.Class, out.Status = e.Err.Class, e.Err.Status
	}
	g.tell(&out)
}

func providerOf(e *breaker.Event) string {
	if e.Provider != "" {
		return e.Provider
	}
	return e.Target.Provider
}

// eventKind is what a change of state is called; "" for one that nobody has to
// be told of.
func eventKind(e *breaker.Event) string {
	switch {
	case e.To == breaker.Gone:
		return switchgear.AlertModelGone
	case e.To == breaker.Open && !out(e.From), e.To == breaker.Held && !out(e.From):
		return switchgear.AlertCircuitOpen
	case e.To == breaker.Closed && e.From != breaker.Suspect:
		return switchgear.AlertCircuitClose
	default:
		return ""
	}
}

// out reports whether a target in a state was out of use already.
func out(s breaker.State) bool {
	return s == breaker.Open || s == breaker.HalfOpen || s == breaker.Ramp || s == breaker.Held || s == breaker.Gone
}

// keyTrouble is which credentials are known not to work. Successes only read.
type keyTrouble struct {
	mu  sync.Mutex // held while bad is replaced
	bad atomic.Pointer[map[string]switchgear.Class]
}

// known are the credentials in trouble. The map is not to be changed.
func (k *keyTrouble) known() map[string]switchgear.Class {
	if m := k.bad.Load(); m != nil {
		return *m
	}
	return nil
}

// hear takes what an attempt says about its key. It reports what is new, "" for
// nothing.
func (k *keyTrouble) hear(a *switchgear.Attempt) string {
	was, known := k.known()[a.Credential]
	switch {
	case a.Credential == "" || a.Skipped != "":
		return ""
	case a.Err == nil && !known:
		return ""
	case a.Err != nil && (a.Err.Class != switchgear.ClassAuth && a.Err.Class != switchgear.ClassQuota || a.Err.Marks.Has(switchgear.MarkDear)):
		return ""
	case a.Err != nil && known && was == a.Err.Class:
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	was, known = k.known()[a.Credential] // another may have been first
	next := maps.Clone(k.known())
	switch {
	case a.Err == nil && known:
		delete(next, a.Credential)
		k.bad.Store(&next)
		return switchgear.AlertKeyRestored
	case a.Err == nil || (known && was == a.Err.Class):
		return ""
	}
	if next == nil {
		next = make(map[string]switchgear.Class)
	}
	next[a.Credential] = a.Err.Class
	k.bad.Store(&next)
	if a.Err.Class == switchgear.ClassQuota {
		return switchgear.AlertKeyExhausted
	}
	return switchgear.AlertKeyRefused
}

// keep forgets all credentials but some. It returns those that were in trouble.
func (k *keyTrouble) keep(some map[string]bool) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := maps.Clone(k.known())
	var gone []string
	for _, id := range slices.Sorted(maps.Keys(next)) {
		if !some[id] {
			delete(next, id)
			gone = append(gone, id)
		}
	}
	k.bad.Store(&next)
	return gone
}

// Attempted hears of every attempt, for what it says about its key.
func (w *keyWatch) Attempted(_ context.Context, _ string, a *switchgear.Attempt) {
	kind := w.trouble.hear(a)
	if kind == "" {
		return
	}
	e := Event{Kind: kind, Provider: a.Target.Provider, Credential: a.Credential, At: time.Now()}
	if a.Err != nil {
		e.Class, e.Status = a.Err.Class, a.Err.Status
		e.Reason = "the provider refuses the key"
		if kind == switchgear.AlertKeyExhausted {
			e.Reason = "the account behind the key is out of money or over its limit"
		}
	}
	w.gateway.tell(&e)
}

// withdraw ends the trouble of keys that are no longer used: nobody would ever
// hear that they are well. A key's name is its place, so that of one that was
// replaced is still there; its next use tells.
func (w *keyWatch) withdraw(cfg *config.Config) {
	used := make(map[string]bool)
	for i := range cfg.Providers {
		for k := range cfg.Providers[i].Keys {
			used[credentialID(&cfg.Providers[i], k)] = true
		}
	}
	for _, id := range w.trouble.keep(used) {
		provider, _, _ := strings.Cut(id, "#")
		w.gateway.tell(&Event{
			Kind: switchgear.AlertKeyRestored, Provider: provider, Credential: id, Reason: "the key is no longer used", At: time.Now(),
		})
	}
}

// keyWatch is the observer that turns attempts into events about keys.
type keyWatch struct {
	gateway *Gateway
	trouble keyTrouble
}
