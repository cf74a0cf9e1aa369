package lock_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

// TestFormat shows a lock as it stands in a repository.
func TestFormat(t *testing.T) {
	f := proven(t, nil)
	o := excuse(3, "ann", "bob")
	o.Reason = `it is "urgent": see #12`
	if err := f.Excuse(route, "openai/excused", o, nil); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/format.lock", string(f.Text()))
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestStable: writing what was read changes nothing, and neither the order of
// the entries nor the way the YAML is put matters to what holds.
func TestStable(t *testing.T) {
	f := proven(t, signer(0))
	text := string(f.Text())
	if diff := cmp.Diff(text, string(again(t, f).Text())); diff != "" {
		t.Error(diff)
	}
	// As a formatter of YAML might leave it: quotes, comments, another order,
	// another indentation.
	loose := strings.NewReplacer(
		"by: ci", "by: 'ci' # the nightly run", "version: 1\n", "version: 1\n\n", "interval: [-0.018, 0.022]", "interval:\n              - -0.018\n              - 0.022",
		"verdict: ship\n            stakes: normal\n", "stakes: normal\n            verdict: \"ship\"\n",
	).Replace(text)
	if loose == text {
		t.Fatal("nothing was changed")
	}
	read, findings := lock.Parse("switchgear.lock", []byte(loose))
	if len(findings) > 0 {
		t.Fatalf("%v\n%s", findings, loose)
	}
	passed(t, lock.Verify(read, []lock.Claim{claim(old), claim(fresh)}, lock.Terms{Now: now(), Trusted: []lock.Key{signer(0).Key()}}))
	if diff := cmp.Diff(text, string(read.Text())); diff != "" {
		t.Error(diff)
	}
}

// TestUnknownIsKept: what a newer program of the same version wrote survives an
// older one, at every level, and is under the seal.
func TestUnknownIsKept(t *testing.T) {
	text := string(proven(t, nil).Text())
	more := strings.NewReplacer(
		"version: 1\n", "version: 1\nwritten_by: switchgear-9\n",
		"  extract:\n", "  extract:\n    owner: {team: search, ids: [\"7\", 8, null]}\n",
		"      openai/old:\n", "      openai/old:\n        notes:\n          - \"one: two\"\n          - deep:\n              deeper: [true]\n",
		"verdict: ship, cases", "verdict: ship, cost: 1.41, cases",
	).Replace(text)
	f, findings := lock.Parse("switchgear.lock", []byte(more))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	passed(t, verify(f, claim(fresh)))
	got := string(f.Text())
	for _, line := range []string{
		"\nwritten_by: switchgear-9\n", "\n    owner: {team: search, ids: [\"7\", 8, null]}\n", "\n          - \"one: two\"\n          - deep:\n              deeper: [true]\n", "cost: 1.41",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is lost in\n%s", line, got)
		}
	}
	if diff := cmp.Diff(got, string(again(t, f).Text())); diff != "" {
		t.Error(diff)
	}
}

// TestBad holds what is wrong with a lock beside what is said of it.
func TestBad(t *testing.T) {
	whole := string(proven(t, nil).Text())
	for name, tt := range map[string]struct{ text, says string }{
		"newer":           {"version: 2\nroutes: {}\n", "switchgear.lock:1:10 version: a newer switchgear wrote this lock, in version 2 of the format; this program reads up to version 1. Use a newer switchgear here, too."},
		"no version":      {"routes: {}\n", "switchgear.lock:1:1 version: the lock does not say which version of the format it is written in."},
		"version a word":  {"version: \"1\"\n", "switchgear.lock:1:10 version: this is no version of the format."},
		"a list":          {"[1, 2]\n", "switchgear.lock:1:1: this is no lock"},
		"not YAML":        {"version: 1\nroutes: {\n", "this is not YAML"},
		"merge marks":     {"version: 1\n<<<<<<< HEAD\nroutes: {}\n=======\n>>>>>>> other\n", "switchgear.lock:2:1: the file holds the marks of a merge that is not finished. Keep the entries of both sides"},
		"an anchor":       {"version: 1\nroutes: &a {}\n", "anchors, aliases, tags and merge keys are not used here"},
		"twice":           {whole + "routes: {}\n", `"routes" stands here a second time; the first is in line 4`},
		"two documents":   {whole + "---\nversion: 1\n", "more than one document"},
		"not UTF-8":       {"version: 1\nroutes: {\xff: 1}\n", "not UTF-8"},
		"deep":            {"version: 1\nroutes: " + strings.Repeat("[", 5000), "nested too deeply"},
		"a date":          {strings.Replace(whole, "date: 2026-11-22T11:00:00Z\n", "date: yesterday\n", 1), `routes.extract.targets.openai/fresh.evidence[0].date: "yesterday" is not a time. Write it like this`},
		"a number":        {strings.Replace(whole, "p: 0.0007", "p: .nan", 1), `is not a number`},
		"half a case":     {strings.Replace(whole, "cases: 600", "cases: 600.5", 1), `must be a whole number`},
		"a missing field": {strings.Replace(whole, "            verdict: ship\n", "", 1), "evidence[0]: this entry has no verdict"},
		"an interval":     {strings.Replace(whole, "[-0.018, 0.022]", "[-0.018]", 1), "interval: this must be two numbers"},
		"an unknown bond": {strings.Replace(whole, "              params:", "              weather: sha256:0\n              params:", 1), `bound.weather: this program does not know what it means to be bound to "weather". Use a newer switchgear.`},
		"no bound":        {"version: 1\nroutes: {a: {targets: {b/c: {baselines: [{date: 2026-11-22T11:00:00Z, seal: x}]}}}}\n", "this entry has no bound"},
		"no list":         {"version: 1\nroutes: {a: {targets: {b/c: {evidence: {}}}}}\n", "routes.a.targets.b/c.evidence: this must be a list"},
		"no map":          {"version: 1\nroutes: {a: [1]}\n", "switchgear.lock:2:13 routes.a: this must be a map"},
	} {
		t.Run(name, func(t *testing.T) {
			f, findings := lock.Parse("switchgear.lock", []byte(tt.text))
			if !lock.HasErrors(findings) || !strings.Contains(findings[0].String(), tt.says) {
				t.Fatalf("%v, want %q", findings, tt.says)
			}
			// Nothing holds by a lock that is wrong, and nothing is written over it.
			if !lock.HasErrors(verify(f, claim(old))) {
				t.Error("it holds")
			}
			if err := f.Save(filepath.Join(t.TempDir(), "switchgear.lock")); err == nil || !strings.Contains(err.Error(), "has errors and is left as it is") {
				t.Error(err)
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	f, findings := lock.Parse("switchgear.lock", (&lock.File{}).Text())
	if len(findings) > 0 || len(f.Routes) != 0 {
		t.Errorf("%v %v", f, findings)
	}
}

func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "switchgear.lock")
	f, findings, err := lock.Load(path)
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	if err := f.Declare([]lock.Claim{claim(old)}, "ann", now(), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	// Twice in a row is fine; over what somebody else wrote is not.
	if err := f.Save(path); err != nil {
		t.Error(err)
	}
	other, _, err := lock.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Excuse(route, fresh, excuse(1, "bob"), nil); err != nil {
		t.Fatal(err)
	}
	if err := other.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(path); !errors.Is(err, lock.ErrMoved) {
		t.Error(err)
	}
	if err := (&lock.File{}).Save(path); !errors.Is(err, lock.ErrMoved) {
		t.Error(err)
	}
	read, _, err := lock.Load(path)
	if err != nil || read.Route(route).Target(fresh) == nil {
		t.Error("the override is lost", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// A link stays a link.
	link := filepath.Join(t.TempDir(), "switchgear.lock")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := read.Save(link); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is gone", err)
	}
}

// TestFindingsAreOneLine: what a file says cannot give orders to a terminal.
func TestFindingsAreOneLine(t *testing.T) {
	f := func(name, reason, run string) bool {
		l := &lock.File{Name: "switchgear.lock"}
		c := claim("openai/" + name + "\x1b[31m")
		o := excuse(3, "a"+name)
		o.Reason = "because " + reason
		if err := l.Excuse(route, c.Target, o, nil); err != nil {
			return false
		}
		for _, finding := range verify(l, c) {
			if strings.ContainsAny(finding.String(), "\n\r\x1b") {
				t.Errorf("%q", finding)
			}
		}
		return true
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}
