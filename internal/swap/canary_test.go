package swap

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
		c, err := NewCanary(Trial{Share: 0.05, Enough: 600, Least: 10 * time.Minute, Tolerance: 0.01, Seed: strconv.FormatUint(seed, 10)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 36_000 {
			if i%10 == 0 {
				time.Sleep(time.Second)
			}
			o := Outcome{Candidate: c.Takes("conversation-" + strconv.Itoa(i))}
			q := incumbent
			if o.Candidate {
				q = candidate
				answered++
			}
			o.Error, o.Refusal, o.Form = r.Float64() < q.errors, r.Float64() < q.refusals, r.Float64() < q.form
			o.Latency = time.Duration(float64(q.latency) * (0.5 + r.ExpFloat64()*0.7))
			if c.Observe(o, time.Now()) != StateRunning {
				break
			}
		}
		state, why = c.State()
	})
	return state, why, answered
}

func TestCanaryIsWithdrawn(t *testing.T) {
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

// TestCanaryCompletes: one that is as good stays, whatever the seed; so does one
// that is better, or worse by less than is tolerated.
func TestCanaryCompletes(t *testing.T) {
	good := quality{errors: 0.005, refusals: 0.01, form: 0.02, latency: time.Second}
	bad := quality{errors: 0.10, refusals: 0.10, form: 0.30, latency: 2 * time.Second}
	slightly := good
	slightly.form += 0.005
	for name, pair := range map[string][2]quality{"equal": {good, good}, "better": {bad, good}, "both bad": {bad, bad}, "tolerable": {good, slightly}} {
		for seed := range uint64(5) {
			if state, why, answered := live(t, seed, pair[0], pair[1]); state != StateDone || answered < 600 {
				t.Errorf("%s, seed %d: %s after %d requests (%s)", name, seed, state, answered, why)
			}
		}
	}
}

// TestCanaryFalseAlarms: over many canaries of an equal candidate, fewer than
// one in a hundred is withdrawn.
func TestCanaryFalseAlarms(t *testing.T) {
	alarms := 0
	const canaries = 400
	r := rand.New(rand.NewPCG(7, 7))
	for range canaries {
		c, err := NewCanary(Trial{Share: 0.5, Enough: 400}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for state := StateRunning; state == StateRunning; {
			state = c.Observe(Outcome{
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

func TestCanaryShare(t *testing.T) {
	c, err := NewCanary(Trial{Share: 0.05, Enough: 1, Seed: "s"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for i := range 20_000 {
		key := strconv.Itoa(i)
		first := c.Takes(key)
		if first {
			taken++
		}
		if again := c.Takes(key); again != first {
			t.Fatal("one conversation, two models")
		}
	}
	if taken < 900 || taken > 1100 {
		t.Errorf("%d of 20000", taken)
	}
	if c.Observe(Outcome{Candidate: true}, time.Time{}); !c.Takes("anything") {
		t.Error("a canary that is done does not serve")
	}
	for _, bad := range []Trial{{}, {Share: 1, Enough: 1}, {Share: 0.1}, {Share: 0.1, Enough: 1, Least: -1}, {Share: 0.1, Enough: 1, Tolerance: 0.5}} {
		if _, err := NewCanary(bad, time.Time{}); err == nil {
			t.Errorf("%+v is a canary", bad)
		}
	}
}
