package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

const policyConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
models:
  big:    {model: one/m1, tier: frontier, price: 5/25}
  twin:   {model: two/m2, tier: frontier, price: 5/25}
  little: {model: two/m3, tier: small, price: 1/5}
routes:
  low:     {chain: [big, little], stakes: low}
  normal:  {chain: [big, little]}
  floored: {chain: [big, twin, little], stakes: low, floor: frontier}
  long:    {chain: [big, little], rules: [{when: {input_tokens: ">2000"}, chain: [twin, big]}]}
  tasks:
    chain: [big, twin]
    stakes: low
    rules:
      - {when: {label.task: title}, chain: [little, big]}
      - {when: {stream: true}, chain: [twin, big]}
  strict:  {chain: [big, twin], content_policy: stop}
  lenient: {chain: [big, twin], content_policy: fallback}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

func policyHouse(t *testing.T, m mode) *house {
	t.Helper()
	return open(t, strings.ReplaceAll(policyConfig, "KIND", m.name))
}

// inAllModes runs a test in a bubble for each protocol, streamed and not.
func inAllModes(t *testing.T, f func(t *testing.T, m mode)) {
	t.Helper()
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel() // each has a bubble, and a time, of its own
			synctest.Test(t, func(t *testing.T) { f(t, m) })
		})
	}
}

// TestFloor: at high stakes nobody is answered worse than the route means. A
// request can raise the stakes, never lower them.
func TestFloor(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		for _, c := range []struct {
			route, stakes string
			refused       bool
		}{
			{"low", "", false},
			{"low", "low", false},
			{"low", "normal", false},
			{"low", "high", true},
			{"normal", "", false},
			{"normal", "high", true},
			{"normal", "low", false},
			{"floored", "", false},
			{"floored", "normal", true},
			{"floored", "high", true},
		} {
			h := policyHouse(t, m)
			h.fault("m1", "503")
			h.fault("m2", "503")
			var headers []string
			if c.stakes != "" {
				headers = []string{"X-Switchgear-Stakes", c.stakes}
			}
			got := h.post(m.path, m.body(c.route, "hello"), headers...)
			label := c.route + " at " + c.stakes
			if c.refused {
				checkFloor(t, h, m, &got, label)
				continue
			}
			if got.status != http.StatusOK || got.own("Served-By") != "two/m3" || got.own("Degraded") != "1" {
				t.Errorf("%s: %d by %q, degraded %s", label, got.status, got.own("Served-By"), got.own("Degraded"))
			}
		}
	})
}

func checkFloor(t *testing.T, h *house, m mode, got *reply, label string) {
	t.Helper()
	e := readError(t, m.protocol, got.body)
	status := http.StatusServiceUnavailable
	if m.name == "anthropic" {
		status = 529 // the first step is overloaded, and the floor leaves no other
	}
	if got.status != status || e.Code != "floor_refused" {
		t.Errorf("%s: %d %s", label, got.status, e.Code)
	}
	for _, word := range []string{"one/m1 overloaded (503)", "two/m3 not allowed: tier small is under floor frontier"} {
		if !strings.Contains(e.Message, word) {
			t.Errorf("%s: the message lacks %q: %s", label, word, e.Message)
		}
	}
	if n := h.calls("m3"); n != 0 {
		t.Errorf("%s: %d calls under the floor", label, n)
	}
	if got.own("Served-By") != "" {
		t.Errorf("%s: served by %s", label, got.own("Served-By"))
	}
}

// TestNoFallback: a client that wants the first step or nothing gets that.
func TestNoFallback(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := policyHouse(t, m)
		h.fault("m1", "503")
		got := h.post(m.path, m.body("normal", "hello"), "X-Switchgear-No-Fallback", "1")
		if got.status == 200 || h.calls("m1") != 1 || h.calls("m3") != 0 || !strings.Contains(got.body, "two/m3 not tried: no fallback was asked for") {
			t.Errorf("%d, %d and %d calls: %s", got.status, h.calls("m1"), h.calls("m3"), got.body)
		}
		got = h.post(m.path, m.body("normal", "hello"), "X-Switchgear-No-Fallback", "0")
		if got.status != 200 || got.own("Degraded") != "1" {
			t.Errorf("%d, degraded %s", got.status, got.own("Degraded"))
		}
		for _, header := range []string{"X-Switchgear-No-Fallback", "X-Switchgear-Stakes"} {
			n := len(h.sim.Log())
			got := h.post(m.path, m.body("normal", "hello"), header, "perhaps")
			if e := readError(t, m.protocol, got.body); got.status != 400 || e.Code != "bad_header" || len(h.sim.Log()) != n {
				t.Errorf("%s: %d %+v", header, got.status, e)
			}
		}
	})
}

// TestContentPolicy: a refusal is the answer, unless the route says that the
// next step may be asked.
func TestContentPolicy(t *testing.T) {
	for _, c := range []struct {
		fault  string
		status int
		kinds  string // that see a refusal in it
	}{
		{"400-filter", 400, "openai anthropic"},
		{"refusal", 200, "anthropic"}, // OpenAI's refusal is an answer with finish reason "stop"
		{"content-filter", 200, "openai"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				h := policyHouse(t, m)
				h.fault("m1", c.fault)
				got := h.post(m.path, m.body("strict", "hello"))
				if got.status != c.status || h.calls("m1") != 1 || h.calls("m2") != 0 {
					t.Errorf("stop: %d, %d and %d calls", got.status, h.calls("m1"), h.calls("m2"))
				}
				got.same(t, h.direct(m, "m1"))
				if !strings.Contains(c.kinds, m.name) || (m.stream && c.fault == "content-filter") {
					return // its content has begun before the filter strikes
				}
				before := h.calls("m1")
				got = h.post(m.path, m.body("lenient", "hello"))
				if got.status != 200 || got.own("Served-By") != "two/m2" || got.own("Fallback") != "one/m1: policy" || h.calls("m1") != before+1 {
					t.Errorf("fallback: %d by %q, %q", got.status, got.own("Served-By"), got.own("Fallback"))
				}
				got.same(t, h.direct(m, "m2"))
				// All refuse: the first refusal is what the client gets.
				h.fault("m2", c.fault)
				got = h.post(m.path, m.body("lenient", "hello"))
				if got.status != c.status {
					t.Errorf("all refuse: %d: %s", got.status, got.body)
				}
				got.same(t, h.direct(m, "m1"))
				if b := h.first(); b.State != "closed" {
					t.Errorf("%+v", b)
				}
			})
		})
	}
}

// TestRules: the size of a request, its labels and its shape choose the chain.
func TestRules(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := policyHouse(t, m)
		long := strings.Repeat("a long story. ", 2000)
		streamed := "one/m1"
		if m.stream {
			streamed = "two/m2"
		}
		for _, c := range []struct {
			route, prompt, by string
			headers           []string
		}{
			{"long", "hello", "one/m1", nil},
			{"long", long, "two/m2", nil},
			{"tasks", "hello", "two/m3", []string{"X-Switchgear-Label-Task", "title"}},
			{"tasks", "hello", streamed, []string{"X-Switchgear-Label-Task", "essay"}},
			{"tasks", "hello", streamed, nil},
		} {
			got := h.post(m.path, m.body(c.route, c.prompt), c.headers...)
			if got.status != 200 || got.own("Served-By") != c.by || got.own("Step") != "1/2" {
				t.Errorf("%s %v: %d by %q, step %s", c.route, c.headers, got.status, got.own("Served-By"), got.own("Step"))
			}
		}
	})
}

// TestRouteHeader: the route may be named in a header, for clients whose
// model cannot be set; the body's model is then replaced all the same.
func TestRouteHeader(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := policyHouse(t, m)
		got := h.post(m.path, m.body("gpt-whatever", "hello"), "X-Switchgear-Route", "normal")
		if got.status != 200 || got.own("Route") != "normal" || h.calls("m1") != 1 {
			t.Errorf("%d, route %q, %d calls", got.status, got.own("Route"), h.calls("m1"))
		}
		for _, name := range h.sim.Log()[0].HeaderNames {
			if strings.HasPrefix(name, "x-switchgear") {
				t.Errorf("the header %s went upstream", name)
			}
		}
	})
}

const windowConfig = `
version: 1
providers:
  one: {kind: KIND, key: "${KEY_1}"}
routes:
  chat: {chain: [one/SMALL, one/LARGE], single_point: ok}
  down: {chain: [one/LARGE, one/SMALL], single_point: ok}
`

// TestContextWindow: a prompt that is too long goes on to a larger window, and
// to nothing else.
func TestContextWindow(t *testing.T) {
	models := map[string][2]string{"openai": {"gpt-5-mini", "gpt-5.4"}, "anthropic": {"claude-haiku-4-5", "claude-sonnet-5"}}
	inAllModes(t, func(t *testing.T, m mode) {
		small, large := models[m.name][0], models[m.name][1]
		h := open(t, strings.NewReplacer("KIND", m.name, "SMALL", small, "LARGE", large).Replace(windowConfig))
		h.fault(small, "400-context")
		got := h.ask(m)
		if got.status != 200 || got.own("Served-By") != "one/"+large || got.own("Fallback") != "one/"+small+": context" || got.took != 0 {
			t.Errorf("up: %d by %q, %q, %v", got.status, got.own("Served-By"), got.own("Fallback"), got.took)
		}
		h.fault(large, "400-context")
		before := h.calls(small)
		got = h.post(m.path, m.body("down", "hello"))
		if got.status != 400 || h.calls(small) != before {
			t.Errorf("down: %d, %d calls of the smaller window", got.status, h.calls(small)-before)
		}
		got.same(t, h.direct(m, large))
	})
}
