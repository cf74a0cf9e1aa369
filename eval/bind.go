package eval

import "github.com/switchgear-dev/switchgear/eval/lock"

// Bind adds what a set says to what evidence is bound to: its cases, their
// instructions, its graders, how answers are read, and the limits.
func (s *Set) Bind(b *lock.Bound) {
	prefixed := func(hash string) string { return "sha256:" + hash }
	refusals, limited := s.Limits.Refusals()
	b.Cases, b.System = prefixed(s.Hashes.Cases), prefixed(s.Hashes.System)
	b.Graders, b.Harness = prefixed(s.Hashes.Graders), prefixed(s.Hashes.Harness)
	b.Limits = prefixed(digest(object{
		"cost_ratio": s.Limits.CostRatio, "p95_ms": s.Limits.P95MS, "refusal_rate": refusals, "refusals": limited, "repeats": s.Repeats,
	}))
}
