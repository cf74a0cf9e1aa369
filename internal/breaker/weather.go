package breaker

import (
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

// A target is slow when the median time to its first content, as a multiple of
// what is usual in calm, is over slowRatio in all spells of 15 s, two at least,
// and the next target's usual time is below it. Where nobody knows that time, because the
// next target has little to do while all is well, slowness is ground for
// suspicion only: it is the races of a suspect that get to know it.
//
// A spell ends at the first sample after 5 s, if it has 40 samples by then; one
// that has not got 40 in 30 s is forgotten. So at 8 requests a second and more a
// slowdown is noticed 15 to 20 s after it began, at a sixth of that 60 to 90 s,
// and below that it is not: there the first-token deadline has to do.
//
// First-token times are about lognormal with sigma 0.52 (median 0.6 s, p95
// 1.4 s): in calm 18.3 % of single ones exceed 1.6 times the median, and for
// the median of 40 to do so takes 21 of 40: 1.1e-6. Two spells in a row:
// 1.3e-12, which is one false trip in a hundred million days of 11520 spells
// each, if samples are independent. Twice the usual time puts 66.6 % of the
// samples above the mark: a spell of 40 sees it with 97.8 %, one of 100 (20
// requests a second) always.
const (
	slowRatio   = 1.6
	spellLeast  = 5 * time.Second
	spellMost   = 30 * time.Second
	spellNeeds  = 40
	spellsInRow = 2
	slowLeast   = 15 * time.Second // that they have to come to
	spellsBlind = 16               // without a rival that becomes known, for which there is no point in being suspect for longer
	rampNeeds   = 15               // samples in a ramp; there the first spell decides
)

// weather is the present spell. Samples are noted without a lock. Answers in one
// piece are kept apart: most of their time goes by after the first token, and a
// target that is slow to begin shows it less. They decide only where there are
// too few streams to.
type weather struct {
	streams, wholes spectrum

	began atomic.Int64 // time.Duration; -1 before the first sample
}

// spectrum are samples of one kind.
type spectrum struct {
	// bins count samples by their ratio to slowRatio: eight to the octave,
	// four octaves either way. The upper half is what is slow.
	bins   [64]atomic.Uint32
	beaten atomic.Uint32 // samples that were slower than the rival's usual time
	blind  atomic.Uint32 // samples without a rival whose usual time is known
}

// The bin of a number is made of its exponent and the first three bits of its
// fraction.
const binShift = 52 - 3

func bin(ratio float64) int {
	if ratio <= slowRatio { // exactly, whatever dividing does to the last bit
		ratio = min(ratio, math.Nextafter(slowRatio, 0))
	}
	x := math.Float64bits(ratio/slowRatio) >> binShift
	lowest := math.Float64bits(1.0/16) >> binShift
	return int(min(max(x, lowest)-lowest, 63))
}

// telling reports whether an outcome says how slow the target is. One that
// was cancelled was at least as slow as it was waited for; that tells
// something only if it is long.
func telling(o *failover.Outcome) bool {
	return o.Ratio > 0 && (o.Kind != failover.OutcomeIgnored || o.Ratio > slowRatio)
}

// note adds a sample. It reports whether the spell may be over.
func (w *weather) note(o *failover.Outcome, at time.Duration) bool {
	if o.Whole {
		w.wholes.note(o)
	} else {
		w.streams.note(o)
	}
	began := w.began.Load()
	if began < 0 {
		w.began.CompareAndSwap(began, int64(at))
		return false
	}
	return at-time.Duration(began) >= spellLeast
}

func (s *spectrum) note(o *failover.Outcome) {
	s.bins[bin(o.Ratio)].Add(1)
	switch {
	case o.Rival <= 0:
		s.blind.Add(1)
	case o.Ratio > o.Rival:
		s.beaten.Add(1)
	}
}

// sky is what a spell was like.
type sky uint8

const (
	skyClear sky = iota
	skyBlind     // more than half of the samples were slow, and nobody knows whether the rival is faster
	skySlow      // more than half were slow, and of those that can be compared more than half slower than the rival
)

// median is the middle sample, to about 5 %, how many there are, and what that
// comes to. Streams alone are looked at if there are as many as it takes.
func (w *weather) median(needs int) (ratio float64, n int, is sky) {
	var t total
	t.add(&w.streams)
	if t.n < needs {
		t.add(&w.wholes)
	}
	seen := t.n - t.blind
	switch {
	case 2*t.above <= t.n:
	case 2*seen < needs:
		is = skyBlind
	case 2*t.beaten > seen:
		is = skySlow
	}
	return t.median(), t.n, is
}

// total is what samples come to.
type total struct {
	counts                  [64]int
	n, above, beaten, blind int
}

func (t *total) add(s *spectrum) {
	for i := range s.bins {
		c := int(s.bins[i].Load())
		t.counts[i] += c
		t.n += c
		if i >= len(t.counts)/2 {
			t.above += c
		}
	}
	t.beaten += int(s.beaten.Load())
	t.blind += int(s.blind.Load())
}

func (t *total) median() float64 {
	seen := 0
	for i, c := range t.counts {
		if seen += c; 2*seen > t.n {
			octave, eighth := i/8-4, i%8
			return slowRatio * math.Ldexp(1+(float64(eighth)+0.5)/8, octave)
		}
	}
	return 0
}

func (w *weather) clear() {
	for _, s := range []*spectrum{&w.streams, &w.wholes} {
		for i := range s.bins {
			s.bins[i].Store(0)
		}
		s.beaten.Store(0)
		s.blind.Store(0)
	}
	w.began.Store(-1)
}

func slowReason(median float64) string {
	return "slow: " + strconv.FormatFloat(median, 'f', 1, 64) + " times its usual first token"
}
