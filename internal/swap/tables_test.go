package swap

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// sheet reads one of the published tables, as maps by column.
func sheet(t *testing.T, name string) []map[string]string {
	t.Helper()
	dir, ok := corpus.Dir()
	if !ok {
		t.Skip("no recorded tables: set SWITCHGEAR_SHARED to run this test")
	}
	f, err := os.Open(filepath.Join(dir, "eval-data", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[rows[0][i]] = cell
		}
		out = append(out, m)
	}
	return out
}

// num is a cell; NaN for one that holds no number.
func num(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

func spent(usd float64, basis Basis) Spent {
	if math.IsNaN(usd) {
		return Spent{}
	}
	return Spent{USD: &usd, Basis: basis}
}

// tasks are the columns of the function-calling table and how many cases each
// has.
var tasks = []struct {
	name, column string
	n            int
}{
	{"simple", "Python Simple Function AST", 400},
	{"multiple", "Multiple Functions AST", 200},
	{"parallel", "Parallel Functions AST", 200},
	{"parallel_multiple", "Parallel Multiple AST", 200},
	{"relevance", "Relevance Detection", 240},
}

// calling is the function-calling table for one route that gates on some tasks.
func calling(t *testing.T, gated ...string) []Row {
	t.Helper()
	var out []Row
	for _, line := range sheet(t, "routing_bfcl_2024-07_published.csv") {
		r := Row{Route: "tools", Target: "host/" + line["Model"], Cost: spent(num(line["Cost ($ Per 1k Function Calls)"]), BasisPublished)}
		if s := num(line["Latency Mean (s)"]); !math.IsNaN(s) {
			r.Mean = s
		}
		if s := num(line["Latency 95th Percentile (s)"]); !math.IsNaN(s) {
			r.P95 = s
		}
		for _, task := range tasks {
			s := Score{Metric: task.name, N: task.n, Mean: num(line[task.column]) / 100}
			if slices.Contains(gated, task.name) {
				r.Scores = append(r.Scores, s)
			} else {
				r.Others = append(r.Others, s)
			}
		}
		out = append(out, r)
	}
	if len(out) != 49 {
		t.Fatalf("%d models", len(out))
	}
	return out
}

// expected is routing_expected.json.
func expected(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	dir, ok := corpus.Dir()
	if !ok {
		t.Skip("no recorded tables: set SWITCHGEAR_SHARED to run this test")
	}
	text, err := os.ReadFile(filepath.Join(dir, "eval-data", "routing_expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

type answer struct {
	Model    string
	Acc      float64
	USD      float64 `json:"usd_per_1k"`
	Est      float64 `json:"est_usd_per_1k"`
	Best     float64
	Eligible int
}

func into(t *testing.T, raw json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

func tuned(t *testing.T, rows []Row, g Goal) *Advice {
	t.Helper()
	a, err := Tune(rows, g)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *Advice) judged(target string) *Judged {
	for i := range a.Rows {
		if a.Rows[i].Target == target {
			return &a.Rows[i]
		}
	}
	return nil
}

func TestTuneFunctionCalling(t *testing.T) {
	want := expected(t)
	for _, task := range tasks {
		var answers map[string]answer
		into(t, want[task.name], &answers)
		rows := calling(t, task.name)
		for _, q := range []struct {
			name string
			goal Goal
		}{
			{"cheapest_within_2pp_of_best_priced", Goal{Within: 0.02}},
			{"cheapest_within_5pp_of_best_priced", Goal{Within: 0.05}},
			{"cheapest_within_5pp_and_mean_latency_le_1.5s", Goal{Within: 0.05, Mean: 1.5}},
		} {
			w, ok := answers[q.name]
			if !ok {
				t.Fatalf("no answer %s for %s", q.name, task.name)
			}
			a := tuned(t, rows, q.goal)
			r := a.judged(a.Cheapest)
			if a.Cheapest != "host/"+w.Model || math.Abs(100*r.Scores[0].Mean-w.Acc) > 0.005 || *r.Cost.USD != w.USD {
				t.Errorf("%s %s: %s, want %+v", task.name, q.name, a.Cheapest, w)
			}
			best := a.judged(a.Best)
			if w.Best != 0 && (math.Abs(100*best.Scores[0].Mean-w.Best) > 0.005 || a.Eligible != w.Eligible) {
				t.Errorf("%s %s: best %s %v, %d eligible, want %v and %d", task.name, q.name, a.Best, best.Scores[0].Mean, a.Eligible, w.Best, w.Eligible)
			}
			if a.Pick != "" {
				t.Errorf("%s: %s is picked, and nobody has shown anything", task.name, a.Pick)
			}
		}
	}
}

// TestTuneTrapOneMetric: what never writes a call that can be read looks best
// where no call is wanted.
func TestTuneTrapOneMetric(t *testing.T) {
	const small = "host/Mistral-Small-2402 (Prompt)"
	a := tuned(t, calling(t, "relevance"), Goal{Within: 0.05})
	if r := a.judged(small); a.Cheapest != small || r.Choice != ChoiceDoubtful || !strings.Contains(r.Why, "does not fit") {
		t.Errorf("%s: %s (%s)", r.Target, r.Choice, r.Why)
	}
	all := make([]string, 0, len(tasks))
	for _, task := range tasks {
		all = append(all, task.name)
	}
	a = tuned(t, calling(t, all...), Goal{Within: 0.15})
	if r := a.judged(small); r.Near || r.Choice != ChoiceOut {
		t.Errorf("over all metrics, %s is %s", small, r.Choice)
	}
	if a.Cheapest != "host/Gemini-1.5-Pro-Preview-0514 (FC)" || a.Eligible != 5 {
		t.Errorf("over all metrics: %s of %d", a.Cheapest, a.Eligible)
	}
}

// TestTuneTrapSmallDifferences: at 200 cases 88 is not less than 92.
func TestTuneTrapSmallDifferences(t *testing.T) {
	a := tuned(t, calling(t, "parallel_multiple"), Goal{Within: 0.05})
	pro := a.judged("host/Gemini-1.5-Pro-Preview-0514 (FC)")
	if !pro.Same || pro.Scores[0].Mean != 0.88 {
		t.Errorf("%v of %d: told from the best", pro.Scores[0].Mean, pro.Scores[0].N)
	}
	said := strings.Join(a.Say, "\n")
	if !strings.Contains(said, "not separable: host/Gemini-1.5-Pro-Preview-0514 (FC) and ") || !strings.Contains(said, "-4.0 points [-9.0, +1.0] over 200 cases, not paired") {
		t.Error(said)
	}
	if flash := a.judged("host/Gemini-1.5-Flash-Preview-0514 (FC)"); flash.Same || flash.Near {
		t.Errorf("flash %v", flash.Scores[0].Mean)
	}
}

// reasoning is the table of three reasoning tasks, with the comparison prompt
// by prompt against one of its models.
func reasoning(t *testing.T, task, incumbent string) []Row {
	t.Helper()
	prompts := sheet(t, "routing_zeroeval_perprompt.csv")
	var out []Row
	for _, line := range sheet(t, "routing_zeroeval.csv") {
		if line["task"] != task {
			continue
		}
		model := line["model"]
		s := Score{Metric: "accuracy", N: int(num(line["n"])), Mean: num(line["accuracy"])}
		pairs, n := Pairs{Against: "host/" + incumbent}, 0
		for _, p := range prompts {
			if p["task"] != task || incumbent == "" {
				continue
			}
			n++
			switch ours, theirs := p[model+":ok"], p[incumbent+":ok"]; {
			case ours == "1" && theirs != "1":
				pairs.Wins++
			case ours != "1" && theirs == "1":
				pairs.Losses++
			}
		}
		if incumbent != "" && n != s.N {
			t.Fatalf("%d prompts, %d cases", n, s.N)
		}
		if incumbent != "" {
			s.Pairs = &pairs
		}
		r := Row{Route: "reason", Target: "host/" + model, Scores: []Score{s}, Cost: spent(num(line["est_usd_per_1k"]), BasisVisible)}
		r.Cost.Least = strings.HasPrefix(model, "o1-") // what it thinks is billed and not in the text
		out = append(out, r)
	}
	if len(out) != 10 {
		t.Fatalf("%d models for %s", len(out), task)
	}
	return out
}

func TestTuneReasoning(t *testing.T) {
	want := expected(t)
	for _, task := range []string{"gsm", "crux", "math-l5"} {
		var answers map[string]json.RawMessage
		into(t, want["zeroeval/"+task], &answers)
		rows := reasoning(t, task, "")
		for name, within := range map[string]float64{"cheapest_within_2pp": 0.02, "cheapest_within_5pp": 0.05, "cheapest_within_10pp": 0.10} {
			var w answer
			into(t, answers[name], &w)
			a := tuned(t, rows, Goal{Within: within})
			r := a.judged(a.Cheapest)
			if a.Cheapest != "host/"+w.Model || r.Scores[0].Mean != w.Acc || *r.Cost.USD != w.Est || a.judged(a.Best).Scores[0].Mean != w.Best {
				t.Errorf("%s %s: %s, want %+v", task, name, a.Cheapest, w)
			}
		}
		var pareto [][]any
		into(t, answers["pareto"], &pareto)
		var names []string
		for _, p := range pareto {
			names = append(names, "host/"+p[0].(string))
		}
		if a := tuned(t, rows, Goal{Within: 0.05}); !slices.Equal(a.Pareto, names) {
			t.Errorf("%s: %v, want %v", task, a.Pareto, names)
		}
	}
}

// TestTuneTrapHiddenReasoning: a cost counted from what can be read is no cost
// of a model that reasons out of sight. It is the cheapest by the table, and not
// what is put forward.
func TestTuneTrapHiddenReasoning(t *testing.T) {
	rows := reasoning(t, "gsm", "claude-3-5-sonnet-20241022")
	a := tuned(t, rows, Goal{Incumbent: "host/claude-3-5-sonnet-20241022", Within: 0.02, Stakes: "normal"})
	if r := a.judged("host/o1-mini-2024-09-12"); a.Cheapest != r.Target || r.Choice != ChoiceDoubtful || !strings.Contains(r.Why, "lower bound") {
		t.Errorf("cheapest %s; o1-mini %s: %s", a.Cheapest, r.Choice, r.Why)
	}
	if a.Pick != "host/gpt-4o-2024-08-06" {
		t.Errorf("picked %s: %q", a.Pick, a.Say)
	}
}

func TestTunePicksWhatIsShown(t *testing.T) {
	const sonnet = "host/claude-3-5-sonnet-20241022"
	rows := reasoning(t, "gsm", "claude-3-5-sonnet-20241022")
	a := tuned(t, rows, Goal{Incumbent: sonnet, Within: 0.05, Stakes: "normal"})
	if a.Pick != "host/gpt-4o-mini-2024-07-18" || a.Cheapest != a.Pick {
		t.Errorf("picked %s, cheapest %s: %q", a.Pick, a.Cheapest, a.Say)
	}
	// It is worse beyond doubt, if by less than the margin: where stakes are
	// high that is not good enough.
	a = tuned(t, rows, Goal{Incumbent: sonnet, Within: 0.05, Stakes: "high"})
	if r := a.judged("host/gpt-4o-mini-2024-07-18"); r.Choice != ChoiceFails || a.Pick != "host/gpt-4o-2024-08-06" {
		t.Errorf("%s (%s); picked %s", r.Choice, r.Why, a.Pick)
	}
	// On the other two tasks nothing comes near.
	for _, task := range []string{"crux", "math-l5"} {
		a = tuned(t, reasoning(t, task, "o1-mini-2024-09-12"), Goal{Incumbent: "host/o1-mini-2024-09-12", Within: 0.10, Stakes: "low"})
		if a.Pick != "" || a.Cheapest != a.Goal.Incumbent || !strings.HasPrefix(a.Say[0], "nothing cheaper") {
			t.Errorf("%s: picked %s, cheapest %s: %q", task, a.Pick, a.Cheapest, a.Say)
		}
	}
}

// TestTuneSubjects reproduces the list of subjects on which the small model is
// near the large one, and doubts the one on which it is 29 points better.
func TestTuneSubjects(t *testing.T) {
	var want [][]any
	into(t, expected(t)["mmlu_subjects_mixtral_within_5pp_point_estimate"], &want)
	var got, names, doubted []string
	for _, w := range want {
		names = append(names, w[0].(string))
	}
	for _, line := range sheet(t, "routing_routellm_mmlu.csv") {
		n := num(line["n"])
		cheap, dear := 0.6, 10.0
		a := tuned(t, []Row{
			{Route: line["task"], Target: "host/gpt-4-1106", Cost: spent(dear, BasisPublished), Scores: []Score{{Metric: "accuracy", N: int(n), Mean: num(line["gpt4_1106_correct"]) / n}}},
			{Route: line["task"], Target: "host/mixtral-8x7b", Cost: spent(cheap, BasisPublished), Scores: []Score{{
				Metric: "accuracy", N: int(n), Mean: num(line["mixtral_8x7b_correct"]) / n,
				Pairs: &Pairs{Against: "host/gpt-4-1106", Wins: int(num(line["wins_mixtral"])), Losses: int(num(line["losses_mixtral"]))},
			}}},
		}, Goal{Incumbent: "host/gpt-4-1106", Within: 0.05, Stakes: "normal"})
		r := a.judged("host/mixtral-8x7b")
		if r.Near {
			got = append(got, a.Route)
		}
		if r.Choice == ChoiceDoubtful {
			doubted = append(doubted, a.Route)
			if !strings.Contains(r.Why, "suspicious") || a.Pick != "" {
				t.Errorf("%s: %s, picked %q", a.Route, r.Why, a.Pick)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("near on %v, want %v", got, names)
	}
	if !slices.Equal(doubted, []string{"mmlu/high_school_mathematics"}) {
		t.Errorf("doubted on %v", doubted)
	}
}

// TestTuneOneModelForEverything: routing by task is the point.
func TestTuneOneModelForEverything(t *testing.T) {
	picks := map[string]bool{}
	for _, task := range tasks {
		picks[tuned(t, calling(t, task.name), Goal{Within: 0.05}).Cheapest] = true
	}
	if len(picks) < 3 {
		t.Errorf("the same model everywhere: %v", picks)
	}
}
