package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/breaker"
)

// ward is where the targets that are not well are looked after. Each has one
// goroutine, which ends when the target is well again, is held, or the gateway
// is closed.
type ward struct {
	ctx    context.Context //nolint:containedctx // it ends with the gateway, not with a request
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	watched map[switchgear.Target]bool
	closed  bool
}

func newWard() *ward {
	w := &ward{watched: make(map[switchgear.Target]bool)}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// close ends the watching and waits for it.
func (w *ward) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	w.done.Wait()
}

// admit reports whether a target is to be watched from now on: whether nobody
// does.
func (w *ward) admit(t switchgear.Target) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.watched[t] {
		return false
	}
	w.watched[t] = true
	w.done.Add(1)
	return true
}

// dismiss ends the watching of a target if it needs none; looked at under the
// lock, so that a change in this very moment finds it watched or unwatched but
// not between.
func (w *ward) dismiss(t switchgear.Target, well func() bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed && !well() {
		return false
	}
	delete(w.watched, t)
	return true
}

// wake hears that a target is to be looked after.
func (g *Gateway) wake(b *breaker.Breaker, _ time.Time) {
	if t := b.Name(); g.ward.admit(t) {
		go g.watch(t)
	}
}

// watch probes a target whenever that is due, until it no longer is.
func (g *Gateway) watch(t switchgear.Target) {
	defer g.ward.done.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-g.ward.ctx.Done():
			g.ward.dismiss(t, func() bool { return true })
			return
		case <-timer.C:
		}
		care, ok := g.now.Load().care(t)
		if g.ward.dismiss(t, func() bool { return !ok || !due(care.breaker) }) {
			return
		}
		timer.Reset(g.tend(care))
	}
}

func due(b *breaker.Breaker) bool {
	_, ok := b.NextProbe(time.Now())
	return ok
}

// nap is the longest time between two looks at a target: what a trial by a
// user's request finds may bring the next probe forward.
const nap = 250 * time.Millisecond

// tend sends a target a probe if it is time for one, and says when to look
// again.
func (g *Gateway) tend(care *targetBreaker) time.Duration {
	now := time.Now()
	at, ok := care.breaker.NextProbe(now)
	if !ok {
		return 0
	}
	if wait := at.Sub(now); wait > 0 {
		return min(wait, nap)
	}
	token, ok := care.breaker.Probe(now)
	if !ok {
		return nap
	}
	g.runner.Probe(g.ward.ctx, care.probe, 0, token)
	return 0
}

// care finds the breaker of a target of the table, and what it is probed with.
func (s *snapshot) care(t switchgear.Target) (*targetBreaker, bool) {
	for i := range s.breakers {
		if s.breakers[i].target == t {
			return &s.breakers[i], true
		}
	}
	return nil, false
}
