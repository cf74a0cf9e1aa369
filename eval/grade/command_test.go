//go:build unix

package grade

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval"
)

func runCommand(t *testing.T, ctx context.Context, script, more string) (eval.Score, error) {
	t.Helper()
	g, c := grader(t, `command: {run: [sh, -c, `+strconv.Quote(script)+`]`+more+`}`, "{a: 1}")
	return g.Grade(ctx, c, &eval.Output{Text: "said"})
}

func TestCommand(t *testing.T) {
	f := func(script string, want eval.Score, broken string) {
		t.Helper()
		got, err := runCommand(t, t.Context(), script, "")
		if broken != "" {
			if err == nil || !strings.Contains(err.Error(), broken) {
				t.Errorf("%s: %+v, %v; want an error with %q", script, got, err, broken)
			}
			return
		}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", script, got, err)
		}
	}
	f("exit 0", eval.Pass(), "")
	f("echo 'too dry'; exit 1", eval.Fail("too dry"), "")
	f("echo 'too dry' >&2; exit 1", eval.Fail("too dry"), "")
	f(`echo '{"score": 0.25, "why": "a quarter"}'`, eval.Score{Value: 0.25, Why: "a quarter"}, "")
	f(`echo '{"score": 0.5}'`, eval.Score{Value: 0.5, Pass: true}, "")
	f(`echo '{"pass": true}'`, eval.Pass(), "")
	f(`grep -q '"text":"said"' && exit 0; exit 1`, eval.Pass(), "")
	f(`grep -q '"expect":{"a":1}' && exit 0; exit 1`, eval.Pass(), "")
	f(`echo '{"score": 2}'`, eval.Score{}, "not from 0 to 1")
	f(`echo '{"score": "high"}'`, eval.Score{}, "not as it should be")
	f(`echo '{}'`, eval.Score{}, `without "score" or "pass"`)
	f("echo hello", eval.Score{}, "no JSON object")
	f("echo why >&2; exit 3", eval.Score{}, "ended with code 3: why")
	f("echo 'Traceback (most recent call last)' >&2; echo 'KeyError' >&2; exit 1", eval.Score{}, "crashed: KeyError")
	f("head -c 2000000 /dev/zero", eval.Score{}, "more than 1 MiB")
	f("kill -9 $$", eval.Score{}, "ended with code -1")
}

// TestCommandKeepsNoSecret: a grader is somebody's script, and what it needs
// is not our keys.
func TestCommandKeepsNoSecret(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "secret")
	if got, err := runCommand(t, t.Context(), `test -z "$OPENAI_API_KEY" && test -n "$PATH" && test "$MODE" = fast`, ", env: {MODE: fast}"); err != nil || !got.Pass {
		t.Error(got, err)
	}
}

// TestCommandEnds: one that hangs is ended, and its children with it.
func TestCommandEnds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	start := time.Now()
	_, err := runCommand(t, t.Context(), "sleep 60 & echo $! > "+file+"; wait", ", timeout: 300ms")
	if err == nil || !strings.Contains(err.Error(), "longer than 300ms") || time.Since(start) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	gone := false
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until) && !gone; {
		gone = ended(child)
	}
	if !gone {
		t.Errorf("the child %d lives on", child)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the user left"))
	if _, err := runCommand(t, ctx, "sleep 60", ""); err == nil || err.Error() != "the user left" {
		t.Error(err)
	}
}

// ended reports whether a process is no more, or nobody's any longer.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// TestCommandNotFound is a grader that broke, not an answer that is wrong.
func TestCommandNotFound(t *testing.T) {
	g, c := grader(t, "command: {run: [no-such-program]}", "")
	if _, err := g.Grade(t.Context(), c, &eval.Output{}); err == nil || !strings.Contains(err.Error(), "could not be run") {
		t.Error(err)
	}
}
