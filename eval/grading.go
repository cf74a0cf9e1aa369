package eval

import (
	"context"
	"fmt"
	"iter"
	"strings"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// Marks are what the graders of a case say of one answer to it.
type Marks struct {
	Scores []Score // one for each of [Set.GradersOf]
	Value  float64 // the mean of the gating graders' values by weight
	Pass   bool    // whether every grader that gates lets it pass
}

// Mark grades an answer with every grader of a case. An error is a grader that
// could not judge; it names the grader and the case.
func (s *Set) Mark(ctx context.Context, c *Case, out *Output) (Marks, error) {
	graders := s.GradersOf(c)
	m := Marks{Scores: make([]Score, len(graders)), Pass: true}
	weight := 0.0
	for i, g := range graders {
		score, err := g.Grader.Grade(ctx, c, out)
		if err != nil {
			return Marks{}, fmt.Errorf("case %s: grader %s: %w", c.ID, g.Name, err)
		}
		m.Scores[i] = score
		if g.Gate {
			m.Pass = m.Pass && score.Pass
			m.Value += g.Weight * score.Value
			weight += g.Weight
		}
	}
	if weight > 0 {
		m.Value /= weight
	}
	return m, nil
}

// Reading is an output as it reads from a rung of the ladder.
type Reading struct {
	normalise.Variant

	Output *Output
}

// Readings climbs the ladder with an output: first the output untouched, then
// what the rungs make of its text. Tool calls proper are left as they are,
// but for what a ladder of calls can do to them.
func Readings(out *Output, f normalise.Format) iter.Seq[Reading] {
	return func(yield func(Reading) bool) {
		if len(out.Calls) > 0 {
			callReadings(out, f, yield)
			return
		}
		for v := range normalise.Climb(out.Text, f) {
			read := *out
			read.Text = v.Text
			if !yield(Reading{Variant: v, Output: &read}) {
				return
			}
		}
	}
}

// callReadings writes tool calls as text, climbs with that, and reads them
// back.
func callReadings(out *Output, f normalise.Format, yield func(Reading) bool) {
	if !yield(Reading{Variant: normalise.Variant{Text: out.Text}, Output: out}) {
		return
	}
	var calls []normalise.Call
	for _, c := range out.Calls {
		v, err := Arguments(c.Arguments)
		if err != nil {
			return
		}
		calls = append(calls, normalise.Call{Name: normalise.WireName(c.Name), Arguments: v})
	}
	f.Kind = normalise.Calls
	for v := range normalise.Climb(normalise.WriteCalls(calls), f) {
		if v.Rung == "" {
			continue
		}
		read, err := normalise.ParseCalls(v.Text)
		if err != nil {
			return
		}
		again := *out
		again.Calls = nil
		for _, c := range read {
			again.Calls = append(again.Calls, switchgear.ToolCall{Name: c.Name, Arguments: string(encodeArguments(c.Arguments))})
		}
		if !yield(Reading{Variant: v, Output: &again}) {
			return
		}
	}
}

// selfTest looks for cases that nobody could pass: what is expected makes no
// sense to a grader, or one grader rejects what another demands.
func (p *loading) selfTest(s *Set) {
	for _, c := range s.Cases {
		for _, g := range s.GradersOf(c) {
			if checker, ok := g.Grader.(Checker); ok {
				if err := checker.Check(c); err != nil {
					p.caseError(c, "grader "+g.Name+": "+err.Error())
					continue
				}
			}
			if exemplar, ok := g.Grader.(Exemplar); ok {
				if out, ok := exemplar.Exemplar(c); ok {
					p.tryExemplar(s, c, g, out)
				}
			}
		}
	}
}

func (p *loading) tryExemplar(s *Set, c *Case, by *Graded, out *Output) {
	for _, g := range s.GradersOf(c) {
		if _, external := g.Grader.(External); external || !g.Gate || !by.Gate {
			continue
		}
		score, err := g.Grader.Grade(context.Background(), c, out)
		if err != nil || score.Pass {
			continue
		}
		who := "the answer that grader " + by.Name + " wants is rejected by grader " + g.Name
		if g == by {
			who = "grader " + g.Name + " rejects the very answer the case expects"
		}
		p.caseError(c, who+": "+strings.TrimSuffix(score.Why, "."))
	}
}

func (p *loading) caseError(c *Case, message string) {
	p.add(config.Error, c.Pos, "case "+visible(c.ID, 60), message, []string{"Mend the case, or the grader's settings."})
}
