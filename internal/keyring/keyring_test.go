package keyring

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

var (
	start               = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_     failover.Keys = (*Keyring)(nil)
)

func some(n int) *Keyring {
	list := make([]switchgear.Credential, n)
	for i := range list {
		list[i] = switchgear.Credential{ID: fmt.Sprintf("p#%d", i+1), Secret: switchgear.NewSecret("CANARY")}
	}
	return New(list...)
}

func trouble(class switchgear.Class, after time.Duration) *switchgear.Error {
	return &switchgear.Error{Class: class, RetryAfter: after}
}

func picks(k *Keyring, now time.Time, n int) string {
	var ids []string
	for range n {
		c, _, _, ok := k.Pick(now, 0)
		if !ok {
			c.ID = "-"
		}
		ids = append(ids, strings.TrimPrefix(c.ID, "p#"))
	}
	return strings.Join(ids, "")
}

func TestTurns(t *testing.T) {
	k := some(3)
	if got := picks(k, start, 6); got != "123123" {
		t.Errorf("turns %s", got)
	}
	k.Report(1, trouble(switchgear.ClassRateLimited, time.Second), start)
	if got := picks(k, start, 6); strings.Contains(got, "2") || !strings.Contains(got, "1") || !strings.Contains(got, "3") {
		t.Errorf("turns with the second cooling %s", got)
	}
	if got := picks(k, start.Add(time.Second), 3); !strings.Contains(got, "2") {
		t.Errorf("turns afterwards %s", got)
	}
}

func TestAvoid(t *testing.T) {
	k := some(2)
	for range 3 {
		if c, place, _, ok := k.Pick(start, 1); !ok || place != 1 || c.ID != "p#2" {
			t.Errorf("picked %v at %d", c, place)
		}
	}
	if _, _, until, ok := k.Pick(start, 3); ok || !until.IsZero() {
		t.Errorf("all avoided: %v until %v", ok, until)
	}
	k.Report(1, trouble(switchgear.ClassRateLimited, 4*time.Second), start)
	k.Report(0, trouble(switchgear.ClassRateLimited, 2*time.Second), start)
	for avoid, want := range map[uint64]time.Duration{0: 2 * time.Second, 1: 4 * time.Second, 2: 2 * time.Second} {
		if _, _, until, ok := k.Pick(start, avoid); ok || until.Sub(start) != want {
			t.Errorf("avoiding %b: %v until %v", avoid, ok, until)
		}
	}
}

// TestRests: how long a place cools for the same failure again and again, each
// met as soon as the last cool-off is over.
func TestRests(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		err  *switchgear.Error
		want []time.Duration
	}{
		"rate limit":             {trouble(switchgear.ClassRateLimited, 0), []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}},
		"rate limit with a hint": {trouble(switchgear.ClassRateLimited, 7*s), []time.Duration{7 * s, 7 * s}},
		"absurd hint":            {trouble(switchgear.ClassRateLimited, 1000*time.Hour), []time.Duration{time.Hour}},
		"negative hint":          {trouble(switchgear.ClassRateLimited, -s), []time.Duration{s, 2 * s}},
		"refused key":            {trouble(switchgear.ClassAuth, 0), []time.Duration{30 * s, 60 * s, 120 * s, 240 * s, 300 * s, 300 * s}},
		"out of money":           {trouble(switchgear.ClassQuota, s), []time.Duration{600 * s, 600 * s}},
		"out of money till then": {trouble(switchgear.ClassQuota, 900*s), []time.Duration{900 * s}},
		"server error":           {trouble(switchgear.ClassServer, 5*s), []time.Duration{0}},
	} {
		t.Run(name, func(t *testing.T) {
			k, now := some(1), start
			for i, want := range c.want {
				k.Report(0, c.err, now)
				shot := k.Snapshot(now)[0]
				if shot.Cooling != (want > 0) || (want > 0 && shot.Until.Sub(now) != want) {
					t.Fatalf("cool-off %d: %+v, want %v", i+1, shot, want)
				}
				now = now.Add(want)
			}
		})
	}
}

// TestBurst: failures that were on their way when a key began to cool make it
// cool no longer.
func TestBurst(t *testing.T) {
	k := some(1)
	for i := range 10 {
		k.Report(0, trouble(switchgear.ClassRateLimited, 0), start.Add(time.Duration(i)*time.Millisecond))
	}
	if _, _, until, _ := k.Pick(start.Add(10*time.Millisecond), 0); until.Sub(start) != time.Second {
		t.Errorf("cools for %v", until.Sub(start))
	}
	k.Report(0, trouble(switchgear.ClassAuth, 0), start)
	k.Report(0, trouble(switchgear.ClassRateLimited, 0), start)
	if shot := k.Snapshot(start)[0]; shot.Until.Sub(start) != 30*time.Second || shot.Class != switchgear.ClassAuth {
		t.Errorf("the longer cool-off is lost: %+v", shot)
	}
}

// TestDecay: success shortens the next cool-off again, step by step for rate
// limits.
func TestDecay(t *testing.T) {
	k, now := some(1), start
	rest := func(class switchgear.Class) time.Duration {
		now = now.Add(time.Hour)
		k.Report(0, trouble(class, 0), now)
		return k.Snapshot(now)[0].Until.Sub(now)
	}
	for range 4 {
		rest(switchgear.ClassRateLimited)
	}
	k.Report(0, nil, now)
	if got := rest(switchgear.ClassRateLimited); got != 8*time.Second {
		t.Errorf("after one success %v", got)
	}
	for range 10 {
		k.Report(0, nil, now)
	}
	if got := rest(switchgear.ClassRateLimited); got != time.Second {
		t.Errorf("after many %v", got)
	}
	rest(switchgear.ClassAuth)
	k.Report(0, nil, now)
	if got := rest(switchgear.ClassAuth); got != 30*time.Second {
		t.Errorf("a key that works again: %v", got)
	}
}

func TestKeyless(t *testing.T) {
	k := New()
	c, place, _, ok := k.Pick(start, 0)
	if !ok || place != 0 || !c.Secret.IsZero() || c.ID != "" || k.Len() != 1 {
		t.Errorf("%v at %d", c, place)
	}
	k.Report(0, trouble(switchgear.ClassRateLimited, time.Second), start)
	if _, _, until, ok := k.Pick(start, 0); ok || until.Sub(start) != time.Second {
		t.Error("a provider without keys has rate limits too")
	}
	k.Report(-1, nil, start) // the place of an attempt without a key
	k.Report(7, nil, start)
}

func TestMost(t *testing.T) {
	k := some(MaxPlaces + 6)
	seen := map[string]bool{}
	for range MaxPlaces {
		c, _, _, _ := k.Pick(start, 0)
		seen[c.ID] = true
	}
	if len(seen) != MaxPlaces || k.Len() != MaxPlaces {
		t.Errorf("%d keys in turn, %d places", len(seen), k.Len())
	}
}

func TestSnapshot(t *testing.T) {
	k := some(2)
	k.Report(0, nil, start)
	k.Report(0, trouble(switchgear.ClassServer, 0), start)
	k.Report(1, trouble(switchgear.ClassQuota, 0), start)
	want := []Snapshot{
		{ID: "p#1", Uses: 2},
		{ID: "p#2", Cooling: true, Until: start.Add(10 * time.Minute), Class: switchgear.ClassQuota, Uses: 1, Failures: 1},
	}
	if diff := cmp.Diff(want, k.Snapshot(start)); diff != "" {
		t.Error(diff)
	}
	if text := fmt.Sprintf("%+v", k.Snapshot(start)); strings.Contains(text, "CANARY") {
		t.Error("a secret shows")
	}
}

// TestAnything: a picked key never cools and is never avoided; none is refused
// while one is free; every cool-off ends.
func TestAnything(t *testing.T) {
	classes := []switchgear.Class{switchgear.ClassRateLimited, switchgear.ClassAuth, switchgear.ClassQuota, switchgear.ClassServer, switchgear.ClassCanceled}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "keys")
		k, now := some(n), start
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 90_000).Draw(t, "ms")) * time.Millisecond)
			},
			"report": func(t *rapid.T) {
				var err *switchgear.Error
				if rapid.Bool().Draw(t, "fails") {
					err = trouble(rapid.SampledFrom(classes).Draw(t, "class"), time.Duration(rapid.IntRange(-1, 20).Draw(t, "hint"))*time.Second)
				}
				k.Report(rapid.IntRange(0, n-1).Draw(t, "place"), err, now)
			},
			"pick": func(t *rapid.T) {
				avoid := rapid.Uint64Range(0, 1<<n-1).Draw(t, "avoid")
				shots := k.Snapshot(now)
				_, place, until, ok := k.Pick(now, avoid)
				if ok && (avoid&(1<<place) != 0 || shots[place].Cooling) {
					t.Fatalf("picked %d of %+v, avoiding %b", place, shots, avoid)
				}
				var first time.Time
				for i := range shots {
					switch {
					case avoid&(1<<i) != 0:
					case !shots[i].Cooling && !ok:
						t.Fatalf("refused %d of %+v, avoiding %b", i, shots, avoid)
					case first.IsZero() || shots[i].Until.Before(first):
						first = shots[i].Until
					}
				}
				if !ok && !until.Equal(first) {
					t.Fatalf("until %v, want %v", until, first)
				}
			},
		})
		if _, _, _, ok := k.Pick(now.Add(time.Hour), 0); !ok {
			t.Fatal("a cool-off does not end")
		}
	})
}

// TestRace has many requests use and report the same keys; the race detector
// watches.
func TestRace(t *testing.T) {
	k := some(3)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				now := start.Add(time.Duration(i) * time.Millisecond)
				_, place, _, ok := k.Pick(now, uint64(i%3))
				if !ok {
					continue
				}
				var err *switchgear.Error
				if (i+g)%7 == 0 {
					err = trouble(switchgear.ClassRateLimited, 2*time.Millisecond)
				}
				k.Report(place, err, now)
				k.Snapshot(now)
			}
		})
	}
	wg.Wait()
	if _, _, _, ok := k.Pick(start.Add(time.Hour), 0); !ok {
		t.Error("a key is lost")
	}
}

func TestNoAllocation(t *testing.T) {
	k, err := some(3), trouble(switchgear.ClassRateLimited, 0)
	if n := testing.AllocsPerRun(100, func() {
		_, place, _, _ := k.Pick(start, 0)
		k.Report(place, nil, start)
	}); n != 0 {
		t.Errorf("calm: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		_, place, _, _ := k.Pick(start, 0)
		k.Report(place, err, start)
	}); n != 0 {
		t.Errorf("cooling: %v allocations", n)
	}
}

func BenchmarkPick(b *testing.B) {
	k := some(3)
	b.ReportAllocs()
	for b.Loop() {
		_, place, _, _ := k.Pick(start, 0)
		k.Report(place, nil, start)
	}
}

// TestDear: a request that costs more than is left says nothing about the key:
// smaller ones go on with it.
func TestDear(t *testing.T) {
	k := New(switchgear.Credential{ID: "one"})
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	k.Report(0, &switchgear.Error{Class: switchgear.ClassQuota, Marks: switchgear.MarkDear, RetryAfter: time.Minute}, now)
	if _, _, _, ok := k.Pick(now, 0); !ok || k.Snapshot(now)[0].Cooling || k.Snapshot(now)[0].Failures != 0 {
		t.Errorf("it rests: %+v", k.Snapshot(now))
	}
	k.Report(0, &switchgear.Error{Class: switchgear.ClassQuota}, now)
	if _, _, _, ok := k.Pick(now, 0); ok {
		t.Error("out of money, and it does not rest")
	}
}
