package gateway_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

const soleConfig = `
version: 1
alerts: none
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
routes:
  chat: {chain: [one/m1], single_point: ok}
`

// TestChainOfOne: a route with one model is never worse off than a client that
// tries three times by itself: where a part of the calls fail, nearly as many are
// served as three tries would serve. And where all of them do, it makes little
// more than one call a request, where such a client makes three.
func TestChainOfOne(t *testing.T) {
	for _, c := range []struct {
		fault string
		least float64 // of the requests, served
		calls float64 // a request, at most
	}{
		{"502@25%", 0.97, 1.5},
		{"503@40%", 0.9, 1.8},
		{"529@25%", 0.97, 1.5},
		{"401@30%", 0.94, 1.6},
		{"silence@30%", 0.94, 1.6},
		{"503", 0, 1.3},
		{"refused", 0, 1.3},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := mode{openaiSide, true}
				h := houseAt(t, m, soleConfig, "", sim.Profile{FirstToken: 600 * time.Millisecond, Spread: 0.4})
				happy(t, "in calm", h.traffic(m, 10, 30*time.Second), 3*time.Second)
				h.fault("m1", c.fault)
				before := h.calls("m1")
				got := h.traffic(m, 10, 2*time.Minute)
				share, calls := servedShare(got), float64(h.calls("m1")-before)/float64(len(got))
				if share < c.least || calls > c.calls {
					t.Errorf("%.1f%% served, want %.0f%%; %.2f calls a request, want %.2f at most", 100*share, 100*c.least, calls, c.calls)
				}
				t.Logf("%.1f%% served with %.2f calls a request", 100*share, calls)
			})
		})
	}
}

// TestKeyAtItsWord: the only key of the only model rests for as long as the
// provider asks, and the client is told how long that is.
func TestKeyAtItsWord(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := open(t, strings.ReplaceAll(soleConfig, "KIND", m.name))
		h.ask(m)
		h.fault("m1", "429-retry-8")
		calls := h.calls("m1")
		for range 5 {
			if got := h.ask(m); got.status != 429 || got.header.Get("Retry-After") != "8" {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		if n := h.calls("m1") - calls; n != 1 {
			t.Errorf("%d calls of a key that was to rest", n)
		}
	})
}
