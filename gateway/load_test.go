package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

const loadConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"EXTRA}
models:
  big:  {model: one/m1, tier: frontier}
  twin: {model: two/m2, tier: frontier, same_as: big}
routes:
  idle:  {chain: [big, twin], stakes: low}
  chat:  {chain: [big, twin], stakes: normal}
  vital: {chain: [big, twin], stakes: high}
`

// served is the share of requests that were answered.
func servedShare(replies []reply) float64 {
	n := 0
	for i := range replies {
		if replies[i].status == http.StatusOK && replies[i].err == nil {
			n++
		}
	}
	return float64(n) / float64(len(replies))
}

// shed runs three routes at once and says how much of each was answered.
func (h *house) shed(m mode, low, normal, high float64, lasts time.Duration) (a, b, c float64) {
	results := make([]chan []reply, 3)
	for i, route := range []string{"idle", "chat", "vital"} {
		results[i] = make(chan []reply, 1)
		rate := []float64{low, normal, high}[i]
		go func() { results[i] <- h.trafficTo(m, route, rate, lasts) }()
		time.Sleep(time.Millisecond)
	}
	return servedShare(<-results[0]), servedShare(<-results[1]), servedShare(<-results[2])
}

// TestLowStakesAreShedFirst: when a dead target's load is more than its
// fallback may be given, what matters least is turned away, at once and
// without a call, and what matters most is served. (Fault 81.)
func TestLowStakesAreShedFirst(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := houseAt(t, m, loadConfig, "max_in_flight: 10", sim.Profile{FirstToken: time.Second})
		h.fault("m1", "refused")
		h.trafficTo(m, "chat", 2, 10*time.Second) // its circuit opens
		low, normal, high := h.shed(m, 10, 2, 5, 30*time.Second)
		if high < 0.999 || low > 0.5 || normal < low {
			t.Errorf("%.2f of low stakes were served, %.2f of normal, %.2f of high", low, normal, high)
		}
		most := h.inFlight("m2")
		if most > 10 {
			t.Errorf("%d in flight at the fallback at once", most)
		}
		got := h.post(m.path, m.body("idle", "alone"))
		if got.status != http.StatusOK {
			t.Errorf("nothing is turned away when there is room: %d", got.status)
		}
	})
}

// inFlight is the most calls of a model that there were at once.
func (h *house) inFlight(model string) int {
	log := h.sim.Log()
	most := 0
	for i := range log {
		if log[i].Model != model {
			continue
		}
		n := 0
		for k := range log {
			if e := &log[k]; e.Model == model && !e.Time.After(log[i].Time) && e.Time.Add(e.Duration).After(log[i].Time) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// TestShedSaysWhy: who is turned away hears of the limit, in the words of the
// gateway, and is not counted against anybody.
func TestShedSaysWhy(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := houseAt(t, m, loadConfig, "max_in_flight: 1", sim.Profile{FirstToken: time.Second})
		h.fault("m1", "refused")
		h.trafficTo(m, "chat", 1, 5*time.Second)
		got := h.trafficTo(m, "idle", 4, 2*time.Second)
		turned := 0
		for i := range got {
			if got[i].status == http.StatusOK {
				continue
			}
			turned++
			if e := readError(t, m.protocol, got[i].body); !strings.Contains(e.Message, "two/m2 at its concurrency limit") || got[i].took != 0 {
				t.Errorf("after %v: %+v", got[i].took, e)
			}
		}
		if turned == 0 || turned == len(got) {
			t.Errorf("%d of %d were turned away", turned, len(got))
		}
		if b := h.gateway.Breakers()[1]; b.State != "closed" || b.Bad != 0 {
			t.Errorf("%+v", b)
		}
	})
}

// TestSlowDown: a fallback that asks for a slower ramp is given one: what is
// sent to it is cut, low stakes first, and grows back. (Faults 23 and 81.)
func TestSlowDown(t *testing.T) {
	m := mode{openaiSide, true} // Anthropic's words for it are those of an ordinary limit
	synctest.Test(t, func(t *testing.T) {
		h := houseAt(t, m, loadConfig, "", sim.Profile{FirstToken: time.Second})
		h.shed(m, 2, 2, 2, 30*time.Second)
		h.fault("m1", "refused")
		h.fault("m2", "429-ramp-50")
		h.shed(m, 10, 10, 5, 40*time.Second)
		refused := 0
		for _, e := range h.sim.Log() {
			if e.Model == "m2" && e.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused == 0 || refused > 200 {
			t.Errorf("%d of a thousand requests were sent only to be refused", refused)
		}
		low, _, high := h.shed(m, 10, 10, 5, 40*time.Second)
		if high < low {
			t.Errorf("%.2f of low stakes were served, %.2f of high", low, high)
		}
	})
}

// TestBrokenLimiter: a provider that refuses for its limit although it says that
// there is room is at fault itself: its circuit opens, and the key goes on
// serving its other models. (Fault 24.)
func TestBrokenLimiter(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := providerHouse(t, m, `"${KEY_1}"`)
		for _, route := range []string{"chat", "other"} {
			h.trafficTo(m, route, 4, 5*time.Second)
		}
		h.fault("m1", "429-remaining")
		outage := h.traffic(m, 4, 10*time.Second)
		happy(t, "while it refuses", outage, jitter)
		if b := h.first(); b.Opens == 0 {
			t.Errorf("%+v", b)
		}
		got := h.trafficTo(m, "other", 4, 5*time.Second)
		if n := answeredBy(got, "one/m3"); n != len(got) {
			t.Errorf("%d of %d by the same provider's other model", n, len(got))
		}
	})
}

// TestSlowRecovery: a provider that returns with the capacity of four calls a
// second is not knocked over again, and serves all when it can. (Fault 76.)
func TestSlowRecovery(t *testing.T) {
	for _, p := range bothSides {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := mode{p, true}
				h := pacedHouse(t, m, "")
				h.traffic(m, 20, 30*time.Second)
				script, err := sim.ParseScript([]byte(`phases:
  - {name: down, for: 30s, faults: [{match: m1, fault: 503}]}
  - {name: back, for: 3m, faults: [{match: m1, fault: 503, capacity: 4/s +0.5/s}]}
`))
				if err != nil {
					t.Fatal(err)
				}
				h.sim.Play(script, sim.Strike{Provider: "one"})
				h.traffic(m, 20, 30*time.Second)
				got := h.traffic(m, 20, 2*time.Minute)
				happy(t, "in the return", got, 5*time.Second)
				late := got[len(got)*3/4:]
				if n := answeredBy(late, "one/m1"); n < len(late)*9/10 {
					t.Errorf("%d of the last %d by the first step: %+v", n, len(late), h.first())
				}
			})
		})
	}
}

// TestBothBrownOut: when calls fail here and there at every step, circuits and
// limits must not turn that into an outage: about as many users are answered as
// without them, and more than one step alone would answer. (Fault 79.)
func TestBothBrownOut(t *testing.T) {
	for fault, least := range map[string]float64{"502@25%": 0.85, "529@10%": 0.95, "503@25%": 0.7, "503@50%": 0.55} {
		for _, m := range []mode{{openaiSide, true}, {anthropicSide, false}} {
			t.Run(fault+"/"+m.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := pacedHouse(t, m, "")
					h.traffic(m, 10, 30*time.Second)
					h.fault("*", fault)
					share := servedShare(h.traffic(m, 10, 3*time.Minute))
					if share < least {
						t.Errorf("%.3f were served, want %.2f at least", share, least)
					}
					t.Logf("%.3f were served", share)
				})
			})
		}
	}
}

// TestClockJumps: the wall clock is set by an hour, either way, while a circuit
// is open; nothing is decided by it. (Fault 87.) No test can set the clock, so
// that this asks for what could go wrong: that a time of the gateway's has lost
// its monotonic part. It stands in real time, for a bubble's has none.
func TestClockJumps(t *testing.T) {
	up := sim.New(sim.Options{})
	gw, err := gateway.New(t.Context(), parse(t, strings.NewReplacer("KIND", "openai", "EXTRA", "").Replace(lifeConfig)), gateway.WithTransport(up.Transport()))
	if err != nil {
		t.Fatal(err)
	}
	defer gw.Close()
	down, err := sim.ParseFaults("503")
	if err != nil {
		t.Fatal(err)
	}
	up.SetFault("m1", down...)
	for i := range 12 {
		if _, err := gw.Complete(t.Context(), switchgear.Ask("chat", fmt.Sprint("prompt ", i))); err != nil {
			t.Error(err)
		}
	}
	b := gw.Breakers()[0]
	if b.State != "open" {
		t.Fatalf("%+v", b)
	}
	for name, at := range map[string]time.Time{"since": b.Since, "until": b.Until} {
		if !strings.Contains(at.String(), " m=+") {
			t.Errorf("%s is by the wall clock: %v", name, at)
		}
	}
}
