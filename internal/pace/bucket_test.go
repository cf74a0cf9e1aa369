package pace

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

func TestClasses(t *testing.T) {
	for _, test := range []struct {
		tokens int64
		input  int
		output int
	}{
		{-5, 0, 0},
		{0, 0, 0},
		{1, 0, 1},
		{256, 0, 1},
		{257, 0, 2},
		{1023, 0, 2},
		{1024, 1, 2},
		{1025, 1, 3},
		{4096, 2, 3},
		{4097, 2, 4},
		{16 << 10, 3, 4},
		{64 << 10, 4, 4},
		{256<<10 - 1, 4, 4},
		{256 << 10, 5, 4},
		{1 << 62, 5, 4},
	} {
		if input, output := inputClass(test.tokens), outputClass(test.tokens); input != test.input || output != test.output {
			t.Errorf("%d tokens: input class %d, output class %d, want %d, %d", test.tokens, input, output, test.input, test.output)
		}
	}
}

// taught knows how long some requests take.
func taught(samples ...failover.Sample) *Pace {
	p := New()
	for _, s := range samples {
		for range enough {
			p.Learn(s, start)
		}
	}
	p.Learn(failover.Sample{Input: 1 << 40, First: time.Second}, start.Add(firstWindow))
	return p
}

func TestBorrowFirst(t *testing.T) {
	p := taught(failover.Sample{Input: 5_000, First: 2 * time.Second})
	for _, test := range []struct {
		input int64
		want  bool
	}{
		{500, false}, // two steps below
		{2_000, true},
		{5_000, true},
		{20_000, false}, // larger: it may well be slower
		{1_000_000, false},
	} {
		if got := p.First(test.input) != none; got != test.want {
			t.Errorf("%d tokens: known %v, want %v", test.input, got, test.want)
		}
	}
	if p.First(2_000) != p.First(5_000) {
		t.Error("what was borrowed is not what was lent")
	}
}

func TestBorrowWhole(t *testing.T) {
	p := taught(
		failover.Sample{Input: 5_000, Output: 1_000, Whole: 8 * time.Second},
		failover.Sample{Input: 2_000, Output: 4_000, Whole: 16 * time.Second},
		failover.Sample{Input: 5_000, Whole: 4 * time.Second},
	)
	for _, test := range []struct {
		input, output int64
		want          time.Duration
	}{
		{5_000, 1_000, 8 * time.Second},
		{5_000, 200, 8 * time.Second},   // more output
		{2_000, 1_000, 8 * time.Second}, // more input, or more output: the shorter
		{2_000, 200, 8 * time.Second},   // more of both
		{500, 1_000, 16 * time.Second},  // more of both
		{5_000, 4_000, 0},               // only smaller ones are known
		{20_000, 1_000, 0},
		{500, 200, 0},               // two steps away
		{2_000, 0, 4 * time.Second}, // not said: among its own kind
		{5_000, 100_000, 0},
	} {
		got := p.Whole(test.input, test.output).Median
		if test.want == 0 {
			if got != 0 {
				t.Errorf("%d in, %d out: %v, want nothing", test.input, test.output, got)
			}
			continue
		}
		within(t, "the median", got, test.want, 0.08)
	}
}

// TestOwnBeatsBorrowed: a bucket that is known says what it saw.
func TestOwnBeatsBorrowed(t *testing.T) {
	p := taught(
		failover.Sample{Input: 500, First: 5 * time.Second},
		failover.Sample{Input: 2_000, First: time.Second},
	)
	within(t, "the median", p.First(500).Median, 5*time.Second, 0.08)
}

func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := failover.Span{
			Median: time.Duration(rapid.Int64Range(0, int64(time.Hour/time.Microsecond)).Draw(t, "median")) * time.Microsecond,
			P95:    time.Duration(rapid.Int64Range(0, int64(time.Hour/time.Microsecond)).Draw(t, "p95")) * time.Microsecond,
		}
		if got := unpack(pack(s)); got != s {
			t.Fatalf("%v became %v", s, got)
		}
	})
}

func TestLog2(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(1, 1e9).Draw(t, "x")
		if got, want := log2(x), math.Log2(x); math.Abs(got-want) > 2e-5 {
			t.Fatalf("the logarithm of %v is %v, want %v", x, got, want)
		}
	})
	if math.Abs(0.0769610411361283781-math.Log(factor)) > 1e-15 {
		t.Error("the bins are not as wide as they are said to be")
	}
}

// TestBins: every span there can be falls into a bin that is at most 8 % wide
// and holds it.
func TestBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(int64(shortest), int64(20*time.Minute)).Draw(t, "ns"))
		i := binOf(d)
		if low, high := at(float64(i)), at(float64(i+1)); d < low-d/50_000-1 || d > high+d/50_000+1 {
			t.Fatalf("%v fell into the bin from %v to %v", d, low, high)
		}
	})
	if binOf(0) != 0 || binOf(24*time.Hour) != bins-1 || at(bins) < 20*time.Minute {
		t.Error("the bins do not reach from nothing to twenty minutes")
	}
}

func TestSize(t *testing.T) {
	if kib := unsafe.Sizeof(Pace{}) / 1024; kib > 56 {
		t.Errorf("a target takes %d KiB, the package says 54", kib)
	} else {
		t.Logf("%d bytes", unsafe.Sizeof(Pace{}))
	}
}
