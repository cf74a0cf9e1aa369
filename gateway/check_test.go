package gateway

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/capability"
)

var updateFindings = flag.Bool("update-findings", false, "rewrite the expected findings under testdata/check")

// today is the date of the tests: the catalogue's prices depend on it.
func today() time.Time { return time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC) }

func checkText(t *testing.T, name string, text []byte, given ...string) []config.Finding {
	t.Helper()
	cfg, findings := config.Parse(name, text, func(string) (string, bool) { return "value", true })
	if len(findings) > 0 {
		t.Fatalf("the file is wrong in itself: %v", findings)
	}
	return check(cfg, given, nil, today())
}

// TestCheck holds one small file per mistake beside exactly what is said of it.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, f := range checkText(t, name+".yaml", text) {
				b.WriteString(f.String() + "\n")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *updateFindings {
				if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Error(diff)
			}
			if fine := strings.HasPrefix(name, "fine-"); fine != (b.Len() == 0) {
				t.Errorf("a file whose name begins with fine- has no findings, and every other has some:\n%s", b.String())
			}
		})
	}
}

// TestCheckWithoutFile goes with the configuration that the environment makes.
func TestCheckWithoutFile(t *testing.T) {
	cfg, ok := config.FromEnvironment(func(name string) (string, bool) { return "key", strings.HasSuffix(name, "_API_KEY") })
	if !ok {
		t.Fatal("the environment makes no configuration")
	}
	for _, f := range check(cfg, nil, nil, today()) {
		if f.Severity == config.Error || strings.Contains(f.Message, "catalogue") {
			t.Errorf("%s", f)
		}
	}
	cfg.Listen = "0.0.0.0:8080"
	findings := check(cfg, nil, nil, today())
	if !config.HasErrors(findings) || !strings.Contains(findings[0].Message, "a configuration file, clients and admin.token") {
		t.Errorf("%v", findings)
	}
}

// TestCheckGivenProviders leaves alone what the program brings itself.
func TestCheckGivenProviders(t *testing.T) {
	text := []byte("version: 1\nproviders: {mine: {kind: nothing-known}}\nroutes: {chat: {chain: [mine/model]}}\n")
	if findings := checkText(t, "x.yaml", text, "mine"); len(findings) > 0 {
		t.Errorf("%v", findings)
	}
	if findings := checkText(t, "x.yaml", text); !config.HasErrors(findings) {
		t.Errorf("an unknown kind is let pass: %v", findings)
	}
}

// TestCheckDocs lets every routing file of the documentation pass: warnings are
// fine, errors are not.
func TestCheckDocs(t *testing.T) {
	pages, _ := filepath.Glob("../docs/*.md")
	more, _ := filepath.Glob("../*.md")
	blocks := 0
	for _, page := range append(pages, more...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllSubmatch(text, -1) {
			if !strings.HasPrefix(string(match[1]), "version: 1\n") {
				continue
			}
			blocks++
			cfg, findings := config.Parse(filepath.Base(page), match[1], nil, config.WithoutSecrets())
			findings = append(findings, check(cfg, nil, nil, today())...)
			findings = slices.DeleteFunc(findings, func(f config.Finding) bool { return f.Gate }) // a page has no lock
			if config.HasErrors(findings) {
				t.Errorf("%v\n%s", findings, match[1])
			}
		}
	}
	if blocks < 5 {
		t.Errorf("only %d routing files were found", blocks)
	}
}

// TestNeedsAreDocumented holds the reference to the words there are.
func TestNeedsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range capability.Needs() {
		if row := "\n| `" + need.Word + "` | " + need.Means + " |\n"; !strings.Contains(string(page), row) {
			t.Errorf("the reference does not have%s", row)
		}
	}
}

func TestCovers(t *testing.T) {
	yes, no := true, false
	bound := func(op string, n int64) config.Match { return config.Match{InputTokens: &config.Bound{Op: op, N: n}} }
	label := func(values ...string) config.Match {
		return config.Match{Labels: []config.LabelMatch{{Name: "tenant", Values: values}}}
	}
	for _, tt := range []struct {
		name         string
		wide, narrow config.Match
		want         bool
	}{
		{"a lower limit covers a higher one", bound(">", 10), bound(">", 20), true},
		{"not the other way round", bound(">", 20), bound(">", 10), false},
		{"over 9 is from 10", bound(">=", 10), bound(">", 9), true},
		{"under 10 is up to 9", bound("<=", 9), bound("<", 10), true},
		{"above is not below", bound(">", 10), bound("<", 10), false},
		{"a condition more is narrower", label("a", "b"), config.Match{Labels: label("a").Labels, Stream: &yes}, true},
		{"a value more is wider", label("a"), label("a", "b"), false},
		{"no condition covers all", config.Match{}, label("a"), true},
		{"stream against none", config.Match{Stream: &yes}, config.Match{}, false},
		{"stream against its opposite", config.Match{Stream: &yes}, config.Match{Stream: &no}, false},
	} {
		if got := covers(&tt.wide, &tt.narrow); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// FuzzCheck checks that nothing that Parse lets through, with errors or
// without, makes Check panic or say a thing nowhere.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"testdata/check/*.yaml", "../config/testdata/*/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, _ := config.Parse("fuzz.yaml", text, func(string) (string, bool) { return "value", true })
		if cfg == nil {
			return
		}
		for _, finding := range check(cfg, nil, nil, today()) {
			if finding.Message == "" || finding.Path == "" || strings.ContainsAny(finding.String(), "\n\x1b") {
				t.Errorf("%q", finding.String())
			}
		}
	})
}
