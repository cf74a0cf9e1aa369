package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The keys whose hashes stand in switchgear.yaml.
const (
	clientKey = "sg-conformance-suite-key-000000000001"
	narrowKey = "sg-conformance-narrow-key-00000000002"
)

// startTime is how long a process may take to listen.
const startTime = 10 * time.Second

// stage is four simulated providers and a gateway in front of them.
type stage struct {
	processes []*process
	gateway   *process
	url       string
	sims      map[string]string // by the variable of switchgear.yaml
}

// start starts everything on free ports.
func (d *driver) start(ctx context.Context) (*stage, error) {
	s := &stage{sims: map[string]string{}}
	for name, fault := range map[string]string{"SIM_URL": "", "DOWN_URL": "503", "SILENT_URL": "silence", "SPARE_URL": ""} {
		url, err := s.sim(ctx, d.binary, fault)
		if err != nil {
			s.stop()
			return nil, err
		}
		s.sims[name] = url
	}
	env := []string{"SIM_KEY=sk-simulated"}
	for name, url := range s.sims {
		env = append(env, name+"="+url)
	}
	gateway, err := launch(ctx, env, d.binary, "serve", "--config", filepath.Join(d.root, "switchgear.yaml"), "--log", "json")
	if err != nil {
		s.stop()
		return nil, err
	}
	s.processes, s.gateway = append(s.processes, gateway), gateway
	if s.url, err = gateway.listening(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// sim starts a simulated provider; a fault is how it answers every request.
func (s *stage) sim(ctx context.Context, binary, fault string) (string, error) {
	address, err := freePort(ctx)
	if err != nil {
		return "", err
	}
	p, err := launch(ctx, nil, binary, "sim", "--instant", "--listen", address)
	if err != nil {
		return "", err
	}
	s.processes = append(s.processes, p)
	url := "http://" + address
	if err := p.answering(ctx, url+"/_sim/log"); err != nil {
		return "", err
	}
	if fault == "" {
		return url, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/_sim/faults", strings.NewReader(`{"model":"*","fault":"`+fault+`"}`))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return "", fmt.Errorf("the simulator does not take the fault %q: %s", fault, resp.Status)
	}
	return url, nil
}

// env is what a suite is told.
func (s *stage) env() []string {
	return []string{"GATEWAY_URL=" + s.url, "SIM_URL=" + s.sims["SIM_URL"], "CLIENT_KEY=" + clientKey, "NARROW_KEY=" + narrowKey}
}

func (s *stage) stop() {
	for _, p := range s.processes {
		p.stop()
	}
}

// freePort is an address nobody listened on a moment ago.
func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// process is a running binary whose talk is kept.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu   sync.Mutex
	talk bytes.Buffer
	said chan struct{} // a token whenever there is more to read
}

func launch(ctx context.Context, env []string, name string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the binary under test
	p := &process{cmd: cmd, done: make(chan struct{}), said: make(chan struct{}, 1)}
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
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.talk.Write(b)
	select {
	case p.said <- struct{}{}:
	default:
	}
	return len(b), nil
}

// tail is the last lines of what the process said.
func (p *process) tail(n int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.SplitAfter(p.talk.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n-1):], "")
}

// listening waits for the line that says where the process listens.
func (p *process) listening(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		for line := range strings.Lines(p.tail(1 << 20)) {
			if url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on "); ok {
				return url, nil
			}
		}
		select {
		case <-p.said:
		case <-p.done:
			return "", fmt.Errorf("the gateway ended at once: %s", p.tail(20))
		case <-ctx.Done():
			return "", fmt.Errorf("the gateway did not say where it listens: %s", p.tail(20))
		}
	}
}

// answering waits until the process answers at a URL.
func (p *process) answering(ctx context.Context, url string) error {
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
			return fmt.Errorf("the simulator ended at once: %s", p.tail(20))
		case <-ctx.Done():
			return fmt.Errorf("the simulator does not answer: %s", p.tail(20))
		}
	}
}

// stop asks the process to end, and makes it end after two seconds.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}
