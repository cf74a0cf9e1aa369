package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/switchgear-dev/switchgear/conformance/process"
)

// The keys whose hashes stand in switchgear.yaml.
const (
	clientKey = "sg-conformance-suite-key-000000000001"
	narrowKey = "sg-conformance-narrow-key-00000000002"
)

// stage is four simulated providers, an inspector before those that answer, and
// a gateway in front of them.
type stage struct {
	processes []*process.Process
	gateway   *process.Process
	url       string
	sims      map[string]string // by the variable of switchgear.yaml
	inspector inspector
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
		if fault == "" {
			url, err = s.inspector.before(ctx, url)
		}
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
	gateway, err := process.Launch(ctx, env, d.binary, "serve", "--config", filepath.Join(d.root, "switchgear.yaml"), "--log", "json")
	if err != nil {
		s.stop()
		return nil, err
	}
	s.processes, s.gateway = append(s.processes, gateway), gateway
	if s.url, err = gateway.Listening(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// sim starts a simulated provider; a fault is how it answers every request.
func (s *stage) sim(ctx context.Context, binary, fault string) (string, error) {
	address, err := process.FreePort(ctx)
	if err != nil {
		return "", err
	}
	p, err := process.Launch(ctx, nil, binary, "sim", "--instant", "--listen", address)
	if err != nil {
		return "", err
	}
	s.processes = append(s.processes, p)
	url := "http://" + address
	if err := p.Answering(ctx, url+"/_sim/log"); err != nil {
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
		p.Stop()
	}
	s.inspector.stop()
}
