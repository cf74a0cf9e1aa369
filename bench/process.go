package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc: 100 a second on every Linux there is.
const tick = 10 * time.Millisecond

// process is one that was started here, with its children.
type process struct {
	cmd     *exec.Cmd
	address string
	ended   chan struct{}
}

// start runs a program and waits until it answers a chat request.
func start(ctx context.Context, address, program string, args, env []string) (*process, time.Duration, error) {
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // running the programs it is told to measure is what it is for
	c.Env = append(os.Environ(), env...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	before := time.Now()
	if err := c.Start(); err != nil {
		return nil, 0, err
	}
	p := &process{cmd: c, address: address, ended: make(chan struct{})}
	go func() {
		_ = c.Wait()
		close(p.ended)
	}()
	for !answers(ctx, address) {
		select {
		case <-p.ended:
			return nil, 0, fmt.Errorf("%s ended before it answered: run it by hand to see why: %s", filepath.Base(program), strings.Join(c.Args, " "))
		case <-ctx.Done():
			p.stop()
			return nil, 0, ctx.Err()
		case <-time.After(time.Millisecond):
		}
		if time.Since(before) > 20*time.Second {
			p.stop()
			return nil, 0, fmt.Errorf("%s does not answer at %s", filepath.Base(program), address)
		}
	}
	return p, time.Since(before), nil
}

// answers reports whether a chat request gets its answer.
func answers(ctx context.Context, address string) bool {
	_, err := drive(ctx, address, request(512, false), 1, 1)
	return err == nil
}

// stop ends the process, first kindly.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// tree is the process and its children.
func (p *process) tree() []int {
	pids := []int{p.cmd.Process.Pid}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[0], pids[0]))
	if err != nil {
		return pids
	}
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// cpu is the CPU time the tree has used.
func (p *process) cpu() (time.Duration, error) {
	var sum time.Duration
	for _, pid := range p.tree() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		// The name, in parentheses, may hold anything; utime and stime are
		// the 12th and 13th field after it.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 13 {
			return 0, errors.New("/proc does not say how much CPU time a process has used")
		}
		for _, field := range fields[11:13] {
			n, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// rss is the memory the tree holds, in KB.
func (p *process) rss() (int, error) {
	sum := 0
	for _, pid := range p.tree() {
		f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if value, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
				n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
				if err != nil {
					_ = f.Close()
					return 0, err
				}
				sum += n
			}
		}
		_ = f.Close()
	}
	return sum, nil
}

// stolen is the share of the machine's CPU time that others had, between two
// looks at /proc/stat.
type stolen struct{ all, taken float64 }

func lookAtMachine() stolen {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return stolen{}
	}
	var s stolen
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseFloat(field, 64)
		if i == 0 || err != nil || i > 8 { // 9 and 10 are counted in 1 and 2 already
			continue
		}
		s.all += n
		if i == 8 {
			s.taken = n
		}
	}
	return s
}

func (s stolen) since() float64 {
	now := lookAtMachine()
	if now.all == s.all {
		return 0
	}
	return (now.taken - s.taken) / (now.all - s.all)
}

// freeAddress is a loopback address nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
