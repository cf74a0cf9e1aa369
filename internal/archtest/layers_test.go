package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/switchgear-dev/switchgear"

// layers says what each package may import of this module: arrows point at the
// root, and siblings do not know each other. A pattern that ends in "/*" means
// every package below.
var layers = map[string][]string{
	"":                           {},
	"config":                     {"", "internal/yamltree"},
	"provider":                   {"", "internal/sse", "internal/jsonx"},
	"provider/providertest":      {"", "provider"},
	"provider/anthropic":         {"", "provider", "internal/dialect/*"},
	"provider/openai":            {"", "provider", "internal/dialect/*"},
	"provider/sim":               {""}, // never internal/dialect: a simulator that shares our codec proves nothing
	"provider/all":               {"", "provider", "provider/*"},
	"gateway":                    {"", "config", "provider", "provider/all", "internal/route", "internal/failover", "internal/breaker", "internal/keyring", "internal/pace", "internal/retry", "internal/limit", "internal/jury", "internal/canary", "eval/lock", "eval/normalise", "internal/pricing", "internal/capability", "internal/server", "internal/jsonx", "internal/dialect/*"},
	"internal/app":               {"*"},
	"internal/dialect/openai":    {"", "provider", "internal/sse", "internal/jsonx", "internal/leaves", "internal/lexicon"},
	"internal/dialect/anthropic": {"", "provider", "internal/sse", "internal/jsonx", "internal/leaves", "internal/lexicon"},
	"internal/lexicon":           {"", "provider"},
	"internal/classtest":         {"", "provider", "internal/dialect/*", "internal/jsonx", "internal/lexicon"}, // tests alone
	"internal/leaves":            {""},
	"internal/crossing":          {"", "provider", "internal/dialect/*", "internal/jsonx", "internal/capability"}, // tests alone
	"internal/failover":          {""},
	"internal/route":             {"", "internal/failover"},
	"internal/breaker":           {"", "internal/failover"},
	"internal/keyring":           {"", "internal/failover"},
	"internal/pace":              {"", "internal/failover"},
	"internal/retry":             {"", "internal/failover"},
	"internal/limit":             {"", "internal/failover"},
	"internal/jury":              {"", "internal/failover"},
	"internal/alert":             {""},
	"internal/record":            {"", "internal/jsonx"},
	"internal/draft":             {"internal/record"},
	"internal/alert/pagerduty":   {"", "internal/alert"},
	"internal/alert/webhook":     {"", "internal/alert"},
	"eval":                       {"", "config", "internal/yamltree", "eval/stat", "eval/normalise", "eval/lock"},
	"eval/grade":                 {"", "eval", "eval/normalise"},
	"eval/report":                {"eval", "eval/stat"},
	"eval/stat":                  {},
	"eval/normalise":             {},
	"eval/lock":                  {"internal/yamltree"},
	"drill":                      {"", "config", "gateway", "provider", "provider/all", "provider/sim", "internal/alert"},
	"internal/pricing":           {"", "internal/catalog"},
	"internal/capability":        {"", "internal/catalog"},
	"internal/catalog":           {}, // the dated facts both of them read
	"internal/telemetry":         {"", "internal/failover"},
	"internal/server":            {"", "internal/dialect/*", "internal/jsonx", "internal/sse"},
	"internal/admin":             {""},
	"internal/canary":            {"eval/stat"},
	"internal/swap":              {"", "config", "eval", "eval/*"},
	"internal/sse":               {},
	"internal/jsonx":             {},
	"internal/yamltree":          {}, // the YAML library, and what it must not see
	"internal/archtest":          {},
	"internal/corpus":            {},
	"internal/evaltest":          {"", "eval", "internal/corpus"}, // tests alone
}

// free are the trees that may import anything: what ties things together, and
// what is not part of the product.
var free = []string{"cmd", "bench", "scripts", "examples"}

// TestLayers parses the files itself: a test that asked `go list` would be
// cached without the files it read, and go on passing.
func TestLayers(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped(rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		seen++
		return checkFile(t, path, filepath.ToSlash(filepath.Dir(rel)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d Go files were read: the walk is broken", seen)
	}
}

func skipped(rel string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	return first == "conformance" || first == "tools" || first == "bin" ||
		(strings.HasPrefix(first, ".") && first != ".") || filepath.Base(rel) == "testdata" || filepath.Base(rel) == "node_modules"
}

func checkFile(t *testing.T, path, dir string) error {
	t.Helper()
	if dir == "." {
		dir = ""
	}
	if first, _, _ := strings.Cut(dir, "/"); slices.Contains(free, first) {
		return nil
	}
	allowed, ok := layers[dir]
	if !ok {
		t.Errorf("package %q has no row in the layer table", dir)
		return nil
	}
	test := strings.HasSuffix(path, "_test.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if name != module && !strings.HasPrefix(name, module+"/") {
			continue
		}
		imported := strings.TrimPrefix(strings.TrimPrefix(name, module), "/")
		if imported == dir || (test && testMay(dir, imported)) {
			continue
		}
		if !matches(allowed, imported) {
			t.Errorf("%s: package %q must not import %q", path, dir, imported)
		}
	}
	return nil
}

// testMay lists what tests may use beyond their package's own row.
func testMay(dir, imported string) bool {
	switch imported {
	case "internal/corpus", "internal/evaltest", "provider/sim", "provider/providertest", "provider":
		return true
	}
	return dir == "gateway" || dir == "internal/server" || (dir == "eval" && imported == "eval/grade")
}

func matches(allowed []string, imported string) bool {
	for _, pattern := range allowed {
		if pattern == "*" && !strings.HasPrefix(imported, "cmd") {
			return true
		}
		if base, ok := strings.CutSuffix(pattern, "/*"); ok && strings.HasPrefix(imported, base+"/") {
			return true
		}
		if pattern == imported {
			return true
		}
	}
	return false
}
