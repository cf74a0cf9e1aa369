package swap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// doubt looks for figures that are too good to be believed.
func (j *judge) doubt(r *Judged) {
	if r.Cost.Least || r.Cost.Basis == BasisVisible && j.hides(r) {
		r.Doubts = append(r.Doubts, "its cost is a lower bound: it reasons out of sight, and that is billed too. Take the cost from its usage")
	}
	j.gain(r)
	j.fluke(r)
}

// hides reports whether the price of a row rests on text while others' rest on
// what was billed: the two do not compare.
func (j *judge) hides(r *Judged) bool {
	for i := range j.a.Rows {
		if o := &j.a.Rows[i]; o.Target != r.Target && o.Cost.Basis == BasisUsage {
			return true
		}
	}
	return false
}

// gain doubts a target that beats the incumbent by more than models do.
func (j *judge) gain(r *Judged) {
	if r.Outputs {
		return // what the graders made of them can be looked at
	}
	for i := range r.Scores {
		s := &r.Scores[i]
		ref, whose := j.reference(s.Metric)
		if ref == nil || whose == r.Target || j.goal.Incumbent == "" {
			continue
		}
		if d, in, _ := difference(s, ref, whose); d > suspicious && in.Low > 0 {
			r.Doubts = append(r.Doubts, fmt.Sprintf("suspicious: %s on %s over %s, and no outputs to check. More likely the graders misread %s", points(d), s.Metric, whose, whose))
		}
	}
}

// fluke doubts a score of a target that does badly at everything like it: what
// never answers in the right form passes where nothing is to be answered. Half
// of the others is what it is held against, not the best of them, which may be
// a fluke itself.
func (j *judge) fluke(r *Judged) {
	for i := range r.Others {
		o := &r.Others[i]
		var all []float64
		for k := range j.a.Rows {
			for l := range j.a.Rows[k].Others {
				if p := &j.a.Rows[k].Others[l]; p.Metric == o.Metric {
					all = append(all, p.Mean)
				}
			}
		}
		slices.Sort(all)
		if half := all[len(all)/2]; half-o.Mean > misfit {
			r.Doubts = append(r.Doubts, fmt.Sprintf("its score here does not fit the rest: %s on %s, where half of the others reach %s. Look at its outputs", percent(o.Mean), o.Metric, percent(half)))
			return
		}
	}
}

// hints are how many targets, the cheapest first, are put forward for a run.
const hints = 3

// say puts the advice into words.
func (j *judge) say() {
	a := j.a
	tell := func(format string, args ...any) { a.Say = append(a.Say, fmt.Sprintf(format, args...)) }
	switch {
	case a.Pick != "":
		tell("%s is the cheapest that is shown to be good enough", a.Pick)
	case a.Goal.Incumbent != "" && (a.Cheapest == a.Goal.Incumbent || a.Cheapest == ""):
		tell("nothing cheaper than %s is good enough", a.Goal.Incumbent)
	case a.Cheapest == "":
		tell("nothing is good enough")
	case a.Goal.Incumbent == "":
		tell("nothing is shown to be good enough")
	default:
		tell("nothing cheaper is shown to be good enough")
	}
	told := 0
	for i := range a.Rows {
		r := &a.Rows[i]
		if a.Pick == r.Target || a.Goal.Incumbent == r.Target || told == hints {
			break // what follows costs more
		}
		if r.Choice == ChoiceUntested || r.Choice == ChoiceDoubtful {
			told++
		}
		switch r.Choice { //nolint:exhaustive // the rest is in the table
		case ChoiceUntested:
			tell("worth a run: %s (%s). switchgear eval run %s --candidate %s", r.Target, r.Why, a.Route, r.Target)
		case ChoiceDoubtful:
			tell("not believed: %s (%s)", r.Target, r.Why)
		}
	}
	j.inseparable()
}

// inseparable says where a ranking by score means nothing: against the
// incumbent, or the best where there is none.
func (j *judge) inseparable() {
	top := j.row(j.a.Goal.Incumbent)
	if top == nil {
		top = j.row(j.a.Best)
	}
	for _, target := range []string{j.a.Cheapest, j.a.Pick} {
		r := j.row(target)
		if r == nil || top == nil || r == top || j.said(target) {
			continue
		}
		for i := range r.Scores {
			s := &r.Scores[i]
			best := top.score(s.Metric)
			d, in, paired := difference(s, best, top.Target)
			if in.Low > 0 || in.High < 0 {
				continue
			}
			how := ""
			if !paired {
				how = ", not paired"
			}
			j.a.Say = append(j.a.Say, fmt.Sprintf("not separable: %s and %s on %s, %s [%s, %s] over %d cases%s", target, top.Target, s.Metric, points(d), signed(in.Low), signed(in.High), s.N, how))
		}
	}
}

// said reports whether a target was said already to be no different.
func (j *judge) said(target string) bool {
	start := "not separable: " + target + " and "
	for _, s := range j.a.Say {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return false
}

func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" }

func signed(x float64) string { return fmt.Sprintf("%+.1f", 100*x) }

func points(d float64) string { return signed(d) + " points" }

func share(x float64) string { return strconv.FormatFloat(100*x, 'g', 3, 64) + " points" }

func seconds(x float64) string {
	if x == 0 {
		return "not known"
	}
	return strconv.FormatFloat(x, 'g', 3, 64) + " s"
}
