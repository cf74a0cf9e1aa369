package drill_test

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/drill"
)

// inBubble plays an outage in a bubble, for a benchmark, which has no way to
// begin one.
func inBubble(b *testing.B, o drill.Options) *drill.Outcome {
	b.Helper()
	var out *drill.Outcome
	o.File, o.Now = "bench.yaml", today
	all := func(_, _ string) (bool, error) { return true, nil }
	testing.RunTests(all, []testing.InternalTest{{Name: "bubble", F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var err error
			if out, err = drill.Run(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}}})
	if out == nil {
		b.Fatal("nothing was played")
	}
	return out
}

// BenchmarkTenMinutes is ten virtual minutes at twenty requests a second: one
// calm, eight of a blackout, one after it. It is to take five seconds at most.
func BenchmarkTenMinutes(b *testing.B) {
	o := drill.Options{
		Config: twoProviders, Seed: 1, Calm: time.Minute, After: time.Minute,
		Script: own(b, "name: dark\n"+healthy+"phases:\n  - {name: dark, for: 4m, faults: [{fault: slow-headers-80ms+503}]}\n  - {name: over, for: 4m}\n"),
	}
	for b.Loop() {
		out := inBubble(b, o)
		if n := out.Calm.Requests + out.Bad.Requests + out.After.Requests; n < 11_000 {
			b.Fatalf("%d requests", n)
		}
	}
	b.ReportMetric(10*60*float64(b.N)/b.Elapsed().Seconds(), "virtual-s/s")
}

// BenchmarkEight is all eight outages with their baselines, calm and with SDK
// retries only, as many at once as there are processors. On two of them it is
// to take a minute at most.
func BenchmarkEight(b *testing.B) {
	for b.Loop() {
		var playing sync.WaitGroup
		places := make(chan bool, runtime.GOMAXPROCS(0))
		for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
			o := drill.Options{Config: twoProviders, Seed: 1, Script: script(b, name), Alone: true}
			playing.Go(func() {
				places <- true
				defer func() { <-places }()
				if out := inBubble(b, o); out.Alone == nil {
					b.Error("no baseline")
				}
			})
		}
		playing.Wait()
	}
}
