package gateway_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// threads are how many of each theme the table has at least: none may get lost.
var threads = map[string]int{"Streams": 14, "Fallback": 30, "Timeouts": 10}

// TestPains holds the table of what users of other gateways suffered against
// the tests there are: every thread has one, and every test exists.
func TestPains(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "pains.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testFunctions(t)
	found, seen := map[string]int{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || line == "\n" {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(cells) != 4 || cells[2] == "" {
			t.Fatalf("a row has four cells: %q", line)
		}
		if seen[cells[1]] {
			t.Errorf("%s is there twice", cells[1])
		}
		seen[cells[1]] = true
		found[cells[0]]++
		for name := range strings.SplitSeq(cells[3], ", ") {
			checkTest(t, cells[1], name, tests)
		}
	}
	for theme, n := range threads {
		if found[theme] != n {
			t.Errorf("%s: %d threads, want %d", theme, found[theme], n)
		}
	}
}

// TestNoFallbackInStreams: a client that wants the first step or nothing gets
// that, wherever in a stream it fails.
func TestNoFallbackInStreams(t *testing.T) {
	for _, fault := range []string{"error-first", "error-0", "cut-0", "cut-5", "error-5"} {
		inEach(t, fault, func(t *testing.T, m mode) {
			if !m.stream {
				return
			}
			h := faultHouse(t, m)
			h.fault("m1", fault)
			got := h.ask(m, "X-Switchgear-No-Fallback", "1")
			if n := h.calls("m2"); n != 0 || got.own("Served-By") == "two/m2" {
				t.Errorf("%d calls of the second step", n)
			}
			if got.status == http.StatusOK && (got.err == nil || !strings.Contains(got.body, "stream_interrupted")) {
				t.Errorf("it looks whole: %v, %s", got.err, got.body)
			}
		})
	}
}

// TestEveryTargetIsTold: a request that fails at one step and then at the next
// is held against both, a fallback is left alone like any other.
func TestEveryTargetIsTold(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		h := breakersOff(t, m, "stakes: normal")
		h.fault("*", "503")
		for i := range 3 {
			h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)))
			for _, b := range h.gateway.Breakers() {
				if b.Bad != i+1 || b.Of != i+1 {
					t.Errorf("after %d requests: %+v", i+1, b)
				}
			}
		}
		for i := range 3 {
			h.post(m.path, m.body("chat", fmt.Sprint("another ", i)))
		}
		for _, b := range h.gateway.Breakers() {
			if b.State != "open" {
				t.Errorf("%+v", b)
			}
		}
	})
}
