package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// Lenient is what an answer is worth once differences of form are ironed out.
type Lenient struct {
	Marks

	// Rung is what the answer is counted under: the costliest rung that a gating
	// grader needed to let it pass; "" if none was needed, or none helped.
	Rung  string
	Rungs []string // all that was done to the answer for that
	Text  string   // the answer as it then read; for the differences that reports show
}

// Lenient grades an answer the tolerant way: each grader takes the cheapest
// reading of it that passes, and the answer untouched if none does. One that
// passes untouched is never changed. A grader that demands an absence ([Every])
// wants every reading to pass: normalising can lower a score, too.
//
// Graders that reach out of the process see the answer as it parses and no
// further: a judge asked thirty times about one answer costs thirty times as much.
func (s *Set) Lenient(ctx context.Context, c *Case, out *Output) (Lenient, error) {
	readings := &readings{next: collect(out, s.FormatOf(c)), format: s.FormatOf(c)}
	graders := s.GradersOf(c)
	got := Lenient{Marks: Marks{Scores: make([]Score, len(graders)), Pass: true}, Text: out.Text}
	weight := 0.0
	for i, g := range graders {
		score, reading, err := readings.grade(ctx, c, g.Grader)
		if err != nil {
			return Lenient{}, fmt.Errorf("case %s: grader %s: %w", c.ID, g.Name, err)
		}
		got.Scores[i] = score
		if !g.Gate {
			continue
		}
		got.Pass = got.Pass && score.Pass
		got.Value += g.Weight * score.Value
		weight += g.Weight
		if cost(reading.Rung) > cost(got.Rung) {
			got.Rung, got.Rungs, got.Text = reading.Rung, reading.Rungs, reading.Text
		}
	}
	if weight > 0 {
		got.Value /= weight
	}
	return got, nil
}

// cost is how far up the ladder a rung is; -1 for none.
func cost(rung string) int { return slices.Index(normalise.Names(), rung) }

// readings are the readings of one answer, made as far as somebody asks.
type readings struct {
	format normalise.Format
	made   []Reading
	next   func() (Reading, bool)
}

// collect gives readings one at a time. The first few are all that most answers
// need.
func collect(out *Output, f normalise.Format) func() (Reading, bool) {
	first, all, i := true, []Reading(nil), 0
	return func() (Reading, bool) {
		if first {
			first = false
			return Reading{Variant: normalise.Variant{Text: out.Text}, Output: out}, true
		}
		if all == nil {
			all = slices.Collect(Readings(out, f))
			i = 1
		}
		if i >= len(all) {
			return Reading{}, false
		}
		i++
		return all[i-1], true
	}
}

func (r *readings) at(i int) (Reading, bool) {
	for len(r.made) <= i {
		reading, ok := r.next()
		if !ok {
			return Reading{}, false
		}
		r.made = append(r.made, reading)
	}
	return r.made[i], true
}

// grade finds the reading that settles what a grader says.
func (r *readings) grade(ctx context.Context, c *Case, g Grader) (Score, Reading, error) {
	every := false
	if e, ok := g.(Every); ok {
		every = e.Every()
	}
	_, external := g.(External)
	untouched, _ := r.at(0)
	var first Score
	for i := 0; ; i++ {
		reading, ok := r.at(i)
		if !ok {
			return first, untouched, nil
		}
		if external {
			if parsed, ok := r.at(1); ok && !r.format.Parses(untouched.Output.Text) && len(untouched.Output.Calls) == 0 {
				reading = parsed
			}
		}
		score, err := g.Grade(ctx, c, reading.Output)
		if err != nil {
			return Score{}, reading, err
		}
		if i == 0 {
			first = score
		}
		if external || score.Pass != every {
			return score, reading, nil
		}
	}
}
