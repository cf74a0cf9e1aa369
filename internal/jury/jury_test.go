package jury

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

var (
	start               = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_     failover.Jury = (*Jury)(nil)
)

const (
	believe = failover.OpinionBelieve
	ask     = failover.OpinionAsk
	doubt   = failover.OpinionDoubt
)

func at(d time.Duration) time.Time { return start.Add(d) }

func want(t *testing.T, j *Jury, opinion failover.Opinion, now time.Time) {
	t.Helper()
	if got := j.Opinion(now); got != opinion {
		t.Fatalf("after %v: opinion %d, want %d", now.Sub(start), got, opinion)
	}
}

// doubtful is in doubt at the start, with eight tokens.
func doubtful(t *testing.T) *Jury {
	t.Helper()
	j := New()
	for range 2 {
		want(t, j, ask, start)
		j.Judge(true, start)
	}
	return j
}

func TestTokens(t *testing.T) {
	j := New()
	for range 10 {
		want(t, j, ask, start)
	}
	want(t, j, believe, start)
	want(t, j, believe, at(5*time.Second-1))
	want(t, j, ask, at(5*time.Second))
	want(t, j, believe, at(5*time.Second))
	for range 10 {
		want(t, j, ask, at(time.Hour))
	}
	want(t, j, believe, at(time.Hour))
	want(t, j, believe, at(time.Minute)) // a clock that is behind
}

func TestDoubt(t *testing.T) {
	j := New()
	want(t, j, ask, start)
	j.Judge(true, start)
	want(t, j, ask, at(58*time.Second))
	j.Judge(true, at(together))
	if got := j.Snapshot(at(together)); !got.Doubt {
		t.Errorf("got %+v, want doubt", got)
	}
	want(t, j, doubt, at(together)) // less than 5 s after the question
}

func TestNoDoubt(t *testing.T) {
	t.Run("one is not enough", func(t *testing.T) {
		j := New()
		want(t, j, ask, start)
		j.Judge(true, start)
		want(t, j, ask, start)
	})
	t.Run("too far apart", func(t *testing.T) {
		j := New()
		j.Judge(true, start)
		j.Judge(true, at(together+1))
		want(t, j, ask, at(together+2))
		want(t, j, ask, at(together+3))
	})
	t.Run("both agreed between", func(t *testing.T) {
		j := New()
		j.Judge(true, start)
		j.Judge(false, start)
		j.Judge(true, start)
		want(t, j, ask, start)
		want(t, j, ask, start)
	})
}

// TestAskInDoubt: in doubt one refusal in five seconds is asked about, and the
// first that both targets share ends it.
func TestAskInDoubt(t *testing.T) {
	j := doubtful(t)
	for i := range 20 {
		now := at(time.Duration(i) * askEvery)
		if i > 0 {
			want(t, j, ask, now)
			j.Judge(true, now)
		}
		want(t, j, doubt, now)
		want(t, j, doubt, now.Add(askEvery-1))
	}
	now := at(20 * askEvery)
	want(t, j, ask, now)
	want(t, j, doubt, now) // until it is judged
	j.Judge(false, now)
	want(t, j, ask, now)
}

// TestAskInDoubtWithoutTokens: doubt that began with an empty bucket is asked
// about every five seconds too.
func TestAskInDoubtWithoutTokens(t *testing.T) {
	j := New()
	for range 10 {
		want(t, j, ask, start)
	}
	j.Judge(true, start)
	j.Judge(true, start)
	for i := 1; i < 30; i++ {
		now := at(time.Duration(i) * askEvery)
		want(t, j, doubt, now.Add(-1))
		want(t, j, ask, now)
	}
}

// TestSilenceEndsDoubt: a storm that goes on keeps doubt alive even if nobody
// judges; a minute without refusals ends it.
func TestSilenceEndsDoubt(t *testing.T) {
	j := doubtful(t)
	now := start
	for i := range 100 {
		now = at(time.Duration(i) * forgotten)
		if got := j.Opinion(now); got == believe || !j.Snapshot(now).Doubt {
			t.Fatalf("after %v of storm: opinion %d, no doubt", now.Sub(start), got)
		}
	}
	if j.Snapshot(now.Add(forgotten + 1)).Doubt {
		t.Error("a minute of silence did not end doubt")
	}
	want(t, j, ask, now.Add(forgotten+1))
	j.Judge(true, now.Add(forgotten+1))
	want(t, j, ask, now.Add(forgotten+2)) // one judgement after the silence is not two
}

// TestLateJudgement: an answer that took so long that doubt was forgotten
// counts like any other.
func TestLateJudgement(t *testing.T) {
	j := doubtful(t)
	late := at(2 * forgotten)
	j.Judge(true, late)
	want(t, j, ask, late)
	j.Judge(true, late)
	want(t, j, doubt, late)
}

// TestStorm is a target that answers 400 to everything, at 20 requests a second
// and with a second target that takes one second: how many callers get a wrong
// refusal, and when the rest are taken for failures.
func TestStorm(t *testing.T) {
	j := New()
	var first time.Duration
	believed := 0
	var judge []time.Time
	for tick := range 20 * 600 {
		now := at(time.Duration(tick) * 50 * time.Millisecond)
		for len(judge) > 0 && !judge[0].After(now) {
			j.Judge(true, judge[0])
			judge = judge[1:]
		}
		switch j.Opinion(now) {
		case ask:
			judge = append(judge, now.Add(time.Second))
		case doubt:
			if first == 0 {
				first = now.Sub(start)
			}
		default:
			believed++
		}
	}
	s := j.Snapshot(at(10 * time.Minute))
	t.Logf("in doubt after %v; %d of 12000 wrong refusals believed, %d asked about", first, believed, s.Asked)
	if first > 1100*time.Millisecond || believed > 12 || s.Asked > 130 {
		t.Errorf("in doubt after %v; %d believed, %d asked about", first, believed, s.Asked)
	}
}

// TestMalformed is a client that sends nothing but malformed requests: all but
// a few cost one call.
func TestMalformed(t *testing.T) {
	j, asked := New(), 0
	for tick := range 20 * 600 {
		now := at(time.Duration(tick) * 50 * time.Millisecond)
		switch j.Opinion(now) {
		case ask:
			asked++
			j.Judge(false, now)
		case doubt:
			t.Fatal("doubt, though the second target never took one")
		case believe:
		}
	}
	if asked != 10+119 {
		t.Errorf("%d of 12000 asked about, want %d", asked, 10+119)
	}
}

func TestSnapshot(t *testing.T) {
	j := doubtful(t)
	j.Opinion(start)
	j.Judge(false, start)
	wanted := Snapshot{Tokens: 8, Count: Count{Asked: 2, Doubted: 1, Overruled: 2, Agreed: 1}}
	if diff := cmp.Diff(wanted, j.Snapshot(start)); diff != "" {
		t.Error(diff)
	}
}

// TestMachine drives a jury with whatever may happen, and holds it against the
// rules written down in the plainest way.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j, now, asks := New(), start, 0
		var lastAsk, lastRefusal, accepted time.Time
		inDoubt, credit := false, 50*time.Second // a token is five seconds
		lapse := func() {
			if inDoubt && now.Sub(lastRefusal) > time.Minute {
				inDoubt, accepted = false, time.Time{}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) {
				most := rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second, 2 * time.Minute}).Draw(t, "most")
				d := time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, "ns"))
				now = now.Add(d)
				credit = min(50*time.Second, credit+d)
			},
			"refuse": func(t *rapid.T) {
				lapse()
				wanted := believe
				if inDoubt {
					wanted, lastRefusal = doubt, now
				}
				if credit >= 5*time.Second && (!inDoubt || now.Sub(lastAsk) >= 5*time.Second) {
					wanted, lastAsk = ask, now
					credit -= 5 * time.Second
					asks++
				}
				if got := j.Opinion(now); got != wanted {
					t.Fatalf("opinion %d, want %d", got, wanted)
				}
			},
			"judge": func(t *rapid.T) {
				lapse()
				ok := rapid.IntRange(0, 3).Draw(t, "agreed") > 0
				j.Judge(ok, now)
				switch {
				case !ok:
					inDoubt, accepted = false, time.Time{}
				case !accepted.IsZero() && now.Sub(accepted) <= time.Minute:
					inDoubt, accepted, lastRefusal = true, now, now
				default:
					accepted = now
				}
			},
			"": func(t *rapid.T) {
				lapse()
				s := j.Snapshot(now)
				if s.Doubt != inDoubt {
					t.Fatalf("doubt %v, want %v", s.Doubt, inDoubt)
				}
				if most := 10 + 0.2*now.Sub(start).Seconds(); float64(asks) > most || s.Asked != uint64(asks) || s.Tokens < 0 || s.Tokens > 10 {
					t.Fatalf("%d asked, at most %v may be; %+v", asks, most, s)
				}
			},
		})
	})
}

func TestConcurrent(t *testing.T) {
	j := New()
	var asked atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				now := at(time.Duration(i) * 10 * time.Millisecond)
				if j.Opinion(now) == ask {
					asked.Add(1)
					j.Judge(w%2 == 0, now)
				}
				if i%100 == 0 {
					j.Snapshot(now)
				}
			}
		})
	}
	wg.Wait()
	s := j.Snapshot(at(20 * time.Second))
	if got := asked.Load(); got > 10+4 || got < 2 || s.Asked != uint64(got) || s.Asked+s.Believed+s.Doubted != 8*2000 {
		t.Errorf("%d asked in 20 seconds, want 14 at most; the books say %+v", got, s)
	}
}

func TestAllocations(t *testing.T) {
	j, now := New(), start
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Second)
		j.Judge(j.Opinion(now) == ask, now)
		j.Snapshot(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOpinion(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		j := New()
		b.ReportAllocs()
		for b.Loop() {
			j.Opinion(start)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		j := New()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				j.Opinion(start)
			}
		})
	})
}

func BenchmarkJudge(b *testing.B) {
	j := New()
	b.ReportAllocs()
	for b.Loop() {
		j.Judge(true, start)
	}
}
