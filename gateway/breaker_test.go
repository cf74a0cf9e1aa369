package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

const breakerConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
retry: {attempts: 1}
routes:
  chat: {chain: [one/m1, two/m2], hedge: off}
  alone: {chain: [one/m1], single_point: ok}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

func breakerHouse(t *testing.T, m mode) *house {
	t.Helper()
	return open(t, strings.ReplaceAll(breakerConfig, "KIND", m.name))
}

// first is the breaker of the first step.
func (h *house) first() gateway.BreakerInfo { return h.gateway.Breakers()[0] }

// prompts sends so many requests, each with a body of its own, and holds who
// served them.
func (h *house) prompts(m mode, n int, by string) {
	h.t.Helper()
	for i := range n {
		got := h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
		if got.status != 200 || got.own("Served-By") != by {
			h.t.Fatalf("request %d: %d by %q: %.200s", i+1, got.status, got.own("Served-By"), got.body)
		}
	}
}

// TestBreakerOpens: what opens a breaker, what does not, and after how many
// requests with bodies that differ or do not.
func TestBreakerOpens(t *testing.T) {
	for _, c := range []struct {
		fault  string
		bodies int // different ones that it takes; 0 for never
		same   int // requests of one body that it takes; 0 for never
	}{ // without probes and races: what users' requests alone show
		{"500", 5, 0},
		{"503", 5, 0},
		{"529", 5, 0},
		{"502", 5, 0},
		{"404", 2, 0}, // the model is gone: the word of two is enough
		{"200-empty", 5, 0},
		{"error-first", 5, 0},
		{"silence", 5, 0},
		{"refused", 3, 3}, // a connection needs no body to fail
		{"reset", 5, 0},   // once the request is on its way its body may have done it
		{"400", 0, 0},
		{"400-context", 0, 0},
		{"400-filter", 0, 0},
		{"422", 5, 0},       // in words nobody knows, and the next step takes what it refuses
		{"400-vague", 5, 0}, // likewise
		{"401", 0, 0},       // the key's
		{"402", 0, 0},
		{"429-retry-60", 0, 0},
		{"refusal", 0, 0},
		{"", 0, 0},
	} {
		for _, m := range allModes {
			for _, distinct := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/%t", c.fault, m, distinct), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						h := breakerHouse(t, m)
						h.fault("m1", c.fault)
						limit := c.same
						if distinct {
							limit = c.bodies
						}
						if c.fault == "silence" && !m.stream && distinct {
							limit = 2 // each takes half a minute: after one of little traffic two are enough
						}
						n := opens(h, m, distinct)
						if n != limit {
							t.Errorf("open after %d requests, want %d", n, limit)
						}
					})
				})
			}
		}
	}
}

// opens sends up to eight requests and says after how many the first step's
// breaker opened; 0 for never.
func opens(h *house, m mode, distinct bool) int {
	for i := range 8 {
		prompt := "hello"
		if distinct {
			prompt = fmt.Sprint("prompt ", i)
		}
		h.post(m.path, m.body("chat", prompt))
		if state := h.first().State; state == "open" || state == "gone" {
			return i + 1
		}
	}
	return 0
}

// TestBrokenStreamsOpen: answers that break off after they have begun count as
// failures do, though the client had bytes of them.
func TestBrokenStreamsOpen(t *testing.T) {
	for fault, most := range map[string]int{
		"cut-5": 5, "cut-rst-5": 5, "error-5": 5,
		"stall-5": 4, // after a minute of little traffic two in a row are enough
	} {
		for _, p := range bothSides {
			t.Run(fault+"/"+p.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := mode{p, true}
					h := breakerHouse(t, m)
					h.fault("m1", fault)
					if n := opens(h, m, true); n != most {
						t.Errorf("open after %d requests, want %d", n, most)
					}
					if n := h.calls("m2"); n != 0 {
						t.Errorf("a stream that had begun went on elsewhere: %d calls", n)
					}
					h.prompts(m, 1, "two/m2")
				})
			})
		}
	}
}

// TestBreakerLife takes a breaker from closed over open and half-open to closed
// again, without probes: by users' requests, who see nothing of it.
func TestBreakerLife(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := breakerHouse(t, m)
		h.fault("m1", "500")
		h.prompts(m, 5, "two/m2")
		// Open: skipped without a call and without a wait.
		b := h.first()
		left := time.Until(b.Until)
		if b.State != "open" || left < 4*time.Second || left > 6*time.Second {
			t.Fatalf("%+v, next trial in %v", b, left)
		}
		got := h.ask(m)
		if h.calls("m1") != 5 || got.took != 0 || got.own("Fallback") != "one/m1: breaker open" || got.own("Attempts") != "1" {
			t.Errorf("%d calls, %v, %q, attempts %s", h.calls("m1"), got.took, got.own("Fallback"), got.own("Attempts"))
		}
		// A trial fails, in the shadow of the next step: open again, for longer.
		time.Sleep(left)
		h.prompts(m, 1, "two/m2")
		synctest.Wait()
		if b := h.first(); h.calls("m1") != 6 || b.State != "open" || b.Opens != 2 || time.Until(b.Until) < 8*time.Second {
			t.Fatalf("%d calls, %+v", h.calls("m1"), b)
		}
		// Half-open: one trial, which takes its time; nobody waits for it.
		time.Sleep(time.Until(h.first().Until))
		h.fault("m1", "slow-headers-2s")
		if got := h.ask(m); got.took != 0 || got.own("Served-By") != "two/m2" {
			t.Errorf("by %q after %v", got.own("Served-By"), got.took)
		}
		synctest.Wait() // the trial is on its way beside the answer
		if b := h.first(); b.State != "half-open" || h.calls("m1") != 7 {
			t.Fatalf("%d calls, %+v", h.calls("m1"), b)
		}
		got = h.ask(m)
		if got.own("Fallback") != "one/m1: breaker half-open, probe in flight" || h.calls("m1") != 7 || got.took != 0 {
			t.Errorf("%q, %d calls, %v", got.own("Fallback"), h.calls("m1"), got.took)
		}
		// The trial and two more go well: closed.
		h.fault("m1", "")
		for range 2 {
			time.Sleep(3 * time.Second)
			if got := h.ask(m); got.status != 200 || got.took != 0 {
				t.Errorf("%d after %v", got.status, got.took)
			}
			synctest.Wait()
		}
		if b := h.first(); b.State != "closed" || h.calls("m1") != 9 {
			t.Fatalf("%d calls, %+v", h.calls("m1"), b)
		}
		h.prompts(m, 3, "one/m1")
	})
}

// TestProbeOfALeaver: a client that goes away during a trial frees its place,
// takes both upstream calls along, and decides nothing.
func TestProbeOfALeaver(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := breakerHouse(t, m)
		h.fault("m1", "500")
		h.prompts(m, 5, "two/m2")
		time.Sleep(time.Until(h.first().Until))
		h.fault("*", "")
		h.fault("m1", "silence")
		h.fault("m2", "silence")
		before := len(h.sim.Log())
		ctx, cancel := context.WithCancel(t.Context())
		gone := time.Now().Add(time.Second)
		time.AfterFunc(time.Second, cancel)
		if resp := h.send(ctx, m.path, strings.NewReader(m.body("chat", "bye"))); resp != nil {
			read(resp, gone)
		}
		time.Sleep(100 * time.Millisecond)
		log := h.sim.Log()[before:]
		if len(log) != 2 {
			t.Fatalf("%d calls in the trial, want two", len(log))
		}
		for _, e := range log {
			if e.Outcome != sim.OutcomeCancelled || e.Cancelled.Before(gone) || e.Cancelled.Sub(gone) > 100*time.Millisecond {
				t.Errorf("%s: %s, %v after the client left", e.Model, e.Outcome, e.Cancelled.Sub(gone))
			}
		}
		if b := h.first(); b.State != "half-open" {
			t.Fatalf("%+v", b)
		}
		h.fault("m1", "")
		h.fault("m2", "")
		for range 3 {
			time.Sleep(time.Second)
			h.ask(m)
			synctest.Wait()
		}
		if b := h.first(); b.State != "closed" {
			t.Errorf("%+v", b)
		}
		h.prompts(m, 1, "one/m1")
	})
}

const keysConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", keys: ["${KEY_1}", "${KEY_2}"]}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_2}"}
routes:
  chat: {chain: [one/m1, two/m2]}
  alone: {chain: [one/m1], single_point: ok}
`

// keysOf lists the keys that calls for a model used, in order.
func (h *house) keysOf(model string) string {
	var used []string
	for _, e := range h.sim.Log() {
		if e.Model == model {
			used = append(used, e.Key)
		}
	}
	return strings.Join(used, " ")
}

// TestKeyCools: a key in trouble rests, its sister serves without a wait, and
// the client sees nothing of it.
func TestKeyCools(t *testing.T) {
	for _, c := range []struct {
		fault string
		rest  time.Duration
	}{
		{"429-retry-60x1", time.Minute},
		{"401x1", 30 * time.Second},
		{"402x1", 10 * time.Minute},
		{"429-retry-1x1", time.Second}, // short enough to wait for, but the other key is free
	} {
		for _, m := range allModes {
			t.Run(c.fault+"/"+m.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := open(t, strings.ReplaceAll(keysConfig, "KIND", m.name))
					h.fault("m1", c.fault)
					got := h.ask(m)
					if got.status != 200 || got.own("Step") != "1/2" || got.own("Attempts") != "2" || got.took != 0 {
						t.Fatalf("%d, step %s, attempts %s, %v", got.status, got.own("Step"), got.own("Attempts"), got.took)
					}
					h.prompts(m, 3, "one/m1")
					time.Sleep(c.rest)
					h.prompts(m, 4, "one/m1")
					used := h.keysOf("m1")
					if early, late := used[:len("#1 #2 #2 #2 #2")], used[len("#1 #2 #2 #2 #2"):]; early != "#1 #2 #2 #2 #2" || strings.Count(late, "#1") != 2 {
						t.Errorf("keys %s", used)
					}
					if b := h.first(); b.State != "closed" {
						t.Errorf("a key's trouble is not the target's: %+v", b)
					}
				})
			})
		}
	}
}

// TestRefusedKey: a key the provider does not know is not the client's
// trouble.
func TestRefusedKey(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up := sim.New(sim.Options{Keys: []string{secrets["KEY_2"]}})
				h := build(t, strings.ReplaceAll(keysConfig, "KIND", m.name), up, up.Transport())
				h.prompts(m, 5, "one/m1")
				refused := 0
				for _, e := range up.Log() {
					if strings.HasPrefix(e.Key, "sha256:") {
						refused++
					}
				}
				if refused != 1 || len(up.Log()) != 6 {
					t.Errorf("the refused key was used %d times in %d calls", refused, len(up.Log()))
				}
			})
		})
	}
}

// TestAllKeysCool: the next step serves while they do; without one the client
// is told when the first is back, if that is soon.
func TestAllKeysCool(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, strings.ReplaceAll(keysConfig, "KIND", m.name))
				h.fault("m1", "429-retry-8")
				h.prompts(m, 4, "two/m2")
				if used := h.keysOf("m1"); used != "#1 #2" {
					t.Errorf("keys %s", used)
				}
				got := h.ask(m)
				if got.own("Fallback") != "one/m1: all keys cooling" || got.took != 0 {
					t.Errorf("%q, %v", got.own("Fallback"), got.took)
				}
				time.Sleep(3 * time.Second)
				got = h.post(m.path, m.body("alone", "hello"))
				if e := readError(t, m.protocol, got.body); got.status != 429 || e.Code != "rate_limit" || e.Kind != "rate_limit_error" {
					t.Errorf("%d: %+v", got.status, e)
				}
				checkAdvice(t, &got, 5*time.Second)
				if used := h.keysOf("m1"); used != "#1 #2" {
					t.Errorf("a cooling key was used: %s", used)
				}
				h.fault("m1", "")
				time.Sleep(5 * time.Second)
				h.prompts(m, 2, "one/m1")
			})
		})
	}
}

// TestLongRest: a provider's Retry-After of a minute is never passed on.
func TestLongRest(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, strings.ReplaceAll(keysConfig, "KIND", m.name))
				h.fault("m1", "429-retry-60")
				for range 2 {
					got := h.post(m.path, m.body("alone", "hello"))
					if got.status != 503 || got.took != 0 {
						t.Errorf("%d after %v: %s", got.status, got.took, got.body)
					}
					checkAdvice(t, &got, 0)
				}
				if used := h.keysOf("m1"); used != "#1 #2" {
					t.Errorf("keys %s", used)
				}
			})
		})
	}
}
