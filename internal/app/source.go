package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
)

// DefaultFile is the configuration that is read if nothing else is named.
const DefaultFile = "switchgear.yaml"

// Source says where the configuration comes from.
type Source struct {
	File   string // "" looks at SWITCHGEAR_CONFIG, then for switchgear.yaml, then at provider keys in the environment
	Sim    bool   // the simulator, whatever else there is
	Listen string // host:port of the data plane, over the configuration's; "" for none
	Bare   bool   // do without the secrets: a variable that is not set is no mistake
	// Ungated loads a table whose targets are not proven, for commands that are
	// about the proof. Such a table is not served.
	Ungated bool
	Env     func(string) (string, bool)
}

// Loaded is a configuration that was read and has no errors.
type Loaded struct {
	Config    *config.Config
	Lock      *lock.File       // what stands beside the file; nil if there is no file
	Findings  []config.Finding // warnings
	From      string           // a file, "environment" or "simulator"
	Simulated bool
}

// Simulated is the configuration of the simulator: a chain of two on every
// route, so that a fallback can be seen.
const Simulated = `version: 1
providers:
  sim: {kind: sim}
routes:
  small:  {chain: [sim/small-1, sim/small-2], single_point: ok}
  chat:   {chain: [sim/mid-1, sim/mid-2], single_point: ok}
  reason: {chain: [sim/frontier-1, sim/frontier-2], single_point: ok, surface: quality}
  embed:  {chain: [sim/embed-1], kind: embedding, single_point: ok}
`

// Load reads and checks the configuration. The error is a
// [*gateway.ConfigError] if it is the configuration's.
func (s Source) Load() (*Loaded, error) {
	env := s.Env
	if env == nil {
		env = os.LookupEnv
	}
	if s.Sim {
		return s.simulated(env)
	}
	if file := s.file(env); file != "" {
		return s.loadFile(file, env)
	}
	if text, ok := config.EnvironmentText(env); ok {
		return s.unnamed("environment", text, env)
	}
	return s.simulated(env)
}

// file finds the file to read, if there is one.
func (s Source) file(env func(string) (string, bool)) string {
	if s.File != "" {
		return s.File
	}
	if file, ok := env("SWITCHGEAR_CONFIG"); ok && file != "" {
		return file
	}
	if info, err := os.Stat(DefaultFile); err == nil && info.Mode().IsRegular() {
		return DefaultFile
	}
	return ""
}

func (s Source) simulated(env func(string) (string, bool)) (*Loaded, error) {
	l, err := s.unnamed("simulator", Simulated, env)
	if l != nil {
		l.Simulated = true
	}
	return l, err
}

// unnamed reads a configuration that is nobody's file, and must not count as
// one: only loopback addresses may be served from it.
func (s Source) unnamed(from, text string, env func(string) (string, bool)) (*Loaded, error) {
	cfg, findings := config.Parse(from, []byte(text), env)
	if cfg != nil {
		cfg.File = ""
	}
	return s.finish(&Loaded{Config: cfg, From: from}, findings)
}

func (s Source) loadFile(file string, env func(string) (string, bool)) (*Loaded, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s. Name another with --config, or leave it out to serve with the provider keys in the environment", file)
		}
		return nil, fmt.Errorf("cannot read %s: %w", file, pathless(err))
	}
	var options []config.Option
	if s.Bare {
		options = append(options, config.WithoutSecrets())
	}
	cfg, findings := config.Parse(file, text, env, options...)
	// The lock is read after the table: who swaps a model writes the evidence
	// first, so that no table is ever met by a lock that is older.
	held, _, err := lock.Load(lock.Beside(file))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", lock.Beside(file), pathless(err))
	}
	return s.finish(&Loaded{Config: cfg, Lock: held, From: file}, findings)
}

func pathless(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// finish checks what the parser found and what the table means.
func (s Source) finish(l *Loaded, findings []config.Finding) (*Loaded, error) {
	if l.Config != nil && s.Listen != "" {
		l.Config.Listen = s.Listen // before the check, which looks at who can reach it
	}
	if l.Config != nil && !hasErrors(findings) {
		findings = append(findings, gateway.Check(l.Config, gateway.WithLock(l.Lock))...)
		findings = append(findings, unwatched(l.Config)...)
	}
	if s.Ungated {
		findings = slices.DeleteFunc(findings, func(f config.Finding) bool { return f.Gate })
	}
	l.Findings = findings
	if l.Config == nil || hasErrors(findings) {
		return l, &gateway.ConfigError{Findings: findings}
	}
	return l, nil
}

func hasErrors(findings []config.Finding) bool {
	for i := range findings {
		if findings[i].Severity == config.Error {
			return true
		}
	}
	return false
}

// Report is the findings, one a line.
func Report(findings []config.Finding) string {
	var b strings.Builder
	for i := range findings {
		b.WriteString(findings[i].String())
		b.WriteByte('\n')
	}
	return b.String()
}
