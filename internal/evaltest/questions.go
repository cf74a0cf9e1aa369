// Package evaltest turns recorded outputs of real models into eval sets. It is
// for tests alone.
package evaltest

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// questions are the sets as a user would write them, and how a row of the data
// becomes a case.
func questions() map[string]question {
	return map[string]question{
		"dev_gsm8k_json": {
			set: "route: sums\ncases: cases.jsonl\nharness: {format: json}\ngraders:\n  - field: {path: answer, equals: $expect, as: amount}\n",
			row: func(t corpus.TB, r *corpus.EvalRow) map[string]any {
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
			row: func(t corpus.TB, r *corpus.EvalRow) map[string]any {
				var gold struct {
					Instructions []struct {
						ID   string         `json:"id"`
						Args map[string]any `json:"args"`
					}
				}
				unmarshal(t, r.Gold, &gold)
				var graders []any
				for i, in := range gold.Instructions {
					graders = append(graders, map[string]any{"instruction": map[string]any{"id": in.ID, "args": in.Args, "name": strconv.Itoa(i)}})
				}
				return map[string]any{"graders": graders}
			},
		},
	}
}

type question struct {
	set string
	row func(t corpus.TB, r *corpus.EvalRow) map[string]any
}

func unmarshal(t corpus.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// callRow makes a case of a row of tool calls. In the data each argument has a
// list of values it may have, of which an empty text says that it may be left
// out.
func callRow(t corpus.TB, r *corpus.EvalRow) map[string]any {
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

// Load makes an eval set of the rows and loads it.
func Load(t corpus.TB, table eval.Table, name string, rows []*corpus.EvalRow) *eval.Set {
	t.Helper()
	lines := bytes.NewReader(Cases(t, name, rows))
	table["instruction"] = NewInstruction
	loader := eval.Loader{Graders: table, Open: func(string) (io.ReadCloser, error) { return io.NopCloser(lines), nil }}
	set, findings := loader.Parse(name+".yaml", []byte(Text(name)))
	if set == nil {
		t.Fatal(len(findings), "findings, the first:", findings[0])
	}
	return set
}

// Text is the set as a user would write it; its cases are in cases.jsonl.
func Text(name string) string { return questions()[name].set }

// Cases are the cases of a set, as JSON lines.
func Cases(t corpus.TB, name string, rows []*corpus.EvalRow) []byte {
	t.Helper()
	var lines bytes.Buffer
	for _, r := range rows {
		row := questions()[name].row(t, r)
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
	return lines.Bytes()
}

// OutputOf is a recorded output as graders look at it.
func OutputOf(t corpus.TB, text json.RawMessage) *eval.Output {
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
