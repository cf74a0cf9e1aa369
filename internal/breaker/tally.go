package breaker

import (
	"sync/atomic"
	"time"
)

// tally counts what happened lately, in slots of one width. It is lock-free,
// and exact as long as the callers' clocks are less than a few slots apart.
type tally struct {
	// slots hold a slot's number in the upper half and the count in the lower.
	// There are more than are ever summed up, so that a straggler meets no slot
	// that is in use again.
	slots [16]atomic.Uint64
	width time.Duration
	span  int64 // slots that are summed up, the present one included; at most 12
}

// add counts one more.
func (t *tally) add(at time.Duration) {
	number := uint64(at / t.width)
	slot := &t.slots[number%uint64(len(t.slots))]
	for {
		word := slot.Load()
		switch present := word >> 32; {
		case present == number:
			slot.Add(1)
			return
		case present > number: // long over
			return
		case slot.CompareAndSwap(word, number<<32|1):
			return
		}
	}
}

// sum is how many there were in the span that ends now.
func (t *tally) sum(at time.Duration) int { return t.lately(at, t.span) }

// lately is how many there were in the last so many slots.
func (t *tally) lately(at time.Duration, span int64) int {
	last := int64(at / t.width)
	n := 0
	for i := range t.slots {
		word := t.slots[i].Load()
		if number := int64(word >> 32); number <= last && number > last-span {
			n += int(uint32(word))
		}
	}
	return n
}

// covers is how long a time sum speaks of.
func (t *tally) covers(at time.Duration) time.Duration {
	return min(at, time.Duration(t.span-1)*t.width+at%t.width)
}

func (t *tally) clear() {
	for i := range t.slots {
		t.slots[i].Store(0)
	}
}
