package canary

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// quality is how often a model's requests go wrong, and how long they take.
type quality struct {
	errors, refusals, form float64
	latency                time.Duration // the median
}

// live runs traffic through a canary: ten requests a second, until it is decided
// or an hour has passed. It returns the state and how many the candidate got.
func live(t *testing.T, seed uint64, incumbent, candidate quality) (state State, why string, answered int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(seed, 1))
		c, err := New(Terms{Share: 0.05, Enough: 600, Least: 10 * time.Minute, Tolerance: 0.01, Seed: strconv.FormatUint(seed, 10)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 36_000 {
			if i%10 == 0 {
				time.Sleep(time.Second)
			}
			o := Outcome{Candidate: c.Takes(r.Uint64())}
			q := incumbent
			if o.Candidate {
				q = candidate
				answered++
			}
			o.Error, o.Refusal, o.Form = r.Float64() < q.errors, r.Float64() < q.refusals, r.Float64() < q.form
			o.Latency = time.Duration(float64(q.latency) * (0.5 + r.ExpFloat64()*0.7))
			if state, _ := c.Observe(o, time.Now()); state != StateRunning {
				break
			}
		}
		state, why = c.State()
	})
	return state, why, answered
}

func TestIsWithdrawn(t *testing.T) {
	good := quality{errors: 0.005, refusals: 0.01, form: 0.02, latency: time.Second}
	f := func(sign string, most int, change func(q *quality)) {
		t.Helper()
		worse := good
		change(&worse)
		for seed := range uint64(5) {
			state, why, answered := live(t, seed, good, worse)
			if state != StateWithdrawn || answered >= most || !strings.Contains(why, sign) {
				t.Errorf("%s, seed %d: %s after %d requests (%s)", sign, seed, state, answered, why)
			}
		}
	}
	f("answers in the wrong form", 200, func(q *quality) { q.form += 0.20 })
	f("errors", 200, func(q *quality) { q.errors += 0.20 })
	f("refusals", 200, func(q *quality) { q.refusals += 0.20 })
	f("slow answers", 200, func(q *quality) { q.latency *= 3 })
	f("answers in the wrong form", 20, func(q *quality) { q.form = 1 })
}

// TestCompletes: one that is as good stays, whatever the seed; so does one
// that is better, or worse by less than is tolerated.
func TestCompletes(t *testing.T) {
	good := quality{errors: 0.005, refusals: 0.01, form: 0.02, latency: time.Second}
	bad := quality{errors: 0.10, refusals: 0.10, form: 0.30, latency: 2 * time.Second}
	slightly := good
	slightly.form += 0.005
	for name, pair := range map[string][2]quality{"equal": {good, good}, "better": {bad, good}, "both bad": {bad, bad}, "tolerable": {good, slightly}} {
		for seed := range uint64(5) {
			if state, why, answered := live(t, seed, pair[0], pair[1]); state != StateReady || answered < 600 {
				t.Errorf("%s, seed %d: %s after %d requests (%s)", name, seed, state, answered, why)
			}
		}
	}
}

// TestFalseAlarms: over many canaries of an equal candidate, fewer than
// one in a hundred is withdrawn.
func TestFalseAlarms(t *testing.T) {
	alarms := 0
	const canaries = 400
	r := rand.New(rand.NewPCG(7, 7))
	for range canaries {
		c, err := New(Terms{Share: 0.5, Enough: 400}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for state := StateRunning; state == StateRunning; {
			state, _ = c.Observe(Outcome{
				Candidate: r.Float64() < 0.2, Error: r.Float64() < 0.05, Refusal: r.Float64() < 0.05, Form: r.Float64() < 0.2, Latency: time.Duration(r.ExpFloat64() * 1e9),
			}, time.Time{}.Add(time.Hour))
			if state == StateWithdrawn {
				alarms++
			}
		}
	}
	if alarms > canaries/100 {
		t.Errorf("%d of %d were withdrawn", alarms, canaries)
	}
}

// TestShare: a request is always drawn alike, a larger share holds the smaller
// one, and two canaries draw different requests.
func TestShare(t *testing.T) {
	guard := func(share float64, seed string) *Guard {
		c, err := New(Terms{Share: share, Enough: 1, Seed: seed}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c, larger, other := guard(0.05, "s"), guard(0.25, "s"), guard(0.05, "t")
	taken, both := 0, 0
	for key := range uint64(20_000) {
		first := c.Takes(key)
		if first {
			taken++
		}
		if again := c.Takes(key); again != first || (first && !larger.Takes(key)) {
			t.Fatal("one conversation, two models")
		}
		if first && other.Takes(key) {
			both++
		}
	}
	if taken < 900 || taken > 1100 || both > 100 {
		t.Errorf("%d of 20000, %d of them twice", taken, both)
	}
	for _, bad := range []Terms{{}, {Share: 1, Enough: 1}, {Share: 0.1}, {Share: 0.1, Enough: 1, Least: -1}, {Share: 0.1, Enough: 1, Tolerance: 0.5}} {
		if _, err := New(bad, time.Time{}); err == nil {
			t.Errorf("%+v is a canary", bad)
		}
	}
}

// TestReadyIsStillGuarded: a candidate that turns bad once it is ready is
// withdrawn, and nothing it does then brings it back.
func TestReadyIsStillGuarded(t *testing.T) {
	c, err := New(Terms{Share: 0.5, Enough: 10, Tolerance: 0.01, Seed: "s"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	pair := func(bad bool) {
		c.Observe(Outcome{Latency: time.Second}, time.Time{})
		c.Observe(Outcome{Candidate: true, Error: bad, Latency: time.Second}, time.Time{})
	}
	for range 50 {
		pair(false)
	}
	if state, _ := c.State(); state != StateReady {
		t.Fatal(state)
	}
	for range 50 {
		pair(true)
	}
	state, why := c.State()
	if state != StateWithdrawn || !strings.HasPrefix(why, "too many errors: ") || c.Takes(1) || c.Takes(2) || c.Takes(3) {
		t.Errorf("%s, %s", state, why)
	}
	for range 500 {
		pair(false)
	}
	if again, _ := c.State(); again != StateWithdrawn {
		t.Error(again)
	}
}

// TestResume: what is known of a canary outlives its guard.
func TestResume(t *testing.T) {
	day := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	terms := Terms{Share: 0.5, Enough: 10, Least: time.Hour, Seed: "s"}
	c, err := New(terms, day)
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		c.Observe(Outcome{Latency: 1}, day)
		c.Observe(Outcome{Candidate: true, Latency: 1}, day)
	}
	r := c.Record()
	next, err := New(terms, day.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	next.Resume(&r)
	for range 3 {
		next.Observe(Outcome{Candidate: true, Latency: 1}, day.Add(2*time.Hour))
	}
	if state, _ := next.State(); state != StateReady {
		t.Error(state)
	}
	next.Resume(&Record{State: StateWithdrawn, Why: "because", Began: day})
	if state, why := next.State(); state != StateWithdrawn || why != "because" || next.Takes(1) {
		t.Error(state, why)
	}
}
