package eval_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(eval.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance reads YAML the way an editor that knows the schema does.
func instance(t *testing.T, text []byte) any {
	t.Helper()
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestSchemaKnows holds the schema to the graders and the rungs there are.
func TestSchemaKnows(t *testing.T) {
	var document struct {
		Defs struct {
			Grader struct {
				Enum []string `json:"enum"`
			} `json:"grader"`
			Harness struct {
				Properties struct {
					Normalise struct {
						Items struct {
							Enum []string `json:"enum"`
						} `json:"items"`
					} `json:"normalise"`
				} `json:"properties"`
			} `json:"harness"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(eval.Schema(), &document); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(grade.Builtin(nil))), slices.Sorted(slices.Values(document.Defs.Grader.Enum))); diff != "" {
		t.Error(diff)
	}
	var rungs []string
	for _, r := range normalise.Ladder() {
		if r.Serves() {
			rungs = append(rungs, r.Name)
		}
	}
	if diff := cmp.Diff(rungs, document.Defs.Harness.Properties.Normalise.Items.Enum); diff != "" {
		t.Error(diff)
	}
}

func TestSchemaAcceptsWhatIsGood(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(instance(t, text)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestSchemaRefuses makes sure that the schema is worth having.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, name := range []string{
		"case-in-no-dialect", "case-without-id", "grader-unknown", "margin-zero", "no-cases", "normaliser-unknown", "not-a-map", "route-missing", "wrong-types",
	} {
		text, err := os.ReadFile("testdata/bad/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(instance(t, text)) == nil {
			t.Errorf("%s: the schema finds nothing wrong", name)
		}
	}
}

// TestDocs checks every YAML block of docs/evals.md: a set, a part of one, or a
// list of graders, each of which must work by itself.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/evals.md")
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t)
	files := docFiles(string(text))
	blocks := 0
	check := func(block string) {
		blocks++
		for _, part := range []struct{ key, otherwise string }{
			{"route", "route: x\n"},
			{"cases", "cases: [{id: a, input: q, expect: {total: 1, vendor: ACME, calls: [{name: find}], label: billing}}]\n"},
			{"graders", ""},
		} {
			if !strings.Contains("\n"+block, "\n"+part.key+":") {
				block += part.otherwise
			}
		}
		if err := s.Validate(instance(t, []byte(block))); err != nil {
			t.Errorf("%s\n%v", block, err)
		}
		if _, findings := parse(t, block, files); len(findings) > 0 {
			t.Errorf("%s\n%s", block, say(findings))
		}
	}
	for _, match := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		switch block := match[1]; {
		case strings.HasPrefix(block, "version: 1\n"): // a routing file, which config checks
		case strings.HasPrefix(block, "- "):
			for line := range strings.Lines(block) {
				check("graders:\n" + line)
			}
		default:
			check(block)
		}
	}
	if blocks < 15 {
		t.Errorf("only %d blocks were found", blocks)
	}
}

// TestDocsLadder holds the table of rungs to the ladder.
func TestDocsLadder(t *testing.T) {
	text, err := os.ReadFile("../docs/evals.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, r := range normalise.Ladder() {
		safe := ""
		if r.Safe {
			safe = "yes"
		}
		want.WriteString("| `" + r.Name + "` | " + r.About + " | " + safe + " |\n")
	}
	if !strings.Contains(string(text), "|---|---|---|\n"+want.String()+"\n") {
		t.Errorf("the table of rungs in docs/evals.md should read:\n%s", want.String())
	}
}

// docFiles are the files that the page shows beside the sets: blocks under a
// line with their name.
func docFiles(text string) map[string]string {
	files := map[string]string{}
	for _, match := range regexp.MustCompile("(?ms)^`([a-z.]+)`:\n\n```[a-z]+\n(.*?)^```").FindAllStringSubmatch(text, -1) {
		files[match[1]] = match[2]
	}
	return files
}
