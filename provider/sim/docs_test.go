package sim

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// manual is docs/simulator.md.
func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fenced are the blocks of a language.
func fenced(text, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func faultTableText() string {
	var b strings.Builder
	fmt.Fprintln(&b, "| fault | what it does | dialects |\n| --- | --- | --- |")
	for _, f := range Faults() {
		name := f.Name
		if f.Arg != "" {
			name += "-" + f.Default
		}
		does := f.Does
		if f.Streams {
			does += " (streams only)"
		}
		dialects := "both"
		if len(f.Dialects) == 1 {
			dialects = f.Dialects[0]
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, does, dialects)
	}
	return b.String()
}

func TestManualListsEveryFault(t *testing.T) {
	if want := faultTableText(); !strings.Contains(manual(t), want) {
		t.Errorf("docs/simulator.md must hold this table:\n%s", want)
	}
}

var curl = regexp.MustCompile(`^curl http://127\.0\.0\.1:8090(\S+)(.*?)\s+# (\d+)$`)

// TestManualCommands runs every curl line of the manual, in order, and expects
// the status in its comment.
func TestManualCommands(t *testing.T) {
	s := New(Options{})
	n := 0
	for _, block := range fenced(manual(t), "sh") {
		for line := range strings.Lines(block) {
			m := curl.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				t.Errorf("this line is not understood: %s", line)
				continue
			}
			var headers []string
			for _, h := range regexp.MustCompile(`-H '(.*?): (.*?)'`).FindAllStringSubmatch(m[2], -1) {
				headers = append(headers, h[1], h[2])
			}
			method, body := http.MethodGet, ""
			if d := regexp.MustCompile(`-d '(.*)'`).FindStringSubmatch(m[2]); d != nil {
				method, body = http.MethodPost, d[1]
			}
			if x := regexp.MustCompile(`-X (\S+)`).FindStringSubmatch(m[2]); x != nil {
				method = x[1]
			}
			n++
			if r := do(t, s, method, m[1], body, headers...); strconv.Itoa(r.status) != m[3] {
				t.Errorf("%s\n%d %s", line, r.status, r.body)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d commands were found", n)
	}
}

func TestManualScriptsAndRecordings(t *testing.T) {
	text := manual(t)
	scripts, recordings, code := fenced(text, "yaml"), fenced(text, "jsonl"), fenced(text, "go")
	for _, script := range scripts {
		if _, err := ParseScript([]byte(script)); err != nil {
			t.Errorf("%v\n%s", err, script)
		}
	}
	for _, rows := range recordings {
		if replay, err := ReadReplay(strings.NewReader(rows)); err != nil || replay.Len() != 5 {
			t.Errorf("%v\n%s", err, rows)
		}
	}
	example, err := os.ReadFile("example_test.go")
	for _, lines := range code {
		if err != nil || !strings.Contains(string(example), lines) {
			t.Errorf("example_test.go does not hold this (%v):\n%s", err, lines)
		}
	}
	if min(len(scripts), len(recordings), len(code)) == 0 {
		t.Errorf("%d scripts, %d recordings, %d pieces of code were found", len(scripts), len(recordings), len(code))
	}
	for _, f := range regexp.MustCompile(`slow-2s\+cut-rst-20`).FindAllString(text, -1) {
		if _, err := ParseFaults(f); err != nil {
			t.Error(err)
		}
	}
}
