package lock

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// same holds the reader of our own to the library: whatever it accepts, the
// library reads as the same.
func same(t *testing.T, text []byte) bool {
	t.Helper()
	ours, ok := readOwn(text)
	if !ok {
		return false
	}
	theirs, err := readYAML(text)
	if err != nil {
		t.Fatalf("only the library refuses %q: %v", text, err)
	}
	if diff := cmp.Diff(theirs, ours, cmp.AllowUnexported(node{}, field{})); diff != "" {
		t.Fatalf("%q\n%s", text, diff)
	}
	return true
}

func TestOwnReader(t *testing.T) {
	text, err := os.ReadFile("testdata/format.lock")
	if err != nil {
		t.Fatal(err)
	}
	if !same(t, text) {
		t.Error("what this package wrote is left to the library")
	}
	for text, mine := range map[string]bool{
		"a: 1\n": true, "a: x\nb: [1, \"2\", c]\n": true, "a:\n  - {b: c}\n  - d: 1\n    e:\n      f: \"g h\"\n": true, "a: {}\nb: []\n": true,
		"a: null\n": true, "a: \"\\n\\u2028\"\n": true, "a: sha256:0\n": true, "\"a b\": true\n": true, "ä: 1\n": false,
		"a: 'x'\n": false, "a: x # c\n": false, "a: x\n\nb: y\n": false, "a: yes\n": false, "a: &x y\n": false, "a: x y\n": false, "a:\n    b: c\n": false,
		"a: |\n  x\n": false, "a: 1\na: 2\n": false, "a: {b: c, b: d}\n": false, "a: \"\\ud83d\\ude00\"\n": false, "a: [1,2]\n": false, "a: \"x\n": false,
		"a: 1_000\n": false, "a: 0x10\n": false, "a: .inf\n": false, "a\n": false, "": false, "- a\n": true, " a: 1\n": false, "a: \r\n": false, "a: ~\n": false,
		"a:b: c\n": false, "a: {b:c: d}\n": false, "\"a:b\": c\n": true,
	} {
		if got := same(t, []byte(text)); got != mine {
			t.Errorf("%q: read by ourselves is %v", text, got)
		}
	}
}

// FuzzOwnReader looks for texts that the two readers read differently.
func FuzzOwnReader(f *testing.F) {
	text, err := os.ReadFile("testdata/format.lock")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, s := range []string{"a: 1\n", "a:\n  - {b: c}\n  - d: 1\n    e: \"f\\n\"\n", "- [1, 2]\n- {}\n", "a: 2026-11-22T10:11:12Z\n", "a: -1e5\n", "a: b:c\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { same(t, text) })
}

// FuzzParse: nothing brings the parser down, what it takes it writes so that it
// reads it again, and a second writing changes nothing.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/format.lock")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("version: 1\nroutes: {a: {targets: {b/c: {tries: [{run: 'x', date: 2026-11-22T10:11:12Z, verdict: v, cases: c}]}}}}\nother: >\n  text\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, findings := Parse("fuzz.lock", text)
		for _, finding := range findings {
			if finding.Message == "" || strings.ContainsAny(finding.String(), "\n\x1b") {
				t.Errorf("%q", finding.String())
			}
		}
		if HasErrors(findings) {
			return
		}
		once := file.Text()
		second, findings := Parse("fuzz.lock", once)
		if len(findings) > 0 {
			t.Fatalf("%v\n%s", findings, once)
		}
		if diff := cmp.Diff(string(once), string(second.Text())); diff != "" {
			t.Errorf("%s", diff)
		}
		Verify(file, []Claim{{Route: "a", Target: "b/c", Stakes: "high"}}, Terms{Now: time.Unix(0, 0)})
	})
}

// TestLibraryPanics are errors.
func TestLibraryPanics(t *testing.T) {
	_, err := tree([]byte(strings.Repeat("- ", 100_000)))
	if _, ok := errors.AsType[*flaw](err); !ok {
		t.Errorf("%v", err)
	}
}
