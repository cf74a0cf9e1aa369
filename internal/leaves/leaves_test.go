package leaves

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

// fill sets every field of a value, tool results two deep.
func fill(v reflect.Value, deep int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), deep)
	case reflect.Struct:
		for _, f := range v.Fields() {
			fill(f, deep)
		}
	case reflect.Slice:
		fillSlice(v, deep)
	case reflect.Map:
		if v.Type() == reflect.TypeFor[map[string]json.RawMessage]() {
			v.Set(reflect.ValueOf(map[string]json.RawMessage{"one": []byte("1"), "two": []byte("2")}))
		}
	case reflect.String:
		v.SetString("word")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	default: // Wire and Limits hold others, which are no leaves
	}
}

func fillSlice(v reflect.Value, deep int) {
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(`{"type":"special"}`))
	case v.Type() == reflect.TypeFor[[]switchgear.Part]() && deep == 0:
	default:
		if v.Type() == reflect.TypeFor[[]switchgear.Part]() {
			deep--
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), deep)
		}
	}
}

func full() *switchgear.Request {
	r := new(switchgear.Request)
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i).Name; f != "Wire" && f != "Labels" && f != "Limits" {
			fill(v.Field(i), 3)
		}
	}
	r.Options = map[string]json.RawMessage{target: []byte(`{"one":1,"two":[]}`), "anthropic": []byte(`{"three":1}`)}
	return r
}

func settle(t *testing.T, r *switchgear.Request, said []*node) []string {
	t.Helper()
	l := Open(r, target)
	defer l.Close()
	for _, n := range said {
		n.say(l)
	}
	return l.Left()
}

// TestEveryField takes a request that has everything, says all but one leaf,
// and expects that one's name.
func TestEveryField(t *testing.T) {
	r := full()
	root := model(t, r)
	all := root.leaves()
	if len(all) < 300 {
		t.Fatalf("the model found only %d leaves", len(all))
	}
	if got := settle(t, r, all); got != nil {
		t.Fatalf("all was said, and yet these are left: %q", got)
	}
	for i, n := range all {
		if n.implied {
			continue
		}
		rest := append(append([]*node(nil), all[:i]...), all[i+1:]...)
		if diff := cmp.Diff([]string{n.path}, settle(t, r, rest)); diff != "" {
			t.Errorf("all but %s was said:\n%s", n.path, diff)
		}
	}
}

// TestEachFieldAlone sets one leaf of an otherwise empty request.
func TestEachFieldAlone(t *testing.T) {
	seen := 0
	alone(t, reflect.TypeFor[switchgear.Request](), nil, 2, func(path []int) {
		r := new(switchgear.Request)
		v := reach(reflect.ValueOf(r).Elem(), path)
		fill(v, 1)
		root := model(t, r)
		if len(root.leaves()) == 0 {
			return // exempt
		}
		seen++
		if got, want := settle(t, r, nil), root.left(nil); len(got) == 0 || !cmp.Equal(got, want) {
			t.Errorf("%v alone: left %q, want %q", path, got, want)
		}
		if got := settle(t, r, root.leaves()); got != nil {
			t.Errorf("%v alone and said: left %q", path, got)
		}
	})
	if seen < 60 {
		t.Fatalf("only %d fields were tried", seen)
	}
}

// alone calls f with the index path of every field that holds a value; parts
// stand in parts so many times.
func alone(t *testing.T, typ reflect.Type, path []int, deep int, f func([]int)) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
		typ = typ.Elem()
	}
	if typ == reflect.TypeFor[switchgear.Wire]() || typ == reflect.TypeFor[switchgear.Limits]() {
		return
	}
	if typ.Kind() != reflect.Struct {
		f(path)
		return
	}
	if typ == reflect.TypeFor[switchgear.Part]() {
		if deep--; deep < 0 {
			return
		}
	}
	for i := range typ.NumField() {
		if typ == reflect.TypeFor[switchgear.Request]() && typ.Field(i).Name == "Options" {
			continue // see TestOptions
		}
		alone(t, typ.Field(i).Type, append(slices.Clip(path), i), deep, f)
	}
}

// reach makes what stands on the way to a field.
func reach(v reflect.Value, path []int) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type().Elem().Kind() != reflect.Struct {
			return v
		}
		v.Set(reflect.New(v.Type().Elem()))
		return reach(v.Elem(), path)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			return v
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return reach(v.Index(0), path)
	case reflect.Struct:
		return reach(v.Field(path[0]), path[1:])
	default:
		return v
	}
}

func TestNames(t *testing.T) {
	ttl, ten := &switchgear.Cache{TTL: "1h"}, int64(10)
	text := switchgear.Part{Text: "a"}
	r := &switchgear.Request{
		System: []switchgear.Part{{Text: "be brief", Cache: ttl}},
		Messages: []switchgear.Message{
			{Role: "user", Name: "eve", Parts: []switchgear.Part{text, {Kind: switchgear.PartImage, Media: &switchgear.Media{URL: "u", Detail: "low"}}}},
			{Role: "assistant", Parts: []switchgear.Part{{Kind: switchgear.PartThinking, Text: "hm", Signature: "s"}}},
			{Role: "assistant", Parts: []switchgear.Part{
				{Kind: switchgear.PartRedacted, Signature: "s"},
				{Kind: switchgear.PartOther, Raw: []byte(`{"type":"web_search_tool_result"}`)},
				{Kind: switchgear.PartOther, Raw: []byte(`{"type":"a, b\n"}`)},
			}},
			{Role: "tool", Parts: []switchgear.Part{{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{
				CallID: "c", Failed: true, Parts: []switchgear.Part{text, {Kind: switchgear.PartDocument, Media: &switchgear.Media{Data: "d"}}},
			}}}},
		},
		Tools:    []switchgear.Tool{{Name: "f", Cache: ttl}, {Name: "g"}, {Raw: []byte(`{"type":"web_search_20250305"}`)}},
		Output:   &switchgear.Output{Name: "n", Schema: []byte("{}")},
		Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 9},
		Choice:   &switchgear.ToolChoice{Mode: "any"},
		Sampling: switchgear.Sampling{TopK: &ten},
		Stop:     []string{"a", "b"},
		Extra:    map[string]json.RawMessage{"context_management": []byte("{}"), "x\r\ny": []byte("1")},
	}
	l := Open(r, target)
	defer l.Close()
	l.Said(OutputSchema | ThinkingMode)
	l.Stop(0)
	l.System().At(0).Said(PartText)
	for i := range r.Messages {
		if i != 1 {
			l.Message(i).Said(MessageRole)
		}
	}
	l.Part(0, 0).Said(PartText)
	l.Part(0, 1).Said(MediaURL)
	l.Part(3, 0).Said(ResultCallID)
	l.Part(3, 0).Parts().At(0).Said(PartText)
	l.Tool(0).Said(ToolName)
	l.Note("effort (max as high)")
	want := []string{
		"system[0].cache",
		"messages[0].name",
		"messages[0].parts[1].media.detail",
		"messages[1] (thinking)",
		"messages[2].parts[0] (redacted thinking)",
		"messages[2].parts[1] (web_search_tool_result)",
		"messages[2].parts[2] (other)",
		"messages[3].parts[0].result.failed",
		"messages[3].parts[0].result.parts[1] (document)",
		"tools[0].cache",
		"tools[1]",
		"tools[2] (web_search_20250305)",
		"tool_choice",
		"output.name",
		"thinking.budget",
		"sampling.top_k",
		"stop[1]",
		`extra."x\r\ny"`,
		"extra.context_management",
		"effort (max as high)",
	}
	if diff := cmp.Diff(want, l.Left()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, l.Left()); diff != "" {
		t.Errorf("asked twice:\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	r := &switchgear.Request{Options: map[string]json.RawMessage{"openai": []byte(`{"foo":1,"bar":2}`), "anthropic": []byte(`{"baz":3}`)}}
	for name, test := range map[string]struct {
		dialect string
		say     func(*Ledger)
		want    []string
	}{
		"none":    {"openai", func(l *Ledger) {}, []string{"options.openai.bar", "options.openai.foo"}},
		"one":     {"openai", func(l *Ledger) { l.Option("bar") }, []string{"options.openai.foo"}},
		"all":     {"openai", func(l *Ledger) { l.Said(Options) }, nil},
		"foreign": {"gemini", func(l *Ledger) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := Open(r, test.dialect)
			defer l.Close()
			test.say(l)
			if diff := cmp.Diff(test.want, l.Left()); diff != "" {
				t.Error(diff)
			}
		})
	}
	bad := &switchgear.Request{Options: map[string]json.RawMessage{"openai": []byte(`[1]`)}}
	if diff := cmp.Diff([]string{"options.openai"}, settle(t, bad, nil)); diff != "" {
		t.Error(diff)
	}
}

// TestManyMembers would take minutes if a member were looked up in a list.
func TestManyMembers(t *testing.T) {
	extra := make(map[string]json.RawMessage)
	for i := range 200_000 {
		extra[strconv.Itoa(i)] = nil
	}
	r := &switchgear.Request{Extra: extra}
	l := Open(r, target)
	defer l.Close()
	for name := range extra {
		l.Extra(name)
	}
	if got := l.Left(); got != nil {
		t.Errorf("%d are left", len(got))
	}
}

func TestNilTakesNoNotes(t *testing.T) {
	var l *Ledger
	l.Said(Effort)
	l.Extra("a")
	l.Option("a")
	l.Stop(4)
	l.Note("a")
	l.System().At(3).Said(PartText)
	l.Message(1).Said(MessageRole)
	l.Message(1).Extra("a")
	l.Part(1, 2).Parts().At(1).Extra("b")
	l.Tool(2).Said(ToolName)
	if got := l.Left(); got != nil {
		t.Error(got)
	}
	l.Close()
}

// TestReuse sees that one request's notes never speak for another.
func TestReuse(t *testing.T) {
	r := full()
	all := model(t, r).leaves()
	for range 3 {
		if got := settle(t, r, all); got != nil {
			t.Fatal(got)
		}
		if got, want := settle(t, r, nil), model(t, r).left(nil); !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
	}
}

func TestLeftIsTheRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := new(switchgear.Request)
		draw(rt, reflect.ValueOf(r).Elem(), 2)
		check(t, r, func(n int) bool { return rapid.IntRange(0, 9).Draw(rt, "said") < 6 })
	})
}

// check says some of the leaves and compares what is left with the model.
func check(t *testing.T, r *switchgear.Request, say func(i int) bool) {
	t.Helper()
	root := model(t, r)
	var said []*node
	for i, n := range root.leaves() {
		if n.said = say(i); n.said {
			said = append(said, n)
		}
	}
	want, got := root.left(nil), settle(t, r, said) // in another order: TestNames knows the right one
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s", diff)
	}
}

var samples = []string{"", "a", "web_search", "two words", strings.Repeat("long", 20), "ключ"}

// draw sets a value to anything.
func draw(t *rapid.T, v reflect.Value, deep int) {
	if rapid.IntRange(0, 9).Draw(t, "set") < 3 {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *map[string]json.RawMessage:
		*x = drawMembers(t)
		return
	case *map[string]string, **switchgear.Wire, *switchgear.Limits:
		return
	case *json.RawMessage:
		*x = json.RawMessage(rapid.SampledFrom([]string{"", `{"type":"thing"}`, `{"type":"a b"}`, `[]`, `{"type":3}`}).Draw(t, "raw"))
		return
	case *switchgear.PartKind:
		*x = switchgear.PartKind(rapid.IntRange(0, 9).Draw(t, "kind"))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		draw(t, v.Elem(), deep)
	case reflect.Struct:
		for _, f := range v.Fields() {
			draw(t, f, deep)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[[]switchgear.Part]() {
			if deep--; deep < 0 {
				return
			}
		}
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			draw(t, v.Index(i), deep)
		}
	case reflect.String:
		v.SetString(rapid.SampledFrom(samples).Draw(t, "word"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int64:
		v.SetInt(rapid.Int64Range(0, 3).Draw(t, "int"))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(0, 1).Draw(t, "float"))
	default:
		t.Fatalf("a %s has no generator", v.Type())
	}
}

func drawMembers(t *rapid.T) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage)
	for range rapid.IntRange(0, 25).Draw(t, "members") {
		m[rapid.SampledFrom(samples).Draw(t, "name")+string(rune('a'+rapid.IntRange(0, 20).Draw(t, "tail")))] = []byte(`1`)
	}
	if rapid.Bool().Draw(t, "options") {
		m[target] = []byte(`{"foo":1,"bar":{}}`)
	}
	return m
}

// FuzzLeft turns bytes into a request by way of its JSON, and others into what
// was said.
func FuzzLeft(f *testing.F) {
	body, err := json.Marshal(full()) //nolint:musttag // the Go names will do for a fuzzer
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, []byte{0xff, 3})
	f.Add([]byte(`{"Messages":[{"Role":"user","Parts":[{"Kind":7,"Result":{"Parts":[{}]}}]}],"Options":{"openai":{}}}`), []byte{})
	f.Fuzz(func(t *testing.T, body, said []byte) {
		r := new(switchgear.Request)
		if json.Unmarshal(body, r) != nil || !sane(r) { //nolint:musttag // as above
			t.Skip()
		}
		check(t, r, func(i int) bool { return len(said) > 0 && said[i/8%len(said)]>>(i%8)&1 == 1 })
	})
}

// sane keeps to kinds the model can spell, and options and raw blocks that are
// objects.
func sane(r *switchgear.Request) bool {
	var ok func(parts []switchgear.Part) bool
	ok = func(parts []switchgear.Part) bool {
		for i := range parts {
			if parts[i].Kind > switchgear.PartOther || len(parts[i].Raw) > 0 || !ok(nested(&parts[i])) {
				return false
			}
		}
		return true
	}
	for i := range r.Messages {
		if !ok(r.Messages[i].Parts) {
			return false
		}
	}
	for i := range r.Tools {
		if len(r.Tools[i].Raw) > 0 {
			return false
		}
	}
	raw := r.Options[target]
	return ok(r.System) && (len(raw) == 0 || raw[0] == '{')
}
