package breaker

import (
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestPatience: a probe that goes unanswered has the next one waited for twice
// as long, up to the most there is, and a fresh start begins anew.
func TestPatience(t *testing.T) {
	o := synthetic()
	o.ProbeMost = 15 * time.Second
	b, due := opened(t, o)
	for _, limit := range []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second} {
		if got := b.Patience(); got != limit {
			t.Fatalf("waits for %v, want %v", got, limit)
		}
		if _, ok := b.Probe(due); !ok {
			t.Fatal("no probe is due")
		}
		want(t, b, due.Add(limit-1), HalfOpen)
		due = want(t, b, due.Add(limit), Open).Until
	}
	for range trialsNeeded {
		token, ok := b.Probe(due)
		if !ok {
			t.Fatal("no probe is due")
		}
		b.Done(token, failover.Outcome{Key: -1}, due)
		due = due.Add(2 * time.Second)
	}
	want(t, b, due, Closed)
	if got := b.Patience(); got != 5*time.Second {
		t.Errorf("waits for %v", got)
	}
}
