package retry

import (
	"testing"
	"time"
)

// TestSpendSpare: others' retries never take the half that ours may need.
func TestSpendSpare(t *testing.T) {
	b, now := New(Options{Floor: -1}), time.Unix(1_800_000_000, 0)
	n := 0
	for range 100 {
		if b.SpendSpare(now) {
			n++
		}
	}
	if s := b.Snapshot(now); n != 5 || s.Tokens != 5 || s.Spent != 5 || s.Denied != 95 {
		t.Errorf("took %d: %+v", n, s)
	}
	for range 5 {
		if !b.Spend(now) {
			t.Error("nothing is left for ours")
		}
	}
	if b.Spend(now) || b.SpendSpare(now) {
		t.Error("spent what is not there")
	}
	b.Refund()
	if b.SpendSpare(now) {
		t.Error("took the last one")
	}
}
