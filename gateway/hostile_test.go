package gateway_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// ears keep what a gateway tells.
type ears struct {
	mu     sync.Mutex
	events []gateway.Event
}

func (e *ears) hear(event gateway.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, event)
}

// words are what was heard since the last time: the kind and what it is about.
func (e *ears) words() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var words []string
	for i := range e.events {
		about := e.events[i].Provider
		if t := e.events[i].Target; t != (switchgear.Target{}) {
			about = t.String()
		}
		if e.events[i].Credential != "" {
			about = e.events[i].Credential
		}
		words = append(words, e.events[i].Kind+" "+about)
	}
	e.events = nil
	return strings.Join(words, ", ")
}

// eavesdrop makes a gateway without a door, whose events are heard.
func eavesdrop(t *testing.T, text string) (*house, *ears) {
	t.Helper()
	heard := &ears{}
	up := sim.New(sim.Options{KeepBodies: true, Keys: []string{secrets["KEY_1"], secrets["KEY_2"]}})
	gw, err := gateway.New(t.Context(), parse(t, text), gateway.WithTransport(up.Transport()), gateway.WithEvents(heard.hear))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gw.Close(); err != nil {
			t.Error(err)
		}
	})
	return &house{t: t, sim: up, gateway: gw}, heard
}

// inside sends so many requests from within the program, each with a prompt of
// its own, and holds who served them; "" is whoever does, if anybody.
func (h *house) inside(route string, n int, by string) {
	h.t.Helper()
	for range n {
		resp, err := h.gateway.Complete(h.t.Context(), switchgear.Ask(route, fmt.Sprint("prompt ", h.prompted.Add(1))))
		if by != "" && (err != nil || resp.Trace.Target.String() != by) {
			h.t.Fatalf("%+v, %v", resp, err)
		}
	}
}

// reload takes another configuration.
func (h *house) reload(text string) {
	h.t.Helper()
	if err := h.gateway.Reload(parse(h.t, text)); err != nil {
		h.t.Fatal(err)
	}
}

// TestReloadOfAnAddress: what was known of one address says nothing of another.
// Its circuit is closed and its incident over; only a hold stays.
func TestReloadOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := allModes[0]
		text := reloadText(m, "one/m1, two/m2", "first_token")
		elsewhere := strings.Replace(text, "one.test", "elsewhere.test", 1)
		h, heard := eavesdrop(t, text)
		h.fault("m1", "500")
		h.inside("chat", 5, "two/m2")
		if h.first().State != "open" {
			t.Fatalf("%+v", h.first())
		}
		heard.words()
		h.fault("m1", "")
		h.reload(elsewhere)
		if s := h.first(); s.State != "closed" || s.Opens != 0 || heard.words() != "circuit_close one/m1" {
			t.Errorf("%+v", s)
		}
		h.inside("chat", 3, "one/m1")
		if err := h.gateway.Hold(h.first().Target, "ann"); err != nil {
			t.Fatal(err)
		}
		h.reload(text)
		if s := h.first(); s.State != "held" || s.HeldBy != "ann" {
			t.Errorf("%+v", s)
		}
		h.inside("chat", 1, "two/m2")
	})
}

// TestReloadKeepsAHold: whatever else is said of breakers, a target that an
// operator took out of use stays out of use.
func TestReloadKeepsAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := allModes[0]
		text := reloadText(m, "one/m1, two/m2", "first_token")
		h, _ := eavesdrop(t, text)
		if err := h.gateway.Hold(h.first().Target, "ann"); err != nil {
			t.Fatal(err)
		}
		h.reload(strings.Replace(text, "probe: off", "probe: on, window: 30s, cooldown: 7s..9s", 1))
		if s := h.first(); s.State != "held" || s.HeldBy != "ann" {
			t.Errorf("%+v", s)
		}
		h.inside("chat", 1, "two/m2")
	})
}

// TestMadeUpNames: a client that may name models cannot make a provider's
// circuit open, nor wake anybody, by names of models that do not exist.
func TestMadeUpNames(t *testing.T) {
	for _, fault := range []string{"404", "500"} {
		synctest.Test(t, func(t *testing.T) {
			m := allModes[0]
			text := strings.NewReplacer("KIND", m.name, "OTHER", m.name, "probe: off", "probe: on").Replace(directConfig)
			h, heard := eavesdrop(t, text)
			for _, name := range []string{"made-up-1", "made-up-2", "made-up-3"} {
				h.fault(name, fault)
				h.inside("one/"+name, 7, "")
			}
			if s := h.first(); s.State != "closed" {
				t.Errorf("%+v", s)
			}
			if said := heard.words(); said != "" {
				t.Errorf("told of %s", said)
			}
			h.inside("chat", 1, "one/m1")
		})
	}
}

// TestSlowThinkerComesBack: a model that takes its time, on a route that gives
// it that, is found well again though a probe's usual patience is too short
// for it; and one failure does not close it to begin with.
func TestSlowThinkerComesBack(t *testing.T) {
	for _, m := range []mode{allModes[0], allModes[3]} {
		for name, rate := range map[string]float64{"quiet": 0.1, "busy": 3} {
			t.Run(m.String()+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := houseAt(t, m, lifeConfig, "surface: quality", sim.Profile{FirstToken: 7 * time.Second})
					h.traffic(m, rate, 2*time.Minute)
					if s := h.first(); s.State != "closed" {
						t.Fatalf("well, and %+v", s)
					}
					h.fault("m1", "500")
					h.traffic(m, rate, time.Minute)
					if s := h.first(); s.State == "closed" {
						t.Fatalf("failing, and %+v", s)
					}
					h.fault("m1", "")
					h.traffic(m, rate, 2*time.Minute)
					if s := h.first(); s.State != "closed" {
						t.Errorf("well again for two minutes, and %+v", s)
					}
				})
			})
		}
	}
}

// TestKeyTakenOut: the trouble with a key is over when the key is taken out of
// the file.
func TestKeyTakenOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := strings.NewReplacer("KIND", "openai", "CHAIN", "one/m1, two/m2", "COMMIT", "first_token").Replace(reloadConfig)
		both := strings.Replace(text, `key: "${KEY_1}"`, `keys: ["${KEY_1}", "${KEY_2}"]`, 1)
		heard := &ears{}
		up := sim.New(sim.Options{Keys: []string{secrets["KEY_1"]}})
		gw, err := gateway.New(t.Context(), parse(t, both), gateway.WithTransport(up.Transport()), gateway.WithEvents(heard.hear))
		if err != nil {
			t.Fatal(err)
		}
		defer gw.Close()
		h := &house{t: t, sim: up, gateway: gw}
		h.inside("chat", 4, "")
		if said := heard.words(); said != "key_refused one#2" {
			t.Fatalf("told of %q", said)
		}
		h.reload(both)
		if said := heard.words(); said != "" {
			t.Errorf("told of %q", said)
		}
		h.reload(text)
		if said := heard.words(); said != "key_restored one#2" {
			t.Errorf("told of %q", said)
		}
	})
}

// TestLyingRetries: a client that says of all its requests that they are
// retries leaves the others theirs.
func TestLyingRetries(t *testing.T) {
	for _, m := range allModes {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, strings.NewReplacer("KIND", m.name, "one/m1, two/m2", "one/m1", "commit: COMMIT", "single_point: ok", "CHAIN", "one/m1").
				Replace(strings.Replace(reloadConfig, "attempts: 1", "attempts: 2", 1)))
			for i := range 40 {
				h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)), "X-Stainless-Retry-Count", "1")
			}
			h.fault("m1", "500x1")
			if got := h.post(m.path, m.body("chat", "an honest one")); got.status != 200 || got.own("Attempts") != "2" {
				t.Errorf("%s: %d after %s attempts: %s", m, got.status, got.own("Attempts"), got.body)
			}
		})
	}
}

// TestPoisonousClient: a client whose every request is refused by the first
// target, and taken by the next, opens no circuit while another is served
// there; nor does one whose requests break it.
func TestPoisonousClient(t *testing.T) {
	const clients = "clients:\n  good: {hash: \"sha256:GOOD\"}\n  bad: {hash: \"sha256:BAD\"}\n"
	hash := func(key string) string { sum := sha256.Sum256([]byte(key)); return hex.EncodeToString(sum[:]) }
	for _, m := range allModes {
		for _, fault := range []string{"400-vague", "500"} {
			synctest.Test(t, func(t *testing.T) {
				text := lifeConfig + strings.NewReplacer("GOOD", hash("sk-sg-good"), "BAD", hash("sk-sg-bad")).Replace(clients)
				h := houseAt(t, m, text, "", sim.Profile{})
				ask := func(key string) reply {
					return h.post(m.path, m.body("chat", fmt.Sprint("prompt ", h.prompted.Add(1))), "Authorization", "Bearer "+key)
				}
				for i := range 200 {
					h.fault("m1", "")
					if i%20 == 0 {
						if got := ask("sk-sg-good"); got.status != 200 || got.own("Served-By") != "one/m1" {
							t.Fatalf("%s, %s, %d: %d by %s, %+v", m, fault, i, got.status, got.own("Served-By"), h.first())
						}
					}
					h.fault("m1", fault+"x1")
					ask("sk-sg-bad")
					h.fault("m1", "")
					time.Sleep(400 * time.Millisecond)
				}
				if s := h.first(); s.Opens != 0 {
					t.Errorf("%s, %s: %+v", m, fault, s)
				}
			})
		}
	}
}

// TestLearnsOnGoodDays: a busy target that fails as rarely as everybody does is
// got to know within minutes.
func TestLearnsOnGoodDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := allModes[3]
		h := houseAt(t, m, lifeConfig, "", sim.Profile{FirstToken: 200 * time.Millisecond, Spread: 0.3})
		for range 30 { // three minutes at ten a second with one failure in a hundred
			h.fault("m1", "500x1")
			h.traffic(m, 10, 10*time.Second)
		}
		if s := h.first(); s.State != "closed" {
			t.Fatalf("%+v", s)
		}
		h.fault("m1", "silence")
		if got := h.ask(m); got.status != 200 || got.took > 2*time.Second {
			t.Errorf("%d after %v", got.status, got.took)
		}
	})
}
