package eval_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/evaltest"
)

// share answers right on a share of the questions, and writes what is right and
// what is wrong in a form of its own.
func share(right float64, good, bad string) *model {
	return &model{say: func(q string, _ int) (string, error) {
		var n int
		if _, err := fmt.Sscanf(q, "q%d", &n); err != nil {
			return "", err
		}
		if float64(n%20)/20 < right {
			return good, nil
		}
		return bad, nil
	}}
}

const jsonSet = "harness: {format: json}\ngraders: [{field: {path: a, equals: 1}}]"

const (
	rightJSON = `{"a": 1}`
	wrongJSON = `{"a": 2}`
	fenced    = "```json\n{\"a\": 1}\n```"
	fencedBad = "```json\n{\"a\": 2}\n```"
)

// TestMatrix is the verdict for each way in which the two tracks can stand to
// each other, guards included.
func TestMatrix(t *testing.T) {
	for _, c := range []struct {
		name      string
		cases     int
		set       string
		inc, cand *model
		word      eval.Word
		ships     bool
		exit      int
		says      string // in the headline, a reason or a fix
	}{
		{"equal", 200, jsonSet, share(.9, rightJSON, wrongJSON), share(.9, rightJSON, wrongJSON), eval.Ship, true, 0, "within 5.0 points"},
		{"better", 200, jsonSet, share(.8, rightJSON, wrongJSON), share(1, rightJSON, wrongJSON), eval.Better, true, 0, "better"},
		{"worse", 200, jsonSet, share(1, rightJSON, wrongJSON), share(.8, rightJSON, wrongJSON), eval.Regression, false, 1, "REGRESSION: -20.0"},
		{"worse within the margin", 400, jsonSet + "\nmargin: 0.1", share(1, rightJSON, wrongJSON), share(.95, rightJSON, wrongJSON), eval.WithinWorse, true, 0, "ships (stakes normal)"},
		{"the same, high stakes", 400, jsonSet + "\nmargin: 0.1\nstakes: high", share(1, rightJSON, wrongJSON), share(.95, rightJSON, wrongJSON), eval.WithinWorse, false, 1, "blocked (stakes high)"},
		{"too few to tell", 40, jsonSet, share(.9, rightJSON, wrongJSON), share(.9, rightJSON, wrongJSON), eval.Inconclusive, false, 3, "it takes 59"},
		{"a fence", 200, jsonSet, share(.9, rightJSON, wrongJSON), share(.9, fenced, fencedBad), eval.Mismatch, false, 4, "it would ship"},
		{"a fence, and worse", 200, jsonSet, share(1, rightJSON, wrongJSON), share(.7, fenced, fencedBad), eval.Regression, false, 1, "REGRESSION"},
		{"both fenced: 0% is not as good as 0%", 200, jsonSet, share(.9, fenced, fencedBad), share(.9, fenced, fencedBad), eval.Mismatch, false, 4, "fails the incumbent too"},
		{"both fenced, and worse", 200, jsonSet, share(.9, fenced, fencedBad), share(.6, fenced, fencedBad), eval.Regression, false, 1, "masked"},
		{"the incumbent fenced, the candidate worse", 200, jsonSet, share(1, fenced, fencedBad), share(.6, rightJSON, wrongJSON), eval.Regression, false, 1, "masked"},
		{"a limit on cost", 200, jsonSet + "\nlimits: {cost_ratio: 1.5}", priced(share(1, rightJSON, wrongJSON), .01), priced(share(1, rightJSON, wrongJSON), .02), eval.Regression, false, 1, "cost_ratio is 2"},
		{"a limit on cost, prices unknown", 200, jsonSet + "\nlimits: {cost_ratio: 1.5}", share(1, rightJSON, wrongJSON), share(1, rightJSON, wrongJSON), eval.Inconclusive, false, 3, "could not be looked at"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := compare(t, set(t, c.cases, c.set), c.inc, c.cand, eval.Settings{Full: true, Stakes: switchgear.StakesNormal})
			v := run.Verdict
			all := strings.Join(append(append([]string{v.Headline}, v.Reasons...), v.Fixes...), "\n")
			if v.Word != c.word || v.Ships != c.ships || v.Exit != c.exit || !strings.Contains(all, c.says) {
				t.Errorf("%s (ships %v, exit %d): %s", v.Word, v.Ships, v.Exit, all)
			}
			checkGap(t, run)
		})
	}
}

func priced(m *model, price float64) *model {
	m.price, m.most = price, price
	return m
}

// TestRecorded: an incumbent that has lost half of what it once scored means
// that something else has changed.
func TestRecorded(t *testing.T) {
	s := set(t, 200, jsonSet)
	run := compare(t, s, share(.4, rightJSON, wrongJSON), share(.4, rightJSON, wrongJSON), eval.Settings{Full: true, Recorded: 0.9})
	if run.Verdict.Ships || run.Verdict.Word != eval.Mismatch || !strings.Contains(strings.Join(run.Verdict.Reasons, ""), "scored 90.0%") {
		t.Error(run.Verdict)
	}
	before := compare(t, s, share(.9, rightJSON, wrongJSON), share(.9, rightJSON, wrongJSON), eval.Settings{Full: true})
	after := compare(t, s, share(.4, rightJSON, wrongJSON), share(.4, rightJSON, wrongJSON), eval.Settings{Full: true, Earlier: []*eval.Run{before}})
	if after.Verdict.Ships {
		t.Error(after.Verdict)
	}
}

// TestAbsence: where a grader demands that there is no call, what a more willing
// parser would find counts. A model whose calls nobody can read must not look
// modest.
func TestAbsence(t *testing.T) {
	s := set(t, 200, "harness: {format: calls}\ngraders: [{no_tool_call: {in: text}}]")
	run := compare(t, s, always("I cannot help with that."), always("```\n[delete_all(sure=True)]\n```"), eval.Settings{Full: true})
	m := &run.Metrics[0]
	if m.Strict.Candidate != 1 || m.Lenient.Candidate != 0 || m.Lenient.Incumbent != 1 || run.Verdict.Word != eval.Regression {
		t.Errorf("strict %v, lenient %v and %v: %s", m.Strict.Candidate, m.Lenient.Candidate, m.Lenient.Incumbent, run.Verdict.Headline)
	}
	checkGap(t, run)
}

// TestMetrics: a grader with a margin of its own must pass it by itself.
func TestMetrics(t *testing.T) {
	s := set(t, 300, "harness: {format: json}\ngraders:\n  - field: {path: a, equals: 1}\n  - field: {path: b, equals: 1, name: extra, margin: 0.02}")
	run := compare(t, s, always(`{"a": 1, "b": 1}`), share(.95, `{"a": 1, "b": 1}`, `{"a": 1, "b": 2}`), eval.Settings{Full: true})
	if len(run.Metrics) != 2 || run.Metrics[0].Strict.Candidate != 1 || run.Metrics[1].Strict.Margin != 0.02 || run.Verdict.Word != eval.Regression {
		t.Errorf("%+v: %s", run.Metrics, run.Verdict.Headline)
	}
}

// TestSlices: a tag on which the candidate is worse is named, though the whole
// ships.
func TestSlices(t *testing.T) {
	s := set(t, 600, "graders: [{equals: $expect}]\nmargin: 0.1")
	run := compare(t, s, always("yes"), &model{say: func(q string, _ int) (string, error) {
		var n int
		_, err := fmt.Sscanf(q, "q%d", &n)
		if n%3 == 1 && n%5 == 0 {
			return "no", err
		}
		return "yes", err
	}}, eval.Settings{Full: true})
	at := slices.IndexFunc(run.Slices, func(s eval.Slice) bool { return s.Worse })
	if len(run.Slices) != 3 || at < 0 || run.Slices[at].Tag != "t1" || !run.Verdict.Ships {
		t.Errorf("%+v: %s", run.Slices, run.Verdict.Headline)
	}
}

// TestBrokenGraders: a grader that crashes or hangs judges nothing: the case is
// reported with its id, and is no loss.
func TestBrokenGraders(t *testing.T) {
	for name, c := range map[string]struct{ run, why string }{
		"crashes": {"exit 3", "code 3"}, "hangs": {"exec sleep 60", "300ms"}, "talks nonsense": {"echo fine", "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			s := set(t, 30, "graders:\n  - command: {run: [sh, -c, '"+c.run+"'], timeout: 300ms}")
			s.Cases = s.Cases[:2]
			got := compare(t, s, always("yes"), always("no"), eval.Settings{Full: true})
			if got.Verdict.Word != eval.InvalidRun || len(got.Missing) == 0 || got.Missing[0].Case == "" || !strings.Contains(got.Missing[0].Why, "no score: grader command") || !strings.Contains(got.Missing[0].Why, c.why) {
				t.Errorf("%s: %+v", got.Verdict.Headline, got.Missing)
			}
		})
	}
}

// TestJudge: a judge that fences its JSON is understood, and what it said is
// kept: grading again asks nobody.
func TestJudge(t *testing.T) {
	asked := 0
	judge := completer(func(*switchgear.Request) (*switchgear.Response, error) {
		asked++
		return &switchgear.Response{Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: "Here you are:\n```json\n{\"why\": \"fine\", \"mark\": 5}\n```"}}}}}, nil
	})
	store := eval.NewStore()
	load := func(models eval.Completer) *eval.Set {
		t.Helper()
		loader := eval.Loader{Graders: grade.Builtin(&eval.Cached{Models: models, Store: store})}
		s, findings := loader.Parse("x.yaml", []byte("route: chat\ncases: [{id: one, input: q, expect: a}, {id: two, input: r, expect: a}]\ngraders: [{judge: {model: referee, rubric: \"Is it polite?\"}}]\n"))
		if s == nil {
			t.Fatal(findings)
		}
		return s
	}
	run := compare(t, load(judge), always("please"), always("thanks"), eval.Settings{Store: store, Full: true, Concurrency: 1})
	if len(run.Missing) > 0 || run.Metrics[0].Strict.Candidate != 1 || asked != 4 {
		t.Fatalf("%d asked: %+v", asked, run)
	}
	again, err := eval.Regrade(t.Context(), load(nil), run, eval.Settings{Store: store})
	if err != nil || len(again.Missing) > 0 || asked != 4 || again.Metrics[0].Strict.Candidate != 1 {
		t.Errorf("%v, %d asked: %+v", err, asked, again.Missing)
	}
}

type completer func(r *switchgear.Request) (*switchgear.Response, error)

func (f completer) Complete(_ context.Context, r *switchgear.Request) (*switchgear.Response, error) {
	return f(r)
}

// TestRegradeChanged: a case that is asked otherwise by now has no answer, and
// the run says so rather than judging the old one.
func TestRegradeChanged(t *testing.T) {
	store := eval.NewStore()
	run := compare(t, set(t, 100, ""), always("yes"), always("yes"), eval.Settings{Store: store})
	changed := set(t, 100, "")
	for i, c := range changed.Cases[:10] {
		changed.Cases[i] = eval.NewCase(c.ID, switchgear.Ask("chat", "something else"), c.Expect)
	}
	again, err := eval.Regrade(t.Context(), changed, run, eval.Settings{Store: store})
	if err != nil || again.Verdict.Word != eval.InvalidRun || len(again.Missing) != 20 || !strings.Contains(again.Missing[0].Why, "as it is asked now") {
		t.Errorf("%v: %s, %d missing", err, again.Verdict.Headline, len(again.Missing))
	}
}

// decideRecorded judges two recorded models and decides.
func decideRecorded(t *testing.T, name, incumbent, candidate string, o eval.Settings) *eval.Run {
	t.Helper()
	rows := corpus.EvalRows(t, name)
	set := evaltest.Load(t, grade.Builtin(nil), name, rows)
	judged := judgedModels(t, set, rows, map[string]corpus.EvalSet{incumbent: {}, candidate: {}})
	run, err := eval.Decide(t.Context(), set, judged[incumbent], judged[candidate], o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestStoryLiteralness: a model that obeys to the letter against one that adds a
// polite line: under the letter it loses what in substance it wins.
func TestStoryLiteralness(t *testing.T) {
	run := decideRecorded(t, "dev_ifeval_en", "gpt-4o-2024-08-06", "claude-3-5-sonnet-20240620", eval.Settings{Margin: 0.05, Full: true})
	for what, c := range map[string]struct{ got, want float64 }{"strict": {run.Gap.Total, -0.029}, "lenient": {run.Gap.Real, 0.013}} {
		if math.Abs(c.got-c.want) > 0.01 {
			t.Errorf("%s difference %.4f, want %.4f", what, c.got, c.want)
		}
	}
	t.Log(run.Verdict.Headline, run.Verdict.Reasons, run.Verdict.Fixes, run.Gap.Rungs)
	if run.Verdict.Ships || run.Verdict.Exit == 1 || len(run.Verdict.Fixes) == 0 || !strings.Contains(strings.Join(run.Verdict.Fixes, ""), "drop_first_line") {
		t.Errorf("%s %q", run.Verdict.Headline, run.Verdict.Fixes)
	}
	// The recorded class of this pair: strictly unclear, within the margin without
	// the letter. It is the harness's question, and no verdict on the model.
	if run.Verdict.Class != "other:unclear/within" || run.Verdict.Exit != 3 || !strings.HasPrefix(run.Verdict.Headline, "INCONCLUSIVE (HARNESS?): ") || !strings.HasSuffix(run.Verdict.Headline, ", or mend drop_first_line") {
		t.Errorf("%s, exit %d: %s", run.Verdict.Class, run.Verdict.Exit, run.Verdict.Headline)
	}
}

// TestStoryBothZero: two models whose every answer is fenced score 0% each. The
// one is 12.5 points worse.
func TestStoryBothZero(t *testing.T) {
	run := decideRecorded(t, "dev_gsm8k_json", "gpt-4o-2024-08-06", "gpt-3.5-turbo-0125", eval.Settings{Margin: 0.05, Full: true})
	m := &run.Metrics[0]
	if m.Strict.Candidate != 0 || m.Strict.Incumbent != 0 || run.Verdict.Word != eval.Regression || math.Abs(run.Gap.Real+0.125) > 0.01 {
		t.Errorf("%s, strict %v and %v, real %v", run.Verdict.Headline, m.Strict.Incumbent, m.Strict.Candidate, run.Gap.Real)
	}
}

// TestStoryLength: a candidate that says the same at three times the length,
// before a grader that likes length. What it seems to win is length; at equal
// length little is left of it (a straight line is not all of the truth).
func TestStoryLength(t *testing.T) {
	pad := func(words int) string { return strings.TrimSpace("yes " + strings.Repeat("indeed ", words)) }
	answers := func(scale int) *model {
		return &model{say: func(q string, _ int) (string, error) {
			var n int
			_, err := fmt.Sscanf(q, "q%d", &n)
			return pad(scale * (4 + (n*7+scale*n*3)%17)), err
		}}
	}
	// The judge of this set passes what is long enough: a verbosity bias in its
	// purest form.
	s := set(t, 400, "graders: [{length: {min_words: 20}}]")
	run := compare(t, s, answers(1), answers(3), eval.Settings{Full: true})
	l := run.Length
	if l == nil || !l.Moves || l.Ratio < 2 {
		t.Fatalf("%+v", l)
	}
	t.Logf("%+v %s %q", l, run.Verdict.Headline, run.Verdict.Reasons)
	if math.Abs(l.Matched) > 0.2 || run.Gap.Total < 0.5 || !strings.Contains(strings.Join(run.Verdict.Reasons, ""), "length moves the score") {
		t.Errorf("matched %.3f of %.3f", l.Matched, run.Gap.Total)
	}
}
