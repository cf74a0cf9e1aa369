package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
)

// The page in the repository is the one the code makes.
func TestPageIsFresh(t *testing.T) {
	want, err := Page()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "levers.md")
	if err := run([]string{file}); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(file)
	if err != nil || string(made) != want {
		t.Fatalf("the page that is written is another one: %v", err)
	}
	page, err := os.ReadFile("../../docs/levers.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(page), "\n")); diff != "" {
		t.Errorf("docs/levers.md is stale: run `make generate`\n%s", diff)
	}
	if run(nil) == nil {
		t.Error("no file is named, and nobody complains")
	}
}

// What is said of a few levers, told by hand.
func TestFate(t *testing.T) {
	for _, c := range []struct {
		model, body, want string
		s                 sample
	}{
		{"claude-sonnet-4-6", openaiPlain, "dropped: `sampling.seed`", sample{body: with(openaiPlain, `"seed":7`)}},
		{"claude-sonnet-4-6", openaiPlain, "native", sample{body: with(openaiPlain, `"temperature":0.5`)}},
		{"claude-sonnet-4-6", openaiPlain, "mapped: `stop_sequences: [\"END\"]`", sample{body: with(openaiPlain, `"stop":"END"`)}},
		{"claude-sonnet-4-6", openaiPlain, "what holds without it", sample{body: with(openaiPlain, `"n":1`)}},
	} {
		if got, err := fate(openai.NewCodec(), anthropic.New(), c.model, c.body, &c.s); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.s.body, got, err, c.want)
		}
	}
}

func TestChanges(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{`{"a":1}`, `{"a":1}`, ""},
		{`{"a":1}`, `{"a":2,"b":{"c":[1]}}`, "`a: 2`, `b: {\"c\":[1]}`"},
		{`{"a":{"b":1}}`, `{"a":{"b":1,"c":2}}`, "`a.c: 2`"},
		{`{"a":[1,3]}`, `{"a":[1,2,3]}`, "`a[1]: 2`"},
		{`{"a":[1,{"b":3}]}`, `{"a":[1,{"b":4}]}`, "`a[1].b: 4`"},
		{`{"a":"t"}`, `{"a":[{"text":"t"},{"x":"|"}]}`, "`a[1]: {\"x\":\"\\|\"}`"},
		{`{"a":[1]}`, `{"a":"s"}`, "`a: \"s\"`"},
		{`{"a":"s"}`, `{"a":[]}`, "`a: []`"},
		{`{"a":{}}`, `{"a":[]}`, "`a: []`"},
	} {
		a, err1 := parse([]byte(c.a))
		b, err2 := parse([]byte(c.b))
		if got := say(changes("", a, b)); err1 != nil || err2 != nil || got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.a, c.b, got, c.want)
		}
	}
}
