package eval_test

import (
	"context"
	"fmt"
	"testing"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
)

// TestLenient: the cheapest reading that passes is taken, by each grader for
// itself; an answer that passes is never changed; an absence must hold on every
// reading.
func TestLenient(t *testing.T) {
	f := func(graders, answer string, pass bool, rung string) {
		t.Helper()
		set := must(t, "route: x\ncases: [{id: a, input: q, expect: {n: 3, w: yes}}]\ngraders: "+graders+"\n", nil)
		got, err := set.Lenient(t.Context(), set.Cases[0], &eval.Output{Text: answer})
		if err != nil || got.Pass != pass || got.Rung != rung {
			t.Errorf("%s of %q: %+v, %v; want %v by %q", graders, answer, got, err, pass, rung)
		}
	}
	field := "[{field: {path: n, equals: $expect.n}}]"
	f(field, `{"n": 3}`, true, "")
	f(field, "```json\n{\"n\": 3}\n```", true, "strip_fence")
	f(field, `Here: {"n": "$3.00"}`, true, "clean_numbers")
	f(field, "```json\n{\"n\": 4}\n```", false, "")
	f(field, "nothing", false, "")
	f("[{number: $expect.n}]", "It makes 3.", true, "last_answer")
	f("[{number: $expect.n}]", "It makes 4.", false, "")
	f("[{equals: $expect.w}]", "The answer is yes.", true, "strip_affixes")
	f("[{field: {path: n, equals: $expect.n}}, {json: {gate: false, schema: false}}]", `{"n": 3}`, true, "")
	f("[{no_tool_call: {in: text}}]", `find\_city(a=1)`, false, "unescape_markdown")
	f("[{no_tool_call: {in: text}}]", "It is sunny.", true, "")
	f("[{contains: {value: '3', not: true}}]", "Three:\n3", false, "")
}

func TestLenientCalls(t *testing.T) {
	set := must(t, `route: x
cases:
  - id: a
    request: {messages: [{role: user, content: q}], tools: [{name: find.city}]}
    expect: [{name: find.city, arguments: {a: 1}}]
graders: [tool_calls]
`, nil)
	call := switchgear.ToolCall{Name: "find_city", Arguments: `{"a": 1}`}
	got, err := set.Lenient(t.Context(), set.Cases[0], &eval.Output{Calls: []switchgear.ToolCall{call}})
	if err != nil || !got.Pass || got.Rung != "" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = set.Lenient(t.Context(), set.Cases[0], &eval.Output{Calls: []switchgear.ToolCall{call, call}})
	if err != nil || !got.Pass || got.Rung != "dedupe_calls" {
		t.Errorf("a call made twice: %+v, %v", got, err)
	}
}

// teller is a judge that counts what it is asked.
type teller struct{ asked int }

func (j *teller) Grade(context.Context, *eval.Case, *eval.Output) (eval.Score, error) {
	j.asked++
	return eval.Fail("no"), nil
}

func (*teller) External() string { return "asks somebody" }

// TestLenientAsksOnce: a judge is not asked about every reading.
func TestLenientAsksOnce(t *testing.T) {
	j := &teller{}
	set := &eval.Set{Graders: []*eval.Graded{{Name: "j", Gate: true, Weight: 1, Grader: j}}}
	if got, err := set.Lenient(t.Context(), &eval.Case{ID: "a"}, &eval.Output{Text: "Sure:\n*a*\nb"}); err != nil || got.Pass || j.asked != 1 {
		t.Error(fmt.Sprint(got, err, j.asked))
	}
}

// TestMark weighs graders, and leaves those that do not gate out of the score.
func TestMark(t *testing.T) {
	set := must(t, "route: x\ncases: [{id: a, input: q, expect: b}]\ngraders: [{contains: {value: b, weight: 3}}, {contains: {value: c, name: c}}, {contains: {value: d, gate: false, name: d}}]\n", nil)
	got, err := set.Mark(t.Context(), set.Cases[0], &eval.Output{Text: "b"})
	if err != nil || got.Pass || got.Value != 0.75 || len(got.Scores) != 3 || got.Scores[2].Pass {
		t.Errorf("%+v, %v", got, err)
	}
}
