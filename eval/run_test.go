package eval_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
)

// model is a model that answers by a function of the question and of how often
// it was asked that.
type model struct {
	say   func(question string, time int) (string, error)
	price float64 // of each answer
	most  float64

	mu    sync.Mutex
	asked map[string]int
	calls atomic.Int64
}

func (m *model) Complete(_ context.Context, r *switchgear.Request) (*switchgear.Response, error) {
	m.calls.Add(1)
	question := r.Messages[0].Parts[0].Text
	m.mu.Lock()
	if m.asked == nil {
		m.asked = map[string]int{}
	}
	m.asked[question]++
	n := m.asked[question]
	m.mu.Unlock()
	text, err := m.say(question, n)
	if err != nil {
		return nil, err
	}
	resp := &switchgear.Response{Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: text}}}}}
	if m.price > 0 {
		resp.Cost = switchgear.Cost{USD: m.price, Known: true}
	}
	return resp, nil
}

func (m *model) contender(target string) eval.Contender {
	c := eval.Contender{Target: target, Models: m}
	if m.most > 0 {
		c.Most = func(*switchgear.Request) switchgear.Cost { return switchgear.Cost{USD: m.most, Known: true} }
	}
	return c
}

func always(text string) *model {
	return &model{say: func(string, int) (string, error) { return text, nil }}
}

// set makes an eval set of n cases that expect "yes".
func set(t *testing.T, n int, text string) *eval.Set {
	t.Helper()
	var cases strings.Builder
	for i := range n {
		fmt.Fprintf(&cases, `{"id": "c%03d", "input": "q%03d", "expect": "yes", "tags": ["t%d"]}`+"\n", i, i, i%3)
	}
	if text == "" {
		text = "graders: [{equals: $expect}]"
	}
	loader := eval.Loader{Graders: grade.Builtin(nil), Open: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(cases.String())), nil }}
	s, findings := loader.Parse("chat.yaml", []byte("route: chat\ncases: cases.jsonl\n"+text+"\n"))
	if s == nil {
		t.Fatal(findings)
	}
	return s
}

func compare(t *testing.T, s *eval.Set, inc, cand *model, o eval.Settings) *eval.Run {
	t.Helper()
	run, err := eval.Compare(t.Context(), s, inc.contender("a/old"), cand.contender("a/new"), o)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestFailuresAreNoAnswers: what a provider fails at is tried again; where it
// never answers the case is missing, for both; and too many make the run invalid
// rather than the candidate bad.
func TestFailuresAreNoAnswers(t *testing.T) {
	busy := func(class switchgear.Class) error { return &switchgear.Error{Class: class, Status: 529} }
	for _, c := range []struct {
		name    string
		say     func(question string, time int) (string, error)
		word    eval.Word
		missing int
		calls   int64
	}{
		{"each fails twice", func(_ string, time int) (string, error) {
			if time <= 2 {
				return "", busy(switchgear.ClassOverloaded)
			}
			return "yes", nil
		}, eval.Ship, 0, 300},
		{"one never answers", func(q string, _ int) (string, error) {
			if q == "q042" {
				return "", busy(switchgear.ClassServer)
			}
			return "yes", nil
		}, eval.Ship, 1, 104},
		{"one in ten never answers", func(q string, _ int) (string, error) {
			if strings.HasSuffix(q, "3") {
				return "", busy(switchgear.ClassRateLimited)
			}
			return "yes", nil
		}, eval.InvalidRun, 3, 0},
		{"the key is wrong", func(string, int) (string, error) { return "", busy(switchgear.ClassAuth) }, eval.InvalidRun, 20, 20},
		{"a policy declines", func(string, int) (string, error) { return "", busy(switchgear.ClassPolicy) }, eval.Regression, 0, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cand := &model{say: c.say}
				run := compare(t, set(t, 100, ""), always("yes"), cand, eval.Settings{})
				if run.Verdict.Word != c.word || len(run.Missing) < c.missing || (c.word != eval.InvalidRun && len(run.Missing) != c.missing) {
					t.Errorf("%s, %d missing: %+v", run.Verdict.Headline, len(run.Missing), run.Missing)
				}
				if c.calls > 0 && cand.calls.Load() != c.calls {
					t.Errorf("%d calls", cand.calls.Load())
				}
				if c.word == eval.InvalidRun && run.Verdict.Exit != 5 {
					t.Errorf("exit %d", run.Verdict.Exit)
				}
			})
		})
	}
}

// TestRetryAfter: a provider's hint is waited out, within reason.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		compare(t, set(t, 1, ""), always("yes"), &model{say: func(_ string, n int) (string, error) {
			if n == 1 {
				return "", &switchgear.Error{Class: switchgear.ClassRateLimited, RetryAfter: 20 * time.Second}
			}
			return "yes", nil
		}}, eval.Settings{})
		if waited := time.Since(start); waited < 20*time.Second || waited > 25*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// TestPurse: a limit in dollars is never exceeded, whatever is in flight, and
// the run says that it was.
func TestPurse(t *testing.T) {
	for _, limit := range []float64{0.005, 0.10, 0.555, 1.0} {
		s, store := set(t, 100, ""), eval.NewStore()
		inc, cand := always("yes"), always("yes")
		inc.price, inc.most, cand.price, cand.most = 0.004, 0.02, 0.01, 0.05
		purse := eval.NewPurse(limit, 0)
		run := compare(t, s, inc, cand, eval.Settings{Purse: purse, Store: store})
		spent, _ := purse.Spent()
		if spent > limit+1e-9 {
			t.Errorf("limit %v: spent %v", limit, spent)
		}
		if limit > 0.1 && spent < limit-0.05-1e-9 && run.Verdict.Word == eval.InvalidRun {
			t.Errorf("limit %v: only %v were spent, though the next call costs 0.05 at the most", limit, spent)
		}
		if run.Verdict.Word != eval.InvalidRun || run.Verdict.Exit != 5 || !strings.Contains(run.Verdict.Fixes[0], "--max-cost") {
			t.Errorf("limit %v: %s %q", limit, run.Verdict.Headline, run.Verdict.Fixes)
		}
		before := inc.calls.Load() + cand.calls.Load()
		again := compare(t, s, inc, cand, eval.Settings{Purse: eval.NewPurse(10, 0), Store: store})
		if after := inc.calls.Load() + cand.calls.Load(); after != 200 || int(after-before) != again.Incumbent.Asked+again.Candidate.Asked || !again.Verdict.Ships {
			t.Errorf("limit %v: %d calls, then %d: %s", limit, before, after, again.Verdict.Headline)
		}
	}
	inc := always("yes")
	run := compare(t, set(t, 10, ""), inc, inc, eval.Settings{Purse: eval.NewPurse(1, 0)})
	if inc.calls.Load() != 0 || run.Verdict.Word != eval.InvalidRun {
		t.Errorf("a limit in dollars, no price, and %d calls: %s", inc.calls.Load(), run.Verdict.Headline)
	}
}

// TestStore: what was stored is there again, a torn end is taken off and said,
// a line that makes no sense is passed over, and a second run is kept out.
func TestStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "x.answers.jsonl")
	open := func() *eval.Store {
		t.Helper()
		s, err := eval.OpenStore(file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	n := int64(7)
	want := &eval.Answer{
		Key: "k1", Case: "c", Target: "a/b", Text: "first\nsecond", Calls: []eval.AnswerCall{{Name: "f", Arguments: "{}"}}, Finish: switchgear.FinishStop,
		Tokens: eval.Tokens{Input: &n}, At: time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC), LatencyMS: 1.5,
	}
	s := open()
	if err := s.Put(want); err != nil {
		t.Fatal(err)
	}
	if _, err := eval.OpenStore(file); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second run got in: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("{nonsense}\n" + `{"key":"k2","te`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	s = open()
	got, ok := s.Get("k1")
	if !ok || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", ok, cmp.Diff(want, got))
	}
	if notes := strings.Join(s.Notes(), "\n"); s.Len() != 1 || !strings.Contains(notes, "15 bytes") || !strings.Contains(notes, "1 lines") {
		t.Errorf("%d answers; %s", s.Len(), notes)
	}
	if err := s.Put(&eval.Answer{Key: "k3"}); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	s = open()
	if s.Len() != 2 {
		t.Errorf("%d answers after the torn line was written over", s.Len())
	}
	_ = s.Close()
}

// TestRepeats: each repeat is an answer of its own, and stays one in the store.
func TestRepeats(t *testing.T) {
	store := eval.NewStore()
	cand := &model{say: func(_ string, n int) (string, error) {
		if n == 2 {
			return "no", nil
		}
		return "yes", nil
	}}
	s := set(t, 200, "graders: [{equals: $expect}]\nrepeats: 4")
	run := compare(t, s, always("yes"), cand, eval.Settings{Store: store, Full: true})
	if cand.calls.Load() != 800 || store.Len() != 1600 {
		t.Errorf("%d calls, %d stored", cand.calls.Load(), store.Len())
	}
	if m := run.Metrics[0]; !m.Graded || m.Strict.Candidate != 0.75 || m.Strict.Method != "clustered" {
		t.Errorf("%+v", m)
	}
	again := compare(t, s, always("yes"), cand, eval.Settings{Store: store, Full: true})
	if cand.calls.Load() != 800 || again.Candidate.Asked != 0 {
		t.Errorf("%d calls", cand.calls.Load())
	}
	fresh := compare(t, s, always("yes"), cand, eval.Settings{Store: store, Full: true, Fresh: true})
	if cand.calls.Load() != 1600 || fresh.Candidate.Asked != 800 {
		t.Errorf("asked afresh, %d calls", cand.calls.Load())
	}
}

// TestTries: the same candidate, asked afresh until it is lucky, is tested at a
// smaller alpha each time; a run over the same answers is no new try.
func TestTries(t *testing.T) {
	s := set(t, 100, "")
	inc := always("yes")
	first := compare(t, s, inc, always("yes"), eval.Settings{})
	same := compare(t, s, inc, always("yes"), eval.Settings{Earlier: []*eval.Run{first}})
	other := compare(t, s, inc, &model{say: func(q string, _ int) (string, error) {
		if q == "q001" {
			return "no", nil
		}
		return "yes", nil
	}}, eval.Settings{Earlier: []*eval.Run{first, same}})
	if first.Try != 1 || same.Try != 1 || other.Try != 2 || other.Alpha != 0.025 {
		t.Errorf("tries %d, %d, %d (alpha %v)", first.Try, same.Try, other.Try, other.Alpha)
	}
}

// TestCancelled: a run that is cancelled ends at once, and its answers stay.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := eval.NewStore()
	cand := &model{}
	cand.say = func(string, int) (string, error) {
		if cand.calls.Load() == 30 {
			cancel()
		}
		return "yes", nil
	}
	_, err := eval.Compare(ctx, set(t, 100, ""), always("yes").contender("a/old"), cand.contender("a/new"), eval.Settings{Store: store})
	if !errors.Is(err, context.Canceled) || store.Len() < 50 || store.Len() > 120 {
		t.Errorf("%v, %d stored", err, store.Len())
	}
}

// TestPure: the same answers give the same verdict, to the byte, in whatever
// order they came in.
func TestPure(t *testing.T) {
	s, store := set(t, 120, ""), eval.NewStore()
	say := func(q string, _ int) (string, error) {
		if strings.HasSuffix(q, "7") {
			return "no", nil
		}
		return "yes", nil
	}
	first := compare(t, s, always("yes"), &model{say: say}, eval.Settings{Store: store, Concurrency: 32})
	second := compare(t, s, always("yes"), &model{say: say}, eval.Settings{Store: store, Concurrency: 1})
	first.ID, first.At, second.ID, second.At = "", time.Time{}, "", time.Time{}
	first.Incumbent.Asked, first.Candidate.Asked = 0, 0
	first.Verdict.Fixes, second.Verdict.Fixes = nil, nil // they name the run
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

// TestEvidence carries what a lock needs.
func TestEvidence(t *testing.T) {
	s := set(t, 100, "")
	run := compare(t, s, always("yes"), always("yes"), eval.Settings{})
	e := run.Evidence()
	if e.Run != run.ID || e.N != 100 || !e.Ships || e.Verdict != eval.Ship || e.Target != "a/new" || e.Incumbent != "a/old" || e.Margin != 0.05 ||
		e.Alpha != 0.05 || e.Cases != s.Hashes.Cases || e.Graders != s.Hashes.Graders || e.System != s.Hashes.System || e.Harness != s.Hashes.Harness ||
		e.Low >= 0 || e.High <= 0 {
		t.Errorf("%+v", e)
	}
}

// TestRunFile: a run is read as it was written; one that is cut short is told
// from one that is something else.
func TestRunFile(t *testing.T) {
	dir := t.TempDir()
	run := compare(t, set(t, 70, ""), always("yes"), always("no"), eval.Settings{})
	file, err := eval.WriteRun(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	got, err := eval.ReadRun(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run.Metrics, got.Metrics); diff != "" || got.ID != run.ID || got.Verdict.Headline != run.Verdict.Headline {
		t.Error(diff)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"cut":     {string(text[:len(text)/2]), "cut short"},
		"other":   {`{"hello": 1}`, "version 0"},
		"missing": {strings.Replace(string(text), `"strict":[1]`, `"strict":[]`, 1), "do not fit the metrics"},
	} {
		bad := filepath.Join(dir, name+".json")
		if err := os.WriteFile(bad, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := eval.ReadRun(bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	runs, bad := eval.Runs(dir)
	if len(runs) != 1 || len(bad) != 3 {
		t.Errorf("%d runs, %d bad", len(runs), len(bad))
	}
}
