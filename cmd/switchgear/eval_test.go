package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/evaltest"
)

// bench of recordings: a folder with a configuration that replays, a set, and
// the recorded answers.
type replayed struct {
	t      testing.TB
	dir    string
	models []string
}

// command runs switchgear in the folder and gives its exit code and output.
func (r *replayed) command(args ...string) (int, string) {
	r.t.Helper()
	var out, talk bytes.Buffer
	code := run(append(args, "--config", filepath.Join(r.dir, "switchgear.yaml"), "--store", filepath.Join(r.dir, "store")), strings.NewReader(""), &out, &talk)
	if code == exitUsage {
		r.t.Fatalf("switchgear %s: %s%s", strings.Join(args, " "), talk.String(), out.String())
	}
	return code, out.String()
}

// gate runs a command that prints a run as JSON.
func (r *replayed) gate(args ...string) (int, *eval.Run) {
	r.t.Helper()
	code, text := r.command(append(args, "--json")...)
	got := &eval.Run{}
	if err := json.Unmarshal([]byte(text), got); err != nil {
		r.t.Fatalf("%v: %s", err, text)
	}
	if code != got.Verdict.Exit {
		r.t.Errorf("exit %d, and the verdict says %d", code, got.Verdict.Exit)
	}
	return code, got
}

func (r *replayed) file(name, text string) string {
	r.t.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return file
}

func newReplayed(t testing.TB, route string, models []string) *replayed {
	t.Helper()
	r := &replayed{t: t, dir: t.TempDir(), models: models}
	var short strings.Builder
	for i, m := range models {
		fmt.Fprintf(&short, "  m%d: {model: \"old/%s\", price: 3/15}\n", i, m)
	}
	r.file("switchgear.yaml", "version: 1\nproviders:\n  old: {kind: replay, recordings: [recorded.jsonl]}\nmodels:\n"+short.String()+
		"routes:\n  "+route+": {chain: [m0], single_point: ok}\n")
	return r
}

func jsonLine(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// newScores is a folder in which the recorded scores are answers: one that a
// plain parser reads, one that has a fence around it, and a wrong one.
func newScores(t *testing.T, name string) *replayed {
	t.Helper()
	rows, truth := corpus.EvalRows(t, name), corpus.EvalScores(t, name)
	var models []string
	for m := range truth {
		models = append(models, m)
	}
	slices.Sort(models)
	r := newReplayed(t, "scores", models)
	var cases, recorded strings.Builder
	for _, row := range rows {
		prompt := "case " + row.ID
		cases.WriteString(jsonLine(t, map[string]any{"id": row.ID, "input": prompt, "expect": map[string]any{"ok": 1}}))
		outputs := map[string]string{}
		for _, m := range models {
			switch said := row.Truth[m]; {
			case said.Strict > said.Lenient:
				t.Fatalf("%s: %s is strictly right and leniently wrong", row.ID, m)
			case said.Strict == 1:
				outputs[m] = `{"ok": 1}`
			case said.Lenient == 1:
				outputs[m] = "```json\n{\"ok\": 1}\n```"
			default:
				outputs[m] = `{"ok": 0}`
			}
		}
		recorded.WriteString(jsonLine(t, map[string]any{"input": prompt, "outputs": outputs}))
	}
	r.file("evals/scores.yaml", "route: scores\ncases: scores.jsonl\nharness: {format: json}\ngraders:\n  - field: {path: ok, equals: 1}\n")
	r.file("evals/scores.jsonl", cases.String())
	r.file("recorded.jsonl", recorded.String())
	return r
}

// pairTruth is what is recorded of a pair.
type pairTruth struct {
	Incumbent string                     `json:"incumbent"`
	Candidate string                     `json:"candidate"`
	Strict    map[string]json.RawMessage `json:"strict"`
	Lenient   map[string]json.RawMessage `json:"lenient"`
}

func (p *pairTruth) verdict(t *testing.T, track map[string]json.RawMessage, margin string) string {
	t.Helper()
	var v struct {
		Verdict string `json:"verdict"`
	}
	if err := json.Unmarshal(track["margin_"+margin], &v); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"ship": "within", "ship_better": "better", "ship_within_margin_but_worse": "within_worse", "block_worse": "worse", "inconclusive": "unclear",
	}[v.Verdict]
}

func truthOfPairs(t *testing.T, name string) []pairTruth {
	t.Helper()
	dir, _ := corpus.Dir()
	text, err := os.ReadFile(filepath.Join(dir, "eval-data", name+".pairs.json"))
	if err != nil {
		t.Skip(err)
	}
	var pairs []pairTruth
	if err := json.Unmarshal(text, &pairs); err != nil {
		t.Fatal(err)
	}
	return pairs
}

// TestRecordedVerdicts: the recorded scores of every pair of models, served as
// answers and judged by the real commands, give the recorded verdicts on both
// tracks at both margins.
func TestRecordedVerdicts(t *testing.T) {
	every := 12 // 496 commands take minutes; all of them with SWITCHGEAR_EVERY_PAIR=1
	if os.Getenv("SWITCHGEAR_EVERY_PAIR") != "" {
		every = 1
	}
	seen := 0
	for _, name := range []string{"dev_gsm8k_json", "dev_ifeval_en", "dev_toolcall_bfcl"} {
		r := newScores(t, name)
		for i, p := range truthOfPairs(t, name) {
			if i%every != 0 {
				continue
			}
			seen++
			_, first := r.gate("eval", "run", filepath.Join(r.dir, "evals/scores.yaml"), "--incumbent", "old/"+p.Incumbent, "--candidate", "old/"+p.Candidate, "--margin", "0.05", "--diagnose", "full")
			_, second := r.gate("eval", "regrade", first.ID, "--margin", "0.10")
			for margin, got := range map[string]*eval.Run{"0.05": first, "0.10": second} {
				if want := p.verdict(t, p.Strict, margin); string(got.Verdict.Strict) != want {
					t.Errorf("%s -> %s at %s: strict %s, want %s", p.Incumbent, p.Candidate, margin, got.Verdict.Strict, want)
				}
				if want := p.verdict(t, p.Lenient, margin); string(got.Verdict.Lenient) != want {
					t.Errorf("%s -> %s at %s: lenient %s, want %s", p.Incumbent, p.Candidate, margin, got.Verdict.Lenient, want)
				}
			}
			clearRuns(t, r)
		}
	}
	if every == 1 && seen != 248 {
		t.Errorf("%d pairs were judged", seen)
	}
}

// clearRuns keeps the runs of a sweep from being read again by each that
// follows.
func clearRuns(t *testing.T, r *replayed) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(r.dir, "store", "runs")); err != nil {
		t.Fatal(err)
	}
}

// newOutputs is a folder with the raw outputs of real models.
func newOutputs(t testing.TB, name string, models ...string) *replayed {
	t.Helper()
	rows := corpus.EvalRows(t, name)
	route := map[string]string{"dev_gsm8k_json": "sums", "dev_toolcall_bfcl": "calls"}[name]
	r := newReplayed(t, route, models)
	var recorded strings.Builder
	for _, row := range rows {
		outputs := map[string]json.RawMessage{}
		for _, m := range models {
			outputs[m] = row.Outputs[m]
		}
		recorded.WriteString(jsonLine(t, map[string]any{"input": row.Input, "outputs": outputs, "usage_in_out_latency": row.Usage}))
	}
	r.file("recorded.jsonl", recorded.String())
	r.file("evals/"+route+".yaml", evaltest.Text(name))
	r.file("evals/cases.jsonl", string(evaltest.Cases(t, name, rows)))
	return r
}

const (
	may    = "gpt-4o-2024-05-13@2024-08"
	august = "gpt-4o-2024-08-06@2024-08"
	medium = "mistral-medium-2312@2024-07"
	llama  = "meta-llama_Meta-Llama-3-8B-Instruct@2024-08"
)

// TestStoryFence: a new version of the same model begins to put a fence around
// its calls. 79 points are lost as the application reads it, none in truth. The
// gate says so, says what to change, and ships when it is changed, for nothing.
func TestStoryFence(t *testing.T) {
	r := newOutputs(t, "dev_toolcall_bfcl", may, august)
	code, got := r.gate("eval", "run", "calls", "--candidate", "old/"+august, "--diagnose", "full", "--max-cost", "50")
	m := &got.Metrics[0]
	if code != 4 || got.Verdict.Word != eval.Mismatch {
		t.Errorf("exit %d, %s", code, got.Verdict.Headline)
	}
	near(t, "the incumbent's strict score", m.Strict.Incumbent, 0.917, 0.01)
	near(t, "the candidate's strict score", m.Strict.Candidate, 0.130, 0.01)
	near(t, "the incumbent's lenient score", m.Lenient.Incumbent, 0.940, 0.01)
	near(t, "the candidate's lenient score", m.Lenient.Candidate, 0.940, 0.01)
	if len(got.Gap.Rungs) == 0 || got.Gap.Rungs[0].Rung != "strip_fence" || got.Gap.Rungs[0].Harness > -0.7 {
		t.Errorf("the gap is laid to %+v", got.Gap.Rungs)
	}
	if !slices.Contains(got.Verdict.Mending, "strip_fence") {
		t.Errorf("mending %v", got.Verdict.Mending)
	}
	start := time.Now()
	code, again := r.gate("eval", "regrade", got.ID, "--normalise", strings.Join(got.Verdict.Mending, ","))
	if code != 0 || !again.Verdict.Ships || again.Candidate.Asked != 0 {
		t.Errorf("regraded: exit %d, %s, %d answers paid for", code, again.Verdict.Headline, again.Candidate.Asked)
	}
	t.Logf("regraded in %v: %s", time.Since(start), again.Verdict.Headline)
}

// TestStoryFenceEarly: the same swap, as it goes by default: 20 cases.
func TestStoryFenceEarly(t *testing.T) {
	r := newOutputs(t, "dev_toolcall_bfcl", may, august)
	code, got := r.gate("eval", "run", "calls", "--candidate", "old/"+august)
	if code != 4 || !got.Verdict.Early || got.Stopped == nil || got.Stopped.Cases > 40 || got.Candidate.Asked > 40 {
		t.Errorf("exit %d, %s, stopped %+v, %d asked", code, got.Verdict.Headline, got.Stopped, got.Candidate.Asked)
	}
}

// TestStoryEscaping: a model that writes find\_city for find_city.
func TestStoryEscaping(t *testing.T) {
	r := newOutputs(t, "dev_toolcall_bfcl", may, medium)
	code, got := r.gate("eval", "run", "calls", "--candidate", "old/"+medium, "--diagnose", "full")
	m := &got.Metrics[0]
	near(t, "the candidate's strict score", m.Strict.Candidate, 0.215, 0.01)
	near(t, "the candidate's lenient score", m.Lenient.Candidate, 0.92, 0.01)
	if code != 4 || got.Gap.Rungs[0].Rung != "unescape_markdown" {
		t.Errorf("exit %d, %s, %+v", code, got.Verdict.Headline, got.Gap.Rungs[0])
	}
}

// TestStoryEarly: a model that is worse by 25 points is not asked all cases.
func TestStoryEarly(t *testing.T) {
	r := newOutputs(t, "dev_toolcall_bfcl", may, llama)
	code, got := r.gate("eval", "run", "calls", "--candidate", "old/"+llama)
	if code != 1 || got.Verdict.Word != eval.Regression || !got.Verdict.Early || got.Stopped.Cases > 200 || got.Stopped.SavedUSD <= 0 {
		t.Errorf("exit %d, %s, stopped %+v", code, got.Verdict.Headline, got.Stopped)
	}
	t.Log(got.Verdict.Headline)
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if got < want-within || got > want+within {
		t.Errorf("%s is %.4f, want %.4f", what, got, want)
	}
}

// BenchmarkReplayedRun is a whole run of 600 cases over recordings, nothing
// stored: 1,200 calls through the gateway, graded and decided. It may take 3 s.
func BenchmarkReplayedRun(b *testing.B) {
	r := newOutputs(b, "dev_toolcall_bfcl", may, august)
	for b.Loop() {
		if err := os.RemoveAll(filepath.Join(r.dir, "store")); err != nil {
			b.Fatal(err)
		}
		if code, _ := r.command("eval", "run", "calls", "--candidate", "old/"+august, "--diagnose", "full"); code != 4 {
			b.Fatal("exit ", code)
		}
	}
}

// BenchmarkRegrade grades the 1,200 stored answers of such a run again. It may
// take 1 s.
func BenchmarkRegrade(b *testing.B) {
	r := newOutputs(b, "dev_toolcall_bfcl", may, august)
	_, got := r.gate("eval", "run", "calls", "--candidate", "old/"+august, "--diagnose", "full")
	for b.Loop() {
		if code, _ := r.command("eval", "regrade", got.ID, "--normalise", "strip_fence,convert_calls"); code != 0 {
			b.Fatal("exit ", code)
		}
		b.StopTimer()
		for _, file := range runFiles(b, r) {
			if !strings.Contains(file, got.ID) {
				_ = os.Remove(file)
			}
		}
		b.StartTimer()
	}
}

func runFiles(b *testing.B, r *replayed) []string {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "store", "runs", "*.json"))
	if err != nil {
		b.Fatal(err)
	}
	return files
}
