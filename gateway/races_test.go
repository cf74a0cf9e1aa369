package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// suspected is a house whose first step has been fast for two minutes, has
// failed twice since, and answers nobody now: it is watched, and not open yet.
func suspected(t *testing.T, m mode, extra string) *house {
	t.Helper()
	h := pacedHouse(t, m, extra)
	happy(t, "in calm", h.traffic(m, 5, 2*time.Minute), 3*time.Second)
	if n := h.calls("m2"); n != 0 {
		t.Fatalf("%d calls of the second step in calm: nothing is raced in calm", n)
	}
	h.fault("m1", "503x2+slow-20s")
	for i := range 2 {
		h.post(m.path, m.body("chat", fmt.Sprint("suspicion ", i)))
	}
	if b := h.first(); b.State != "suspect" {
		t.Fatalf("%+v", b)
	}
	return h
}

// TestRaceUnderSuspicion: a target under suspicion that takes longer than 95 %
// do in calm is raced by the next step; the first content serves, and the
// loser's call is ended. Not where the route says so, and never if the request
// acts on the world or is kept at the provider.
func TestRaceUnderSuspicion(t *testing.T) {
	tool := map[string]string{
		"openai": `{"type":"web_search"}`, "anthropic": `{"type":"web_search_20250305","name":"web_search","max_uses":1}`,
	}
	for _, c := range []struct {
		name, extra string
		add         func(m mode) string
		raced       bool
	}{
		{"by itself", "", nil, true},
		{"hedge off", "hedge: off", nil, false},
		{"a tool that runs there", "", func(m mode) string { return `"tools":[` + tool[m.name] + `],` }, false},
		{"stored there", "", func(mode) string { return `"store":true,` }, false},
		{"a tool of the client's own", "", func(m mode) string {
			return map[string]string{
				"openai":    `"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}],"tool_choice":"none",`,
				"anthropic": `"tools":[{"name":"look","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"},`,
			}[m.name]
		}, true},
	} {
		inEach(t, c.name, func(t *testing.T, m mode) {
			if !m.stream {
				return
			}
			h := suspected(t, m, c.extra)
			body := m.body("chat", "race")
			if c.add != nil {
				body = strings.Replace(body, `"stream"`, c.add(m)+`"stream"`, 1)
			}
			before := len(h.sim.Log())
			got := h.post(m.path, body)
			if got.status != http.StatusOK || got.own("Served-By") != "two/m2" {
				t.Fatalf("%d by %q: %s", got.status, got.own("Served-By"), got.body)
			}
			synctest.Wait() // until what was cancelled is written down
			var one, two *sim.Entry
			log := h.sim.Log()[before:]
			for i := range log {
				switch e := &log[i]; {
				case isProbe(e):
				case e.Model == "m1":
					one = e
				case e.Model == "m2":
					two = e
				}
			}
			if one == nil || two == nil {
				t.Fatalf("one %v, two %v", one, two)
			}
			gap := two.Time.Sub(one.Time)
			if raced := gap < 2500*time.Millisecond; raced != c.raced || gap < 600*time.Millisecond {
				t.Errorf("the second step was started after %v", gap)
			}
			if c.raced && (one.Outcome != sim.OutcomeCancelled || one.Cancelled.Sub(two.Time) > 3*time.Second) {
				t.Errorf("the loser is %s", one.Outcome)
			}
		})
	}
}

// TestLeavingARace: a client that goes away takes both calls of a race along.
func TestLeavingARace(t *testing.T) {
	for _, p := range bothSides {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mode{p, true}
				h := suspected(t, m, "")
				h.fault("m2", "silence")
				before := len(h.sim.Log())
				ctx, cancel := context.WithCancel(t.Context())
				gone := time.Now().Add(2 * time.Second)
				time.AfterFunc(2*time.Second, cancel)
				if resp := h.send(ctx, m.path, strings.NewReader(m.body("chat", "bye"))); resp != nil {
					read(resp, gone)
				}
				time.Sleep(100 * time.Millisecond)
				calls := 0
				for _, e := range h.sim.Log()[before:] {
					if isProbe(&e) {
						continue
					}
					calls++
					if e.Outcome != sim.OutcomeCancelled || e.Cancelled.Before(gone) || e.Cancelled.Sub(gone) > 100*time.Millisecond {
						t.Errorf("%s: %s, %v after the client left", e.Model, e.Outcome, e.Cancelled.Sub(gone))
					}
				}
				if calls != 2 {
					t.Errorf("%d calls, want two", calls)
				}
			})
		})
	}
}

// TestEveryCallIsAccounted: through a calm, an outage and a return, every call
// the providers saw has one record, races lost and probes included; what a
// provider may bill without having said so is estimated, and says that it is.
func TestEveryCallIsAccounted(t *testing.T) {
	for _, fault := range []string{"503", "silence", "slow-1s", "500@30%", "cut-5@30%"} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mode{openaiSide, true}
				h := pacedHouse(t, m, "")
				h.traffic(m, 4, 90*time.Second)
				h.fault("m1", fault)
				h.traffic(m, 4, 40*time.Second)
				h.fault("m1", "")
				h.traffic(m, 4, 40*time.Second)
				time.Sleep(time.Minute)
				h.records.mu.Lock()
				defer h.records.mu.Unlock()
				if calls, told := len(h.sim.Log()), len(h.records.attempts); calls != told {
					t.Errorf("%d calls, %d records", calls, told)
				}
				probes, lost := 0, 0
				for i := range h.records.attempts {
					a := &h.records.attempts[i]
					if a.Probe {
						probes++
					}
					if a.Lost {
						lost++
					}
					checkAccount(t, a)
				}
				if probes != h.probes("m1") {
					t.Errorf("%d probes are recorded, %d were made", probes, h.probes("m1"))
				}
				if fault == "slow-1s" && lost == 0 {
					t.Error("no race was lost: the test tests less than it says")
				}
			})
		})
	}
}

func checkAccount(t *testing.T, a *switchgear.Attempt) {
	t.Helper()
	in, out := a.Usage.Has(switchgear.UsageInput), a.Usage.Has(switchgear.UsageOutput)
	switch {
	case a.Err == nil && (!in || !out):
		t.Errorf("an answer without usage: %+v", a)
	case a.Err == nil || a.Err.Status != 0:
	case a.Err.Class == switchgear.ClassTimeout || a.Err.Class == switchgear.ClassInterrupted || a.Err.Class == switchgear.ClassCanceled:
		if !in || !out || !a.Usage.Estimated || a.Usage.Input == 0 {
			t.Errorf("left working, and not estimated: %+v (%v)", a.Usage, a.Err)
		}
	}
}

// TestBlackHole: what is in flight at a target that swallows requests is bounded
// by the deadline, and so is the memory. (Issue 4: rate x (deadline + 1 s).)
func TestBlackHole(t *testing.T) {
	m := mode{openaiSide, true}
	synctest.Test(t, func(t *testing.T) {
		h := pacedHouse(t, m, "")
		h.traffic(m, 20, 30*time.Second)
		h.fault("m1", "silence")
		start := time.Now()
		happy(t, "in the black hole", h.traffic(m, 20, time.Minute), 6500*time.Millisecond)
		log := h.sim.Log()
		most := 0
		for at := start; at.Before(start.Add(time.Minute)); at = at.Add(100 * time.Millisecond) {
			n := 0
			for i := range log {
				if e := &log[i]; e.Model == "m1" && !e.Time.After(at) && e.Time.Add(e.Duration).After(at) {
					n++
				}
			}
			most = max(most, n)
		}
		if most == 0 || most > 20*4 {
			t.Errorf("%d requests were in flight at once, want at most 80", most)
		}
		t.Logf("%d in flight at most", most)
	})
}

// TestLearnedDeadlines: what is usual was learned in calm, so that silence is
// believed for a second rather than for three, and of an answer in one piece
// for two rather than for thirty.
func TestLearnedDeadlines(t *testing.T) {
	for _, m := range allModes {
		fresh, learned := 3*time.Second, time.Second
		if !m.stream {
			fresh, learned = 30*time.Second, 2*time.Second
		}
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				quick := sim.Profile{FirstToken: 200 * time.Millisecond, Spread: 0.3}
				h := houseAt(t, m, lifeConfig, "", quick)
				h.fault("m1", "silence")
				within(t, h.ask(m).took, fresh, fresh+600*time.Millisecond)
			})
			synctest.Test(t, func(t *testing.T) {
				quick := sim.Profile{FirstToken: 200 * time.Millisecond, Spread: 0.3}
				h := houseAt(t, m, lifeConfig, "", quick)
				h.traffic(m, 5, 3*time.Minute)
				h.fault("m1", "silence")
				within(t, h.ask(m).took, learned, learned+600*time.Millisecond)
				time.Sleep(time.Minute)
				// The only step is given the route's whole limit, and perhaps two more
				// tries: there is nobody else.
				if m.stream {
					got := h.post(m.path, m.body("solo", "hello"))
					within(t, got.took, 0, 9*time.Second)
				}
			})
		})
	}
}
