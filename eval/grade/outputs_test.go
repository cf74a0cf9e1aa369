package grade

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/evaltest"
)

// judged is how one output fared.
type judged struct {
	strict, lenient bool
	rung            string
}

// grades judges an output as it is and as it reads from the ladder.
func grades(t *testing.T, set *eval.Set, c *eval.Case, out *eval.Output) judged {
	t.Helper()
	strict, err := set.Mark(t.Context(), c, out)
	if err != nil {
		t.Fatal(err)
	}
	lenient, err := set.Lenient(t.Context(), c, out)
	if err != nil {
		t.Fatal(err)
	}
	if strict.Pass && (!lenient.Pass || lenient.Rung != "") {
		t.Errorf("case %s passes as it is, and not on the ladder: %+v", c.ID, lenient)
	}
	return judged{strict: strict.Pass, lenient: lenient.Pass, rung: lenient.Rung}
}

// TestOutputs grades the real outputs of every model with our graders, as they
// are and through the ladder, and holds the scores against the publishers'.
func TestOutputs(t *testing.T) {
	for name := range sets {
		t.Run(name, func(t *testing.T) {
			rows, truth := corpus.EvalRows(t, name), corpus.EvalScores(t, name)
			set := evaltest.Load(t, Builtin(nil), name, rows)
			lenient, plain := map[string]float64{}, map[string]float64{}
			var table strings.Builder
			fmt.Fprintf(&table, "%-46s %14s %14s %9s %s\n", "model", "strict (truth)", "lenient(truth)", "disagree", "rungs")
			for _, model := range slices.Sorted(maps.Keys(truth)) {
				strict, loose, other, rungs := 0.0, 0.0, 0, map[string]int{}
				for i, r := range rows {
					got := grades(t, set, set.Cases[i], evaltest.OutputOf(t, r.Outputs[model]))
					want := r.Truth[model]
					strict, loose = strict+one(got.strict), loose+one(got.lenient)
					if got.rung != "" && got.lenient {
						rungs[got.rung]++
					}
					if one(got.strict) != want.Strict || one(got.lenient) != want.Lenient {
						other++
						if testing.Verbose() && other <= 4 {
							t.Logf("%s %s: %+v, truth %+v: %.200s", model, r.ID, got, want, r.Outputs[model])
						}
					}
				}
				n := float64(len(rows))
				want := truth[model]
				fmt.Fprintf(&table, "%-46s %.3f (%.3f)  %.3f (%.3f)  %4d     %v\n", model, strict/n, want.Strict, loose/n, want.Lenient, other, rungs)
				if math.Abs(loose/n-want.Lenient) > tolerance {
					t.Errorf("%s: lenient %.4f, truth %.4f", model, loose/n, want.Lenient)
				}
				if math.Abs(strict/n-want.Strict) > tolerance {
					t.Errorf("%s: strict %.4f, truth %.4f", model, strict/n, want.Strict)
				}
				lenient[model], plain[model] = loose/n, strict/n
			}
			gaps(t, corpus.EvalPairs(t, name), plain, lenient)
			t.Log("\n" + table.String())
		})
	}
}

// gaps holds what a swap costs, and how much of it is the harness's doing,
// against what is known of every pair: a class is made of the two.
func gaps(t *testing.T, pairs []corpus.EvalPair, strict, lenient map[string]float64) {
	t.Helper()
	same, most := 0, 0.0
	for _, p := range pairs {
		total := strict[p.Candidate] - strict[p.Incumbent]
		ability := lenient[p.Candidate] - lenient[p.Incumbent]
		off := max(math.Abs(ability-p.GapReal), math.Abs(total-ability-p.GapHarness))
		most = max(most, off)
		if off <= tolerance {
			same++
		}
	}
	share := float64(same) / float64(len(pairs))
	t.Logf("%d of %d pairs have both gaps within a point of what is known (%.1f%%); the furthest is %.1f points off", same, len(pairs), 100*share, 100*most)
	if share < sameClasses {
		t.Errorf("only %.1f%% of the pairs have the gaps that are known", 100*share)
	}
}

// TestNoRefusals: none of the outputs that were judged right declines, and a
// detector that cried wolf would be found here. There is no truth about refusals
// in the data; this bounds what is wrongly called one.
func TestNoRefusals(t *testing.T) {
	right, wrong := 0, 0
	for name := range sets {
		for _, r := range corpus.EvalRows(t, name) {
			for model, truth := range r.Truth {
				if truth.Lenient != 1 {
					continue
				}
				right++
				if why, refused := Refused(evaltest.OutputOf(t, r.Outputs[model])); refused {
					wrong++
					t.Logf("%s %s: %s", model, r.ID, why)
				}
			}
		}
	}
	t.Logf("%d of %d right outputs are taken for refusals", wrong, right)
	if wrong*1000 > right {
		t.Errorf("%d of %d right outputs are taken for refusals", wrong, right)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
