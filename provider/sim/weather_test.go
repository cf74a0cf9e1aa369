package sim

import (
	"math"
	"testing"
	"time"
)

// TestWeather: what an outage is said to do is what its file says.
func TestWeather(t *testing.T) {
	for _, test := range []struct {
		script string
		at     time.Duration
		harm   float64
		slow   float64
		fault  string
	}{
		{"A", 2 * time.Minute, 0.31, 1, "slow-headers-80ms+503"},
		{"A", 5 * time.Minute, 1, 1, "refused"},
		{"A", 9*time.Minute + 55*time.Second, 1.0 / 24, 1, "slow-headers-80ms+503"}, // the last models; the rest is over capacity no longer
		{"B", 3 * time.Minute, 0.25, 1, "slow-headers-2s+500"},
		{"C", 30 * time.Second, 1, 1, "slow-headers-50ms+502"},
		{"C", 90 * time.Second, 0, 1, ""},
		{"D", 5 * time.Minute, 0.45, 1, "slow-headers-30s"},
		{"F", time.Minute, 0.6, 1, "slow-headers-100ms+400-vague"},
		{"G", time.Minute, 0, 2.5, ""},
		{"G", 4*time.Minute + 20*time.Second, 0.3, 1, "slow-headers-100ms+503"},
		{"G", 11 * time.Minute, 0, 1, ""},
	} {
		s, err := Outage(test.script)
		if err != nil {
			t.Fatal(err)
		}
		w := s.Weather(test.at, 20)
		if math.Abs(w.Harm-test.harm) > 0.001 || math.Abs(w.Slow-test.slow) > 0.001 || joinFaults(w.Faults) != test.fault {
			t.Errorf("%s at %v: %.3f harmed by %q, x%.2f slow; want %.3f by %q, x%.2f", test.script, test.at, w.Harm, joinFaults(w.Faults), w.Slow, test.harm, test.fault, test.slow)
		}
	}
}
