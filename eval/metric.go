package eval

import "slices"

// A metric is what is tested: each must pass its own margin. The first is
// always there: whether all graders that gate let an answer pass, or, where
// they were given different weights, the weighted mean of their scores. A grader
// with a margin of its own is a metric of its own.
type metric struct {
	name    string
	margin  float64 // 0 for the set's
	graded  bool    // scores may be something other than 0 and 1
	grader  string  // "" for the first
	weights bool    // the first, as a weighted mean
}

// metrics are what is tested of a set.
func (s *Set) metrics() []metric {
	var gate []*Graded
	for _, g := range s.Graders {
		if g.Gate && g.Margin == 0 {
			gate = append(gate, g)
		}
	}
	first := metric{name: "pass"}
	if len(gate) > 0 && slices.ContainsFunc(gate, func(g *Graded) bool { return g.Weight != gate[0].Weight }) {
		first = metric{name: "score", weights: true, graded: true}
	}
	var list []metric
	if len(gate) > 0 || slices.ContainsFunc(s.Cases, func(c *Case) bool { return len(c.Graders) > 0 }) {
		list = append(list, first)
	}
	for _, g := range s.Graders {
		if g.Gate && g.Margin > 0 {
			list = append(list, metric{name: g.Name, margin: g.Margin, grader: g.Name, graded: gradual(g)})
		}
	}
	if s.Repeats > 1 {
		for i := range list {
			list[i].graded = true
		}
	}
	return list
}

// gradual reports whether a grader's scores are taken as they are; of the
// others it counts whether they pass, which takes fewer cases to tell apart.
func gradual(g *Graded) bool { return g.Kind == "judge" || g.Kind == "command" }

// value is the score of a metric, given each grader's score of an answer.
func (m *metric) value(graders []*Graded, scores []Score) float64 {
	if m.grader != "" {
		for i, g := range graders {
			if g.Name == m.grader {
				return m.one(scores[i])
			}
		}
		return 0
	}
	pass, sum, weight := 1.0, 0.0, 0.0
	for i, g := range graders {
		if !g.Gate || g.Margin > 0 {
			continue
		}
		if !scores[i].Pass {
			pass = 0
		}
		sum, weight = sum+g.Weight*scores[i].Value, weight+g.Weight
	}
	if m.weights && weight > 0 {
		return clamp(sum / weight)
	}
	return pass
}

func (m *metric) one(s Score) float64 {
	switch {
	case m.graded:
		return clamp(s.Value)
	case s.Pass:
		return 1
	default:
		return 0
	}
}

// clamp keeps a grader's score where scores belong.
func clamp(x float64) float64 {
	if !(x > 0) { // a NaN, too
		return 0
	}
	return min(x, 1)
}
