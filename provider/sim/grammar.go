package sim

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// faultHeader asks for faults of a single request.
const faultHeader = "X-Sim-Fault"

// Fault is one way to fail. Write it down as [ParseFaults] reads it.
type Fault struct {
	Name   string  // one of Faults
	Arg    string  // as in "slow-3s"; "" for the default
	Times  int     // fail only that many times, then answer; 0 for always
	Chance float64 // fail only that share of the calls, 0 to 1; 0 for all
}

// String writes the fault as it is asked for.
func (f Fault) String() string {
	s := f.Name
	if f.Arg != "" {
		s += "-" + f.Arg
	}
	if f.Times > 0 {
		s += "x" + strconv.Itoa(f.Times)
	}
	if f.Chance > 0 {
		s += "@" + strconv.FormatFloat(100*f.Chance, 'g', 4, 64) + "%"
	}
	return s
}

// MarshalText writes the fault as [Fault.String] does.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseFaults reads faults joined by "+": NAME[-ARG][xTIMES][@PERCENT%].
// "503x2" fails twice; "slow-2s+cut-rst-20" is slow, then broken.
func ParseFaults(spec string) ([]Fault, error) {
	var out []Fault
	for part := range strings.SplitSeq(spec, "+") {
		f, err := parseFault(strings.TrimSpace(part), faultIndex())
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func joinFaults(faults []Fault) string {
	words := make([]string, len(faults))
	for i, f := range faults {
		words[i] = f.String()
	}
	return strings.Join(words, "+")
}

var faultSpec = regexp.MustCompile(`^(.+?)(?:x([0-9]{1,6}))?(?:@([0-9.]+)%?)?$`)

func parseFault(s string, table map[string]faultRow) (Fault, error) {
	m := faultSpec.FindStringSubmatch(s)
	if m == nil {
		return Fault{}, errors.New("a fault is missing: write NAME[-ARG][xTIMES][@PERCENT%], for example 503x2")
	}
	f := Fault{Name: m[1]}
	f.Times, _ = strconv.Atoi(m[2])
	if m[3] != "" {
		percent, err := strconv.ParseFloat(m[3], 64)
		if err != nil || percent <= 0 || percent > 100 {
			return Fault{}, fmt.Errorf("%q is no share of calls: write a percentage over 0 and up to 100, for example 503@25%%", m[3])
		}
		f.Chance = percent / 100
	}
	if _, ok := table[f.Name]; ok {
		return f, nil
	}
	for at := len(f.Name) - 1; at > 0; at-- {
		row, ok := table[f.Name[:at]]
		if f.Name[at] != '-' || !ok || row.Arg == "" || at+1 == len(f.Name) {
			continue
		}
		f.Name, f.Arg = f.Name[:at], f.Name[at+1:]
		return f, row.check(f)
	}
	return Fault{}, fmt.Errorf("there is no fault %q; `switchgear sim --list` and docs/simulator.md name all of them", f.Name)
}

// check refuses an argument of the wrong kind.
func (r faultRow) check(f Fault) error {
	var err error
	switch r.Arg {
	case argDuration:
		_, err = time.ParseDuration(f.Arg)
	case argCount:
		var n int
		if n, err = strconv.Atoi(f.Arg); n < 0 || n > 1<<20 {
			err = strconv.ErrRange
		}
	}
	if err != nil {
		return fmt.Errorf("fault %s takes a %s, for example %s-%s, not %q", r.Name, r.Arg, r.Name, r.Default, f.Arg)
	}
	return nil
}

// splitModel takes the faults off a model's name: "sim-503" and
// "claude-sonnet-5+503" both ask for one. A name that starts with "sim-" and
// names no fault is a model like any other.
func splitModel(model string, table map[string]faultRow) (base string, faults []Fault, err error) {
	base, rest, more := strings.Cut(model, "+")
	if name, ok := strings.CutPrefix(base, "sim-"); ok {
		if f, err := parseFault(name, table); err == nil {
			faults = append(faults, f)
		}
	}
	if !more {
		return base, faults, nil
	}
	for part := range strings.SplitSeq(rest, "+") {
		f, err := parseFault(part, table)
		if err != nil {
			return base, nil, fmt.Errorf("model %q: %w", model, err)
		}
		faults = append(faults, f)
	}
	return base, faults, nil
}

// source is where faults come from.
type source struct {
	owner    string // in the keys of Server.counts
	faults   []Fault
	explicit bool    // the request itself asks
	share    float64 // of the calls, drawn once for all the faults; 0 for every call
}

// choose finds the faults of one call: those of the first source that has any.
// Without take nothing is counted, and the next call is told the same.
func (s *Server) choose(header, model, dialect string, take bool) ([]Fault, error) {
	sources, err := s.sources(header, model, dialect)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	draw := func(key string) int {
		n := s.counts[key]
		if take {
			s.counts[key]++
		}
		return n
	}
	for _, src := range sources {
		if n := draw(src.owner); src.share > 0 && roll(s.opts.Seed, src.owner, n) >= src.share {
			continue
		}
		var hit []Fault
		for i, f := range src.faults {
			row := s.table[f.Name]
			if !row.speaks(dialect) {
				if src.explicit {
					return nil, fmt.Errorf("fault %s exists in the %s dialect only", f.Name, row.Dialects[0])
				}
				continue
			}
			key := src.owner + "\x00" + strconv.Itoa(i) + f.String()
			n := draw(key)
			if (f.Times == 0 || n < f.Times) && (f.Chance == 0 || roll(s.opts.Seed, key, n) < f.Chance) {
				hit = append(hit, f)
			}
		}
		if len(hit) > 0 {
			return hit, nil
		}
	}
	return nil, nil
}

func hasOwner(key, owner string) bool { return key == owner || strings.HasPrefix(key, owner+"\x00") }

// sources lists what may ask for a fault, the strongest first.
func (s *Server) sources(header, model, dialect string) ([]source, error) {
	var out []source
	if header != "" {
		faults, err := ParseFaults(header)
		if err != nil {
			return nil, fmt.Errorf("header x-sim-fault: %w", err)
		}
		out = append(out, source{owner: "header " + model, faults: faults, explicit: true})
	}
	_, faults, err := splitModel(model, s.table)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		out = append(out, source{owner: "model " + model, faults: faults, explicit: true})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, set := range s.standing {
		if matches(set.Model, model) {
			out = append(out, source{owner: "set " + set.Model, faults: set.Faults})
		}
	}
	return append(out, s.opts.Script.sources(model, dialect, time.Since(s.started))...), nil
}

// matches compares a model with a pattern; "" and "*" match every model.
func matches(pattern, model string) bool {
	if pattern == "" || pattern == "*" {
		return true
	}
	ok, err := path.Match(pattern, model)
	return ok && err == nil
}

// roll is a number from 0 to 1 that depends on its arguments only.
func roll(seed uint64, key string, n int) float64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d", seed, key, n)
	x := h.Sum64()
	x ^= x >> 33 // FNV alone mixes the last bytes too little
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / math.Exp2(53)
}
