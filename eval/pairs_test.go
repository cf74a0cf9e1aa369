package eval_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/evaltest"
)

// sameClasses is the share of pairs whose class our graders and ladder have to
// find; it was fixed before either was made.
const sameClasses = 0.95

var recordedSets = []string{"dev_gsm8k_json", "dev_ifeval_en", "dev_toolcall_bfcl"}

// recordedWords are our words for what the recorded classes are made of.
var recordedWords = strings.NewReplacer(
	"ship_within_margin_but_worse", "within_worse", "ship_better", "better", "block_worse", "worse", "inconclusive", "unclear", "ship", "within",
)

// judgedModels grades what every model said.
func judgedModels(t *testing.T, set *eval.Set, rows []*corpus.EvalRow, models map[string]corpus.EvalSet) map[string]map[string]eval.Judged {
	t.Helper()
	out := map[string]map[string]eval.Judged{}
	for model := range models {
		answers := map[string]*eval.Answer{}
		for _, r := range rows {
			answers[r.ID] = answerOf(evaltest.OutputOf(t, r.Outputs[model]))
		}
		out[model] = eval.JudgeAll(t.Context(), set, answers)
	}
	return out
}

func answerOf(out *eval.Output) *eval.Answer {
	a := &eval.Answer{Text: out.Text}
	for _, c := range out.Calls {
		a.Calls = append(a.Calls, eval.AnswerCall(c))
	}
	return a
}

// TestRecordedClasses judges real outputs with our graders and our ladder, and
// holds every pair of models against what is known of it: the class of the swap,
// and that no candidate that is worse by 5 points or more ships.
func TestRecordedClasses(t *testing.T) {
	pairs, same, worse, shipped := 0, 0, 0, 0
	for _, name := range recordedSets {
		rows, models := corpus.EvalRows(t, name), corpus.EvalScores(t, name)
		set := evaltest.Load(t, grade.Builtin(nil), name, rows)
		judged := judgedModels(t, set, rows, models)
		for _, p := range corpus.EvalPairs(t, name) {
			run, err := eval.Decide(t.Context(), set, judged[p.Incumbent], judged[p.Candidate], eval.Settings{Margin: 0.05, Full: true})
			if err != nil {
				t.Fatal(err)
			}
			pairs++
			if want := recordedWords.Replace(p.Class); run.Verdict.Class == want {
				same++
			} else {
				t.Logf("%s: %s -> %s: %s, recorded as %s", name, p.Incumbent, p.Candidate, run.Verdict.Class, want)
			}
			if p.GapReal <= -0.05 {
				worse++
				if run.Verdict.Ships {
					shipped++
					t.Logf("%s: %s -> %s ships, and is worse by %.1f points: %s", name, p.Incumbent, p.Candidate, -100*p.GapReal, run.Verdict.Headline)
				}
			}
			checkGap(t, run)
		}
	}
	t.Logf("%d pairs, %d of the recorded class (%.1f%%); of %d that are worse by 5 points or more %d ship", pairs, same, 100*float64(same)/float64(pairs), worse, shipped)
	if pairs != 248 || worse != 47 {
		t.Errorf("%d pairs, %d of them worse by 5 points", pairs, worse)
	}
	if share := float64(same) / float64(pairs); share < sameClasses {
		t.Errorf("%.3f of the pairs have the recorded class", share)
	}
	if float64(shipped) > 0.05*float64(worse) {
		t.Errorf("%d of %d candidates that are worse by 5 points or more ship", shipped, worse)
	}
}

// checkGap holds that the gap is taken apart exactly: the parts add up to it,
// and the rungs to the harness's.
func checkGap(t *testing.T, run *eval.Run) {
	t.Helper()
	m, sum := &run.Metrics[0], 0.0
	for _, s := range run.Gap.Rungs {
		sum += s.Harness
	}
	for what, off := range map[string]float64{
		"harness + real":    run.Gap.Harness + run.Gap.Real - run.Gap.Total,
		"the rungs":         sum - run.Gap.Harness,
		"the strict scores": m.Strict.Candidate - m.Strict.Incumbent - run.Gap.Total,
		"the lenient ones":  m.Lenient.Candidate - m.Lenient.Incumbent - run.Gap.Real,
	} {
		if math.Abs(off) > 1e-9 {
			t.Errorf("%s do not add up: off by %v", what, off)
		}
	}
}

// TestEarlyNeverShips: of every pair, a run that may stop early ships only what
// the whole run ships, and stops nearly none of those that would.
func TestEarlyNeverShips(t *testing.T) {
	stopped, wrongly, saved, cases := 0, 0, 0, 0
	for _, name := range recordedSets {
		rows, models := corpus.EvalRows(t, name), corpus.EvalScores(t, name)
		set := evaltest.Load(t, grade.Builtin(nil), name, rows)
		judged := judgedModels(t, set, rows, models)
		for i, p := range corpus.EvalPairs(t, name) {
			if i%6 != 0 { // each takes thirty looks
				continue
			}
			full, err := eval.Decide(t.Context(), set, judged[p.Incumbent], judged[p.Candidate], eval.Settings{Margin: 0.05, Full: true})
			if err != nil {
				t.Fatal(err)
			}
			early, err := eval.Decide(t.Context(), set, judged[p.Incumbent], judged[p.Candidate], eval.Settings{Margin: 0.05})
			if err != nil {
				t.Fatal(err)
			}
			if early.Verdict.Ships && !full.Verdict.Ships {
				t.Errorf("%s -> %s: ships when it may stop early, and not when it is asked everything", p.Incumbent, p.Candidate)
			}
			if early.Stopped != nil {
				stopped++
				saved += early.Stopped.Of - early.Stopped.Cases
				cases += early.Stopped.Of
				if full.Verdict.Ships {
					wrongly++
				}
			}
		}
	}
	t.Logf("%d runs were stopped, %d of which would have shipped; they saved %d of %d cases", stopped, wrongly, saved, cases)
	if stopped < 10 || wrongly > 0 {
		t.Error(fmt.Sprint(stopped, " were stopped, ", wrongly, " wrongly"))
	}
}
