package gateway_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// told lists the events there were: kind and target, provider or key.
func (h *house) told() []string {
	h.records.mu.Lock()
	defer h.records.mu.Unlock()
	var out []string
	for i := range h.records.events {
		e := &h.records.events[i]
		about := e.Credential
		switch {
		case about != "":
		case e.Target != (switchgear.Target{}):
			about = e.Target.String()
		default:
			about = e.Provider
		}
		out = append(out, e.Kind+" "+about)
	}
	return out
}

// TestCircuitEvents: one event tells that a circuit has opened, however many
// trials fail, and one that it is closed again; they say what an alert needs.
func TestCircuitEvents(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := lifeHouse(t, m, "")
		h.traffic(m, 4, 20*time.Second)
		if got := h.told(); len(got) != 0 {
			t.Errorf("in calm: %v", got)
		}
		h.fault("m1", "503")
		h.traffic(m, 4, 2*time.Minute)
		if got := h.told(); !slices.Equal(got, []string{"circuit_open one/m1"}) {
			t.Fatalf("%v", got)
		}
		if b := h.first(); b.Opens < 3 {
			t.Errorf("no trial has failed: %+v", b)
		}
		e := h.records.events[0]
		if e.Class != switchgear.ClassOverloaded || e.Status != 503 || e.Reason == "" || e.At.IsZero() || !e.Until.After(e.At) || e.Bad == 0 || e.N < e.Bad ||
			!slices.Equal(e.Routes, []string{"chat", "solo"}) || !slices.Equal(e.Stranded, []string{"solo"}) || e.Serving != "two/m2" {
			t.Errorf("%+v", e)
		}
		h.fault("m1", "")
		h.traffic(m, 4, 45*time.Second)
		if got := h.told(); !slices.Equal(got, []string{"circuit_open one/m1", "circuit_close one/m1"}) {
			t.Errorf("%v", got)
		}
	})
}

// TestFlapping: a target that comes and goes is paged for once a turn at the
// most, and never with a close that no open went before. (Faults 74 and 75.)
func TestFlapping(t *testing.T) {
	for _, half := range []time.Duration{time.Minute, 5 * time.Second} {
		t.Run(half.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := mode{openaiSide, true}
				h := pacedHouse(t, m, "")
				h.traffic(m, 4, 30*time.Second)
				turns := int(5 * time.Minute / (2 * half))
				for range turns {
					h.fault("m1", "503")
					happy(t, "down", h.traffic(m, 4, half), 3*time.Second)
					h.fault("m1", "")
					happy(t, "up", h.traffic(m, 4, half), 3*time.Second)
				}
				h.traffic(m, 4, time.Minute)
				got := h.told()
				open := 0
				for i, e := range got {
					want := []string{"circuit_open one/m1", "circuit_close one/m1"}[i%2]
					if e != want {
						t.Fatalf("event %d is %s, want %s", i, e, want)
					}
					open += 1 - i%2
				}
				if open == 0 || open > turns || len(got)%2 != 0 {
					t.Errorf("%d opened in %d turns: %v", open, turns, got)
				}
				if half < 10*time.Second && open > turns/3 {
					t.Errorf("%d pages in five minutes of a flap", open)
				}
			})
		})
	}
}

// TestKeyEvents: a key that is refused is told of once, and so is its return.
func TestKeyEvents(t *testing.T) {
	for _, c := range []struct{ fault, kind string }{{"401-key-1", "key_refused"}, {"402", "key_exhausted"}} {
		inEach(t, c.fault, func(t *testing.T, m mode) {
			h := open(t, strings.ReplaceAll(keysConfig, "KIND", m.name))
			h.fault("m1", c.fault)
			h.traffic(m, 2, 20*time.Second)
			refused := c.kind + " one#1"
			got := slices.DeleteFunc(h.told(), func(s string) bool { return !strings.HasPrefix(s, "key_") })
			if len(got) == 0 || got[0] != refused {
				t.Fatalf("%v", got)
			}
			slices.Sort(got)
			if once := slices.Compact(slices.Clone(got)); len(once) != len(got) {
				t.Errorf("told twice: %v", got)
			}
			for _, e := range h.records.events {
				if strings.Contains(fmt.Sprintf("%+v", e), "sk-test") {
					t.Errorf("a key is in an event: %+v", e)
				}
			}
			h.fault("m1", "")
			h.traffic(m, 2, 15*time.Minute)
			if got := h.told(); !slices.Contains(got, "key_restored one#1") {
				t.Errorf("%v", got)
			}
		})
	}
}

// TestEventsWhileTold: who is told of an event may look at the gateway, and
// change it, from there.
func TestEventsWhileTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := sim.New(sim.Options{})
		var gw *gateway.Gateway
		var seen []string
		gw, err := gateway.New(t.Context(), parse(t, strings.NewReplacer("KIND", "openai", "EXTRA", "").Replace(lifeConfig)),
			gateway.WithTransport(up.Transport()), gateway.WithEvents(func(e gateway.Event) {
				for _, b := range gw.Breakers() {
					if b.Target == e.Target {
						seen = append(seen, e.Kind+" "+b.State)
					}
				}
				if e.Kind == switchgear.AlertCircuitOpen {
					if err := gw.Hold(e.Target, "the night watch"); err != nil {
						t.Error(err)
					}
				}
			}))
		if err != nil {
			t.Fatal(err)
		}
		defer gw.Close()
		faults, err := sim.ParseFaults("503")
		if err != nil {
			t.Fatal(err)
		}
		up.SetFault("m1", faults...)
		for i := range 8 {
			if _, err := gw.Complete(t.Context(), switchgear.Ask("chat", fmt.Sprint("prompt ", i))); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Minute)
		if want := []string{"circuit_open open"}; !slices.Equal(seen, want) {
			t.Errorf("%v, want %v", seen, want)
		}
		if b := gw.Breakers()[0]; b.State != "held" || b.HeldBy != "the night watch" {
			t.Errorf("%+v", b)
		}
	})
}

// TestOrders: an operator takes a target out of use, tries it, and gives it
// back; what makes no sense is refused, with the reason.
func TestOrders(t *testing.T) {
	one := switchgear.Target{Provider: "one", Model: "m1"}
	inAllModes(t, func(t *testing.T, m mode) {
		h := lifeHouse(t, m, "")
		h.prompts(m, 2, "one/m1")
		if err := h.gateway.Hold(one, "ada"); err != nil {
			t.Fatal(err)
		}
		before := h.calls("m1")
		h.prompts(m, 5, "two/m2")
		got := h.post(m.path, m.body("solo", "hello")) // panic does not overrule an operator
		if got.status == http.StatusOK || !strings.Contains(got.body, "one/m1 breaker held open by hand") {
			t.Errorf("%d: %s", got.status, got.body)
		}
		time.Sleep(time.Minute)
		if b := h.first(); b.State != "held" || b.HeldBy != "ada" || h.calls("m1") != before {
			t.Errorf("%d calls, %+v", h.calls("m1")-before, b)
		}
		for name, err := range map[string]error{
			"held twice": h.gateway.Hold(one, "grace"), "tried while held": h.gateway.Trial(one),
		} {
			if err == nil || !strings.Contains(err.Error(), "ada") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.gateway.Hold(switchgear.Target{Provider: "one", Model: "nothing"}, "ada"); err != gateway.ErrUnknownTarget { //nolint:errorlint // it is documented to be this very error
			t.Errorf("%v", err)
		}
		if err := h.gateway.Release(one); err != nil {
			t.Fatal(err)
		}
		if b := h.first(); b.State == "closed" {
			t.Errorf("at full load at once: %+v", b)
		}
		h.until(10*time.Second, "closed")
		h.prompts(m, 2, "one/m1")
		if err := h.gateway.Release(one); err == nil {
			t.Error("released though it is not held")
		}
		if got, want := h.told(), []string{"circuit_open one/m1", "circuit_close one/m1"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}

		// A trial ends the cool-off.
		h.fault("m1", "503")
		h.post(m.path, m.body("chat", "dead"))
		h.until(10*time.Second, "open")
		h.fault("m1", "")
		left := time.Until(h.first().Until)
		if err := h.gateway.Trial(one); err != nil {
			t.Fatal(err)
		}
		if took := h.until(10*time.Second, "closed"); took >= left {
			t.Errorf("closed after %v, and the cool-off had %v left", took, left)
		}
	})
}

// TestReloadDuringTrials: a configuration that comes while a target is on trial
// keeps what is known of it, and the trials go on. (Fault 88.)
func TestReloadDuringTrials(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := lifeHouse(t, m, "")
		h.fault("m1", "503")
		h.traffic(m, 1, 10*time.Second)
		h.fault("m1", "slow-headers-2s")
		h.until(30*time.Second, "half-open")
		before := h.first()
		text := strings.NewReplacer("KIND", m.name, "EXTRA", ", commit: whole").Replace(lifeConfig)
		for range 5 {
			if err := h.gateway.Reload(parse(t, text)); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.first(); got != before {
			t.Errorf("%+v, was %+v", got, before)
		}
		h.until(20*time.Second, "closed", "ramp")
		h.prompts(m, 1, "one/m1")
	})
}

// TestGoroutinesReturn: after an outage with races, probes and hung calls no
// goroutine is left that was not there before.
func TestGoroutinesReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mode{openaiSide, true}
		h := pacedHouse(t, m, "")
		h.traffic(m, 2, 10*time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		before := bubbled()
		for _, fault := range []string{"silence", "503", "slow-2s", "cut-3", "reset"} {
			h.fault("m1", fault)
			h.traffic(m, 10, 20*time.Second)
		}
		h.fault("m1", "")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if now := bubbled(); len(now) > len(before) {
			t.Errorf("%d goroutines, before it %d:\n%s", len(now), len(before), strings.Join(now, "\n\n"))
		}
	})
}

// bubbled lists the goroutines of the caller's synctest bubble. All others belong to
// the runtime (finalizers come and go) or to what an earlier test left to end by itself.
func bubbled() []string {
	stacks := make([]byte, 1<<20)
	all := strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n")
	_, bubble, _ := strings.Cut(head(all[0]), "synctest bubble ") // the first is the caller's own
	return slices.DeleteFunc(all, func(stack string) bool { return !strings.Contains(head(stack), "synctest bubble "+bubble) })
}

func head(stack string) string {
	line, _, _ := strings.Cut(stack, "\n")
	return strings.TrimSuffix(line, ":")
}
