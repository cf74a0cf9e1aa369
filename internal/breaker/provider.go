package breaker

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// When a provider is taken to be in trouble as a whole.
const (
	edgeRow      = 5               // failures to get through to it, in a row, at whichever target
	edgeSpan     = 5 * time.Minute // from one of them to the next; after that it is another row
	siblings     = 2               // targets that open
	siblingsSpan = 30 * time.Second
	refusedKeys  = 2
)

// Provider is the circuit of what several targets have in common. It admits
// nothing by itself: when it opens, it opens its targets, and each of them
// finds its own way back. It is safe for concurrent use.
type Provider struct {
	name     string
	onChange func(Event)

	// trouble is whether there is anything that a good outcome would put right;
	// if not, good outcomes take no lock.
	trouble atomic.Bool

	// No target's lock is taken while this one is held, nor the other way round.
	mu       sync.Mutex
	targets  []*Breaker
	open     bool
	settling bool // its targets are being opened; what they say now is old
	since    time.Time
	reason   string
	opens    uint64
	edges    row // failures to get through
	edgeLast time.Time
	refused  refusal
	locked   time.Time // when the last usable key was refused; zero once a key was good
	opened   *Breaker  // the target that opened last
	openedAt time.Time
}

// refusal is a key that was refused.
type refusal struct {
	key int
	at  time.Time // zero for none
}

// ProviderSnapshot is a provider's circuit at one moment.
type ProviderSnapshot struct {
	Name    string
	State   State // Open or Closed
	Since   time.Time
	Reason  string
	Opens   uint64
	Targets int
}

// NewProvider makes the closed circuit of a provider. OnChange is called
// outside locks, and may be nil.
func NewProvider(name string, onChange func(Event)) *Provider {
	return &Provider{name: name, onChange: onChange}
}

// Snapshot looks at the circuit.
func (p *Provider) Snapshot() ProviderSnapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := ProviderSnapshot{Name: p.name, Since: p.since, Reason: p.reason, Opens: p.opens, Targets: len(p.targets)}
	if p.open {
		s.State = Open
	}
	return s
}

func (p *Provider) join(b *Breaker) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = append(p.targets, b)
}

func (p *Provider) leave(b *Breaker) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = slices.DeleteFunc(p.targets, func(t *Breaker) bool { return t == b })
}

// hear takes an outcome that one of its targets has taken. It reports whether
// that opened the circuit.
func (p *Provider) hear(word said, o *failover.Outcome, several bool, now time.Time) bool {
	if p == nil {
		return false
	}
	switch word {
	case saidWell:
		p.well(now)
	case saidSound:
		p.sound()
	case saidBad:
		if connect(o) || o.Err != nil && o.Err.Marks.Has(switchgear.MarkEdge) {
			return p.unreached(o, several, now)
		}
	case saidRefused:
		return p.turnedAway(o, now)
	case saidNothing:
	}
	return false
}

// well takes a request that was served.
func (p *Provider) well(now time.Time) {
	if p == nil || !p.trouble.Load() {
		return
	}
	p.mu.Lock()
	p.edges, p.refused, p.locked = row{}, refusal{}, time.Time{}
	p.close("a request was served", now)
}

// sound takes a probe that was answered: what is on record is disproved. That
// the provider is well again is for its targets to show.
func (p *Provider) sound() {
	if !p.trouble.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edges, p.refused, p.locked = row{}, refusal{}, time.Time{}
	p.trouble.Store(p.open)
}

// close ends it, if it is open. It is called with the lock, and gives it back.
func (p *Provider) close(reason string, now time.Time) {
	closes := p.open && !p.settling
	if closes {
		p.open, p.since, p.reason = false, now, reason
		p.opened = nil
	}
	p.trouble.Store(p.open)
	generation := p.opens
	p.mu.Unlock()
	if closes && p.onChange != nil {
		p.onChange(Event{Provider: p.name, From: Open, To: Closed, Reason: reason, Generation: generation, At: now})
	}
}

// unreached takes a failure to get through.
func (p *Provider) unreached(o *failover.Outcome, several bool, now time.Time) bool {
	p.mu.Lock()
	if now.Sub(p.edgeLast) > edgeSpan {
		p.edges = row{}
	}
	p.edges.add(o, originOf(o))
	p.edgeLast = now
	p.trouble.Store(true)
	if o.Spared || !p.edges.proven(several) || p.edges.failures < edgeRow {
		p.mu.Unlock()
		return false
	}
	return p.openAll(cause{reason: fmt.Sprintf("%d failures to get through in a row", p.edges.failures), err: o.Err}, now)
}

// turnedAway takes a refused key.
func (p *Provider) turnedAway(o *failover.Outcome, now time.Time) bool {
	p.mu.Lock()
	before, locked := p.refused, p.locked
	p.trouble.Store(true)
	if o.Key >= 0 {
		p.refused = refusal{key: o.Key, at: now}
	}
	if o.Locked {
		p.locked = now
	}
	why := cause{kind: kindRefused, err: o.Err}
	switch {
	case o.Spared:
	case !locked.IsZero() && now.Sub(locked) <= lockedSpan:
		why.reason = "its last key was refused twice"
	case o.Key >= 0 && !before.at.IsZero() && before.key != o.Key && now.Sub(before.at) <= lockedSpan:
		why.reason = fmt.Sprintf("%d keys refused in %v", refusedKeys, lockedSpan)
	}
	if why.reason == "" {
		p.mu.Unlock()
		return false
	}
	return p.openAll(why, now)
}

// changed takes a change of one of its targets.
func (p *Provider) changed(b *Breaker, e *Event) {
	switch {
	case p == nil:
	case e.To == Open && e.From.lively():
		p.mu.Lock()
		second := p.opened != nil && p.opened != b && e.At.Sub(p.openedAt) <= siblingsSpan
		p.opened, p.openedAt = b, e.At
		if !second {
			p.mu.Unlock()
			return
		}
		p.openAll(cause{reason: fmt.Sprintf("%d targets in %v", siblings, siblingsSpan), err: e.Err}, e.At)
	case e.To == Closed && !e.From.lively():
		p.mu.Lock()
		p.close("a target has closed again", e.At)
	}
}

// openAll opens it and its targets. It is called with the lock, and gives it
// back. It reports whether it was closed before.
func (p *Provider) openAll(why cause, now time.Time) bool {
	if p.open {
		p.mu.Unlock()
		return false
	}
	p.open, p.settling, p.since, p.reason = true, true, now, why.reason
	p.opens++
	p.edges, p.refused, p.locked = row{}, refusal{}, time.Time{}
	p.trouble.Store(true)
	targets, generation := slices.Clone(p.targets), p.opens
	p.mu.Unlock()
	if p.onChange != nil {
		p.onChange(Event{Provider: p.name, From: Closed, To: Open, Reason: why.reason, Generation: generation, At: now, Err: why.err})
	}
	why.reason = "provider " + p.name + ": " + why.reason
	for _, t := range targets {
		t.inherit(why, now)
	}
	p.mu.Lock()
	p.settling = false
	p.mu.Unlock()
	return true
}

// inherit opens a breaker because of its provider.
func (b *Breaker) inherit(why cause, now time.Time) {
	b.mu.Lock()
	b.tick(now)
	if b.state.lively() || b.state == HalfOpen || b.state == Ramp {
		b.open(why, now)
	}
	b.release(now)
}
