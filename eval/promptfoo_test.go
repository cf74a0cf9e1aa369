package eval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/switchgear-dev/switchgear/eval"
)

// TestImportPromptfoo holds, for each configuration, the set it becomes beside
// what is said of the parts that are not carried.
func TestImportPromptfoo(t *testing.T) {
	files, err := filepath.Glob("testdata/promptfoo/*.txtar")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			set, findings := eval.ImportPromptfoo("promptfooconfig.yaml", archive.Files[0].Data, eval.ImportOptions{Route: "chat", Judge: "judges"})
			got := []txtar.File{archive.Files[0], {Name: "set.yaml", Data: set}, {Name: "findings", Data: []byte(say(findings))}}
			if *update {
				if err := os.WriteFile(file, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: got}), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			for i, f := range got {
				if diff := cmp.Diff(string(archive.Files[i].Data), string(f.Data)); diff != "" {
					t.Errorf("%s: %s", f.Name, diff)
				}
			}
			if set != nil {
				must(t, string(set), nil)
			}
		})
	}
}

// FuzzImportPromptfoo checks that no text makes importing panic, and that what
// is imported has the form of a set.
func FuzzImportPromptfoo(f *testing.F) {
	files, _ := filepath.Glob("testdata/promptfoo/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, findings := eval.ImportPromptfoo("p.yaml", text, eval.ImportOptions{Route: "chat", Judge: "j"})
		for _, found := range findings {
			if s := found.String(); strings.ContainsAny(s, "\n\r\x1b") || found.Message == "" {
				t.Errorf("finding %q", s)
			}
		}
		if set == nil && len(findings) == 0 {
			t.Error("no set, and nothing says why")
		}
		if set == nil {
			return
		}
		if _, findings := parse(t, string(set), nil); len(findings) > 0 {
			for _, found := range findings {
				if strings.Contains(found.Message, "not YAML") || strings.Contains(found.Message, "no such setting") {
					t.Errorf("%s\n%s", found, set)
				}
			}
		}
	})
}
