package sim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// night is a run of steady load over one provider: what came back, second by
// second of virtual time.
type night struct {
	calls []Entry
	took  []time.Duration // of those that were answered well, in the order they came in
	bad   map[int]int     // failures by minute
	asked map[int]int
}

// steady asks for streams of some 20 tokens, evenly, for a time.
func steady(t *testing.T, s *Server, dialect string, rate int, d time.Duration) night {
	t.Helper()
	rt := s.KeepAlive()
	defer rt.CloseIdleConnections()
	n := night{bad: map[int]int{}, asked: map[int]int{}}
	took := make([]time.Duration, int(d.Seconds())*rate)
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for i := range took {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			at := time.Since(start)
			body := fmt.Sprintf(`{"model":"m-%d","max_tokens":20,"stream":true,"messages":[{"role":"user","content":"call %d"}]}`, i%3, i)
			r := post(ctx, rt, "http://one.test", dialect, body)
			mu.Lock()
			defer mu.Unlock()
			minute := int(at / time.Minute)
			n.asked[minute]++
			if r.err != nil || r.broken != nil || r.status != http.StatusOK {
				n.bad[minute]++
				return
			}
			took[i] = r.took
		})
		time.Sleep(time.Second / time.Duration(rate))
	}
	wg.Wait()
	n.calls = s.Log()
	n.took = slices.DeleteFunc(took, func(d time.Duration) bool { return d == 0 })
	return n
}

// share is the part of calls that failed in a minute, in percent.
func (n night) share(minute int) int { return 100 * n.bad[minute] / max(1, n.asked[minute]) }

func played(t *testing.T, name string, seed uint64, rate int) (n night) {
	t.Helper()
	script, err := Outage(name)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Lean: true})
	s.Play(script, Strike{Provider: "one", Model: "m-0", Seed: seed})
	return steady(t, s, openai, rate, script.Lasts())
}

// TestTenMinutesAreCheap plays a calm ten minutes at 20 calls a second and says
// what they cost. The bound is generous: the machine may be busy.
func TestTenMinutesAreCheap(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("12,000 calls, of which the time is what matters")
	}
	begun := time.Now()
	synctest.Test(t, func(t *testing.T) {
		p := Believable()
		p.Spread = 0.515
		s := New(Options{Latency: p, Lean: true})
		n := steady(t, s, openai, 20, 10*time.Minute)
		if len(n.took) != 12000 {
			t.Errorf("%d of 12000 calls were answered", len(n.took))
		}
	})
	wall := time.Since(begun)
	t.Logf("12,000 calls in %v", wall)
	if wall > 30*time.Second {
		t.Errorf("ten virtual minutes took %v", wall)
	}
}

func TestOutagesOf(t *testing.T) {
	all, err := Outages()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name())
		if s.Lasts() != 10*time.Minute || s.Title() == "" || s.After() == "" {
			t.Errorf("%s %q lasts %v, after %q", s.Name(), s.Title(), s.Lasts(), s.After())
		}
		if p, ok := s.Healthy(); !ok || p.FirstToken != 600*time.Millisecond || p.Spread < 0.51 || p.Spread > 0.52 || p.Errors != 0.005 {
			t.Errorf("%s: a healthy provider is %+v", s.Name(), p)
		}
	}
	if strings.Join(names, "") != "ABCDEFGH" {
		t.Errorf("there are %v", names)
	}
	if _, err := Outage("z"); err == nil || !strings.Contains(err.Error(), "B long brownout") {
		t.Errorf("an outage that is none: %v", err)
	}
}

// TestOutagesPlay plays each outage at 4 calls a second, or at more than a
// region lets through, and holds the share of
// calls that fail, minute by minute, against the table it is written from. A
// client here gives up after 20 s and never tries again.
func TestOutagesPlay(t *testing.T) {
	for name, want := range map[string][10][2]int{
		"A": {{3, 20}, {15, 35}, {28, 50}, {40, 65}, {100, 100}, {100, 100}, {100, 100}, {100, 100}, {20, 100}, {0, 60}},
		"B": {{2, 9}, {2, 9}, {19, 32}, {19, 32}, {19, 32}, {19, 32}, {19, 32}, {19, 32}, {4, 14}, {0, 8}},
		"C": {{99, 100}, {0, 3}, {99, 100}, {0, 3}, {99, 100}, {0, 3}, {99, 100}, {99, 100}, {99, 100}, {0, 6}},
		"D": {{99, 100}, {0, 3}, {37, 53}, {37, 53}, {37, 53}, {37, 53}, {37, 53}, {37, 53}, {37, 53}, {0, 3}},
		"E": {{62, 82}, {66, 86}, {70, 90}, {74, 92}, {77, 95}, {81, 98}, {85, 100}, {90, 100}, {0, 3}, {0, 3}},
		"F": {{14, 27}, {14, 27}, {14, 27}, {14, 27}, {14, 27}, {14, 27}, {14, 27}, {14, 27}, {14, 27}, {0, 3}}, // a third of the calls are for the model
		"G": {{0, 3}, {0, 3}, {52, 68}, {52, 68}, {5, 20}, {52, 68}, {3, 20}, {0, 3}, {0, 3}, {0, 3}},
		"H": {{50, 100}, {50, 100}, {50, 100}, {13, 27}, {13, 27}, {13, 27}, {0, 20}, {0, 6}, {0, 3}, {0, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rate := 4
				if name == "G" {
					rate = 10
				}
				n := played(t, name, 7, rate)
				for minute, bounds := range want {
					if got := n.share(minute); got < bounds[0] || got > bounds[1] {
						t.Errorf("minute %d: %d %% of the calls fail, want %d to %d", minute+1, got, bounds[0], bounds[1])
					}
				}
			})
		})
	}
}

// TestOutagesAreTheSameTwice plays an outage twice with one seed and once with
// another.
func TestOutagesAreTheSameTwice(t *testing.T) {
	run := func(seed uint64) (out string) {
		synctest.Test(t, func(t *testing.T) {
			n := played(t, "B", seed, 1)
			var b strings.Builder
			for _, e := range n.calls {
				fmt.Fprintln(&b, e.Time, e.Model, e.Fault, e.Status, e.Duration)
			}
			out = b.String()
		})
		return out
	}
	first, second, other := run(1), run(1), run(2)
	if first != second {
		t.Error("the same seed has other faults or waits")
	}
	if first == other {
		t.Error("another seed has the same faults and waits")
	}
}

func TestStrike(t *testing.T) {
	place := func(host string) (string, string) {
		provider, region, _ := strings.Cut(strings.TrimSuffix(host, ".test"), ".")
		return provider, region
	}
	hit := func(scope, host, model string) bool {
		t.Helper()
		script, err := ParseOutage("mine.yaml", []byte("strikes: "+scope+"\nphases: [{faults: [{fault: 503}]}]"))
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{Place: place})
		s.Play(script, Strike{Provider: "one", Region: "eu", Model: "m"})
		status := post(t.Context(), s.Transport(), "http://"+host, openai, request(model, false, "")).status
		s.Play(nil, Strike{})
		if after := post(t.Context(), s.Transport(), "http://"+host, openai, request(model, false, "")).status; after != http.StatusOK {
			t.Errorf("after the play: %d", after)
		}
		return status == http.StatusServiceUnavailable
	}
	for _, c := range []struct {
		scope, host, model string
		want               bool
	}{
		{"provider", "one.us.test", "x", true},
		{"provider", "two.eu.test", "m", false},
		{"region", "one.eu.test", "x", true},
		{"region", "one.us.test", "m", false},
		{"model", "one.us.test", "m", true},
		{"model", "one.eu.test", "x", false},
		{"model", "two.eu.test", "m", false},
	} {
		if got := hit(c.scope, c.host, c.model); got != c.want {
			t.Errorf("strikes %s: %s of %s is hit: %v", c.scope, c.model, c.host, got)
		}
	}
}

// TestRecoveryIsCapped counts what a recovering provider lets through.
func TestRecoveryIsCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script, err := ParseScript([]byte(`phases: [{for: 1m, faults: [{fault: 503, capacity: 4/s +0.5/s}]}]`))
		if err != nil {
			t.Fatal(err)
		}
		n := steady(t, New(Options{Script: script}), openai, 20, 40*time.Second)
		served := map[int]int{}
		for _, e := range n.calls {
			if e.Status == http.StatusOK {
				served[int(e.Time.Sub(n.calls[0].Time)/time.Second)]++
			}
		}
		for second, want := range map[int]int{1: 4, 10: 9, 20: 14, 38: 20} {
			if got := served[second]; got < want-1 || got > want+1 {
				t.Errorf("second %d: %d calls were served, want %d", second, got, want)
			}
		}
	})
}

// TestHealthyPace measures the waits of a healthy provider.
func TestHealthyPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script, err := ParseScript([]byte("healthy: {first: 600ms, p95: 1.4s, errors: 5%}\nphases: [{name: calm, for: 100s}, {name: slow, faults: [{slow: x4}]}]"))
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{Script: script})
		calm := steady(t, s, anthropic, 20, 95*time.Second)
		slices.Sort(calm.took)
		median, p95 := calm.took[len(calm.took)/2], calm.took[len(calm.took)*95/100]
		if median < 560*time.Millisecond || median > 640*time.Millisecond || p95 < 1250*time.Millisecond || p95 > 1550*time.Millisecond {
			t.Errorf("median %v, p95 %v", median, p95)
		}
		if bad := calm.bad[0] + calm.bad[1]; bad < 60 || bad > 135 { // 5 % of 1900 is 95
			t.Errorf("%d calls failed", bad)
		}
		time.Sleep(10 * time.Second)
		slow := steady(t, s, anthropic, 20, 50*time.Second)
		slices.Sort(slow.took)
		if m := slow.took[len(slow.took)/2]; m < 2200*time.Millisecond || m > 2600*time.Millisecond {
			t.Errorf("four times slower is a median of %v", m)
		}
	})
}
