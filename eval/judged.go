package eval

import (
	"context"
	"fmt"
	"iter"

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
// ladder. Each grader looks for its own reading, the cheapest that it lets pass;
// where none does it is the best score of all. A grader that demands that
// something is absent takes the worst: what a more willing parser would have
// found was there.
func (s *Set) judge(ctx context.Context, c *Case, out *Output, metrics []metric) (*judgedAnswer, error) {
	f, graders := s.FormatOf(c), s.GradersOf(c)
	served := *out
	if len(out.Calls) == 0 {
		served.Text, _ = normalise.Apply(out.Text, f, s.Harness.Normalise)
	}
	climb := climber{out: &served, format: f}
	defer climb.close()
	strict, lenient, deepest := make([]Score, len(graders)), make([]Score, len(graders)), 0
	j := &judgedAnswer{}
	for i, g := range graders {
		var rung int
		var err error
		strict[i], lenient[i], rung, err = climb.grade(ctx, c, g)
		if err != nil {
			return nil, fmt.Errorf("grader %s: %w", g.Name, err)
		}
		if g.Gate {
			deepest = max(deepest, rung)
			if !strict[i].Pass && j.why == "" {
				j.why = g.Name + ": " + strict[i].Why
			}
		}
	}
	for i := range metrics {
		j.strict = append(j.strict, metrics[i].value(graders, strict))
		j.lenient = append(j.lenient, metrics[i].value(graders, lenient))
	}
	if len(metrics) > 0 && j.strict[0] != j.lenient[0] {
		j.rung, j.gain = climb.rung(deepest), j.lenient[0]-j.strict[0]
	}
	return j, nil
}

// climber reads an answer from the ladder as far as its graders ask, once for
// all of them.
type climber struct {
	out    *Output
	format normalise.Format
	next   func() (Reading, bool)
	stop   func()
	seen   []Reading
	done   bool
}

func (l *climber) reading(i int) (*Reading, bool) {
	if i == 0 && len(l.seen) == 0 {
		return &Reading{Output: l.out}, true // untouched; nothing was climbed for it
	}
	if l.next == nil {
		l.next, l.stop = iter.Pull(Readings(l.out, l.format))
	}
	for len(l.seen) <= i && !l.done {
		r, ok := l.next()
		if !ok {
			l.done = true
			break
		}
		l.seen = append(l.seen, r)
	}
	if i >= len(l.seen) {
		return nil, false
	}
	return &l.seen[i], true
}

func (l *climber) rung(i int) string {
	if i < len(l.seen) {
		return l.seen[i].Rung
	}
	return ""
}

func (l *climber) close() {
	if l.stop != nil {
		l.stop()
	}
}

// grade is a grader's score of the answer untouched, of the reading that
// counts, and which that is.
func (l *climber) grade(ctx context.Context, c *Case, g *Graded) (strict, lenient Score, at int, err error) {
	every := false
	if e, ok := g.Grader.(Every); ok {
		every = e.Every()
	}
	_, external := g.Grader.(External)
	for i := 0; ; i++ {
		r, ok := l.reading(i)
		if !ok {
			return strict, lenient, at, nil
		}
		if external && i > 0 && !l.formed(i) {
			continue
		}
		score, err := g.Grader.Grade(ctx, c, r.Output)
		if err != nil {
			return strict, lenient, 0, err
		}
		switch {
		case i == 0:
			strict, lenient = score, score
		case every && (!score.Pass || score.Value < lenient.Value), !every && (score.Pass || score.Value > lenient.Value):
			lenient, at = score, i
		}
		if lenient.Pass != every || (external && i > 0) {
			return strict, lenient, at, nil
		}
	}
}

// formed reports whether a reading is the first that has the declared format,
// of an answer that has it not. Only that one is worth a command's time or a
// model's price.
func (l *climber) formed(i int) bool {
	if len(l.out.Calls) > 0 || l.format.Kind == normalise.Text || l.format.Parses(l.out.Text) {
		return false
	}
	return l.format.Parses(l.seen[i].Text)
}
