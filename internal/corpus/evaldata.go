package corpus

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// EvalRow is one question put to several models, with what each of them said
// and how the publisher of the data judged it.
type EvalRow struct {
	ID      string                     `json:"id"`
	Task    string                     `json:"task"`
	Input   json.RawMessage            `json:"input"` // the prompt as text, or {question, functions}
	Gold    json.RawMessage            `json:"gold"`
	Outputs map[string]json.RawMessage `json:"outputs"` // by model: text, or {tool_calls: [{name, arguments}]}
	Truth   map[string]EvalTruth       `json:"truth"`
	Usage   map[string][3]float64      `json:"usage_in_out_latency"` // tokens in, tokens out, seconds
}

// EvalTruth is how an output was judged: by a harness that parses it the plain
// way, and by the publisher's tolerant one.
type EvalTruth struct {
	Strict      float64 `json:"strict"`
	Lenient     float64 `json:"lenient"`
	StrictEach  []int   `json:"strict_each"`
	LenientEach []int   `json:"lenient_each"`
}

// EvalPair is what is known of swapping one model for another.
type EvalPair struct {
	Incumbent  string  `json:"incumbent"`
	Candidate  string  `json:"candidate"`
	N          int     `json:"n"`
	GapStrict  float64 `json:"gap_strict"`
	GapReal    float64 `json:"gap_real"`
	GapHarness float64 `json:"gap_harness"`
	Class      string  `json:"expected_class"`
}

// EvalSet is the scores of a model over a whole set.
type EvalSet struct {
	N       int     `json:"n"`
	Strict  float64 `json:"strict"`
	Lenient float64 `json:"lenient"`
}

// EvalRows reads the rows of an evaluation set by name ("dev_gsm8k_json").
// Without the folder the test is skipped, and says so.
func EvalRows(t TB, name string) []*EvalRow {
	t.Helper()
	file := evalFile(t, name+".jsonl")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 1<<16), 4<<20) // the longest line is under 100 KB
	var rows []*EvalRow
	for lines.Scan() {
		r := &EvalRow{}
		if err := json.Unmarshal(lines.Bytes(), r); err != nil {
			t.Fatal(file, err)
		}
		rows = append(rows, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(file, err)
	}
	return rows
}

// EvalPairs reads what is known of every pair of models of an evaluation set.
func EvalPairs(t TB, name string) []EvalPair {
	t.Helper()
	var pairs []EvalPair
	readJSON(t, evalFile(t, name+".pairs.json"), &pairs)
	return pairs
}

// EvalScores reads the scores of every model of an evaluation set.
func EvalScores(t TB, name string) map[string]EvalSet {
	t.Helper()
	var all map[string]map[string]EvalSet
	readJSON(t, evalFile(t, "truth.json"), &all)
	for file, scores := range all {
		if strings.TrimSuffix(filepath.Base(file), ".jsonl") == name {
			return scores
		}
	}
	t.Fatal("truth.json knows nothing of " + name)
	return nil
}

func evalFile(t TB, name string) string {
	t.Helper()
	dir, _ := Dir()
	file := filepath.Join(dir, "eval-data", name)
	if _, err := os.Stat(file); err != nil {
		t.Skip("no evaluation data at " + file + ": set SWITCHGEAR_SHARED to run this test")
	}
	return file
}

func readJSON(t TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(file, err)
	}
}
