package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected findings under testdata")

// environment is what the files under testdata find.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"ANTHROPIC_API_KEY": "key-a",
		"OPENAI_API_KEY":    "key-o",
		"HOST":              "upstream.example",
		"ATTEMPTS":          "3",
		"EMPTY":             "",
		"SPACED":            "two words",
		"PD_ROUTING_KEY":    "0123456789abcdef0123456789abcdef",
		"HOOK_URL":          "https://hooks.example/T0/B0/abcdefghijklmnop0123",
		"HOOK_URL_CLEAR":    "http://hooks.example/alerts",
		"HOOK_SECRET":       "a-secret-to-sign-with",
	}[name]
	return value, ok
}

func say(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// parseIn parses a file under testdata by its base name, so that findings name
// it as a user would see it.
func parseIn(t *testing.T, dir, name string) (*Config, []Finding) {
	t.Helper()
	t.Chdir(dir)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return Parse(name, text, environment)
}

// TestBad holds one small file per mistake beside exactly what is said of it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 45 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			_, findings := parseIn(t, "testdata/bad", name+".yaml")
			if len(findings) == 0 {
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
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if _, findings := parseIn(t, "testdata/good", filepath.Base(file)); len(findings) > 0 {
				t.Error(say(findings))
			}
		})
	}
}
