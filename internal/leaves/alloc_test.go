//go:build !race

package leaves

import "testing"

// The race detector makes sync.Pool forget things on purpose.
func TestNoAllocation(t *testing.T) {
	r := chat()
	if n := testing.AllocsPerRun(200, func() { translate(r) }); n >= 1 {
		t.Errorf("%v allocations for a request of which all was said", n)
	}
}
