package eval

import (
	"context"
	"slices"

	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// Judged is how one model fared on a case, as the mean over its repeats.
type Judged struct {
	Keys    []string  `json:"keys"`              // of its answers in the store, one for each repeat
	Strict  []float64 `json:"strict"`            // by metric: as the application reads the answer
	Lenient []float64 `json:"lenient"`           // by metric: as it reads from the cheapest rung that passes
	Rungs   []string  `json:"rungs,omitempty"`   // of each repeat, the rung that made the difference; "" if there is none
	Gains   []float64 `json:"gains,omitempty"`   // what the rung gained on the first metric, of each repeat
	Why     string    `json:"why,omitempty"`     // what the first grader that failed says of the answer as it is
	Missing string    `json:"missing,omitempty"` // why there is no score; "" if there is one
	Said    string    `json:"said,omitempty"`    // a short hash of the answers
	Refused bool      `json:"refused,omitempty"`
	Size    int       `json:"size,omitempty"`      // what it wrote, in bytes
	USD     float64   `json:"usd,omitempty"`       // what the answers cost
	Priced  bool      `json:"priced,omitempty"`    // whether that is known
	Latency float64   `json:"latency,omitempty"`   // in milliseconds
	Input   int64     `json:"input,omitempty"`     // tokens
	Output  int64     `json:"output,omitempty"`    // tokens
	Cached  int64     `json:"cached,omitempty"`    // tokens of Input
	Thought int64     `json:"reasoning,omitempty"` // tokens of Output
}

// judgedAnswer is one answer on both tracks.
type judgedAnswer struct {
	strict, lenient []float64
	rung            string
	gain            float64
	why             string
}

// judge grades an answer as the application reads it, and as it reads from the
// ladder.
func (s *Set) judge(ctx context.Context, c *Case, out *Output, metrics []metric) (*judgedAnswer, error) {
	graders := s.GradersOf(c)
	served := *out
	if len(out.Calls) == 0 {
		served.Text, _ = normalise.Apply(out.Text, s.FormatOf(c), s.Harness.Normalise)
	}
	strict, err := s.Mark(ctx, c, &served)
	if err != nil {
		return nil, err
	}
	lenient := Lenient{Marks: strict}
	if !strict.Pass || slices.ContainsFunc(graders, wantsEvery) {
		if lenient, err = s.Lenient(ctx, c, &served); err != nil {
			return nil, err
		}
	}
	j := &judgedAnswer{}
	for i, g := range graders {
		if g.Gate && !strict.Scores[i].Pass {
			j.why = g.Name + ": " + strict.Scores[i].Why
			break
		}
	}
	for i := range metrics {
		j.strict = append(j.strict, metrics[i].value(graders, strict.Scores))
		j.lenient = append(j.lenient, metrics[i].value(graders, lenient.Scores))
	}
	if len(metrics) > 0 && j.strict[0] != j.lenient[0] {
		j.rung, j.gain = lenient.Rung, j.lenient[0]-j.strict[0]
	}
	return j, nil
}

// wantsEvery reports whether a grader looks at every reading even of an answer
// that passes.
func wantsEvery(g *Graded) bool {
	e, ok := g.Grader.(Every)
	return ok && e.Every()
}
