package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// ward is where the targets that are not well are looked after. Each has one
// goroutine, which ends when the target is well again, is held, or the gateway
// is closed.
type ward struct {
	ctx    context.Context //nolint:containedctx // it ends with the gateway, not with a request
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	watched map[switchgear.Target]bool // whether to look again before the watching ends
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
// does. Whoever does looks again.
func (w *ward) admit(t switchgear.Target) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.watched[t]; ok || w.closed {
		w.watched[t] = true
		return false
	}
	w.watched[t] = false
	w.done.Add(1)
	return true
}

// dismiss ends the watching of a target, unless it was to be looked at again
// since it last was. No breaker is asked anything under the lock: it may be
// calling here.
func (w *ward) dismiss(t switchgear.Target) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watched[t] && !w.closed {
		w.watched[t] = false
		return false
	}
	delete(w.watched, t)
	return true
}

// look has a target looked after that is not well.
func (g *Gateway) look(t switchgear.Target) {
	if g.ward.admit(t) {
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
			return
		case <-timer.C:
		}
		wait, due := time.Duration(0), false
		if care, ok := g.now.Load().care(t); ok {
			wait, due = g.tend(care)
		}
		if !due && g.ward.dismiss(t) {
			return
		}
		timer.Reset(wait)
	}
}

// nap is the longest time between two looks at a target: what a trial by a
// user's request finds may bring the next probe forward.
const nap = 250 * time.Millisecond

// tend sends a target a probe if it is time for one. It says when to look
// again, and whether a probe is due at all.
func (g *Gateway) tend(care *targetBreaker) (wait time.Duration, due bool) {
	now := time.Now()
	at, due := care.breaker.NextProbe(now)
	if !due {
		return 0, false
	}
	if wait := at.Sub(now); wait > 0 {
		return min(wait, nap), true
	}
	token, ok := care.breaker.Probe(now)
	if !ok {
		return nap, true
	}
	plan := *care.probe
	if limit := care.breaker.Patience(); plan.Timeout.FirstToken <= 0 || limit < plan.Timeout.FirstToken {
		plan.Timeout.FirstToken = limit
	}
	g.runner.Probe(g.ward.ctx, &plan, 0, token)
	return 0, true
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
