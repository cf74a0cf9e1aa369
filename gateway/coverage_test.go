package gateway_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

// catalogued is how many faults the catalogue has.
const catalogued = 90

// fault is a row of testdata/faults.tsv.
type fault struct {
	number   int
	name     string
	injected string
	tests    []string
	dialects string
}

func readFaults(t *testing.T) []fault {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "faults.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var out []fault
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(cells) != 5 {
			t.Fatalf("a row has five cells: %q", line)
		}
		n, err := strconv.Atoi(cells[0])
		if err != nil {
			t.Fatalf("a row begins with its number: %q", line)
		}
		out = append(out, fault{n, cells[1], cells[2], strings.Split(cells[3], ", "), cells[4]})
	}
	return out
}

// TestCoverage holds the catalogue against the tests there are: no number is
// missing, every test that is named exists, and so does every way to inject.
func TestCoverage(t *testing.T) {
	tests := testFunctions(t)
	rows := readFaults(t)
	for i, f := range rows {
		if f.number != i+1 {
			t.Fatalf("row %d has number %d: the catalogue counts from 1 and leaves none out", i+1, f.number)
		}
		if f.name == "" || f.dialects == "" {
			t.Errorf("fault %d lacks a name or dialects", f.number)
		}
		if kind, why, _ := strings.Cut(f.dialects, ": "); f.dialects != "both" && why == "" {
			t.Errorf("fault %d is tested in %q: say why not in both", f.number, kind)
		}
		checkInjection(t, f)
		for _, name := range f.tests {
			checkTest(t, fmt.Sprintf("fault %d (%s)", f.number, f.name), name, tests)
		}
	}
	if len(rows) != catalogued {
		t.Errorf("%d faults of %d", len(rows), catalogued)
	}
}

// checkInjection reads what the simulator is told to do, and looks scripts up.
func checkInjection(t *testing.T, f fault) {
	t.Helper()
	for part := range strings.SplitSeq(f.injected, "; ") {
		part = strings.TrimPrefix(part, "socket: ")
		if spec, ok := strings.CutPrefix(part, "sim "); ok {
			if _, err := sim.ParseFaults(spec); err != nil {
				t.Errorf("fault %d: %v", f.number, err)
			}
		}
		spec, ok := strings.CutPrefix(part, "script ")
		if !ok {
			continue
		}
		if len(spec) == 1 {
			if _, err := sim.Outage(spec); err != nil {
				t.Errorf("fault %d: %v", f.number, err)
			}
			continue
		}
		if _, err := sim.ParseScript([]byte("phases: [{name: all, for: 1m, faults: [{fault: 503, " + spec + "}]}]")); err != nil {
			t.Errorf("fault %d: %v", f.number, err)
		}
	}
}

// checkTest finds a test by package, function and subtest. What a subtest is
// called must stand in its file; those of the matrix are faults.
func checkTest(t *testing.T, what, name string, tests map[string]string) {
	t.Helper()
	dir, rest, _ := strings.Cut(name, ".")
	base, sub, _ := strings.Cut(rest, "/")
	function := dir + "." + base
	file, ok := tests[function]
	switch {
	case !ok:
		t.Errorf("%s: there is no test %s", what, function)
	case function == "gateway.TestMatrix":
		if _, ok := matrix()[sub]; !ok {
			t.Errorf("%s: the matrix has no row %q", what, sub)
		}
	case sub != "":
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), strconv.Quote(sub)) {
			t.Errorf("%s: %s has no case %q", what, file, sub)
		}
	}
}

// testFunctions finds the tests of the repository, and the files they are in.
// It parses the files itself: a test that asked the go command would be cached
// without them, and go on passing.
func testFunctions(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	root := ".."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".git")):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				out[filepath.ToSlash(dir)+"."+f.Name.Name] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d tests were found: the walk is broken", len(out))
	}
	return out
}
