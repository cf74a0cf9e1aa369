package eval_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

var update = flag.Bool("update", false, "rewrite the expected findings under testdata")

func say(findings []config.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func load(t testing.TB, file string) (*eval.Set, []config.Finding) {
	t.Helper()
	l := eval.Loader{Graders: grade.Builtin(nil)}
	return l.Load(file)
}

// parse loads a set from a text, its files from a map.
func parse(t testing.TB, text string, files map[string]string) (*eval.Set, []config.Finding) {
	t.Helper()
	l := eval.Loader{Graders: grade.Builtin(nil), Open: func(name string) (io.ReadCloser, error) {
		text, ok := files[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}}
	return l.Parse("set.yaml", []byte(text))
}

func must(t testing.TB, text string, files map[string]string) *eval.Set {
	t.Helper()
	set, findings := parse(t, text, files)
	if set == nil {
		t.Fatalf("%s", say(findings))
	}
	return set
}

// TestBad holds one small file per mistake beside exactly what is said of it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Chdir("testdata/bad")
			set, findings := load(t, name+".yaml")
			if set != nil || !config.HasErrors(findings) {
				t.Fatal("nothing was found")
			}
			got := say(findings)
			if *update {
				if err := os.WriteFile(name+".txt", []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGood(t *testing.T) {
	for _, name := range []string{"extract", "labels", "calls"} {
		if set, findings := load(t, "testdata/good/"+name+".yaml"); set == nil || len(findings) > 0 {
			t.Errorf("%s: %s", name, say(findings))
		}
	}
}

// TestLoaded looks at what a set in full comes out as.
func TestLoaded(t *testing.T) {
	set, findings := load(t, "testdata/good/extract.yaml")
	if set == nil {
		t.Fatal(say(findings))
	}
	if set.Name != "extract" || set.Route != "invoice-extract" || set.Stakes != switchgear.StakesHigh || set.Repeats != 2 || set.MarginAt(switchgear.StakesLow) != 0.05 {
		t.Errorf("%+v", set)
	}
	if rate, ok := set.Limits.Refusals(); !ok || rate != 0 || set.Limits.CostRatio != 1.5 || set.Limits.P95MS != 4000 {
		t.Errorf("limits %+v", set.Limits)
	}
	if diff := cmp.Diff(eval.Harness{Format: normalise.JSON, Normalise: []string{"trim", "strip_fence"}}, set.Harness); diff != "" {
		t.Error(diff)
	}
	if len(set.Cases) != 4 || set.Clusters() != 4 {
		t.Fatalf("%d cases in %d clusters", len(set.Cases), set.Clusters())
	}
	a := set.Cases[0]
	if got := a.Request.System[0].Text; got != "You read invoices. Answer in English." {
		t.Errorf("system %q", got)
	}
	if got := set.Cases[1].Request.System[0].Text; got != "You read invoices. Answer in German." {
		t.Errorf("system %q: cases must not share what is filled in", got)
	}
	if string(a.Expect) != `{"total":12.5,"vendor":"ACME"}` || a.Cluster != "doc-1" || a.Tags[0] != "short" || a.Weight != 1 || set.Cases[1].Weight != 2 {
		t.Errorf("case %+v", a)
	}
	if a.Request.Tools[0].Name != "find_vendor" || *a.Request.Sampling.MaxTokens != 800 || *a.Request.Sampling.Temperature != 0 || !a.Request.Output.Strict || a.Request.Effort != "low" {
		t.Errorf("request %+v", a.Request)
	}
	if diff := cmp.Diff([]string{"total", "vendor"}, slices.Sorted(slices.Values(set.FormatOf(a).Words))); diff != "" {
		t.Error(diff)
	}
	wire := set.Cases[3].Request.Wire
	if wire == nil || wire.Dialect != "openai" || string(wire.Body) != `{"messages":[{"role":"user","content":"Total 4"}],"temperature":0.0}` {
		t.Errorf("a client's body must be kept as it came: %+v", wire)
	}
	if p := set.Cases[3].Pos; p.Line != 3 || p.Col != 8 || filepath.Base(p.File) != "more.jsonl" {
		t.Errorf("position %v", p)
	}
	names := ""
	for _, g := range set.Graders {
		names += fmt.Sprintf("%s/%s/%v ", g.Kind, g.Name, g.Gate)
	}
	if names != "json/json/true field/field/true field/vendor/false not_refusal/not_refusal/true " {
		t.Error(names)
	}
	calls, _ := load(t, "testdata/good/calls.yaml")
	if n := len(calls.GradersOf(calls.Cases[1])); n != 2 || len(calls.GradersOf(calls.Cases[0])) != 1 {
		t.Errorf("%d graders", n)
	}
}

func TestMargins(t *testing.T) {
	set := &eval.Set{}
	for stakes, want := range map[switchgear.Stakes]float64{switchgear.StakesUnset: 0.05, switchgear.StakesLow: 0.10, switchgear.StakesNormal: 0.05, switchgear.StakesHigh: 0.02} {
		if got := set.MarginAt(stakes); got != want {
			t.Errorf("%v: %v", stakes, got)
		}
	}
	set.Stakes = switchgear.StakesHigh
	if got := set.MarginAt(switchgear.StakesLow); got != 0.02 {
		t.Errorf("the set's own stakes give %v", got)
	}
}

const smallSet = `route: x
margin: 0.05
cases:
  - {id: a, input: hello, expect: {b: 1, a: "x"}, tags: [t, s]}
  - {id: b, messages: [{role: user, content: hi}], expect: {a: "x"}}
graders:
  - json: {schema: s.json}
  - contains: {value: x, any: true}
harness: {format: json, normalise: [trim, strip_fence]}
`

var smallFiles = map[string]string{"s.json": `{"type": "object", "required": ["a"]}`}

// TestHashesStay: what only looks different has the same hashes.
func TestHashesStay(t *testing.T) {
	want := must(t, smallSet, smallFiles).Hashes
	f := func(text string, files map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, must(t, text, files).Hashes); diff != "" {
			t.Error(diff)
		}
	}
	f("# a comment\n"+strings.ReplaceAll(smallSet, "0.05", "5.0e-2"), smallFiles)
	f(strings.ReplaceAll(smallSet, `{b: 1, a: "x"}`, `{"a": 'x', "b": 1}`), smallFiles)
	f(strings.ReplaceAll(smallSet, "value: x, any: true", "any: true, value: x"), smallFiles)
	f(strings.ReplaceAll(smallSet, "tags: [t, s]", "tags: [s, t]"), smallFiles)
	f(strings.ReplaceAll(smallSet, "[trim, strip_fence]", "[strip_fence, trim]"), smallFiles)
	f(smallSet, map[string]string{"s.json": "{\n \"required\": [\"a\"],\r\n \"type\": \"object\"}"})
	f(strings.ReplaceAll(smallSet, "input: hello", "messages: [{role: user, content: [{text: hello}]}]"), smallFiles)
	f(strings.ReplaceAll(smallSet, "input: hello", "request: {messages: [{content: hello}]}"), smallFiles)
	lines := `{"id": "b", "messages": [{"content": "hi", "role": "user"}], "expect": {"a": "x"}}
{"tags": ["t","s"], "expect":{"a":"x","b":1},"input":"hello", "id":"a"}`
	files := map[string]string{"s.json": smallFiles["s.json"], "c.jsonl": lines}
	start, end := strings.Index(smallSet, "cases:"), strings.Index(smallSet, "graders:")
	f(smallSet[:start]+"cases: c.jsonl\n"+smallSet[end:], files)
	f("description: for people\n"+smallSet, smallFiles)
}

// TestHashesChange: whatever matters changes them.
func TestHashesChange(t *testing.T) {
	want := must(t, smallSet, smallFiles).Hashes
	f := func(text string, files map[string]string, which string) {
		t.Helper()
		got := must(t, text, files).Hashes
		changed := ""
		for _, h := range []struct{ name, a, b string }{
			{"cases ", want.Cases, got.Cases},
			{"system ", want.System, got.System},
			{"graders ", want.Graders, got.Graders},
			{"harness ", want.Harness, got.Harness},
			{"set", want.Set, got.Set},
		} {
			if h.a != h.b {
				changed += h.name
			}
		}
		if changed != which {
			t.Errorf("changed: %q, want %q", changed, which)
		}
	}
	r := strings.ReplaceAll
	f(r(smallSet, "hello", "hallo"), smallFiles, "cases set")
	f(r(smallSet, "id: a", "id: c"), smallFiles, "cases set")
	f(r(smallSet, "b: 1", "b: 2"), smallFiles, "cases set")
	f(r(smallSet, "b: 1", `b: "1"`), smallFiles, "cases set")
	f(r(smallSet, "tags: [t, s]", "tags: [t]"), smallFiles, "cases set")
	f(r(smallSet, "tags: [t, s]", "cluster: t"), smallFiles, "cases set")
	f(r(smallSet, "tags: [t, s]", "tags: [t, s], weight: 3"), smallFiles, "cases set")
	f(r(smallSet, "tags: [t, s]", "tags: [t, s], graders: [not_refusal]"), smallFiles, "cases set")
	f("request: {system: Be kind.}\n"+smallSet, smallFiles, "cases system set")
	f("request: {temperature: 1}\n"+smallSet, smallFiles, "cases set")
	f(r(smallSet, "value: x, any", "value: x, not: false, any"), smallFiles, "graders set")
	f(r(smallSet, "value: x", "value: [x, z]"), smallFiles, "graders set")
	f(r(smallSet, "any: true", "any: true, gate: false"), smallFiles, "graders set")
	f(r(smallSet, "any: true", "any: true, margin: 0.1"), smallFiles, "graders set")
	f(smallSet, map[string]string{"s.json": `{"type": "object"}`}, "graders set")
	f(r(smallSet, "trim, strip_fence", "strip_fence"), smallFiles, "harness set")
	f(r(smallSet, "0.05", "0.06"), smallFiles, "set")
	f(r(smallSet, "route: x", "route: y"), smallFiles, "set")
	f("repeats: 2\n"+smallSet, smallFiles, "set")
	f("limits: {refusal_rate: 0}\n"+smallSet, smallFiles, "set")
	f("stakes: high\n"+smallSet, smallFiles, "set")
}

// TestInputHash: what does not reach the model does not change what was asked,
// so that its stored answer stays good.
func TestInputHash(t *testing.T) {
	a := must(t, smallSet, smallFiles).Cases[0]
	b := must(t, strings.ReplaceAll(strings.ReplaceAll(smallSet, "b: 1", "b: 2"), "id: a", "id: z"), smallFiles).Cases[0]
	if a.Input != b.Input || a.Hash == b.Hash {
		t.Error("the expected is no part of what is asked")
	}
}

// TestFilesNamedElsewhere: where a file lies is no part of what it says.
func TestFilesNamedElsewhere(t *testing.T) {
	want := must(t, smallSet, smallFiles).Hashes
	got := must(t, strings.ReplaceAll(smallSet, "s.json", "t.json"), map[string]string{"t.json": smallFiles["s.json"]}).Hashes
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRoundTrip writes cases and reads them again.
func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"extract", "labels", "calls"} {
		set, _ := load(t, "testdata/good/"+name+".yaml")
		var lines bytes.Buffer
		for _, c := range set.Cases {
			if err := eval.WriteCase(&lines, c); err != nil {
				t.Fatal(err)
			}
		}
		again := must(t, "route: x\ncases: c.jsonl\ngraders: [not_refusal]\n", map[string]string{"c.jsonl": lines.String()})
		for i, c := range again.Cases {
			if c.Input != set.Cases[i].Input || !bytes.Equal(c.Expect, set.Cases[i].Expect) || c.ID != set.Cases[i].ID {
				t.Errorf("%s: case %s reads otherwise:\n%s", name, c.ID, lines.String())
			}
		}
	}
}

// TestRequestWords writes every field of a request and reads it again.
func TestRequestWords(t *testing.T) {
	n, f, yes := int64(3), 0.5, true
	raw := map[string]json.RawMessage{"a": json.RawMessage(`{"b":[1]}`)}
	r := &switchgear.Request{
		System: []switchgear.Part{{Text: "s", Cache: &switchgear.Cache{TTL: "1h"}}},
		Messages: []switchgear.Message{
			{Role: switchgear.RoleUser, Name: "ada", Extra: raw, Parts: []switchgear.Part{
				{Text: "look"},
				{Kind: switchgear.PartImage, Media: &switchgear.Media{Type: "image/png", Data: "AA==", Detail: "low"}, Cache: &switchgear.Cache{}},
				{Kind: switchgear.PartDocument, Media: &switchgear.Media{FileID: "f", Name: "n"}},
				{Kind: switchgear.PartAudio, Media: &switchgear.Media{URL: "https://example.com/a.wav"}},
				{Kind: switchgear.PartOther, Raw: json.RawMessage(`{"type":"x"}`), Origin: "anthropic", Extra: raw},
			}},
			{Role: switchgear.RoleAssistant, Parts: []switchgear.Part{
				{Kind: switchgear.PartThinking, Text: "hm", Signature: "sig", Origin: "anthropic"},
				{Kind: switchgear.PartRedacted, Signature: "xx", Origin: "anthropic"},
				{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c", Name: "f", Arguments: `{"a": 1`}},
				{Kind: switchgear.PartRefusal, Text: "no"},
			}},
			{Role: switchgear.RoleTool, Parts: []switchgear.Part{{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "c", Failed: true, Parts: []switchgear.Part{{Text: "sunny"}}}}}},
		},
		Tools: []switchgear.Tool{
			{Name: "f", Description: "d", Schema: json.RawMessage(`{"type":"object"}`), Strict: true, Cache: &switchgear.Cache{}, Extra: raw},
			{Name: "g", Raw: json.RawMessage(`{"type":"web"}`), Origin: "anthropic"},
		},
		Choice:   &switchgear.ToolChoice{Mode: "tool", Name: "f", Parallel: &yes},
		Output:   &switchgear.Output{Name: "o", Schema: json.RawMessage(`{"type":"object"}`), Strict: true},
		Effort:   "high",
		Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 9},
		Sampling: switchgear.Sampling{MaxTokens: &n, Temperature: &f, TopP: &f, TopK: &n, Seed: &n},
		Stop:     []string{"x"},
		Tier:     "flex",
		User:     "u",
		Options:  raw,
		Extra:    raw,
		Origin:   "openai",
		Labels:   map[string]string{"task": "t"},
	}
	var line bytes.Buffer
	if err := eval.WriteCase(&line, eval.NewCase("a", r, nil)); err != nil {
		t.Fatal(err)
	}
	set := must(t, "route: x\ncases: c.jsonl\ngraders: [not_refusal]\n", map[string]string{"c.jsonl": line.String()})
	if diff := cmp.Diff(r, set.Cases[0].Request); diff != "" {
		t.Error(diff)
	}
}

func TestManyFindings(t *testing.T) {
	text := "route: x\ngraders: [equals]\ncases:\n" + strings.Repeat("  - {id: a, input: x, expect: y}\n", 400)
	_, findings := parse(t, text, nil)
	if len(findings) != 201 || !strings.Contains(findings[200].Message, "199 more") {
		t.Errorf("%d findings: %v", len(findings), findings[len(findings)-1])
	}
}

// manyCases is a JSONL file of cases of about a kilobyte each.
func manyCases(n int) string {
	var b strings.Builder
	filler := strings.Repeat("The invoice names the vendor, the date and the total. ", 16)
	for i := range n {
		fmt.Fprintf(&b, `{"id":"case-%d","request":{"system":"Read invoices.","messages":[{"role":"user","content":%q}]},"expect":{"total":%d.5,"vendor":"ACME"},"tags":["t%d"],"cluster":"doc-%d"}`+"\n", i, filler, i, i%7, i/3)
	}
	return b.String()
}

const manySet = "route: x\ncases: c.jsonl\ngraders:\n  - json: {schema: {type: object}}\n  - field: {path: total, equals: $expect.total, as: number}\n"

// TestManyCases holds loading to its bounds: 10,000 cases in a second and 200
// MB. The clock is held to thirty times that: the race detector alone takes
// fifteen times as long, and the benchmark says what it really is.
func TestManyCases(t *testing.T) {
	files := map[string]string{"c.jsonl": manyCases(10_000)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	set := must(t, manySet, files)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if len(set.Cases) != 10_000 || took > 30*time.Second {
		t.Errorf("%d cases took %v", len(set.Cases), took)
	}
	if grown := int64(after.HeapSys-before.HeapSys) >> 20; grown > 200 {
		t.Errorf("the heap grew by %d MB", grown)
	}
	t.Logf("%v, heap +%d MB, allocated %d MB", took, int64(after.HeapSys-before.HeapSys)>>20, (after.TotalAlloc-before.TotalAlloc)>>20)
	runtime.KeepAlive(set)
}

func BenchmarkLoad10000(b *testing.B) {
	files := map[string]string{"c.jsonl": manyCases(10_000)}
	b.ReportAllocs()
	for b.Loop() {
		must(b, manySet, files)
	}
}

// FuzzLoad checks that no text makes loading panic, that a finding is one line
// with a place in a file, and that what loads is whole.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, []byte(`{"id": "q", "input": "x", "expect": "y"}`))
		}
	}
	f.Add([]byte("route: x\ncases: c.jsonl\ngraders: [equals]\n"), []byte("{\"id\": \"a\", \"id\": \"b\", \"input\": \"x\"}\n\n{\"id\": \"c\", \"inp"))
	f.Add([]byte("route: x\ncases: c.jsonl\ngraders: [equals]\n"), []byte(`{"id":"a","messages":[{"content":[{"image":{}},{"call":{"name":"f"}}]}],"expect":[[[]]]}`))
	f.Fuzz(func(t *testing.T, text, lines []byte) {
		l := eval.Loader{Graders: grade.Builtin(nil), Open: func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(lines)), nil }}
		set, findings := l.Parse("set.yaml", text)
		for _, found := range findings {
			s := found.String()
			if strings.ContainsAny(s, "\n\r\x1b") || found.Message == "" || (found.Pos.Line < 1 && !strings.Contains(s, "not shown")) {
				t.Errorf("finding %q", s)
			}
		}
		if (set == nil) != config.HasErrors(findings) {
			t.Errorf("set %v with findings %s", set != nil, say(findings))
		}
		if set == nil {
			return
		}
		ids := map[string]bool{}
		for _, c := range set.Cases {
			if c.ID == "" || ids[c.ID] || c.Request == nil || len(c.Hash) != 64 {
				t.Errorf("case %+v", c)
			}
			ids[c.ID] = true
			var b bytes.Buffer
			if err := eval.WriteCase(&b, c); err != nil {
				t.Errorf("case %s cannot be written: %v", c.ID, err)
			}
		}
	})
}
