package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

// evidenced is a folder with a table, its eval set, and a lock that proves the
// table's second step by it.
type evidenced struct {
	t   *testing.T
	dir string
}

const (
	provenTable = `version: 1
providers: {sim: {kind: sim}}
routes:
  extract: {chain: [sim/old, sim/new], eval: evals/extract.yaml, single_point: ok}
alerts: none
`
	provenSet = `route: extract
margin: 0.05
request: {system: Answer with a number.}
graders:
  - number: {value: $expect, tolerance: 0}
cases:
  - {id: a, input: "2 + 2?", expect: 4}
  - {id: b, input: "2 + 3?", expect: 5}
`
)

func evidence(t *testing.T) *evidenced {
	t.Helper()
	e := &evidenced{t: t, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(e.dir, "evals"), 0o700); err != nil {
		t.Fatal(err)
	}
	e.write("switchgear.yaml", provenTable)
	e.write("evals/extract.yaml", provenSet)
	loaded, wanted := e.load()
	f := loaded.Lock
	if err := f.Declare([]lock.Claim{wanted[0].Claim}, "ann", time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	err := f.Record("extract", "sim/new", lock.Evidence{
		Run: "r1", Date: time.Now(), Verdict: lock.VerdictShip, Stakes: "normal", Incumbent: "sim/old", IncumbentParams: wanted[0].Bound.Params,
		N: 600, Lower: -0.01, Upper: 0.01, Margin: wanted[1].Margin, Alpha: 0.05, P: 0.001, Bound: wanted[1].Bound,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(lock.Beside(loaded.From)); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *evidenced) write(name, text string) {
	e.t.Helper()
	if err := os.WriteFile(filepath.Join(e.dir, name), []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// load reads everything as lock verify does.
func (e *evidenced) load() (*app.Loaded, []gateway.Claim) {
	e.t.Helper()
	loaded, err := app.Source{File: filepath.Join(e.dir, "switchgear.yaml"), Bare: true, Ungated: true}.Load()
	if err != nil {
		e.t.Fatal(err)
	}
	wanted := gateway.Claims(loaded.Config)
	if findings := loaded.BindSets(wanted); len(findings) > 0 {
		e.t.Fatal(findings)
	}
	return loaded, wanted
}

// verify is what lock verify says, and what check says, which has no sets.
func (e *evidenced) verify() (verify, check []config.Finding) {
	e.t.Helper()
	loaded, wanted := e.load()
	return gateway.Unproven(loaded.Config, loaded.Lock, wanted, time.Now()), gateway.Check(loaded.Config, gateway.WithLock(loaded.Lock))
}

// TestStaleSets edits an eval set after the run. Who has the set at hand refuses
// what no longer holds; what only looks different holds.
func TestStaleSets(t *testing.T) {
	for name, tt := range map[string]struct {
		was, is string
		says    string // "" for nothing
	}{
		"as it was":          {"route", "route", ""},
		"another answer":     {"expect: 5", "expect: 6", "the cases changed since"},
		"an easier question": {"2 + 3?", "What is 5?", "the cases changed since"},
		"a case less":        {"  - {id: b, input: \"2 + 3?\", expect: 5}\n", "", "the cases changed since"},
		"a kinder grader":    {"tolerance: 0", "tolerance: 100", "the graders changed since"},
		"another grader":     {"number: {value: $expect, tolerance: 0}", "regex: {pattern: \".\"}", "the graders changed since"},
		"another prompt":     {"Answer with a number.", "Answer with 4 or 5.", "the cases and the system text changed since"},
		"another harness":    {"margin: 0.05", "margin: 0.05\nharness: {format: json}", "how answers are read changed since"},
		"a limit":            {"margin: 0.05", "margin: 0.05\nlimits: {p95_ms: 10}", "the limits changed since"},
		"a smaller margin":   {"margin: 0.05", "margin: 0.01", "was decided against a margin of 0.05, and the eval now allows 0.01"},
		"a larger margin":    {"margin: 0.05", "margin: 0.1", ""},
		"a comment":          {"margin: 0.05", "margin: 0.05 # five points", ""},
		"another order":      {"  - {id: a, input: \"2 + 2?\", expect: 4}\n  - {id: b, input: \"2 + 3?\", expect: 5}\n", "  - {expect: 5, id: b, input: \"2 + 3?\"}\n  - {id: a, input: \"2 + 2?\", expect: 4}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := evidence(t)
			if !strings.Contains(provenSet, tt.was) {
				t.Fatalf("%q is not in the set", tt.was)
			}
			e.write("evals/extract.yaml", strings.Replace(provenSet, tt.was, tt.is, 1))
			verify, check := e.verify()
			if config.HasErrors(check) {
				t.Errorf("check, which has no sets, says %v", check)
			}
			switch {
			case tt.says == "" && len(verify) > 0:
				t.Errorf("refused: %v", verify)
			case tt.says != "" && (len(verify) != 1 || verify[0].Path != "routes.extract.chain[1]" || !strings.Contains(verify[0].Message, tt.says)):
				t.Errorf("%v, want %q", verify, tt.says)
			}
		})
	}
}

// TestSourceReadsTheLock beside the file, wherever that is; a lock that is none
// is refused by the gate, and one that cannot be read is an error.
func TestSourceReadsTheLock(t *testing.T) {
	e := evidence(t)
	source := app.Source{File: filepath.Join(e.dir, "switchgear.yaml")}
	if _, err := source.Load(); err != nil {
		t.Fatal(err)
	}
	if g, err := gateway.Open(t.Context(), source.File); err != nil {
		t.Error(err)
	} else if err := g.Close(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(e.dir, lock.FileName))
	if err != nil {
		t.Fatal(err)
	}
	e.write(lock.FileName, "version: 99\n")
	for name, err := range map[string]error{"Load": second(source.Load()), "Open": second(gateway.Open(t.Context(), source.File))} {
		if err == nil || !strings.Contains(err.Error(), "a newer switchgear wrote this lock") {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.write(lock.FileName, string(text))
	e.write("switchgear.yaml", strings.Replace(provenTable, "sim/new]", "sim/new, sim/other]", 1))
	for name, err := range map[string]error{"Load": second(source.Load()), "Open": second(gateway.Open(t.Context(), source.File))} {
		if err == nil || !strings.Contains(err.Error(), "sim/other is not proven for route extract") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(e.dir, lock.FileName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(e.dir, lock.FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Load(); err == nil || !strings.Contains(err.Error(), "cannot read") {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }
