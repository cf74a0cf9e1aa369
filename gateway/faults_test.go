package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

// faultHouse has a breaker that opens at the fifth failure, and a step to fall
// over to.
func faultHouse(t *testing.T, m mode) *house {
	t.Helper()
	return open(t, strings.ReplaceAll(matrixConfig, "KIND", m.name))
}

// TestFaultOnce: what goes wrong once is tried again at the same step, and the
// client sees nothing of it.
func TestFaultOnce(t *testing.T) {
	for _, fault := range []string{"500x1", "502x1", "resetx1", "closex1", "200-emptyx1", "200-htmlx1", "error-firstx1"} {
		inEach(t, fault, func(t *testing.T, m mode) {
			if fault == "error-firstx1" && m.name == "anthropic" {
				return // it says that it is overloaded: that is not waited for
			}
			h := faultHouse(t, m)
			h.fault("m1", fault)
			got := h.ask(m)
			if a, b := h.calls("m1"), h.calls("m2"); a != 2 || b != 0 {
				t.Errorf("%d and %d upstream calls, want 2 and 0", a, b)
			}
			got.same(t, h.direct(m, "m1"))
			if got.own("Served-By") != "one/m1" || got.own("Attempts") != "2" || got.took > jitter {
				t.Errorf("served by %q after %s attempts and %v", got.own("Served-By"), got.own("Attempts"), got.took)
			}
		})
	}
}

// inEach runs a test in a bubble for every mode.
func inEach(t *testing.T, name string, f func(t *testing.T, m mode)) {
	t.Helper()
	for _, m := range allModes {
		t.Run(name+"/"+m.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { f(t, m) })
		})
	}
}

// TestAbsurdHints: nobody waits for a Retry-After that no one can mean, and no
// key rests for ever because of it.
func TestAbsurdHints(t *testing.T) {
	for _, hint := range []string{"1000000000", "-5", "NaN", "soon", "1e9", "99999999999999999999", "Infinity", "-1e400"} {
		inEach(t, hint, func(t *testing.T, m mode) {
			h := faultHouse(t, m)
			h.fault("m1", "429-retry-absurd-"+hint)
			got := h.ask(m)
			got.same(t, h.direct(m, "m2"))
			if n := h.calls("m1"); n != 1 || got.took > jitter {
				t.Errorf("%d calls of the first step, %v", n, got.took)
			}
			h.fault("m1", "")
			time.Sleep(6 * time.Minute) // five are the most that a rate limit rests for
			if got := h.ask(m); got.own("Served-By") != "one/m1" {
				t.Errorf("six minutes later it is served by %q", got.own("Served-By"))
			}
		})
	}
}

// TestTenMegabyteEvent: one event may be large; the answer is the provider's
// to the byte.
func TestTenMegabyteEvent(t *testing.T) {
	for _, p := range bothSides {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mode{p, true}
				h := faultHouse(t, m)
				h.fault("m1", "big-event-10")
				got := h.ask(m)
				if a, b := h.calls("m1"), h.calls("m2"); a != 1 || b != 0 || len(got.body) < 10<<20 {
					t.Errorf("%d and %d upstream calls, %d bytes", a, b, len(got.body))
				}
				got.same(t, h.direct(m, "m1"))
			})
		})
	}
}

// TestQualityIsNoOutage: answers that are poor are answers. What is wrong with
// them is for evals and normalisers to say, and no circuit opens.
func TestQualityIsNoOutage(t *testing.T) {
	for _, fault := range []string{"wrong-model", "fenced-json", "garbage@16%", "short", "empty", "no-usage", "finish-twice", "late-content"} {
		inEach(t, fault, func(t *testing.T, m mode) {
			h := faultHouse(t, m)
			h.fault("m1", fault)
			for i := range 30 {
				got := h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
				if got.status != http.StatusOK || got.err != nil || got.own("Served-By") != "one/m1" || got.own("Attempts") != "1" {
					t.Fatalf("request %d: %d by %q after %s attempts (%v)", i+1, got.status, got.own("Served-By"), got.own("Attempts"), got.err)
				}
			}
			if b := h.first(); b.State != "closed" || b.Opens != 0 {
				t.Errorf("%+v", b)
			}
			if n := h.calls("m2"); n != 0 {
				t.Errorf("%d calls of the second step", n)
			}
		})
	}
}

// TestOneBadKey: a provider that refuses one of two keys, which is good, is
// asked with the other.
func TestOneBadKey(t *testing.T) {
	inEach(t, "401-key-1", func(t *testing.T, m mode) {
		h := open(t, strings.ReplaceAll(keysConfig, "KIND", m.name))
		h.fault("m1", "401-key-1")
		h.prompts(m, 6, "one/m1")
		bad := 0
		for _, e := range h.sim.Log() {
			if e.Status == http.StatusUnauthorized {
				bad++
			}
		}
		if b := h.first(); bad != 1 || b.State != "closed" || h.calls("m2") != 0 {
			t.Errorf("%d refusals, %+v, %d calls of the second step", bad, b, h.calls("m2"))
		}
	})
}

// TestReplicasAreIndependent: one of two gateways is cut off from a provider,
// and opens its own circuit only.
func TestReplicasAreIndependent(t *testing.T) {
	inEach(t, "refused", func(t *testing.T, m mode) {
		cut := faultHouse(t, m)
		up := sim.New(sim.Options{})
		other := build(t, strings.ReplaceAll(matrixConfig, "KIND", m.name), up, up.Transport())
		cut.fault("m1", "refused")
		for i := range 5 {
			prompt := fmt.Sprint("prompt ", i)
			if got := cut.post(m.path, m.body("chat", prompt)); got.own("Served-By") != "two/m2" {
				t.Errorf("cut off: served by %q", got.own("Served-By"))
			}
			got := other.post(m.path, m.body("chat", prompt))
			if got.own("Served-By") != "one/m1" {
				t.Errorf("not cut off: served by %q", got.own("Served-By"))
			}
		}
		if a, b := cut.first().State, other.first().State; a != "open" || b != "closed" {
			t.Errorf("the circuits are %s and %s", a, b)
		}
		if n := other.calls("m1"); n != 5 {
			t.Errorf("%d calls at the provider, want 5", n)
		}
	})
}

// TestOutagesReachTheGateway plays what scripts alone can do through the whole
// gateway: a name that is gone while kept connections live, and a provider that
// lets more in every second.
func TestOutagesReachTheGateway(t *testing.T) {
	inEach(t, "H", func(t *testing.T, m mode) {
		outage, err := sim.Outage("H")
		if err != nil {
			t.Fatal(err)
		}
		up := sim.New(sim.Options{})
		kept := up.KeepAlive()
		h := build(t, strings.ReplaceAll(matrixConfig, "KIND", m.name), up, kept)
		defer kept.CloseIdleConnections()
		h.prompts(m, 2, "one/m1") // a connection is open
		up.Play(outage, sim.Strike{Provider: "one", Seed: 3})
		bad := 0
		for i := range 20 { // some fail by the 0.5 % of a good day
			got := h.post(m.path, m.body("chat", fmt.Sprint("call ", i)))
			if got.status != http.StatusOK || got.own("Served-By") != "one/m1" {
				bad++
			}
		}
		if bad > 2 {
			t.Errorf("%d of 20 calls over a kept connection were not served by the first step", bad)
		}
		kept.CloseIdleConnections()
		got := h.ask(m)
		if got.status != http.StatusOK || got.own("Served-By") != "two/m2" || !strings.HasPrefix(got.own("Fallback"), "one/m1: connect") {
			t.Errorf("without one: %d by %q, %q", got.status, got.own("Served-By"), got.own("Fallback"))
		}
		for _, e := range up.Log() {
			if e.Fault == "nxdomain" && e.Conn == 0 && e.Provider == "one" {
				return
			}
		}
		t.Error("the log has no call that found no name")
	})
}

// inMode runs a test in a bubble for one mode.
func inMode(t *testing.T, m mode, f func(t *testing.T)) {
	t.Helper()
	t.Run(m.String(), func(t *testing.T) { synctest.Test(t, f) })
}
