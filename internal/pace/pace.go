package pace

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

const (
	window      = time.Minute      // what is learned or thrown away at once
	firstWindow = 20 * time.Second // while nothing is known
	quarantine  = time.Minute      // after suspicion, in which nothing is learned
	halfLife    = 10 * time.Minute // after which a sample counts half
	lapse       = 10 * time.Minute // between two suspicions that have nothing to do with each other
	stubborn    = time.Hour        // of suspicion without calm, after which everything is forgotten
	enough      = 20               // samples that make a bucket known
	few         = 8                // samples that make its median guessed, to a quarter more or less
	recent      = 32               // races that a guess is made of
	leastWeight = 100              // samples a bucket keeps the weight of, however old they are
)

// Pace is a failover.Pace of one target. It is safe for concurrent use. First
// and Whole are one atomic read; Learn and Spoil take a lock that is held for
// some microseconds once a minute, else for some nanoseconds.
type Pace struct {
	spans [buckets]atomic.Uint64 // what First and Whole say, packed

	mu       sync.Mutex
	open     bool // the current window has begun
	begun    time.Time
	kept     bool                   // there is a window before the current one that is not yet in the baseline
	windows  [2][buckets]counts     // the current one and the one before
	current  int                    // which of them is the current one
	baseline [buckets]weights       // what is usual
	known    bool                   // of one bucket at least
	spoiled  time.Time              // the last suspicion
	doubted  time.Time              // the first of the suspicions without calm between; zero if there is none
	anew     bool                   // everything was forgotten, and suspicion counts for nothing until one bucket is known again
	learned  [buckets]failover.Span // of the baseline, before borrowing
	races    [buckets]races         // of a bucket that is not known
}

// New makes a Pace that knows nothing.
func New() *Pace { return new(Pace) }

// First says how long the first content of a stream usually takes.
func (p *Pace) First(input int64) failover.Span {
	return unpack(p.spans[firstBucket(input)].Load())
}

// Whole says how long an answer in one piece usually takes, when at most so
// much output is asked for; 0 if that is not said.
func (p *Pace) Whole(input, output int64) failover.Span {
	return unpack(p.spans[wholeBucket(input, output)].Load())
}

// Learn takes in a sample of calm weather. Whether the weather is calm the
// caller knows, when the attempt begins.
func (p *Pace) Learn(s failover.Sample, now time.Time) {
	if s.First <= 0 && s.Whole <= 0 {
		return
	}
	first, whole := binOf(s.First), binOf(s.Whole) // not under the lock
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Raced {
		if s.First > 0 {
			p.guess(firstBucket(s.Input), first, s.Lost)
		}
		return
	}
	if now.Sub(p.spoiled) < quarantine && !p.anew {
		return
	}
	p.roll(now)
	if !p.open {
		p.open, p.begun = true, now
	}
	w := &p.windows[p.current]
	if s.First > 0 {
		w[firstBucket(s.Input)].add(first)
	}
	if s.Whole > 0 {
		w[wholeBucket(s.Input, s.Output)].add(whole)
	}
}

// Spoil says that suspicion has come up: what was learned lately, and what
// will be in the next minute, is not to be trusted.
func (p *Pace) Spoil(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(now)
	if (p.open || p.kept) && !p.anew {
		p.open, p.kept = false, false
		p.windows = [2][buckets]counts{}
	}
	switch {
	case p.doubted.IsZero() || now.Sub(p.spoiled) > lapse:
		p.doubted = now
	case now.Sub(p.doubted) >= stubborn:
		p.forget()
	}
	if now.After(p.spoiled) {
		p.spoiled = now
	}
}

// guess says the median of a bucket of which nothing better is known by what
// came of the last races.
func (p *Pace) guess(bucket, bin int, lost bool) {
	if p.learned[bucket].P95 > 0 {
		return
	}
	r := &p.races[bucket]
	r.add(bin, lost)
	if m := r.median(); m > 0 {
		p.learned[bucket] = failover.Span{Median: m}
		p.publish()
	}
}

// roll ends the current window if its time is over.
func (p *Pace) roll(now time.Time) {
	if !p.open || (now.Sub(p.begun) < window && !p.early(now)) {
		return
	}
	before, current := &p.windows[1-p.current], &p.windows[p.current]
	if p.kept {
		p.commit(before, now)
		p.kept = false
	}
	// Nothing is known yet, or nobody came for so long that this window too has
	// been followed by a calm one.
	if !p.known || now.Sub(p.begun) >= 2*window {
		p.commit(current, now)
	} else {
		p.kept = true
		p.current = 1 - p.current
	}
	p.open = false
}

// early reports whether the current window may end before its time, because it
// brings the first knowledge there is.
func (p *Pace) early(now time.Time) bool {
	if p.known || now.Sub(p.begun) < firstWindow {
		return false
	}
	current := &p.windows[p.current]
	for i := range current {
		if float32(current[i].total)+p.baseline[i].total >= enough {
			return true
		}
	}
	return false
}

// commit takes a window into the baseline, empties it, and says what is usual
// from now on.
func (p *Pace) commit(w *[buckets]counts, now time.Time) {
	for i := range w {
		if w[i].total == 0 {
			continue
		}
		p.baseline[i].fold(&w[i], now)
		w[i] = counts{}
		p.learned[i] = p.baseline[i].span()
		p.known = p.known || p.learned[i].P95 > 0
	}
	p.doubted = time.Time{}
	p.anew = p.anew && !p.known
	p.publish()
}

// forget goes back to knowing nothing, and lets nothing spoil what is learned
// first.
func (p *Pace) forget() {
	p.baseline = [buckets]weights{}
	p.learned = [buckets]failover.Span{}
	p.known, p.anew = false, true
	p.doubted = time.Time{}
	p.publish()
}

func (p *Pace) publish() {
	for i := range p.spans {
		p.spans[i].Store(pack(p.borrowed(i)))
	}
}

// pack puts a Span into one word, so that a reader never sees the median of
// one moment and the percentile of another. Microseconds in 32 bits reach for
// 71 minutes.
func pack(s failover.Span) uint64 {
	return uint64(s.Median/time.Microsecond)<<32 | uint64(s.P95/time.Microsecond)
}

func unpack(word uint64) failover.Span {
	return failover.Span{
		Median: time.Duration(word>>32) * time.Microsecond,
		P95:    time.Duration(uint32(word)) * time.Microsecond,
	}
}
