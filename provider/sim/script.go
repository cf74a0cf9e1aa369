package sim

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Script is a course of faults over time, as in a script file. Read one with
// [ParseScript] or [LoadScript].
type Script struct {
	phases []phase
	repeat bool
}

type phase struct {
	name  string
	lasts time.Duration // 0: for ever
	rules []rule
}

type rule struct {
	model    string // a pattern
	dialect  string // "" for both
	faults   []Fault
	from, to float64 // the share of calls at the phase's start and end
}

// scriptFile is the file as it is written.
type scriptFile struct {
	Phases []struct {
		Name   string `yaml:"name"`
		For    string `yaml:"for"`
		Faults []struct {
			Match   string `yaml:"match"`
			Dialect string `yaml:"dialect"`
			Fault   string `yaml:"fault"`
			P       string `yaml:"p"`
		} `yaml:"faults"`
	} `yaml:"phases"`
	Repeat bool `yaml:"repeat"`
}

// LoadScript reads a script from a file.
func LoadScript(file string) (*Script, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := ParseScript(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// ParseScript reads a script: YAML with phases, each of which lasts a while
// and has faults with a pattern of models and a share of calls. The format is
// told in docs/simulator.md.
func ParseScript(text []byte) (*Script, error) {
	var file scriptFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("the script cannot be read: %w", err)
	}
	if len(file.Phases) == 0 {
		return nil, errors.New("the script has no phases: write at least one under `phases:`")
	}
	s := &Script{repeat: file.Repeat}
	for i, p := range file.Phases {
		made := phase{name: p.Name}
		if made.name == "" {
			made.name = strconv.Itoa(i + 1)
		}
		if err := made.duration(p.For, i == len(file.Phases)-1 && !file.Repeat); err != nil {
			return nil, err
		}
		for _, f := range p.Faults {
			r := rule{model: f.Match, dialect: f.Dialect}
			if err := r.read(f.Fault, f.P); err != nil {
				return nil, fmt.Errorf("phase %s: %w", made.name, err)
			}
			made.rules = append(made.rules, r)
		}
		s.phases = append(s.phases, made)
	}
	return s, nil
}

func (p *phase) duration(text string, last bool) error {
	if text == "" {
		if last {
			return nil
		}
		return fmt.Errorf("phase %s lasts for ever, so that nothing after it comes: give it `for: 30s`", p.name)
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("phase %s: `for: %s` is no duration: write for example 30s or 5m", p.name, text)
	}
	p.lasts = d
	return nil
}

// read takes a fault and the share of calls it hits: "0.25", "25%", or a ramp
// "2%..60%".
func (r *rule) read(fault, share string) (err error) {
	if r.faults, err = ParseFaults(fault); err != nil {
		return err
	}
	if _, err = path.Match(r.model, ""); err != nil {
		return fmt.Errorf("`match: %s` is no pattern of models", r.model)
	}
	if r.dialect != "" && r.dialect != openai && r.dialect != anthropic {
		return fmt.Errorf("`dialect: %s` is not one of openai and anthropic", r.dialect)
	}
	from, to, ramp := strings.Cut(share, "..")
	if share == "" {
		from = "1"
	}
	if !ramp {
		to = from
	}
	for _, end := range []struct {
		text string
		into *float64
	}{{from, &r.from}, {to, &r.to}} {
		number, percent := strings.CutSuffix(end.text, "%")
		v, err := strconv.ParseFloat(number, 64)
		if percent {
			v /= 100
		}
		if err != nil || v < 0 || v > 1 {
			return fmt.Errorf("`p: %s` is no share of calls: write 0.25, 25%% or 2%%..60%%", share)
		}
		*end.into = v
	}
	return nil
}

// Phase is the name of the phase that holds a time after the start; "" once
// the script is over.
func (s *Script) Phase(since time.Duration) string {
	if i, _ := s.at(since); i >= 0 {
		return s.phases[i].name
	}
	return ""
}

// at finds the phase that holds a time after the start, and how far into it
// that is, from 0 to 1.
func (s *Script) at(since time.Duration) (int, float64) {
	var total time.Duration
	for _, p := range s.phases {
		total += p.lasts
	}
	if s.repeat && total > 0 {
		since %= total
	}
	for i, p := range s.phases {
		if p.lasts == 0 || since < p.lasts {
			if p.lasts == 0 {
				return i, 0
			}
			return i, float64(since) / float64(p.lasts)
		}
		since -= p.lasts
	}
	return -1, 0 // the script is over
}

// sources are the rules that apply to a call now.
func (s *Script) sources(model, dialect string, since time.Duration) []source {
	if s == nil {
		return nil
	}
	i, part := s.at(since)
	if i < 0 {
		return nil
	}
	var out []source
	for j, r := range s.phases[i].rules {
		share := r.from + (r.to-r.from)*part
		if share <= 0 || !matches(r.model, model) || (r.dialect != "" && r.dialect != dialect) {
			continue
		}
		out = append(out, source{owner: fmt.Sprintf("script %d %d", i, j), faults: r.faults, share: share})
	}
	return out
}
