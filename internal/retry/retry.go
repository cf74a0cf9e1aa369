package retry

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how much may be retried. A field that is zero takes its default;
// one that is negative means none.
type Options struct {
	Ratio float64 // tokens a first attempt earns; 0.1
	Max   float64 // tokens that can be saved up, and that there are at first; 10
	Floor float64 // tokens that come by themselves, per second; 0.5
}

// one is a whole token. Tokens are counted in billionths, so that ten tenths
// make one, exactly.
const one = 1_000_000_000

// Budget is a failover.Budget: a purse of tokens. It is safe for concurrent
// use.
//
// While the purse is full there is nothing to earn, and Earn is one atomic
// read: calm weather takes no lock.
type Budget struct {
	ratio, max int64   // in billionths of a token
	floor      float64 // billionths of a token per nanosecond, which is tokens per second

	full atomic.Bool // tokens == max; written under mu

	mu     sync.Mutex
	tokens int64     // in billionths
	rest   float64   // what the floor has brought of the next billionth
	last   time.Time // when the floor was last added; of no meaning while full
	spent  uint64
	denied uint64
}

// New makes a budget that is full.
func New(o Options) *Budget {
	b := &Budget{
		ratio: int64(math.Round(orDefault(o.Ratio, 0.1) * one)),
		max:   int64(math.Round(orDefault(o.Max, 10) * one)),
		floor: orDefault(o.Floor, 0.5),
	}
	b.tokens = b.max
	b.full.Store(true)
	return b
}

func orDefault(value, fallback float64) float64 {
	switch {
	case value == 0:
		return fallback
	case value > 0:
		return value
	default:
		return 0
	}
}

// Earn tells of a first attempt.
func (b *Budget) Earn(now time.Time) {
	if b.full.Load() {
		return
	}
	b.mu.Lock()
	b.flow(now)
	b.put(b.ratio)
	b.mu.Unlock()
}

// Repay tells of an answer that nobody else could have given: it earns a whole
// token.
func (b *Budget) Repay(now time.Time) {
	if b.full.Load() {
		return
	}
	b.mu.Lock()
	b.flow(now)
	b.put(one)
	b.mu.Unlock()
}

// Spend takes a token for a retry, a hedge or a probe. It reports false, and
// takes nothing, if there is no whole one.
func (b *Budget) Spend(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flow(now)
	if b.tokens < one {
		b.denied++
		return false
	}
	b.spent++
	b.tokens -= one
	b.full.Store(false)
	return true
}

// SpendSpare takes a token if at least half of what can be saved up is left
// then. It is for retries that others decide on: somebody who says of every
// request that it is one must not take from the rest what they would need.
func (b *Budget) SpendSpare(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flow(now)
	if b.tokens-one < b.max/2 {
		b.denied++
		return false
	}
	b.spent++
	b.tokens -= one
	b.full.Store(false)
	return true
}

// Refund gives a token back that was taken and not used.
func (b *Budget) Refund() {
	b.mu.Lock()
	b.spent--
	b.put(one)
	b.mu.Unlock()
}

// Snapshot is what a budget looks like at one moment.
type Snapshot struct {
	Tokens float64 // what there is to spend
	Max    float64 // what there is when it is full
	Spent  uint64  // retries that were paid for, ever
	Denied uint64  // retries that were not made for want of a token, ever
}

// Snapshot looks at the budget.
func (b *Budget) Snapshot(now time.Time) Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flow(now)
	return Snapshot{Tokens: float64(b.tokens) / one, Max: float64(b.max) / one, Spent: b.spent, Denied: b.denied}
}

// flow adds what has come by itself since the last time. A clock that is
// behind adds nothing: goroutines do not arrive in the order of their clocks.
func (b *Budget) flow(now time.Time) {
	elapsed := now.Sub(b.last)
	if elapsed <= 0 {
		return
	}
	b.last = now
	// Compared as floats: years times a floor do not fit an integer.
	came := float64(elapsed)*b.floor + b.rest
	if came >= float64(b.max-b.tokens) {
		b.rest = 0
		b.put(b.max - b.tokens)
		return
	}
	whole := int64(came)
	b.rest = came - float64(whole)
	b.put(whole)
}

func (b *Budget) put(tokens int64) {
	b.tokens = min(b.tokens+tokens, b.max)
	if b.tokens == b.max {
		b.full.Store(true)
	}
}
