package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestPanic: when every circuit of a chain is open its steps are tried all the
// same, each once; with high stakes nobody is, and the route says why.
// (Fault 80.)
func TestPanic(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		for _, stakes := range []string{"low", "normal", "high"} {
			h := breakersOff(t, m, "stakes: "+stakes)
			h.fault("*", "503")
			for i := range 6 { // the fifth opens the first circuit, and so must not open the second
				h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
			}
			for _, b := range h.gateway.Breakers() {
				if b.State != "open" {
					t.Fatalf("%s: %+v", stakes, b)
				}
			}
			before := len(h.sim.Log())
			got := h.ask(m)
			calls := len(h.sim.Log()) - before
			e := readError(t, m.protocol, got.body)
			want := 2
			if stakes == "high" {
				want = 0
			}
			if calls != want || got.status == http.StatusOK || got.took != 0 {
				t.Errorf("%s: %d calls, want %d; %d after %v", stakes, calls, want, got.status, got.took)
			}
			for _, words := range []string{"one/m1 breaker open, next trial in", "two/m2 breaker open, next trial in"} {
				if !strings.Contains(e.Message, words) {
					t.Errorf("%s: the message lacks %q: %s", stakes, words, e.Message)
				}
			}
			if forced := strings.Contains(e.Message, "tried all the same"); forced != (want > 0) {
				t.Errorf("%s: %s", stakes, e.Message)
			}
			if got.header.Get("Retry-After") == "" {
				t.Errorf("%s: no word of the next trial", stakes)
			}
			// Well again: a request served by force is served.
			h.fault("*", "")
			got = h.ask(m)
			if served := got.status == http.StatusOK; served != (want > 0) {
				t.Errorf("%s: %d: %s", stakes, got.status, got.body)
			}
		}
	})
}

// breakersOff is a house without probes and races.
func breakersOff(t *testing.T, m mode, extra string) *house {
	t.Helper()
	return open(t, strings.NewReplacer("KIND", m.name, "EXTRA", extra).Replace(`
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
models:
  big:  {model: one/m1, tier: frontier}
  twin: {model: two/m2, tier: frontier, same_as: big}
retry: {attempts: 1}
routes:
  chat: {chain: [big, twin], hedge: off, EXTRA}
breakers: {default: {probe: off}}
`))
}

// TestPoison: a request that breaks whoever is asked opens no circuit at all
// while it comes alone, and one at the most when it comes with others.
func TestPoison(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := breakersOff(t, m, "stakes: normal")
		h.fault("*", "500")
		for range 20 {
			h.post(m.path, m.body("chat", "poison"))
		}
		for _, b := range h.gateway.Breakers() {
			if b.State != "closed" && b.State != "suspect" || b.Opens != 0 {
				t.Errorf("one body: %+v", b)
			}
		}
		opened := func() (n int) {
			for _, b := range h.gateway.Breakers() {
				if b.State == "open" {
					n++
				}
			}
			return n
		}
		for i := range 10 {
			before := opened()
			h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
			if n := opened() - before; n > 1 {
				t.Errorf("request %d opened %d circuits", i, n)
			}
		}
		if opened() != 2 {
			t.Errorf("%d circuits are open after ten requests that differ", opened())
		}
	})
}

const providerConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", keys: [KEYS]}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_2}"}
routes:
  chat:  {chain: [one/m1, two/m2]}
  other: {chain: [one/m3, two/m2]}
  third: {chain: [one/m4, two/m2]}
`

func providerHouse(t *testing.T, m mode, keys string) *house {
	t.Helper()
	return open(t, strings.NewReplacer("KIND", m.name, "KEYS", keys).Replace(providerConfig))
}

// TestProviderUnreachable: failures to get through to two models of a provider
// open the circuits of all of them, those that nobody has asked for included.
func TestProviderUnreachable(t *testing.T) {
	for _, fault := range []string{"refused", "403-html", "200-html"} {
		inEach(t, fault, func(t *testing.T, m mode) {
			h := providerHouse(t, m, `"${KEY_1}"`)
			for _, route := range []string{"chat", "other", "third"} {
				h.trafficTo(m, route, 1, 10*time.Second)
			}
			h.fault("m1", fault)
			h.fault("m3", fault)
			h.fault("m4", fault)
			for i, route := range []string{"chat", "other", "third", "chat", "other"} {
				got := h.post(m.path, m.body(route, fmt.Sprint("prompt ", i)))
				happy(t, route, []reply{got}, jitter*2)
			}
			for _, b := range h.gateway.Breakers() {
				if open := b.State == "open"; open != (b.Target.Provider == "one") {
					t.Errorf("%+v", b)
				}
			}
			calls := h.calls("m4")
			got := h.post(m.path, m.body("third", "hello"))
			if got.own("Served-By") != "two/m2" || h.calls("m4") != calls {
				t.Errorf("by %q, %d calls", got.own("Served-By"), h.calls("m4")-calls)
			}
			for _, model := range []string{"m1", "m3", "m4"} {
				h.fault(model, "")
			}
			time.Sleep(30 * time.Second)
			for _, b := range h.gateway.Breakers() {
				if b.State != "closed" {
					t.Errorf("half a minute after it is well: %+v", b)
				}
			}
		})
	}
}

// TestKeysRefused: when a provider refuses every key it has an outage of its
// own: its circuits are open within two seconds, though the only key may be one
// that is new, and closed again when a key works. No client sees a 401.
func TestKeysRefused(t *testing.T) {
	for name, keys := range map[string]string{"two keys": `"${KEY_1}", "${KEY_2}"`, "the only key": `"${KEY_1}"`} {
		inEach(t, name, func(t *testing.T, m mode) {
			h := providerHouse(t, m, keys)
			for _, route := range []string{"chat", "other"} {
				happy(t, "in calm", h.trafficTo(m, route, 5, 10*time.Second), 0)
			}
			h.fault("m1", "401")
			h.fault("m3", "401")
			h.fault("m4", "401")
			outage := make(chan []reply)
			go func() { outage <- h.traffic(m, 5, 20*time.Second) }()
			h.until(2*time.Second, "open")
			for _, b := range h.gateway.Breakers() {
				if open := b.State == "open"; open != (b.Target.Provider == "one") {
					t.Errorf("%+v", b)
				}
			}
			happy(t, "in the outage", <-outage, jitter)
			for _, model := range []string{"m1", "m3", "m4"} {
				h.fault(model, "")
			}
			h.until(45*time.Second, "closed")
			after := h.traffic(m, 5, 20*time.Second)
			happy(t, "after it", after, jitter)
			if n := answeredBy(after, "one/m1"); n < len(after)/2 {
				t.Errorf("%d of %d by the first step", n, len(after))
			}
		})
	}
}

// TestClientAmplification: a client's SDK that tries again finds a dead chain
// barred, is told so at once, and makes no calls.
func TestClientAmplification(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := breakersOff(t, m, "stakes: normal")
		h.fault("*", "503")
		for i := range 6 { // the fifth opens the first circuit, and so must not open the second
			h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
		}
		before := len(h.sim.Log())
		for i := range 50 {
			got := h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)), "X-Stainless-Retry-Count", "1")
			if got.status == http.StatusOK || got.took != 0 {
				t.Errorf("%d after %v", got.status, got.took)
			}
		}
		if n := len(h.sim.Log()) - before; n != 0 {
			t.Errorf("%d calls for retries of clients", n)
		}
		if r := h.records.last(); r.Retry != 1 {
			t.Errorf("recorded as retry %d", r.Retry)
		}
	})
}

// TestRetriesAreBounded: in a total outage, with clients that do not try again,
// upstream calls outnumber requests by no more than the retry budget grants.
func TestRetriesAreBounded(t *testing.T) {
	m := mode{openaiSide, false}
	for _, failed := range []string{"500", "200-empty", "reset"} {
		t.Run(failed, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := lifeHouse(t, m, "")
				h.trafficTo(m, "solo", 20, 30*time.Second)
				h.fault("m1", failed)
				before := h.calls("m1")
				requests := len(h.trafficTo(m, "solo", 20, 2*time.Minute))
				if x := float64(h.calls("m1")-before) / float64(requests); x > 1.15 {
					t.Errorf("%.2f calls a request", x)
				}
			})
		})
	}
}
