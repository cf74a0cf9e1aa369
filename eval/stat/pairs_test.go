package stat

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// Recorded scores of real models: for every ordered pair of models in three
// files, wins, losses and the verdict were worked out beforehand by another
// implementation.

type expected struct {
	Incumbent string `json:"incumbent"`
	Candidate string `json:"candidate"`
	N         int    `json:"n"`
	Strict    track  `json:"strict"`
	Lenient   track  `json:"lenient"`
}

type track struct {
	Wins   int     `json:"wins"`
	Losses int     `json:"losses"`
	Diff   float64 `json:"diff"`
	Five   outcome `json:"margin_0.05"`
	Ten    outcome `json:"margin_0.10"`
}

type outcome struct {
	Verdict string  `json:"verdict"`
	Noninf  float64 `json:"p_noninf"`
	Worse   float64 `json:"p_worse"`
	Better  float64 `json:"p_better"`
}

var verdicts = map[Standing]string{
	Better: "ship_better", Within: "ship", WithinWorse: "ship_within_margin_but_worse",
	Worse: "block_worse", Unclear: "inconclusive",
}

func evalData(t *testing.T, name string) string {
	t.Helper()
	dir, ok := corpus.Dir()
	if !ok {
		t.Skip("no recorded scores at " + dir + ": set SWITCHGEAR_SHARED to run this test")
	}
	return filepath.Join(dir, "eval-data", name)
}

// recordedScores reads model -> track -> scores, in the order of the file.
func recordedScores(t *testing.T, path string) map[string]map[string][]float64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	scores := make(map[string]map[string][]float64)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var row struct {
			Truth map[string]struct {
				Strict  float64 `json:"strict"`
				Lenient float64 `json:"lenient"`
			} `json:"truth"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		for model, s := range row.Truth {
			if scores[model] == nil {
				scores[model] = make(map[string][]float64)
			}
			scores[model]["strict"] = append(scores[model]["strict"], s.Strict)
			scores[model]["lenient"] = append(scores[model]["lenient"], s.Lenient)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return scores
}

func TestRecordedPairs(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, name := range []string{"dev_gsm8k_json", "dev_ifeval_en", "dev_toolcall_bfcl"} {
		raw, err := os.ReadFile(evalData(t, name+".pairs.json"))
		if err != nil {
			t.Fatal(err)
		}
		var list []expected
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		scores := recordedScores(t, evalData(t, name+".jsonl"))
		for _, e := range list {
			seen++
			for which, want := range map[string]track{"strict": e.Strict, "lenient": e.Lenient} {
				pairs := make([]Pair, e.N)
				for i := range pairs {
					pairs[i] = Pair{Incumbent: scores[e.Incumbent][which][i], Candidate: scores[e.Candidate][which][i]}
				}
				at := fmt.Sprintf("%s: %s -> %s, %s", name, e.Incumbent, e.Candidate, which)
				checkTrack(t, at, pairs, want)
			}
		}
	}
	if seen != 248 {
		t.Errorf("%d pairs of models were read, want 248", seen)
	}
}

func checkTrack(t *testing.T, at string, pairs []Pair, want track) {
	t.Helper()
	for margin, verdict := range map[float64]outcome{.05: want.Five, .10: want.Ten} {
		r, err := NonInferiority(pairs, Test{Margin: margin})
		if err != nil {
			t.Fatal(at, err)
		}
		if r.Wins != want.Wins || r.Losses != want.Losses || math.Abs(r.Diff-want.Diff) > 6e-5 {
			t.Errorf("%s: %d-%d (%.4f), want %d-%d (%.4f)", at, r.Wins, r.Losses, r.Diff, want.Wins, want.Losses, want.Diff)
		}
		if got := verdicts[r.Standing()]; got != verdict.Verdict {
			t.Errorf("%s at %v: %s, want %s", at, margin, got, verdict.Verdict)
		}
		near(t, at+": p", r.P, verdict.Noninf, 6e-5)
		near(t, at+": p worse", r.PWorse, verdict.Worse, 6e-6)
		near(t, at+": p better", r.PBetter, verdict.Better, 6e-6)
	}
}

// TestRecordedEarlyStops holds what an early stop saves on real swaps, in cases
// over 200 orders, and how seldom it stops one of a pair that is near equal.
func TestRecordedEarlyStops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, track, incumbent, candidate string
		least, most                       float64 // mean number of cases
		stopped                           float64 // share of the orders, at most
	}{
		{"dev_toolcall_bfcl", "strict", "gpt-4o-2024-05-13@2024-08", "gpt-4o-2024-08-06@2024-08", 10, 16, 1}, // the fence
		{"dev_toolcall_bfcl", "lenient", "gpt-4o-2024-05-13@2024-08", "meta-llama_Meta-Llama-3-8B-Instruct@2024-08", 45, 65, 1},
		{"dev_toolcall_bfcl", "lenient", "gpt-4o-2024-05-13@2024-08", "gpt-3.5-turbo-0125@2024-08", 85, 120, 1},
		{"dev_ifeval_en", "strict", "gpt-4o-2024-08-06", "claude-3-haiku-20240307", 70, 100, 1},
		{"dev_toolcall_bfcl", "strict", "gpt-4o-2024-05-13-FC@2024-07", "gpt-4o-2024-05-13-FC@2024-08", 590, 600, .01},
	} {
		scores := recordedScores(t, evalData(t, c.file+".jsonl"))
		inc, cand := scores[c.incumbent][c.track], scores[c.candidate][c.track]
		if inc == nil || cand == nil {
			t.Fatalf("no scores of %s or %s", c.incumbent, c.candidate)
		}
		cases := make([]Case, len(inc))
		for i := range cases {
			cases[i].ID = fmt.Sprint("case ", i)
		}
		total, stopped := 0, 0
		for seed := range uint64(200) {
			pairs := make([]Pair, 0, len(inc))
			for _, i := range Waves(cases, seed, len(cases))[0] {
				pairs = append(pairs, Pair{Incumbent: inc[i], Candidate: cand[i]})
			}
			path, err := LossPath(pairs, Stopping{})
			if err != nil {
				t.Fatal(err)
			}
			if path.Stopped() {
				total += path.Stop
				stopped++
			} else {
				total += len(pairs)
			}
		}
		mean, share := float64(total)/200, float64(stopped)/200
		t.Logf("%s -> %s: %.1f of %d cases, %.3f stopped", c.incumbent, c.candidate, mean, len(inc), share)
		if mean < c.least || mean > c.most || share > c.stopped {
			t.Errorf("%s -> %s: %.1f cases on average, %.3f stopped", c.incumbent, c.candidate, mean, share)
		}
	}
}
