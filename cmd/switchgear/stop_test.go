//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStoppedDrill: Ctrl-C leaves nothing behind. The signal goes to the parent
// alone, which is worse than what a terminal does: the child is not told.
func TestStoppedDrill(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "switchgear.yaml")
	text := "version: 1\nproviders:\n  one: {kind: openai, key: \"${K}\"}\nroutes:\n  chat: {chain: [one/m], single_point: ok}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"A", "--rate", "100"}, {"A", "--real"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			path, err := exec.LookPath("switchgear")
			if err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			cmd := exec.Command(path, append([]string{"drill", "-c", file}, args...)...)
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }()
			child := childOf(t, cmd.Process.Pid)
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitStopped {
				t.Errorf("exit %d, want %d: %s", code, exitStopped, &said)
			}
			if !strings.Contains(said.String(), "the drill was stopped") {
				t.Errorf("it says %q", &said)
			}
			if err := syscall.Kill(child, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("the child lives on: %v", err)
			}
		})
	}
}

// childOf waits until a process has a child.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if list, err := os.ReadFile(task); err == nil && len(bytes.TrimSpace(list)) > 0 {
				child, err := strconv.Atoi(strings.Fields(string(list))[0])
				if err != nil {
					t.Fatal(err)
				}
				return child
			}
		}
	}
	t.Fatal("it has no child")
	return 0
}
