package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// lifeConfig is what an operator has who sets nothing: probes and races are on.
const lifeConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
routes:
  chat: {chain: [one/m1, two/m2]EXTRA}
  solo: {chain: [one/m1], single_point: ok}
`

// lifeHouse is a gateway on lifeConfig over providers that answer at once.
// Extra are further settings of the route.
func lifeHouse(t *testing.T, m mode, extra string) *house {
	t.Helper()
	return houseAt(t, m, lifeConfig, extra, sim.Profile{})
}

// pacedHouse is the same over providers that take their time, as good ones do.
func pacedHouse(t *testing.T, m mode, extra string) *house {
	t.Helper()
	return houseAt(t, m, lifeConfig, extra, sim.Profile{FirstToken: 600 * time.Millisecond, Spread: 0.4})
}

func houseAt(t *testing.T, m mode, text, extra string, pace sim.Profile, opts ...gateway.Option) *house {
	t.Helper()
	if extra != "" {
		extra = ", " + extra
	}
	up := sim.New(sim.Options{Keys: []string{secrets["KEY_1"], secrets["KEY_2"]}, Latency: pace, KeepBodies: true})
	return build(t, strings.NewReplacer("KIND", m.name, "EXTRA", extra).Replace(text), up, up.Transport(), opts...)
}

// traffic sends requests at a steady rate, each on its own, for a while, and
// returns what became of them, in order, once all are over.
func (h *house) traffic(m mode, rate float64, lasts time.Duration, headers ...string) []reply {
	return h.trafficTo(m, "chat", rate, lasts, headers...)
}

func (h *house) trafficTo(m mode, route string, rate float64, lasts time.Duration, headers ...string) []reply {
	h.t.Helper()
	var users sync.WaitGroup
	n := int(rate * lasts.Seconds())
	replies := make([]reply, n)
	start := time.Now()
	for i := range n {
		time.Sleep(time.Until(start.Add(time.Duration(float64(i) / rate * float64(time.Second)))))
		body := m.body(route, fmt.Sprint("request ", h.prompted.Add(1)))
		users.Go(func() { replies[i] = h.post(m.path, body, headers...) })
	}
	time.Sleep(time.Until(start.Add(lasts)))
	users.Wait()
	return replies
}

// happy holds that all were answered, whole, within a time.
func happy(t *testing.T, what string, replies []reply, most time.Duration) {
	t.Helper()
	for i := range replies {
		if r := &replies[i]; r.status != http.StatusOK || r.err != nil || r.took > most {
			t.Errorf("%s: request %d of %d: %d (%v) by %q after %v: %.200s", what, i+1, len(replies), r.status, r.err, r.own("Served-By"), r.took, r.body)
			return
		}
	}
}

// answeredBy counts the answers of a target.
func answeredBy(replies []reply, target string) int {
	n := 0
	for i := range replies {
		if replies[i].own("Served-By") == target {
			n++
		}
	}
	return n
}

// until waits for a state of the first step's breaker, looking every 50 ms, and
// says how long that took; it fails if it takes too long.
func (h *house) until(most time.Duration, states ...string) time.Duration {
	h.t.Helper()
	start := time.Now()
	for time.Since(start) <= most {
		if slices.Contains(states, h.first().State) {
			return time.Since(start)
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Errorf("not %v after %v: %+v", states, most, h.first())
	return most
}

// probes counts the calls for a model that are the gateway's own.
func (h *house) probes(model string) int {
	n := 0
	for _, e := range h.sim.Log() {
		if e.Model == model && isProbe(&e) {
			n++
		}
	}
	return n
}

func isProbe(e *sim.Entry) bool { return strings.Contains(string(e.Body), "Reply with the word ok.") }

// TestQuietTarget: at a request every four seconds a dead target is open within
// one request's failures, so that the next user does not meet it, and closed
// again within 30 s of its health, without users' help. (Issue 4.)
func TestQuietTarget(t *testing.T) {
	for _, fault := range []string{"500", "503", "refused", "200-html", "silence"} {
		inEach(t, fault, func(t *testing.T, m mode) {
			if fault == "silence" && !m.stream {
				return // it has 30 s of its own: see TestSilentWholeAnswers
			}
			h := lifeHouse(t, m, "")
			happy(t, "in calm", h.traffic(m, 0.25, 2*time.Minute), 0)
			h.fault("m1", fault)
			first := h.ask(m)
			if first.status != http.StatusOK || first.took > 3*time.Second+jitter {
				t.Errorf("the first user: %d after %v", first.status, first.took)
			}
			time.Sleep(4*time.Second - first.took)
			if fault == "silence" { // our own probe has to wait as well, and the second user is raced
				if second := h.ask(m); second.status != http.StatusOK || second.took > 1500*time.Millisecond {
					t.Errorf("the second user: %d after %v", second.status, second.took)
				}
				time.Sleep(1500 * time.Millisecond)
			}
			if b := h.first(); b.State != "open" {
				t.Fatalf("four seconds after one request: %+v", b)
			}
			users := h.calls("m1") - h.probes("m1")
			happy(t, "in the outage", h.traffic(m, 0.25, 3*time.Minute), 0)
			if n := h.calls("m1") - h.probes("m1"); n != users {
				t.Errorf("%d users' requests went to what is dead", n-users)
			}
			if n := h.probes("m1"); n > 25 {
				t.Errorf("%d probes in three minutes", n)
			}
			h.fault("m1", "")
			h.until(30*time.Second, "closed")
			after := h.traffic(m, 0.25, 20*time.Second)
			happy(t, "after it", after, 0)
			if n := answeredBy(after, "one/m1"); n != len(after) {
				t.Errorf("%d of %d by the first step", n, len(after))
			}
		})
	}
}

// TestSilenceOpens: a target that falls silent is found dead soon after its
// first deadline has passed, at any rate of requests. Races must not hide it:
// who loses one says nothing.
func TestSilenceOpens(t *testing.T) {
	m := mode{openaiSide, true}
	for rate, most := range map[float64]time.Duration{
		0.25: 7 * time.Second, 0.55: 9 * time.Second, 0.8: 8 * time.Second, 1: 8 * time.Second, 2: 6 * time.Second, 5: 5 * time.Second, 20: 4 * time.Second,
	} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := pacedHouse(t, m, "")
				h.traffic(m, rate, 90*time.Second)
				h.fault("m1", "silence")
				start := time.Now()
				done := make(chan []reply)
				go func() { done <- h.traffic(m, rate, 20*time.Second) }()
				h.until(most, "open")
				t.Logf("open after %v", time.Since(start))
				happy(t, "in the outage", <-done, 6*time.Second)
			})
		})
	}
}

// TestBusyTarget: a life at 20 requests a second, as users see it: calm,
// outage, and return. Nobody gets an error. (Faults 12, 37 and 76.)
func TestBusyTarget(t *testing.T) {
	for _, c := range []struct {
		fault string
		open  time.Duration // at most
		worst time.Duration // for a user in the outage
	}{
		{"503", 1500 * time.Millisecond, 3 * time.Second},
		{"refused", 1500 * time.Millisecond, 3 * time.Second},
		{"silence", 4 * time.Second, 6500 * time.Millisecond},
	} {
		inEach(t, c.fault, func(t *testing.T, m mode) {
			if !m.stream {
				return // one shape is enough for minutes at 20 a second
			}
			h := pacedHouse(t, m, "")
			happy(t, "in calm", h.traffic(m, 20, 30*time.Second), 3*time.Second)
			h.fault("m1", c.fault)
			outage := make(chan []reply)
			go func() { outage <- h.traffic(m, 20, time.Minute) }()
			h.until(c.open, "open")
			happy(t, "in the outage", <-outage, c.worst)
			// Health: the trials are ours, and the load comes back by and by.
			h.fault("m1", "")
			healthy := time.Now()
			back := make(chan []reply)
			go func() { back <- h.traffic(m, 20, time.Minute) }()
			h.until(26*time.Second, "ramp") // a probe that was under way in the silence may fail yet, and cost a cool-off
			ramp, before := time.Now(), h.first().Opens
			h.until(25*time.Second, "closed")
			if took := time.Since(healthy); took > 45*time.Second {
				t.Errorf("back after %v", took)
			}
			happy(t, "in the return", <-back, 3*time.Second)
			if n := h.arrivals("m1", ramp, 5*time.Second); n > 10 {
				t.Errorf("%d requests in the first 5 s of the ramp, of 100", n)
			}
			if n := h.arrivals("m1", ramp, 9*time.Second); n > 45 {
				t.Errorf("%d requests in the first 9 s of the ramp, of 180", n)
			}
			if b := h.first(); b.Opens > before+1 { // a trial that was under way may still have failed
				t.Errorf("it opened again: %+v", b)
			}
		})
	}
}

// arrivals counts the calls for a model in a span of time.
func (h *house) arrivals(model string, from time.Time, lasts time.Duration) int {
	n := 0
	for _, e := range h.sim.Log() {
		if e.Model == model && !e.Time.Before(from) && e.Time.Before(from.Add(lasts)) {
			n++
		}
	}
	return n
}

// TestHalfOpenIsOurs: while a target is on trial no user waits for it, whether
// the trial fails, hangs or goes well.
func TestHalfOpenIsOurs(t *testing.T) {
	for _, fault := range []string{"500", "silence", "cut-0", "slow-2s"} {
		inEach(t, fault, func(t *testing.T, m mode) {
			if fault == "cut-0" && !m.stream {
				return
			}
			h := pacedHouse(t, m, "")
			h.traffic(m, 4, 30*time.Second)
			h.fault("m1", "503")
			h.traffic(m, 4, 10*time.Second)
			h.fault("m1", fault)
			if b := h.first(); b.State == "closed" || b.State == "suspect" {
				t.Fatalf("%+v", b)
			}
			trials := h.calls("m1")
			got := h.traffic(m, 4, 40*time.Second)
			most := 3 * time.Second // what the second step takes by itself
			if fault == "slow-2s" {
				most = 5 * time.Second // it answers, and so is back in use before long
			}
			happy(t, "on trial", got, most)
			if n := h.calls("m1"); n == trials {
				t.Error("nothing was tried")
			}
		})
	}
}

// TestSlowWeather: a target that answers, but four times as slowly as it does
// in calm, is left for one that does not, and is back when it is well. (Fault
// 40.)
func TestSlowWeather(t *testing.T) {
	for _, p := range bothSides {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := mode{p, true}
				h := pacedHouse(t, m, "")
				h.traffic(m, 5, 3*time.Minute)
				if b := h.first(); b.Opens != 0 {
					t.Fatalf("in calm: %+v", b)
				}
				h.fault("m1", "slow-1800ms")
				weather := make(chan []reply)
				go func() { weather <- h.traffic(m, 5, 2*time.Minute) }()
				h.until(time.Minute, "open")
				if b := h.first(); !strings.HasPrefix(b.Reason, "slow: ") {
					t.Errorf("%+v", b)
				}
				got := <-weather
				happy(t, "in slow weather", got, 8*time.Second)
				late := got[len(got)/2:]
				if n := answeredBy(late, "two/m2"); n < len(late)*9/10 {
					t.Errorf("%d of %d by the second step", n, len(late))
				}
				h.fault("m1", "")
				back := make(chan []reply)
				go func() { back <- h.traffic(m, 5, time.Minute) }()
				h.until(50*time.Second, "closed")
				happy(t, "after it", <-back, 5*time.Second)
			})
		})
	}
}
