package server

import (
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// TestFallbackOfARace: who was raced and lost is why another served; who was
// there in case of need is not.
func TestFallbackOfARace(t *testing.T) {
	one, two := switchgear.Target{Provider: "one", Model: "m"}, switchgear.Target{Provider: "two", Model: "m"}
	gone := &switchgear.Error{Class: switchgear.ClassCanceled}
	for name, c := range map[string]struct {
		step     int
		attempts []switchgear.Attempt
		want     string
	}{
		"the first lost":            {2, []switchgear.Attempt{{Step: 1, Target: one, Lost: true, Err: gone}, {Step: 2, Target: two}}, "one/m: slower"},
		"the first is not told yet": {2, []switchgear.Attempt{{Step: 1, Target: one}, {Step: 2, Target: two}}, "one/m: slower"},
		"the second lost":           {1, []switchgear.Attempt{{Step: 1, Target: one}, {Step: 2, Target: two, Lost: true, Err: gone}}, ""},
		"the second still runs":     {1, []switchgear.Attempt{{Step: 1, Target: one}, {Step: 2, Target: two}}, ""},
		"no race":                   {2, []switchgear.Attempt{{Step: 1, Target: one, Skipped: "breaker open"}, {Step: 2, Target: two}}, "one/m: breaker open"},
	} {
		target := one
		if c.step == 2 {
			target = two
		}
		if got := fallbackReasons(&switchgear.Trace{Target: target, Step: c.step, Attempts: c.attempts}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
