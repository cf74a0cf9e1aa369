package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/internal/draft"
	"github.com/switchgear-dev/switchgear/internal/record"
)

func recorded(i int, answer record.Answer) record.Entry {
	answer.Finish = "stop"
	return record.Entry{
		Time: time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC), Route: "r", Target: "p/m", Dialect: "openai", Answer: answer,
		Body: json.RawMessage(fmt.Sprintf(`{"messages":[{"role":"user","content":"question %d"}],"tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object"}}}]}`, i)),
	}
}

// TestDrafts holds what is suggested for each kind of answers, and that what is
// suggested loads without a finding and lets the recorded answers pass.
func TestDrafts(t *testing.T) {
	text := func(format string) func(i int) record.Answer {
		return func(i int) record.Answer { return record.Answer{Text: fmt.Sprintf(format, i)} }
	}
	for _, tt := range []struct {
		name   string
		answer func(i int) record.Answer
		judge  string
		set    []string // what stands in it
		cases  int
	}{
		{"labels", func(i int) record.Answer { return record.Answer{Text: []string{"yes", "no: \"never\""}[i%2]} }, "", []string{`  - one_of: {labels: ["no: \"never\"", "yes"], value: $expect}`}, 60},
		{"labels and a slip", func(i int) record.Answer {
			return record.Answer{Text: []string{"yes", "no", "no", strings.Repeat("I cannot tell. ", 9)}[min(3, i%2+i/59*2)]}
		}, "", []string{"one_of: {labels: [\"no\", \"yes\"]", "1 of the answers did not look like the others"}, 59},
		{"numbers", text("%d.5"), "", []string{"- number: {value: $expect, tolerance: 0}"}, 60},
		{"short", text("answer %d"), "", []string{"- equals: {value: $expect, ignore_case: true, ignore_space: true}"}, 60},
		{"json", text(`{"total": %[1]d, "vendor": "V%[1]d", "paid": true, "note": "` + strings.Repeat("long ", 20) + `", "lines": [{"n": 1}], "odd key": 1}`), "", []string{
			"- json: {schema: r.schema.json}", "- field: {path: total, equals: $expect.total, as: number}", "- field: {path: vendor, equals: $expect.vendor}", "- field: {path: paid, equals: $expect.paid}",
		}, 60},
		{"fenced json", text("```json\n{\"total\": %d}\n```"), "", []string{"- json: {schema: r.schema.json, anywhere: true}"}, 60},
		{"calls", func(i int) record.Answer {
			return record.Answer{Calls: []record.Call{{Name: "find", Arguments: json.RawMessage(fmt.Sprintf(`{"n": %d}`, i))}}}
		}, "", []string{"- tool_calls: {expect: $expect, order: any}"}, 60},
		{"calls and answers", func(i int) record.Answer {
			if i%3 == 0 {
				return record.Answer{Text: "Which one?"}
			}
			return record.Answer{Calls: []record.Call{{Name: "find", Arguments: json.RawMessage(`{}`)}}}
		}, "", []string{"- not_refusal"}, 60},
		{"prose", text("Dear customer, your parcel number %d will arrive tomorrow morning, unless it rains all day."), "none", []string{"- length: {max_words: 30}", "# - judge: {model: PROVIDER/MODEL, mode: pairwise"}, 60},
		{"judged prose", text("Dear customer, your parcel number %d will arrive tomorrow morning, unless it rains all day."), "p/judge", []string{"- judge: {model: p/judge, mode: pairwise"}, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var entries []record.Entry
			for i := range 60 {
				entries = append(entries, recorded(i, tt.answer(i)))
			}
			d, err := draft.FromTraffic(entries, draft.Options{Choice: draft.Choice{Route: "r", Target: "p/m", N: 100}, Name: "r", Judge: tt.judge, Normalise: []string{"trim"}})
			if err != nil {
				t.Fatal(err)
			}
			if harnessed := strings.Contains(string(d.Set), "harness: {format: json, normalise: [trim]}"); harnessed != strings.Contains(tt.name, "json") {
				t.Errorf("the harness is there: %v", harnessed)
			}
			for _, want := range tt.set {
				if !strings.Contains(string(d.Set), want) {
					t.Errorf("the set has no %s:\n%s", want, d.Set)
				}
			}
			passes(t, d, entries, tt.cases)
		})
	}
}

// TestProseWantsAJudge: no set is made that would let anything pass, unless
// somebody asks for it.
func TestProseWantsAJudge(t *testing.T) {
	entries := []record.Entry{recorded(1, record.Answer{Text: strings.Repeat("A sentence of some length. ", 9)})}
	if _, err := draft.FromTraffic(entries, draft.Options{Choice: draft.Choice{Route: "r", N: 1}, Name: "r"}); !errors.Is(err, draft.ErrProse) {
		t.Error(err)
	}
}

// passes loads a draft as a user would and grades the recorded answers with it.
func passes(t *testing.T, d *draft.Draft, entries []record.Entry, cases int) {
	t.Helper()
	dir := t.TempDir()
	files := initFiles{set: filepath.Join(dir, "r.yaml"), cases: filepath.Join(dir, "r.jsonl"), schema: filepath.Join(dir, "r.schema.json")}
	if err := files.write(d); err != nil {
		t.Fatal(err)
	}
	loader := eval.Loader{Graders: grade.Builtin(nil)}
	set, findings := loader.Load(files.set)
	for i := range findings {
		t.Error(findings[i].String())
	}
	if set == nil || len(set.Cases) != cases {
		text, _ := os.ReadFile(files.set)
		t.Fatalf("%d cases:\n%s", d.N, text)
	}
	byBody := map[string]*record.Entry{}
	for i := range entries {
		byBody[string(entries[i].Body)] = &entries[i]
	}
	for _, c := range set.Cases {
		e := byBody[string(c.Request.Wire.Body)]
		out := eval.Output{Text: e.Answer.Text, Finish: switchgear.Finish{Kind: switchgear.FinishStop}}
		for _, call := range e.Answer.Calls {
			out.Calls = append(out.Calls, switchgear.ToolCall{Name: call.Name, Arguments: string(call.Arguments)})
		}
		for _, g := range set.GradersOf(c) {
			if _, external := g.Grader.(eval.External); external {
				continue
			}
			if score, err := g.Grader.Grade(t.Context(), c, &out); err != nil || !score.Pass {
				t.Errorf("%s %s: %v %v", c.ID, g.Name, score, err)
			}
		}
	}
}
