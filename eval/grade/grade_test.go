package grade

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
)

// grader loads a set with one grader and one case, and gives both.
func grader(t *testing.T, settings, expect string) (eval.Grader, *eval.Case) {
	t.Helper()
	text := "route: x\ncases: [{id: a, input: q}]\ngraders:\n  - " + settings + "\n"
	if expect != "" {
		text = "route: x\ncases: [{id: a, input: q, expect: " + expect + "}]\ngraders:\n  - " + settings + "\n"
	}
	loader := eval.Loader{Graders: Builtin(nil)}
	set, findings := loader.Parse("set.yaml", []byte(text))
	if set == nil {
		t.Fatalf("%s: %v", text, findings)
	}
	return set.Graders[0].Grader, set.Cases[0]
}

// TestGraders: what each grader says of an answer; "" for one it lets pass.
func TestGraders(t *testing.T) {
	f := func(settings, expect, answer, why string) {
		t.Helper()
		g, c := grader(t, settings, expect)
		score, err := g.Grade(t.Context(), c, &eval.Output{Text: answer})
		if err != nil {
			t.Fatalf("%s: %v", settings, err)
		}
		if score.Why != why || score.Pass != (why == "") || (score.Pass && score.Value != 1) || score.Value < 0 || score.Value > 1 {
			t.Errorf("%s, expect %s, of %q: %+v\nwant %q", settings, expect, answer, score, why)
		}
	}
	f("equals", "yes", "yes", "")
	f("equals", "yes", "Yes", `the answer is "Yes", expected "yes"`)
	f("equals: {ignore_case: true, ignore_space: true}", "two words", " Two\n words ", "")
	f("equals", "two words", "two worlds", `the answer differs at character 8: it reads "lds", expected "ds"`)
	f("equals", "42", "42", "")
	f("equals", `{a: [1, 2]}`, `{"a": [1.0, 2]}`, "")
	f("equals", `{a: [1, 2]}`, `{"a": [1, 3]}`, "a[1] is 3, expected 2")
	f("equals", `{a: 1}`, `{"a": 1, "b": 2}`, "b is not expected")
	f("equals", `{a: 1}`, "{\"a\":\n oops", `the answer is not JSON: in line 2, at character 2: it reads "oops"`)
	f("equals: {value: $expect.b, not: true}", "{b: no}", "yes", "")
	f("equals: {value: $expect.b, not: true}", "{b: no}", "no", `the answer equals the text that it must not: "no"`)
	f("equals: $$expect", "", "$expect", "")

	f("contains: [a, b]", "", "ab", "")
	f("contains: [a, b]", "", "a", `the answer does not contain "b"`)
	f("contains: {value: [a, b], any: true}", "", "b", "")
	f("contains: {value: [a, b], any: true}", "", "c", `the answer contains none of the texts, not even "a"`)
	f("contains: {value: A, ignore_case: true, not: true}", "", "xa", `the answer contains "A"`)
	f("contains", "[x, 7]", "x7", "")

	f(`regex: "^\\d+$"`, "", "12", "")
	f(`regex: "^\\d+$"`, "", "12a", `the answer does not match "^\\d+$"; it begins "12a"`)
	f(`regex: {pattern: "b+", not: true}`, "", "a\nabb", `the answer matches "b+" in line 2, at character 2: "bb"`)
	f(`regex: {pattern: $expect.p}`, `{p: "^a"}`, "ab", "")

	f("one_of: [billing, technical]", "billing", "billing\n", "")
	f("one_of: [billing, technical]", "billing", "technical", `the label is "technical", expected billing`)
	f("one_of: [billing, technical]", "billing", "Billing", `the answer is no label: "Billing"`)
	f("one_of: {labels: [billing, technical], ignore_case: true}", "Billing", "BILLING", "")
	f("one_of: [billing, technical]", "[billing, technical]", "technical", "")
	f("one_of: [billing, technical]", "", "technical", "")

	f("number", "10", "10.0", "")
	f("number", "10", "100", "the number is 100, expected 10")
	f("number: {tolerance: 0.5}", "10", "10.4", "")
	f("number: {relative: 0.1}", "-10", "-10.9", "")
	f("number", "10", "10 apples", `the answer is not a number and nothing else: "10 apples"`)
	f("number: {take: first}", "10", "$10.00, not 12", "")
	f("number: {take: last}", `"1,200"`, "no, $1,200.", "")
	f("number: {take: last}", "1", "none", `there is no number in the answer: "none"`)
	f("number", "0.3", "0.30000000000000004", "")

	f("json", "", `{"a": 1}`, "")
	f("json", "", "```json\n{}\n```", "the answer is not JSON: at character 1: it reads \"```json {} ```\"")
	f("json", "", `{"a": 1} and`, "the answer is not JSON: there is something behind the value, at character 10")
	f("json", "", "", "the answer is not JSON: the answer is empty")
	f("json", "", `{"a": [1, 2`, "the answer is not JSON: it breaks off at character 12")
	f("json: {schema: {required: [a, b]}}", "", `{"a": 1}`, "b is missing")
	f("json: {schema: {properties: {a: {items: {type: number}}}}}", "", `{"a": [1, "2"]}`, "a[1] is string, expected number")
	f("json: {schema: {additionalProperties: false}}", "", `{"a": 1}`, "a is not in the schema")
	f("json: {schema: {properties: {a: {enum: [x, y]}}}}", "", `{"a": "z"}`, `a is "z", which is none of the allowed values`)
	f("json: {schema: {properties: {a: {minimum: 3}}}}", "", `{"a": 1}`, "a: minimum: got 1, want 3")
	f("json: {schema: {properties: {a: {format: date}}}}", "", `{"a": "x"}`, `a is "x", which is no date`)

	f("json: {anywhere: true, schema: {required: [a]}}", "", "Here: {\"a\": 1}.", "")
	f("json: {anywhere: true, schema: {required: [a]}}", "", "Here: {\"b\": 1}.", "a is missing")

	f("field: {path: a.b, equals: $expect}", "3", `{"a": {"b": 3}}`, "")
	f("field: {path: a.b, equals: $expect}", "3", `{"a": {"b": "3"}}`, `a.b is "3", expected 3`)
	f("field: {path: a.b, equals: $expect}", "3", `{"a": {}}`, `a has no "b"`)
	f("field: {path: 'a[-1]', equals: $expect}", "3", `{"a": [1, 3]}`, "")
	f("field: {path: 'a[2]', equals: $expect}", "3", `{"a": [1, 3]}`, "a has 2 entries, and no [2]")
	f("field: {path: a, equals: $expect, as: number, tolerance: 0.01}", "3", `{"a": "3.005"}`, "")
	f("field: {path: a, equals: $expect, as: number}", "3", `{"a": "$3"}`, `a is not a number: "\"$3\""`)
	f("field: {path: a, equals: $expect, as: amount}", "3", `{"a": "$3.00 in all"}`, "")
	f("field: {path: a, equals: $expect, as: text, ignore_case: true}", "Yes", `{"a": "YES"}`, "")
	f("field: {path: a, exists: true}", "", `{"a": null}`, "")
	f("field: {path: a, matches: '^x'}", "", `{"a": "ax"}`, `a is "ax", which does not match "^x"`)
	f("field: {path: a, equals: 1}", "", "no", "the answer is not JSON: at character 2: it reads \"o\"")

	f("length: 2", "", "a b c", "the answer has 3 words, at most 2 are allowed")
	f("length: {min_chars: 3}", "", "äö", "the answer has 2 chars, at least 3 are wanted")
	f("length: {max_lines: 1}", "", "a\n", "")

	f("not_refusal", "", "Here you are.", "")
	f("not_refusal", "", "I'm sorry, but I can't help with that.", `the answer begins as a refusal: "I'm sorry, but I can't help with that."`)
	f("not_refusal: [as an AI]", "", "Well, As an AI model", `the answer contains "as an ai" at character 7`)

	f("no_tool_call: {in: text}", "", "[f(a=1)]", "the text is a call to f where none is wanted")
	f("no_tool_call", "", "[f(a=1)]", "")
}

func TestToolCalls(t *testing.T) {
	f := func(settings, expect, made, why string) {
		t.Helper()
		g, c := grader(t, settings, expect)
		out := &eval.Output{Text: "Let me look."}
		if strings.HasPrefix(made, "[{") {
			var calls []struct {
				Name      string `json:"Name"`
				Arguments string `json:"Arguments"`
			}
			if err := json.Unmarshal([]byte(made), &calls); err != nil {
				t.Fatal(err)
			}
			for _, call := range calls {
				out.Calls = append(out.Calls, switchgear.ToolCall{Name: call.Name, Arguments: call.Arguments})
			}
		} else if made != "" {
			out.Text = made
		}
		score, err := g.Grade(t.Context(), c, out)
		if err != nil {
			t.Fatal(err)
		}
		if score.Why != why || score.Pass != (why == "") {
			t.Errorf("%s, expect %s, of %s: %+v\nwant %q", settings, expect, made, score, why)
		}
	}
	one := `[{"Name":"find","Arguments":"{\"city\":\"Bern\",\"days\":3}"}]`
	two := `[{"Name":"a","Arguments":"{}"},{"Name":"b","Arguments":""}]`
	f("tool_calls", "[{name: find, arguments: {city: Bern, days: 3.0}}]", one, "")
	f("tool_calls", "[{name: find, arguments: {city: Bern, days: 4}}]", one, "call 1 (find): days is 3, expected 4")
	f("tool_calls", "[{name: find, arguments: {city: Bern}}]", one, "call 1 (find): the argument days is not expected")
	f("tool_calls: {arguments: subset}", "[{name: find, arguments: {city: Bern}}]", one, "")
	f("tool_calls", "[{name: find, arguments: {city: Bern, days: 3, unit: C}}]", one, "call 1 (find): the argument unit is missing")
	f("tool_calls", "[{name: find, arguments: {city: {any_of: [Berne, Bern]}, days: {any_of: [3]}, unit: {optional: true}}}]", one, "")
	f("tool_calls", "[{name: find, arguments: {city: {any_of: [Basel, Genf]}, days: 3}}]", one, `call 1 (find): city is "Bern", which is none of ["Basel","Genf"]`)
	f("tool_calls: {loose: true}", "[{name: find, arguments: {city: bern., days: 3}}]", one, "")
	f("tool_calls", "[{name: lose}]", one, "lose is not called; the calls made are find")
	f("tool_calls", "[{name: find}]", "", `no tool was called, expected find; the answer begins "Let me look."`)
	f("tool_calls", "[]", "", "")
	f("tool_calls", "[{name: a}, {name: b}]", two, "")
	f("tool_calls", "[{name: b}, {name: a}]", two, "a is not called in the place it is expected; the calls made are a, b")
	f("tool_calls: {order: any}", "[{name: b}, {name: a}]", two, "")
	f("tool_calls", "[{name: a}]", two, "call 2 (b) is one too many")
	f("tool_calls: {extra: ignore}", "[{name: a}]", two, "")
	f("tool_calls", "[{name: a}, {name: a}]", two, "a is not called in the place it is expected; the calls made are a, b")
	f("tool_calls: {order: any}", "[{name: a}, {name: a}]", two, "a is not called as often as expected; the calls made are a, b")
	f("tool_calls", "[{name: get.it}]", `[{"Name":"get_it","Arguments":"{}"}]`, "")
	f("tool_calls", "[{name: a}]", `[{"Name":"a","Arguments":"{\"x\":"}]`, `call 1 (a): the arguments are not a JSON object: "{\"x\":"`)
	f("tool_calls: {in: text}", "[{name: a, arguments: {x: [1, {y: z}]}}]", "[a(x=[1, {'y': 'z'}])]", "")
	f("tool_calls: {in: text}", "[{name: a}]", "```\n[a()]\n```", "the answer is not a list of calls: \"``` [a()] ```\"")
	f("tool_calls: {in: text}", "[{name: a, arguments: {x: 1}}]", "[a(1)]", "call 1 (a): its first argument has no name")
	f("no_tool_call", "", two, "call 1 (a) was made where none is wanted")
}

// TestRefused: the provider's own word goes before how the answer reads.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		out  eval.Output
		want string
	}{
		{eval.Output{Refusal: "no"}, `the provider marks the answer as a refusal: "no"`},
		{eval.Output{Finish: switchgear.Finish{Kind: switchgear.FinishFilter, Reason: "content_filter"}}, `the answer ended at a content filter or a refusal ("content_filter")`},
		{eval.Output{Text: "I cannot help with that.", Calls: []switchgear.ToolCall{{Name: "f"}}}, ""},
	} {
		if why, ok := Refused(&test.out); why != test.want || ok != (test.want != "") {
			t.Errorf("%+v: %q", test.out, why)
		}
	}
}

func TestLengthTokens(t *testing.T) {
	g, c := grader(t, "length: {max_tokens: 5}", "")
	out := &eval.Output{}
	if _, err := g.Grade(t.Context(), c, out); err == nil {
		t.Error("tokens that nobody counted were graded")
	}
	out.Usage.Set(switchgear.UsageOutput, 6)
	if score, err := g.Grade(t.Context(), c, out); err != nil || score.Pass {
		t.Error(score, err)
	}
}

// TestOutputOf reads an answer the way graders look at it.
func TestOutputOf(t *testing.T) {
	out := eval.OutputOf(&switchgear.Response{Choices: []switchgear.Choice{{
		Finish: switchgear.Finish{Kind: switchgear.FinishToolCall},
		Parts: []switchgear.Part{
			{Kind: switchgear.PartThinking, Text: "hm"},
			{Text: "a"},
			{Kind: switchgear.PartRefusal, Text: "r"},
			{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{Name: "f"}},
			{Text: "b"},
		},
	}}})
	if out.Text != "ab" || out.Refusal != "r" || len(out.Calls) != 1 || out.Finish.Kind != switchgear.FinishToolCall {
		t.Errorf("%+v", out)
	}
}

// TestTogether grades with every grader from many goroutines: for the race
// detector.
func TestTogether(t *testing.T) {
	for _, settings := range []string{
		"equals", "contains", "regex: a", "one_of: [a, b]", "number: 1", "json: {schema: {type: object}}", "field: {path: a}", "length: 3",
		"not_refusal", "tool_calls: {expect: [{name: a}]}", "no_tool_call",
	} {
		g, c := grader(t, settings, "a")
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for range 20 {
					if _, err := g.Grade(t.Context(), c, &eval.Output{Text: `{"a": "a"}`}); err != nil {
						t.Error(settings, err)
					}
				}
			})
		}
		wait.Wait()
	}
}
