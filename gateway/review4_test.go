package gateway_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

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
