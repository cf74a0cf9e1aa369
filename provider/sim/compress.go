package sim

import (
	"slices"
	"time"
)

// Compressed is the script with the same course in an n-th of the time: phases
// and flaps are n times shorter, and a capacity that grows does so n times
// faster, so that it ends where it did. What a single call meets stays as it
// is: how long it hangs, and how much slower it is answered.
func (s *Script) Compressed(n float64) *Script {
	if n == 1 || n <= 0 {
		return s
	}
	shorter := func(d time.Duration) time.Duration { return time.Duration(float64(d) / n) }
	out := *s
	out.phases = slices.Clone(s.phases)
	for i := range out.phases {
		p := &out.phases[i]
		p.lasts = shorter(p.lasts)
		p.rules = slices.Clone(p.rules)
		for k := range p.rules {
			r := &p.rules[k]
			r.on, r.off = shorter(r.on), shorter(r.off)
			r.capacity.growth *= n
		}
	}
	return &out
}
