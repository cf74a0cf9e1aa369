//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// pty opens a terminal of a size: the end that a person sits at, and the one
// that a program writes to.
func pty(t *testing.T, columns, lines uint16) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminal can be made here: ", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: lines}); err != nil {
		t.Fatal(err)
	}
	return person, program
}

// onTerminal runs switchgear with its stdout, or its stderr, on a terminal of
// 60 columns and 24 lines, and gives what came there.
func onTerminal(t *testing.T, talk bool, env []string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("switchgear")
	if err != nil {
		t.Fatal(err)
	}
	person, program := pty(t, 60, 24)
	cmd := exec.Command(path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, env...)
	if cmd.Stdout = program; talk {
		cmd.Stdout, cmd.Stderr = io.Discard, program
	}
	var seen bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&seen, person) }) // ends with an error once nobody writes any more
	err = cmd.Run()
	_ = program.Close()
	reading.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFine && code != exitBad {
		t.Fatalf("%v: %v\n%s", args, err, &seen)
	}
	return seen.String()
}

var escape = regexp.MustCompile(`\x1b\[[?0-9;]*[a-zA-Z]`)

// TestDemoOnATerminal: a picture is drawn over the last one, in colour and no
// wider than the terminal, which is left as it was.
func TestDemoOnATerminal(t *testing.T) {
	seen := onTerminal(t, false, []string{"TERM=xterm"}, "demo", "--seconds", "3")
	if pictures := strings.Count(seen, "switchgear demo"); pictures < 3 {
		t.Errorf("%d pictures were drawn", pictures)
	}
	if !regexp.MustCompile(`\x1b\[2[0-9]A`).MatchString(seen) {
		t.Error("no picture is drawn over the last one")
	}
	if !strings.Contains(seen, "\x1b[32m") {
		t.Error("it has no colour")
	}
	if at := strings.LastIndex(seen, showCursor); at < strings.LastIndex(seen, hideCursor) || !strings.Contains(seen[at-len(wrap):], wrap) {
		t.Error("the terminal is not left as it was")
	}
	pictures, score, _ := strings.Cut(seen, showCursor)
	for line := range strings.SplitSeq(escape.ReplaceAllString(pictures, ""), "\r\n") {
		if n := len([]rune(strings.Trim(line, "\r"))); n > 60 {
			t.Errorf("a line of the picture has %d columns: %q", n, line)
		}
	}
	if !strings.Contains(score, "What the users saw") {
		t.Errorf("it does not end with the score: %q", score)
	}
}

// TestDemoWithoutColour: NO_COLOR leaves a picture that moves, and a dumb
// terminal gets lines.
func TestDemoWithoutColour(t *testing.T) {
	seen := onTerminal(t, false, []string{"TERM=xterm", "NO_COLOR=1"}, "demo", "--seconds", "3")
	if strings.Contains(seen, "m") && regexp.MustCompile(`\x1b\[[0-9;]*m`).MatchString(seen) || !strings.Contains(seen, hideCursor) {
		t.Error("NO_COLOR: it has colour, or is no picture")
	}
	seen = onTerminal(t, false, []string{"TERM=dumb"}, "demo", "--seconds", "3")
	if strings.Contains(seen, "\x1b") || !strings.Contains(seen, "0:00  north: more and more calls fail") {
		t.Errorf("a dumb terminal gets %q", seen)
	}
}

// TestBar: progress is shown on a terminal, and taken away in the end.
func TestBar(t *testing.T) {
	script := t.TempDir() + "/short.yaml"
	if err := os.WriteFile(script, []byte("phases: [{name: dark, for: 10s, faults: [{fault: 503}]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"drill", "--sim", "--script", script, "--no-sdk", "--calm", "5s", "--after", "5s"}
	seen := onTerminal(t, true, []string{"TERM=xterm"}, args...)
	if !regexp.MustCompile(`\r\[=+ *\] +\d+ %`).MatchString(seen) {
		t.Errorf("there is no bar: %q", seen)
	}
	if at := strings.LastIndex(seen, "%"); !strings.Contains(seen[at:], "\r\x1b[K") {
		t.Error("the bar is not taken away")
	}
	if seen = onTerminal(t, true, []string{"TERM=dumb"}, args...); strings.Contains(seen, "\x1b") || strings.Contains(seen, "[=") {
		t.Errorf("a dumb terminal gets %q", seen)
	}
}
