package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval/normalise"
	"github.com/switchgear-dev/switchgear/eval/stat"
)

// mend says what to change of the harness, and tries it on the stored answers:
// what serving could undo, undone for both models and graded again as the
// application would read it.
func (r *runner) mend(ctx context.Context, v *Verdict) {
	var serving, others []string
	for _, s := range r.run.Gap.Rungs {
		if s.Candidate == 0 && s.Incumbent == 0 {
			continue
		}
		if rung, ok := normalise.Named(s.Rung); ok && rung.Serves() && rung.Safe {
			serving = append(serving, s.Rung)
		} else {
			others = append(others, s.Rung)
		}
	}
	names := slices.Clone(r.run.Normalise)
	for _, name := range normalise.Names() {
		if slices.Contains(serving, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(serving) > 0 {
		list := strings.Join(names, ", ")
		text := "let serving undo it: normalise: [" + list + "] on the route and under harness in the set, then: switchgear eval regrade " + r.run.ID + " --normalise " + strings.Join(names, ",") + " ($0)"
		if inc, cand, standing, ok := r.trial(ctx, names); ok {
			text += fmt.Sprintf(". With it the scores are %s and %s: %s", percent(inc), percent(cand), standingText(standing))
			if ships(standing) {
				v.Mending = names
			}
		}
		v.Fixes = append(v.Fixes, text)
	}
	if len(others) > 0 {
		v.Fixes = append(v.Fixes, "ask for the form: a line in the prompt or structured output. Serving does not undo "+strings.Join(others, ", ")+", which could change what an answer says")
	} else if r.set.Harness.Format != normalise.Text {
		v.Fixes = append(v.Fixes, "or ask for the form: structured output for the route, if the candidate has it")
	}
}

func standingText(s stat.Standing) string {
	if ships(s) {
		return "it would ship"
	}
	if s == stat.Worse {
		return "it would still be blocked"
	}
	return "it would still be unclear"
}

// trial grades the stored answers again with some normalisers in serving.
// Graders that reach out of the process are not asked twice.
func (r *runner) trial(ctx context.Context, names []string) (inc, cand float64, standing stat.Standing, ok bool) {
	set := *r.set
	set.Harness.Normalise = names
	run := *r.run
	run.Cases = slices.Clone(r.run.Cases)
	byID := map[string]*Case{}
	for _, c := range r.set.Cases {
		byID[c.ID] = c
		if slices.ContainsFunc(r.set.GradersOf(c), func(g *Graded) bool { _, external := g.Grader.(External); return external }) {
			return 0, 0, "", false
		}
	}
	each(r.Concurrency, len(run.Cases), func(i int) {
		o := &run.Cases[i]
		if o.missing() {
			return
		}
		for _, j := range []*Judged{&o.Incumbent, &o.Candidate} {
			if len(j.Rungs) > 0 || len(names) < len(r.run.Normalise) { // the others passed as they are, or pass nowhere
				*j = r.again(ctx, &set, byID[o.ID], j)
			}
		}
	})
	track, _, err := measure(run.pairs(0, strictTrack), r.test(0))
	return track.Incumbent, track.Candidate, track.Standing, err == nil
}

func (r *runner) again(ctx context.Context, set *Set, c *Case, j *Judged) Judged {
	var answers []*Answer
	for _, key := range j.Keys {
		a, ok := r.Store.Get(key)
		if !ok {
			return *j
		}
		answers = append(answers, a)
	}
	return set.judged(ctx, c, answers, r.metrics)
}
