// Package process runs the binary under test and keeps what it says.
package process

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTime is how long a process may take to listen.
const startTime = 10 * time.Second

// FreePort is an address nobody listened on a moment ago.
func FreePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Process is a running binary whose talk is kept.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu   sync.Mutex
	talk bytes.Buffer
	said chan struct{} // a token whenever there is more to read
}

// Launch starts a binary with nothing in its environment but PATH, HOME and env.
func Launch(ctx context.Context, env []string, name string, args ...string) (*Process, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the binary under test
	p := &Process{cmd: cmd, done: make(chan struct{}), said: make(chan struct{}, 1)}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}, env...)
	p.cmd.Stderr = p
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Write keeps what the process says on stderr.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talk.Write(b)
	select {
	case p.said <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Tail is the last lines of what the process said.
func (p *Process) Tail(n int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.SplitAfter(p.talk.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n-1):], "")
}

// Listening waits for the line that says where the process listens.
func (p *Process) Listening(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		for line := range strings.Lines(p.Tail(1 << 20)) {
			if url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on "); ok {
				return url, nil
			}
		}
		select {
		case <-p.said:
		case <-p.done:
			return "", fmt.Errorf("the gateway ended at once: %s", p.Tail(20))
		case <-ctx.Done():
			return "", fmt.Errorf("the gateway did not say where it listens: %s", p.Tail(20))
		}
	}
}

// Answering waits until the process answers at a URL.
func (p *Process) Answering(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-again.C:
		case <-p.done:
			return fmt.Errorf("the simulator ended at once: %s", p.Tail(20))
		case <-ctx.Done():
			return fmt.Errorf("the simulator does not answer: %s", p.Tail(20))
		}
	}
}

// Stop asks the process to end, and makes it end after two seconds.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}
