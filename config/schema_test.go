package config

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
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
	converted, err := yaml.YAMLToJSON(bytes.TrimPrefix(text, []byte("\ufeff")))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestSchemaKeys holds the schema and Parse to the same keys.
func TestSchemaKeys(t *testing.T) {
	var document struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &document); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for name, def := range document.Defs {
		for key := range def.Properties {
			got[name] = append(got[name], key)
		}
		slices.Sort(got[name])
	}
	want := map[string][]string{}
	for _, s := range []shape{
		shapeFile, shapeAdmin, shapeProvider, shapeModel, shapeRoute, shapeStep, shapeCanary, shapeWith, shapeThinking,
		shapeTimeout, shapeRetry, shapeRule, shapeWhen, shapeClient, shapeBreaker, shapeReceiver, shapeGate, shapeRecord, shapeDrill, shapeFigures,
	} {
		want[string(s)] = slices.Sorted(slices.Values(s.keys()))
		if len(want[string(s)]) == 0 || (s.example() == "" && s != shapeFile) {
			t.Errorf("shape %s has no keys or no example", s)
		}
		for _, later := range s.later() {
			if slices.Contains(s.keys(), later) {
				t.Errorf("%s.%s is both here and yet to come", s, later)
			}
		}
	}
	for name, keys := range got {
		if len(keys) == 0 {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSchemaAcceptsWhatIsGood(t *testing.T) {
	s := compiled(t)
	files, _ := filepath.Glob("testdata/good/*.yaml")
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

// TestSchemaRefuses makes sure that the schema is worth having: it catches the
// mistakes of shape on its own.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, name := range []string{
		"not-a-map", "no-version", "version-two", "no-providers", "unknown-setting", "unknown-route-setting",
		"setting-of-a-later-version", "wrong-type-map", "wrong-type-list", "wrong-type-text", "wrong-type-number",
		"number-out-of-range", "no-chain", "empty-chain", "step-without-use", "price-one-number", "tier-unknown",
		"stakes-unknown", "surface-unknown", "commit-unknown", "kind-unknown", "single-point-not-ok", "duration-without-unit",
		"backoff-malformed", "name-malformed", "thinking-unknown", "thinking-without-budget", "cache-unknown", "lever-unknown",
		"temperature-out-of-range", "rule-without-when", "rule-when-empty", "rule-comparison-malformed", "key-and-keys",
		"client-without-hash", "client-with-key-for-hash", "client-without-routes", "expose-unknown", "direct-unknown",
		"breaker-unknown-setting", "breaker-not-a-map", "breaker-cooldown-malformed", "retry-budget-malformed", "in-flight-zero",
		"second-opinion-unknown", "hedge-unknown", "fetch-unknown", "normalise-not-a-list",
		"gate-unknown-mode", "gate-unknown-setting", "gate-not-a-word", "gate-key-malformed", "gate-no-keys", "eval-absolute", "eval-not-yaml", "eval-empty",
		"record-unknown-word", "record-unknown-setting", "record-without-bodies", "record-not-a-map", "record-rate-zero", "record-keep-malformed",
		"record-size-malformed", "record-of-a-route-unknown",
		"alert-unknown-sink", "alert-sink-of-a-later-version", "alert-without-kind", "alert-without-on", "alert-on-empty", "alert-unknown",
		"alert-without-key", "alert-without-url", "alert-without-secret", "alert-key-of-webhook", "alert-not-a-map", "alert-end-alone",
		"drill-unknown-setting", "drill-unknown-figure", "drill-limit-no-time", "drill-limit-no-number", "drill-rate-zero", "drill-not-a-map",
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

// TestDocs checks every YAML block of the documentation: a whole file (one that
// begins with version: 1) by the schema and by Parse.
func TestDocs(t *testing.T) {
	s := compiled(t)
	fence := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	blocks := 0
	for _, file := range pages(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range fence.FindAllSubmatch(text, -1) {
			if !isRoutingFile(string(match[1])) {
				continue
			}
			blocks++
			if err := s.Validate(instance(t, match[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			if _, findings := Parse(filepath.Base(file), match[1], nil, WithoutSecrets()); HasErrors(findings) {
				t.Errorf("%s:\n%s\n%s", file, match[1], say(findings))
			}
		}
	}
	if blocks < 5 {
		t.Errorf("only %d blocks were found", blocks)
	}
}

// isRoutingFile tells our files from those of other programs that the
// documentation may show (compose files, Kubernetes).
func isRoutingFile(text string) bool {
	return strings.HasPrefix(text, "version: 1\n") || strings.HasPrefix(text, "#") && strings.Contains(text, "\nversion: 1\n")
}

func pages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("../docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
