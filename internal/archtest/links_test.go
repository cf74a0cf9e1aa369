package archtest

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestLibraryLinks holds what a program that imports gateway links: beside
// this module and the standard library the YAML parser, and nothing of
// databases, metrics, tracing or command lines.
func TestLibraryLinks(t *testing.T) {
	allowed := []string{"github.com/goccy/go-yaml"}
	seen := map[string]bool{}
	foreign := map[string]string{}
	collect(t, "gateway", seen, foreign)
	for path, by := range foreign {
		if !slices.ContainsFunc(allowed, func(a string) bool { return path == a || strings.HasPrefix(path, a+"/") }) {
			t.Errorf("a program that imports gateway links %s, by way of %s", path, by)
		}
	}
	if len(seen) < 10 || len(foreign) == 0 {
		t.Fatalf("only %d packages and %d foreign imports were found: the walk is broken", len(seen), len(foreign))
	}
	for _, never := range []string{"internal/app", "internal/admin", "internal/telemetry", "internal/record"} {
		if seen[never] {
			t.Errorf("a program that imports gateway links %s", never)
		}
	}
}

// collect walks the imports of a package of this module.
func collect(t *testing.T, dir string, seen map[string]bool, foreign map[string]string) {
	t.Helper()
	if seen[dir] {
		return
	}
	seen[dir] = true
	entries, err := os.ReadDir(filepath.Join("..", "..", dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", dir, entry.Name()), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case path == module || strings.HasPrefix(path, module+"/"):
				collect(t, strings.TrimPrefix(strings.TrimPrefix(path, module), "/"), seen, foreign)
			case strings.Contains(strings.SplitN(path, "/", 2)[0], "."):
				foreign[path] = dir
			}
		}
	}
}
