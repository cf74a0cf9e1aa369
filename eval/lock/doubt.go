package lock

import (
	"fmt"
	"slices"
	"strconv"
)

// doubt says why evidence does not bear out a claim; "" if it does.
func (v *verifier) doubt(r *Route, t *Target, e *Evidence, c *Claim) string {
	if why := v.flaw(r, t, e); why != "" {
		return why
	}
	switch {
	case !e.Verdict.Ships(e.Stakes):
		return "says " + strconv.Quote(string(e.Verdict)) + " at " + e.Stakes + " stakes, which lets nothing serve"
	case rank(c.Stakes) > rank(e.Stakes):
		return "was decided for " + e.Stakes + " stakes, and the route's are " + c.Stakes
	}
	if why := t.luck(e); why != "" {
		return why
	}
	if changed := e.Bound.changed(&c.Bound, true); len(changed) > 0 {
		return "no longer holds: " + enumerate(changed) + " changed since"
	}
	if c.Margin > 0 && e.Margin > c.Margin+1e-9 {
		return fmt.Sprintf("was decided against a margin of %v, and the eval now allows %v", e.Margin, c.Margin)
	}
	if _, ok := v.lineage(r, e, nil); !ok {
		return "compares with " + e.Incumbent + ", of which the lock does not know that it ever served this route"
	}
	return ""
}

// flaw says why evidence is not to be believed at all.
func (v *verifier) flaw(r *Route, t *Target, e *Evidence) string {
	why, known := v.flaws[e]
	if !known {
		why = v.findFlaw(r, t, e)
		v.flaws[e] = why
	}
	return why
}

func (v *verifier) findFlaw(r *Route, t *Target, e *Evidence) string {
	at := place{"evidence", r.Name, t.Name}
	if why := at.flawed(e.node(), e.Seal, e.Signature, v.terms.Trusted); why != "" {
		if from := v.original(at, e.Seal); from != "" {
			return "was copied: it is that of " + from
		}
		return why
	}
	if e.N < 1 || e.Margin <= 0 || e.Margin > 0.5 || e.P < 0 || e.P > 1 || e.Alpha <= 0 || e.Lower > e.Difference || e.Upper < e.Difference || rank(e.Stakes) == 0 {
		return "has numbers that cannot be"
	}
	return ""
}

// original finds where else in the lock an entry with the same seal stands.
func (v *verifier) original(at place, seal string) string {
	if v.copied == nil {
		v.copied = map[string]place{}
		for _, r := range v.file.Routes {
			for _, t := range r.Targets {
				for _, e := range t.Evidence {
					here := place{"evidence", r.Name, t.Name}
					if here.flawed(e.node(), e.Seal, "", nil) == "" {
						v.copied[e.Seal] = here
					}
				}
			}
		}
	}
	if from, ok := v.copied[seal]; ok && from != at {
		return from.target + " on route " + from.route
	}
	return ""
}

// luck says whether evidence may only have been lucky: who tries often must
// pass at a smaller alpha.
func (t *Target) luck(e *Evidence) string {
	k, found := t.ordinal(e.Bound.Cases, e.Run)
	switch {
	case !found:
		return "is not among the tries that the lock lists"
	case k < e.Try:
		return fmt.Sprintf("was try %d over these cases, and the lock lists only %s up to it: tries are missing", e.Try, count(k, "try", "tries"))
	case e.P > e.Alpha:
		return fmt.Sprintf("does not pass: p is %.4g, and it was decided at %.4g", e.P, e.Alpha)
	case e.P > Alpha/float64(k):
		return fmt.Sprintf("came with try %d over the same cases, which has to pass at %.4g, and p is %.4g", k, Alpha/float64(k), e.P)
	default:
		return ""
	}
}

// ordinal is which try over some cases a run was, from 1. Runs that ended
// invalid had no chance to be lucky, and the same answers judged the same way
// are the same try.
func (t *Target) ordinal(cases, run string) (k int, found bool) {
	seen := map[string]bool{}
	for i := range t.Tries {
		try := &t.Tries[i]
		if try.Cases != short(cases) || try.Verdict == VerdictInvalid {
			continue
		}
		key := "run " + try.Run
		if try.Answers != "" {
			key = "answers " + try.Answers
		}
		seen[key] = true
		if try.Run == run {
			return len(seen), true
		}
	}
	return len(seen), false
}

// changed names what differs of two bounds. What want leaves empty is not
// compared, but for what a step and a route always have; and a baseline is
// compared in that only.
func (b *Bound) changed(want *Bound, all bool) []string {
	var out []string
	differ := func(what, had, wants string) {
		if wants != "" && had != wants {
			out = append(out, what)
		}
	}
	if all {
		differ("the eval's file", b.Eval, want.Eval)
		differ("the cases", b.Cases, want.Cases)
		differ("the system text", b.System, want.System)
		differ("the graders", b.Graders, want.Graders)
		differ("how answers are read", b.Harness, want.Harness)
		differ("the limits", b.Limits, want.Limits)
	}
	differ("the step's with", b.Params, want.Params)
	differ("the provider's kind or address", b.Endpoint, want.Endpoint)
	if !slices.Equal(slices.Sorted(slices.Values(b.Normalise)), slices.Sorted(slices.Values(want.Normalise))) { // they have an order of their own
		out = append(out, "the normalisers")
	}
	return out
}

// lineage follows evidence from incumbent to incumbent down to a baseline, and
// adds up the differences on the way. It reports whether there is such a way.
func (v *verifier) lineage(r *Route, e *Evidence, seen []*Evidence) (total float64, ok bool) {
	if slices.Contains(seen, e) {
		return 0, false // each proven by the other is proven by nothing
	}
	t := r.Target(e.Incumbent)
	if t == nil {
		return 0, false
	}
	fits := func(params string) bool { return e.IncumbentParams == "" || params == e.IncumbentParams }
	for _, b := range t.Baselines {
		if fits(b.Bound.Params) && v.baseFlaw(r.Name, t.Name, b) == "" {
			return e.Difference, true
		}
	}
	for _, up := range t.Evidence {
		if !fits(up.Bound.Params) || !up.Verdict.Ships(up.Stakes) || t.luck(up) != "" || v.flaw(r, t, up) != "" {
			continue
		}
		if sum, ok := v.lineage(r, up, append(seen, e)); ok {
			return sum + e.Difference, true
		}
	}
	return 0, false
}

// notes are what should be looked at although evidence holds.
func (v *verifier) notes(r *Route, t *Target, e *Evidence) []string {
	var out []string
	if total, ok := v.lineage(r, e, nil); ok && total < -e.Margin && total < e.Difference {
		out = append(out, fmt.Sprintf("the swaps of route %s were each within their margin and add up to %+.1f points since its baseline", r.Name, 100*total))
	}
	after := false
	for i := range t.Tries {
		try := &t.Tries[i]
		if after && try.Verdict == VerdictRegression && try.Cases == short(e.Bound.Cases) && try.Params == short(e.Bound.Params) {
			out = append(out, fmt.Sprintf("run %s of %s found a regression of %s on route %s, after run %s had proven it", try.Run, stamp(try.Date), t.Name, r.Name, e.Run))
		}
		after = after || try.Run == e.Run
	}
	return out
}
