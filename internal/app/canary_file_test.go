package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
)

// shelfOf is where the canaries of a configuration in a folder are kept, and
// what it says.
func shelfOf(t *testing.T, dir string) (*canaryFile, *[]string) {
	t.Helper()
	var said []string
	from := filepath.Join(dir, "switchgear.yaml")
	return newCanaryFile(&Loaded{From: from, Config: &config.Config{File: from}}, func(line string) { said = append(said, line) }), &said
}

// TestCanaryFile: what is kept is found again, for its owner's eyes only; what
// another gateway over the same file has withdrawn stays so; and what is no longer
// in the table is forgotten.
func TestCanaryFile(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := t.TempDir()
	f, said := shelfOf(t, dir)
	if got := f.Load(); got != nil {
		t.Errorf("nothing was kept, and there is %v", got)
	}
	f.Save(nil)
	if _, err := os.Stat(filepath.Join(dir, ".switchgear")); err == nil {
		t.Error("a folder was made for nothing")
	}
	day := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	bad := gateway.CanaryRecord{About: "x", Share: 0.05, Enough: 600, State: "withdrawn", Why: "too many errors", Began: day, Answers: 12}
	f.Save(map[string]gateway.CanaryRecord{"a": bad})
	place := filepath.Join(dir, ".switchgear", "canaries", "switchgear.yaml.json")
	info, err := os.Stat(place)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	again, _ := shelfOf(t, dir)
	if diff := cmp.Diff(map[string]gateway.CanaryRecord{"a": bad}, again.Load()); diff != "" {
		t.Error(diff)
	}
	running := gateway.CanaryRecord{Share: 0.05, Enough: 600, State: "running", Began: day, Answers: 90}
	again.Save(map[string]gateway.CanaryRecord{"a": running})
	if got := again.Load()["a"]; got.State != "withdrawn" {
		t.Errorf("another gateway brought it back: %+v", got)
	}
	running.Share = 0.1
	again.Save(map[string]gateway.CanaryRecord{"a": running})
	if got := again.Load()["a"]; got.State != "running" {
		t.Errorf("another share does not begin anew: %+v", got)
	}
	again.Save(map[string]gateway.CanaryRecord{})
	if got := again.Load(); len(got) > 0 {
		t.Errorf("it is not forgotten: %v", got)
	}
	if len(*said) > 0 {
		t.Errorf("it complains: %v", *said)
	}
}

// TestCanaryFileElsewhere: where the folder cannot be written to, the user's
// state folder is used; a damaged file is told of and does no harm.
func TestCanaryFileElsewhere(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".switchgear"), nil, 0o600); err != nil { // no folder can be made there
		t.Fatal(err)
	}
	f, said := shelfOf(t, dir)
	f.Save(map[string]gateway.CanaryRecord{"a": {State: "withdrawn"}})
	if got := f.Load()["a"].State; got != "withdrawn" || len(*said) > 0 {
		t.Errorf("%s, %v", got, *said)
	}
	f.places = f.places[:1]
	f.Save(map[string]gateway.CanaryRecord{"a": {State: "withdrawn"}})
	f.Save(map[string]gateway.CanaryRecord{"a": {State: "withdrawn"}})
	if len(*said) != 1 || !strings.HasPrefix((*said)[0], "what becomes of canaries cannot be kept, so a restart begins them anew: ") {
		t.Errorf("%v", *said)
	}
	damaged := t.TempDir()
	g, told := shelfOf(t, damaged)
	g.Save(map[string]gateway.CanaryRecord{"a": {}})
	if err := os.WriteFile(g.places[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := g.Load(); got != nil || len(*told) != 1 || !strings.Contains((*told)[0], "is damaged, so canaries begin anew") {
		t.Errorf("%v, %v", got, *told)
	}
}
