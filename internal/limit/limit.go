package limit

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Options say what is known of a target beforehand.
type Options struct {
	Most int // attempts at once, whatever happens; 0 for no fixed limit
}

const (
	cutEvery   = time.Second      // the limit is cut once in this time
	growEvery  = 10 * time.Second // the limit grows once in this time
	forgetTime = 5 * time.Minute  // without push-back, after which there is no limit
	backTime   = 5 * time.Minute  // after its return, in which a target's capacity may still be growing
)

// What push-back has to come to before the limit is cut for it. A provider that
// refuses one call in ten at random refuses it however little it is given: to
// give it less would turn nine good answers away for the one.
const (
	tellOf   = 20               // outcomes, within tellTime
	tellMore = 10               // outcomes, where there is a learned limit already
	tellBad  = 40               // percent of them, push-back; one in ten at random is that once in 2,400 times
	tellTime = 30 * time.Second // what is older is not counted
	vainCuts = 3                // so many in a row that push-back goes on after, and it is not for the load
	helped   = 20 * time.Second // without a further cut: the last one was not in vain
	deafTime = time.Minute      // for which push-back is then not heeded; twice as long after the next three, and so on
	deafMost = 16 * time.Minute
)

// Limit is a failover.Limit. It is safe for concurrent use; as long as the
// target does not push back it takes no lock.
type Limit struct {
	most     int64
	inFlight atomic.Int64
	shed     [3]atomic.Uint64 // by rank

	// limit is what was learned; 0 is nothing. While it is not 0, due is when
	// it has to be looked at again, counted from base, peak the most that was in
	// flight since the last cut, and surplus what high stakes may fill up to
	// for now. base is written once, before limit is for the first time.
	limit   atomic.Int64
	surplus atomic.Int64
	due     atomic.Int64
	peak    atomic.Int64
	base    time.Time

	well atomic.Int64 // good outcomes since the cut, or for tellTime

	mu     sync.Mutex // for what follows, and to write limit, surplus and due
	pushed time.Time  // the last push-back
	cut    time.Time  // the last that cut the limit
	grown  time.Time  // up to when growth is accounted for
	back   time.Time  // when the target was last let back in; zero for never
	cuts   uint64

	bad   int64         // push-back since the cut, or for tellTime
	began time.Time     // of counting
	vain  int           // cuts in a row that changed nothing
	deaf  time.Time     // until then push-back is not heeded
	rest  time.Duration // how long it was deaf the last time
}

// New makes a limit that nothing has pushed against.
func New(o Options) *Limit {
	return &Limit{most: int64(max(o.Most, 0))}
}

// Enter asks for a place. Each that was given is left with Leave.
func (l *Limit) Enter(s switchgear.Stakes, now time.Time) bool {
	limit := l.current(now)
	if limit == 0 {
		l.inFlight.Add(1)
		return true
	}
	r := rankOf(s)
	most := r.share(limit)
	if r == rankHigh {
		most = max(most, l.surplus.Load())
	}
	for {
		n := l.inFlight.Load()
		if n >= most {
			l.shed[r].Add(1)
			return false
		}
		if l.inFlight.CompareAndSwap(n, n+1) {
			l.reach(n + 1)
			return true
		}
	}
}

// Press takes a place over a limit that was learned from push-back. One that is
// fixed it does not go over.
func (l *Limit) Press() bool {
	for {
		n := l.inFlight.Load()
		if l.most != 0 && n >= l.most {
			return false
		}
		if l.inFlight.CompareAndSwap(n, n+1) {
			l.reach(n + 1)
			return true
		}
	}
}

// Leave gives a place back and tells how the attempt went; nil is well.
func (l *Limit) Leave(err *switchgear.Error, now time.Time) {
	n := l.inFlight.Load()
	for n > 0 && !l.inFlight.CompareAndSwap(n, n-1) {
		n = l.inFlight.Load()
	}
	switch {
	case err == nil:
		l.well.Add(1)
	case pushesBack(err):
		l.push(n, err.Marks.Has(switchgear.MarkRamp), now)
	}
}

// Snapshot is what a limit looks like at one moment.
type Snapshot struct {
	Limit    int  // attempts at once; 0 for no limit
	Learned  bool // the limit comes from push-back, and will go again
	Surplus  int  // high stakes may fill up to here for now, if it is above Limit
	InFlight int
	Cuts     uint64 // how often push-back has cut the limit, ever
	Deaf     bool   // cutting it has not helped: for a while it is not cut again
	Shed     Shed
}

// Shed is how many attempts were turned away, ever, by what was at stake.
type Shed struct{ Low, Normal, High uint64 }

// Snapshot looks at the limit.
func (l *Limit) Snapshot(now time.Time) Snapshot {
	limit := l.current(now)
	l.mu.Lock()
	cuts, deaf := l.cuts, now.Before(l.deaf)
	l.mu.Unlock()
	return Snapshot{
		Limit: int(limit), Learned: l.limit.Load() != 0, Surplus: int(l.surplus.Load()), InFlight: int(l.inFlight.Load()), Cuts: cuts, Deaf: deaf,
		Shed: Shed{Low: l.shed[rankLow].Load(), Normal: l.shed[rankNormal].Load(), High: l.shed[rankHigh].Load()},
	}
}

// current is the limit that holds now; 0 is none.
func (l *Limit) current(now time.Time) int64 {
	learned := l.limit.Load()
	if learned == 0 {
		return l.most
	}
	if int64(now.Sub(l.base)) >= l.due.Load() {
		learned = l.grow(now)
	}
	if learned == 0 || (l.most != 0 && l.most < learned) {
		return l.most
	}
	return learned
}

// reach notes how much is in flight.
func (l *Limit) reach(n int64) {
	for {
		peak := l.peak.Load()
		if n <= peak || l.peak.CompareAndSwap(peak, n) {
			return
		}
	}
}

// rank is the order in which attempts are turned away.
type rank uint8

const (
	rankLow rank = iota
	rankNormal
	rankHigh
)

func rankOf(s switchgear.Stakes) rank {
	switch s {
	case switchgear.StakesLow:
		return rankLow
	case switchgear.StakesHigh:
		return rankHigh
	default:
		return rankNormal
	}
}

// share is how many places of a limit a rank may see taken before it is turned
// away.
func (r rank) share(limit int64) int64 {
	percent := [...]int64{rankLow: 60, rankNormal: 85, rankHigh: 100}
	return max(1, limit*percent[r]/100)
}
