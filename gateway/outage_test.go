package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

// second sends a request and lets the rest of a second pass.
func (h *house) second(m mode, i int) reply {
	h.t.Helper()
	start := time.Now()
	got := h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
	time.Sleep(time.Until(start.Add(time.Second)))
	return got
}

// TestHungProbe: a provider that swallows its probes too is probed one call at
// a time, costs nobody more than the wait for a first token, and is back soon
// after it is well. (Fault 78.)
func TestHungProbe(t *testing.T) {
	for _, m := range allModes {
		if !m.stream {
			continue // a whole answer has no first token to wait for
		}
		inMode(t, m, func(t *testing.T) {
			h := lifeHouse(t, m, "")
			h.fault("m1", "silence")
			for i := range 10 {
				h.second(m, i)
			}
			time.Sleep(3 * time.Second) // what is under way comes to its end
			opened := len(h.sim.Log())
			for i := range 60 {
				if got := h.second(m, 100+i); got.status != http.StatusOK || got.own("Served-By") != "two/m2" || got.took > 3*time.Second {
					t.Errorf("request %d: %d by %q after %v", i, got.status, got.own("Served-By"), got.took)
				}
			}
			var until time.Time
			probes := 0
			for _, e := range h.sim.Log()[opened:] {
				if e.Model != "m1" {
					continue
				}
				probes++
				if e.Time.Before(until) {
					t.Errorf("a probe at %v, while another was out until %v", e.Time, until)
				}
				until = e.Time.Add(e.Duration)
			}
			if probes == 0 || probes > 20 {
				t.Errorf("%d probes in a minute", probes)
			}
			h.fault("m1", "")
			for i := range 60 {
				if got := h.second(m, 200+i); got.own("Served-By") == "one/m1" && i < 45 {
					return
				}
			}
			t.Error("not back 45 s after it is well")
		})
	}
}

// TestAuthOutage: a provider that refuses every key is left alone after each of
// them has been refused, and clients never see a 401. (Fault 26.)
func TestAuthOutage(t *testing.T) {
	for _, m := range allModes {
		inMode(t, m, func(t *testing.T) {
			h := open(t, strings.ReplaceAll(keysConfig, "KIND", m.name))
			h.fault("m1", "401")
			for i := range 20 {
				got := h.second(m, i)
				if got.status != http.StatusOK || got.own("Served-By") != "two/m2" {
					t.Errorf("request %d: %d by %q", i, got.status, got.own("Served-By"))
				}
			}
			if n := h.calls("m1"); n < 2 || n > 12 {
				t.Errorf("%d calls with refused keys, want one for each of two and a few trials", n)
			}
			h.fault("m1", "")
			for i := range 90 {
				if got := h.second(m, 100+i); got.own("Served-By") == "one/m1" {
					return
				}
			}
			t.Error("not back 90 s after the keys are taken again")
		})
	}
}

// TestRestartDuringOutage: a gateway that starts while a provider is down knows
// nothing of it, finds out as soon as the last one did, and costs nobody an
// answer. (Fault 86.)
func TestRestartDuringOutage(t *testing.T) {
	for _, m := range allModes {
		inMode(t, m, func(t *testing.T) {
			up := sim.New(sim.Options{})
			text := strings.ReplaceAll(matrixConfig, "KIND", m.name)
			wasted := []int{0, 0}
			for life := range wasted {
				h := build(t, text, up, up.Transport())
				h.fault("m1", "503")
				before := h.calls("m1")
				for i := range 12 {
					if got := h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i))); got.status != http.StatusOK || got.own("Served-By") != "two/m2" {
						t.Errorf("request %d: %d by %q", i, got.status, got.own("Served-By"))
					}
				}
				wasted[life] = h.calls("m1") - before
				if state := h.first().State; state == "closed" {
					t.Errorf("life %d: the breaker is %s", life, state)
				}
			}
			if wasted[1] == 0 || wasted[1] > wasted[0] {
				t.Errorf("%d calls were wasted, then %d", wasted[0], wasted[1])
			}
		})
	}
}
