package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse checks that no text makes Parse panic, that a finding is one line
// with a place in the file, and that what has no error can be looked through.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, text := range []string{"a: &a [*a]", "? ? ? ?", strings.Repeat("- ", 200), strings.Repeat("{a: ", 200), "!!binary x", "a: \xff", "\ufeffversion: 1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, findings := Parse("fuzz.yaml", text, environment)
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 2
		for _, found := range findings {
			s := found.String()
			if strings.ContainsAny(s, "\n\r\x1b") || found.Message == "" {
				t.Errorf("finding %q", s)
			}
			if found.Pos.Line < 1 || found.Pos.Col < 1 || found.Pos.Line > lines {
				t.Errorf("a finding in a place that is none: %q", s)
			}
		}
		if c == nil && !HasErrors(findings) {
			t.Error("no configuration, and nothing says why")
		}
		if c == nil || HasErrors(findings) {
			return
		}
		for i := range c.Routes {
			for _, s := range c.Routes[i].Chain {
				if _, ok := c.Provider(s.Target.Provider); !ok {
					t.Errorf("step %q leads nowhere", s.Use)
				}
			}
		}
	})
}
