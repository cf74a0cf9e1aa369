package gateway_test

import (
	"net/http"
	"testing"
	"time"
)

// TestSecondOpinion: a refusal in words nobody knows is put to the next step,
// once. Taken there it is the first one's failure; refused there too it is the
// client's.
func TestSecondOpinion(t *testing.T) {
	for _, c := range []struct {
		name, extra, one, two string
		status, calls         int
		bad                   int
		by                    string
	}{
		{"accepted", "stakes: normal", "400-vague", "", 200, 2, 1, "two/m2"},
		{"accepted, a 422", "stakes: low", "422", "", 200, 2, 1, "two/m2"},
		{"rejected", "stakes: normal", "400-vague", "400-vague", 400, 2, 0, ""},
		{"rejected in known words", "stakes: normal", "400-vague", "400", 400, 2, 0, ""},
		{"nobody to say", "stakes: normal", "400-vague", "503", 400, 2, 0, ""},
		{"known words", "stakes: normal", "400", "", 400, 1, 0, ""},
		{"off", "second_opinion: off", "400-vague", "", 400, 1, 0, ""},
		{"high stakes", "stakes: high", "400-vague", "", 400, 1, 0, ""},
		{"high stakes, on", "stakes: high, second_opinion: on", "400-vague", "", 200, 2, 1, "two/m2"},
	} {
		inEach(t, c.name, func(t *testing.T, m mode) {
			h := breakersOff(t, m, c.extra)
			h.fault("m1", c.one)
			h.fault("m2", c.two)
			got := h.ask(m)
			if got.status != c.status || got.own("Served-By") != c.by || len(h.sim.Log()) != c.calls {
				t.Errorf("%d by %q, %d calls: %s", got.status, got.own("Served-By"), len(h.sim.Log()), got.body)
			}
			if b := h.first(); b.Bad != c.bad {
				t.Errorf("%d bad attempts are held against the first step, want %d", b.Bad, c.bad)
			}
			if c.status != http.StatusOK {
				got.same(t, h.direct(m, "m1")) // the first one's refusal, to the byte
			}
		})
	}
}

// TestStormOfRefusals: a provider that answers four valid requests in ten with a
// 400 is found out within half a minute, and nobody sees one. (Fault 32; Azure,
// March 2026.)
func TestStormOfRefusals(t *testing.T) {
	for _, c := range []struct {
		fault string
		rate  float64
		most  time.Duration
	}{
		{"400-vague@40%", 20, 30 * time.Second},
		{"400-vague@40%", 4, 30 * time.Second},
		{"400-vague", 1, 30 * time.Second},
		{"422@70%", 20, 30 * time.Second},
	} {
		inEach(t, c.fault, func(t *testing.T, m mode) {
			h := pacedHouse(t, m, "")
			h.traffic(m, c.rate, 30*time.Second)
			h.fault("m1", c.fault)
			storm := make(chan []reply)
			go func() { storm <- h.traffic(m, c.rate, time.Minute) }()
			h.until(c.most, "open")
			happy(t, "in the storm", <-storm, 5*time.Second)
		})
	}
}

// TestOpinionsAreBounded: clients whose requests are wrong, in words nobody
// knows, do not double their cost for long: ten are asked about at once, then
// one in five seconds.
func TestOpinionsAreBounded(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := lifeHouse(t, m, "")
		h.fault("*", "400-vague")
		for _, r := range h.traffic(m, 10, time.Minute) {
			if r.status != http.StatusBadRequest {
				t.Fatalf("%d: %s", r.status, r.body)
			}
		}
		if n := h.calls("m2"); n < 10 || n > 10+12+1 {
			t.Errorf("%d second opinions in a minute, want ten and one in five seconds", n)
		}
		for _, b := range h.gateway.Breakers() {
			if b.State != "closed" || b.Bad != 0 {
				t.Errorf("a client's mistakes are held against %+v", b)
			}
		}
	})
}
