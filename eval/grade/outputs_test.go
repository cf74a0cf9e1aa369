package grade

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// questions are the sets as a user would write them, and how a row of the data
// becomes a case.
var questions = map[string]struct {
	set string
	row func(t *testing.T, r *corpus.EvalRow) map[string]any
}{
	"dev_gsm8k_json": {
		set: "route: sums\ncases: cases.jsonl\nharness: {format: json}\ngraders:\n  - field: {path: answer, equals: $expect, as: amount}\n",
		row: func(t *testing.T, r *corpus.EvalRow) map[string]any {
			var gold struct{ Value string }
			unmarshal(t, r.Gold, &gold)
			return map[string]any{"expect": gold.Value}
		},
	},
	"dev_toolcall_bfcl": {
		set: "route: calls\ncases: cases.jsonl\ngraders:\n  - tool_calls: {in: text, loose: true}\n",
		row: callRow,
	},
	"dev_ifeval_en": {
		set: "route: letters\ncases: cases.jsonl\n",
		row: func(t *testing.T, r *corpus.EvalRow) map[string]any {
			var gold struct {
				Instructions []struct {
					ID   string         `json:"id"`
					Args map[string]any `json:"args"`
				}
			}
			unmarshal(t, r.Gold, &gold)
			var graders []any
			for i, in := range gold.Instructions {
				graders = append(graders, map[string]any{"instruction": map[string]any{"id": in.ID, "args": in.Args, "name": fmt.Sprint(i)}})
			}
			return map[string]any{"graders": graders}
		},
	},
}

func unmarshal(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// callRow makes a case of a row of tool calls. In the data each argument has a
// list of values it may have, of which an empty text says that it may be left
// out.
func callRow(t *testing.T, r *corpus.EvalRow) map[string]any {
	var gold struct {
		Expected map[string]map[string][]any `json:"expected"`
	}
	unmarshal(t, r.Gold, &gold)
	var input struct {
		Question  string
		Functions []struct{ Name string }
	}
	unmarshal(t, r.Input, &input)
	var tools, calls []any
	for _, f := range input.Functions {
		tools = append(tools, map[string]any{"name": f.Name})
	}
	for name, arguments := range gold.Expected {
		if r.ID == "simple_363" { // expects a tool by half its name; nobody passes it either way
			tools = append(tools, map[string]any{"name": name})
		}
		out := map[string]any{}
		for key, values := range arguments {
			out[key] = choices(values)
		}
		calls = append(calls, map[string]any{"name": name, "arguments": out})
	}
	return map[string]any{
		"expect":  calls,
		"request": map[string]any{"messages": []any{map[string]any{"role": "user", "content": input.Question}}, "tools": tools},
	}
}

func choices(values []any) map[string]any {
	out := map[string]any{}
	anyOf := []any{}
	for _, v := range values {
		if v == "" {
			out["optional"] = true
			continue
		}
		anyOf = append(anyOf, nested(v))
	}
	if out["any_of"] = anyOf; len(anyOf) == 0 {
		anyOf = append(anyOf, "")
		out["any_of"] = anyOf
	}
	return out
}

// nested turns the choices inside an object into ours.
func nested(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inner := range v {
			if list, ok := inner.([]any); ok {
				out[key] = choices(list)
			} else {
				out[key] = inner
			}
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range v {
			out = append(out, nested(inner))
		}
		return out
	default:
		return v
	}
}

// loadQuestions makes an eval set of the rows and loads it.
func loadQuestions(t *testing.T, name string, rows []*corpus.EvalRow) *eval.Set {
	t.Helper()
	var lines bytes.Buffer
	for _, r := range rows {
		row := questions[name].row(t, r)
		row["id"] = r.ID
		var prompt string
		if row["request"] == nil {
			unmarshal(t, r.Input, &prompt)
			row["input"] = prompt
		}
		if err := json.NewEncoder(&lines).Encode(row); err != nil {
			t.Fatal(err)
		}
	}
	table := Builtin(nil)
	table["instruction"] = newInstruction
	loader := eval.Loader{Graders: table, Open: func(string) (io.ReadCloser, error) { return io.NopCloser(&lines), nil }}
	set, findings := loader.Parse(name+".yaml", []byte(questions[name].set))
	if set == nil {
		for _, f := range findings[:min(5, len(findings))] {
			t.Log(f)
		}
		t.Fatalf("%d findings", len(findings))
	}
	return set
}

func outputOf(t *testing.T, text json.RawMessage) *eval.Output {
	t.Helper()
	var calls struct {
		Calls []switchgear.ToolCall `json:"tool_calls"`
	}
	if text[0] == '{' {
		unmarshal(t, text, &calls)
		return &eval.Output{Calls: calls.Calls}
	}
	out := &eval.Output{}
	unmarshal(t, text, &out.Text)
	return out
}

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
	for name := range questions {
		t.Run(name, func(t *testing.T) {
			rows, truth := corpus.EvalRows(t, name), corpus.EvalScores(t, name)
			set := loadQuestions(t, name, rows)
			lenient, plain := map[string]float64{}, map[string]float64{}
			var table strings.Builder
			fmt.Fprintf(&table, "%-46s %14s %14s %9s %s\n", "model", "strict (truth)", "lenient(truth)", "disagree", "rungs")
			for _, model := range slices.Sorted(maps.Keys(truth)) {
				strict, loose, other, rungs := 0.0, 0.0, 0, map[string]int{}
				for i, r := range rows {
					got := grades(t, set, set.Cases[i], outputOf(t, r.Outputs[model]))
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
	for name := range questions {
		for _, r := range corpus.EvalRows(t, name) {
			for model, truth := range r.Truth {
				if truth.Lenient != 1 {
					continue
				}
				right++
				if why, refused := Refused(outputOf(t, r.Outputs[model])); refused {
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
