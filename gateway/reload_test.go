package gateway_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
)

const reloadConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
retry: {attempts: 1}
routes:
  chat: {chain: [CHAIN], commit: COMMIT}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

func reloadText(m mode, chain, commit string) string {
	return strings.NewReplacer("KIND", m.name, "CHAIN", chain, "COMMIT", commit).Replace(reloadConfig)
}

// TestReloadKeeps: breakers and cooling keys outlive a configuration, a wrong
// one changes nothing, and a target that is new begins with a closed breaker.
func TestReloadKeeps(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		old := reloadText(m, "one/m1, two/m2", "first_token")
		h := open(t, old)
		h.fault("m1", "500")
		h.prompts(m, 5, "two/m2")
		before, generation := h.first(), h.gateway.Generation()
		if before.State != "open" {
			t.Fatalf("%+v", before)
		}

		// A floor over models of which nobody knows the tier.
		bad := parse(t, strings.Replace(old, "commit: first_token", "floor: frontier, commit: first_token", 1))
		err := h.gateway.Reload(bad)
		if _, ok := errors.AsType[*gateway.ConfigError](err); !ok {
			t.Fatalf("a wrong configuration was taken: %v", err)
		}
		if h.gateway.Generation() != generation {
			t.Error("a wrong configuration changed the generation")
		}
		h.prompts(m, 1, "two/m2")

		// The same targets on other terms: the breaker is still open.
		if err := h.gateway.Reload(parse(t, reloadText(m, "one/m1, two/m2", "hold"))); err != nil {
			t.Fatal(err)
		}
		if got := h.first(); got != before || h.gateway.Generation() == generation {
			t.Errorf("breaker %+v, was %+v; generation %s", got, before, h.gateway.Generation())
		}
		h.prompts(m, 1, "two/m2")
		if n := h.calls("m1"); n != 5 {
			t.Errorf("%d calls of what is broken", n)
		}

		// Another target in front, and the old one behind it.
		if err := h.gateway.Reload(parse(t, reloadText(m, "one/m3, one/m1, two/m2", "hold"))); err != nil {
			t.Fatal(err)
		}
		h.prompts(m, 1, "one/m3")
		states := h.gateway.Breakers()
		if len(states) != 3 || states[0].State != "closed" || states[1] != before {
			t.Errorf("%+v", states)
		}

		// Gone and back: nothing is known of it any longer, and it is tried.
		for _, chain := range []string{"two/m2, one/m3", "one/m1, two/m2"} {
			if err := h.gateway.Reload(parse(t, reloadText(m, chain, "hold"))); err != nil {
				t.Fatal(err)
			}
		}
		if b := h.first(); b.State != "closed" || b.Opens != 0 {
			t.Errorf("%+v", b)
		}
		h.prompts(m, 1, "two/m2")
		if n := h.calls("m1"); n != 6 {
			t.Errorf("%d calls of what is broken", n)
		}
	})
}

// TestReloadInFlight: a request ends under the configuration it began with.
func TestReloadInFlight(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := open(t, reloadText(m, "one/m1, two/m2", "first_token"))
		old := h.gateway.Generation()
		h.fault("m1", "slow-headers-2s+503") // fails after the reload
		if m.stream {
			h.fault("m1", "slow-headers-2s+error-first")
		}
		early := make(chan reply)
		go func() { early <- h.ask(m) }()
		time.Sleep(time.Second)
		if err := h.gateway.Reload(parse(t, reloadText(m, "one/m3", "whole"))); err != nil {
			t.Fatal(err)
		}
		if got := h.ask(m); got.own("Served-By") != "one/m3" || got.own("Config") == old {
			t.Errorf("after the reload: by %s, configuration %s", got.own("Served-By"), got.own("Config"))
		}
		if got := <-early; got.status != 200 || got.own("Served-By") != "two/m2" || got.own("Step") != "2/2" || got.own("Config") != old {
			t.Errorf("before it: %d by %s, step %s, configuration %s", got.status, got.own("Served-By"), got.own("Step"), got.own("Config"))
		}
	})
}

// TestReloadUnderLoad: no request fails, or is answered by half of one table
// and half of another, while tables come and go.
func TestReloadUnderLoad(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		texts := []string{
			reloadText(m, "one/m1, two/m2", "first_token"), reloadText(m, "two/m2, one/m1", "whole"), reloadText(m, "one/m3, one/m1", "hold"),
		}
		h := open(t, texts[0])
		first := map[string]string{}
		for i, by := range []string{"one/m1", "two/m2", "one/m3"} {
			first[parse(t, texts[i]).Generation] = by
		}
		var users sync.WaitGroup
		for u := range 8 {
			users.Go(func() {
				for i := range 10 {
					got := h.post(m.path, m.body("chat", fmt.Sprint("user ", u, " prompt ", i)))
					if want := first[got.own("Config")]; got.status != 200 || got.err != nil || want == "" || got.own("Served-By") != want {
						t.Errorf("%d (%v) by %q under %q", got.status, got.err, got.own("Served-By"), got.own("Config"))
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		for i := range 30 {
			if err := h.gateway.Reload(parse(t, texts[i%len(texts)])); err != nil {
				t.Error(err)
			}
			time.Sleep(300 * time.Microsecond)
		}
		users.Wait()
	})
}

const directConfig = `
version: 1
direct: on
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: OTHER, base_url: "http://two.test/v1", key: "${KEY_1}"}
routes:
  chat: {chain: [one/m1], single_point: ok}
breakers: {default: {probe: off}}
`

// TestDirect: where it is on, a client may name a target; what is broken for
// routes is broken for it too.
func TestDirect(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		other := map[string]string{"openai": "anthropic", "anthropic": "openai"}[m.name]
		text := strings.NewReplacer("KIND", m.name, "OTHER", other).Replace(directConfig)
		h := open(t, text)
		got := h.post(m.path, m.body("one/org/some-model", "hello"))
		if got.status != 200 || got.own("Served-By") != "one/org/some-model" || got.own("Route") != "one/org/some-model" || h.calls("org/some-model") != 1 {
			t.Errorf("%d by %q: %s", got.status, got.own("Served-By"), got.body)
		}
		for _, name := range []string{"nobody/m1", "one/", "m1", "/m1"} {
			got := h.post(m.path, m.body(name, "hello"))
			if e := readError(t, m.protocol, got.body); got.status != 404 || e.Code != "unknown_route" {
				t.Errorf("%s: %d %+v", name, got.status, e)
			}
		}
		got = h.post(m.path, m.body("two/m2", "hello"))
		if got.status != 200 || got.own("Served-By") != "two/m2" || h.calls("m2") != 1 {
			t.Errorf("a target of the other protocol: %d by %q: %s", got.status, got.own("Served-By"), got.body)
		}
		h.fault("m1", "500")
		for i := range 5 {
			h.post(m.path, m.body("one/m1", fmt.Sprint("prompt ", i)))
		}
		calls := h.calls("m1")
		got = h.ask(m)
		if got.status != 503 || !strings.Contains(got.body, "one/m1 breaker open") || !strings.Contains(got.body, "one/m1 tried all the same: failed (500)") {
			t.Errorf("the route's breaker knows nothing of direct calls: %d: %s", got.status, got.body)
		}
		if n := h.calls("m1"); n != calls+3 {
			t.Errorf("%d calls for the last resort at the only step, want three", n-calls)
		}
		// Off again, the same name leads nowhere.
		if err := h.gateway.Reload(parse(t, strings.Replace(text, "direct: on", "direct: off", 1))); err != nil {
			t.Fatal(err)
		}
		if got := h.post(m.path, m.body("one/m1", "hello")); got.status != 404 {
			t.Errorf("direct is off: %d", got.status)
		}
	})
}
