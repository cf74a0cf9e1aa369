package limit

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// pushesBack reports whether a failure says that the target was given too
// much.
func pushesBack(err *switchgear.Error) bool {
	return err.Class == switchgear.ClassRateLimited || err.Class == switchgear.ClassOverloaded ||
		err.Marks.Has(switchgear.MarkRamp)
}

// push takes push-back in, that came while n were in flight.
func (l *Limit) push(n int64, ramp bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.base.IsZero() {
		l.base = now
	}
	l.advance(now)
	if !ramp && !l.tells(now) {
		return
	}
	if now.After(l.pushed) {
		l.pushed, l.grown = now, now
	}
	if l.cut.IsZero() || now.Sub(l.cut) >= cutEvery {
		if !ramp && l.inVain(now) {
			return
		}
		l.cut = now
		l.cuts++
		l.recount(now)
		l.peak.Store(n)
		l.surplus.Store(l.surplusAt(n))
		l.set(l.lower(n, ramp))
		return
	}
	l.set(l.limit.Load())
}

// tells reports whether push-back is more than chance, and heeded.
func (l *Limit) tells(now time.Time) bool {
	if now.Sub(l.began) >= tellTime {
		l.recount(now)
	}
	l.bad++
	all, enough := l.bad+l.well.Load(), int64(tellOf)
	if l.limit.Load() != 0 {
		enough = tellMore
	}
	return all >= enough && 100*l.bad >= tellBad*all && !now.Before(l.deaf)
}

func (l *Limit) recount(now time.Time) {
	l.began, l.bad = now, 0
	l.well.Store(0)
}

// inVain reports whether cuts do not help: then the limit is given up, and
// nothing that is not asked for outright cuts it for a while.
func (l *Limit) inVain(now time.Time) bool {
	if l.limit.Load() == 0 || now.Sub(l.cut) >= helped {
		l.vain = 0 // the last cut helped, or there is none
		if l.limit.Load() != 0 {
			l.rest = 0
		}
		return false
	}
	if l.vain++; l.vain < vainCuts {
		return false
	}
	l.vain = 0
	l.rest = min(max(2*l.rest, deafTime), deafMost)
	l.deaf = now.Add(l.rest)
	l.recount(now)
	l.set(0)
	return true
}

// lower is the limit after a cut. It is measured by what was in flight: that
// is what was too much. When more is in flight than the limit, because it was cut
// a moment ago, this may be above the limit; then it stays.
func (l *Limit) lower(n int64, ramp bool) int64 {
	limit := n * 7 / 10
	if ramp {
		limit = n / 2
	}
	if old := l.limit.Load(); old != 0 {
		limit = min(limit, old)
	}
	return max(limit, 1)
}

// surplusAt is what high stakes may fill up to after a cut. They may take the
// places of those that leave, up to what the target still carries now that the
// refused one is gone. Else a cut would shut everybody out until the surplus has
// ended, those that matter most included. What an earlier cut left of it never
// rises again by another: calls that run for long would keep it up for ever.
func (l *Limit) surplusAt(n int64) int64 {
	surplus := max(n-1, 1)
	if old := l.surplus.Load(); old != 0 {
		surplus = min(surplus, old)
	}
	return surplus
}

// grow lets the limit grow as far as time says, and returns it.
func (l *Limit) grow(now time.Time) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	return l.limit.Load()
}

func (l *Limit) advance(now time.Time) {
	limit := l.limit.Load()
	if limit == 0 {
		return
	}
	if now.Sub(l.pushed) >= forgetTime {
		l.set(0)
		return
	}
	for now.Sub(l.grown) >= growEvery { // at most 30 times: by then it is forgotten
		l.grown = l.grown.Add(growEvery)
		limit = max(limit+1, limit*(100+l.growth())/100)
		l.shrink(limit)
	}
	if limit > 2*l.peak.Load() || (l.most != 0 && limit >= l.most) {
		limit = 0
	}
	l.set(limit)
}

// growth is by how many percent the limit grows. What a target bears that has
// come back just now was measured while it had a part of its capacity: there the
// limit grows faster the longer nothing pushes back, and is out of the way within
// a minute.
func (l *Limit) growth() int64 {
	if l.back.IsZero() || l.pushed.Sub(l.back) > backTime {
		return 10
	}
	return 10 << min(max(int64(l.grown.Sub(l.pushed)/growEvery)-1, 0), 3)
}

// shrink lets the surplus fall as the limit grows, until they meet.
func (l *Limit) shrink(limit int64) {
	surplus := l.surplus.Load() * 9 / 10
	if surplus <= limit {
		surplus = 0
	}
	l.surplus.Store(surplus)
}

// set writes the limit, and when it has to be looked at again.
func (l *Limit) set(limit int64) {
	if limit == 0 {
		l.surplus.Store(0)
	}
	next := l.grown.Add(growEvery)
	if forget := l.pushed.Add(forgetTime); forget.Before(next) {
		next = forget
	}
	l.due.Store(int64(next.Sub(l.base)))
	l.limit.Store(limit)
}

// Forget drops what was learned. It is for a target that was left alone for a
// while and is let back in little by little: how much it bears now, what it
// refused then does not tell.
func (l *Limit) Forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.back = now
	l.surplus.Store(0)
	l.cut = time.Time{}
	l.set(0)
}
