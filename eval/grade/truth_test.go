package grade

import (
	"maps"
	"math"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// What is demanded of our graders and ladder on the real outputs, written
// down before either was made: tolerance is how far a score may be from the
// publisher's own, per model.
const (
	tolerance   = 0.01
	sameClasses = 0.95 // of the pairs of models of a set
)

// sets are the sets with real outputs: how many rows, models and pairs.
var sets = map[string]struct{ rows, models, pairs int }{
	"dev_gsm8k_json":    {329, 9, 72},
	"dev_ifeval_en":     {308, 5, 20},
	"dev_toolcall_bfcl": {600, 13, 156},
}

// TestTruth holds the three files of the data together: the rows add up to the
// scores, and the scores to the pairs. What our graders are measured against
// is then one thing, not three.
func TestTruth(t *testing.T) {
	for name, want := range sets {
		t.Run(name, func(t *testing.T) {
			rows, scores, pairs := corpus.EvalRows(t, name), corpus.EvalScores(t, name), corpus.EvalPairs(t, name)
			if len(rows) != want.rows || len(scores) != want.models || len(pairs) != want.pairs {
				t.Fatalf("%d rows, %d models, %d pairs", len(rows), len(scores), len(pairs))
			}
			for model := range maps.Keys(scores) {
				strict, lenient := meanTruth(rows, model)
				if math.Abs(strict-scores[model].Strict) > 0.001 || math.Abs(lenient-scores[model].Lenient) > 0.001 {
					t.Errorf("%s: rows say %.4f/%.4f, the table %.4f/%.4f", model, strict, lenient, scores[model].Strict, scores[model].Lenient)
				}
			}
			for _, p := range pairs {
				gap := scores[p.Candidate].Lenient - scores[p.Incumbent].Lenient
				if math.Abs(gap-p.GapReal) > 0.001 || math.Abs(p.GapStrict-p.GapReal-p.GapHarness) > 0.0002 {
					t.Errorf("%s -> %s: gaps %+v, lenient scores differ by %.4f", p.Incumbent, p.Candidate, p, gap)
				}
			}
		})
	}
}

func meanTruth(rows []*corpus.EvalRow, model string) (strict, lenient float64) {
	n := 0.0
	for _, r := range rows {
		if truth, ok := r.Truth[model]; ok {
			strict, lenient, n = strict+truth.Strict, lenient+truth.Lenient, n+1
		}
	}
	return strict / n, lenient / n
}
