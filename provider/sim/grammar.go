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

// momentHeader is when a call was drawn for, in nanoseconds since 1970. A
// transport of [Server.Over] sets it: what is drawn before a connection is made
// must be what is drawn when the request has come over it.
const momentHeader = "X-Sim-Moment"

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
	case argErrno:
		err = checkErrno(f.Arg)
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
	explicit bool // the request itself asks
}

// query is what decides which faults a call has.
type query struct {
	header           string // x-sim-fault
	model, dialect   string
	provider, region string
	key              int       // the place of the accepted key that came, from 1; 0 for none
	body             uint64    // a fingerprint
	moment           time.Time // that it is drawn for; zero for now
}

// choose finds the faults of one call: those of the first source that has any.
// Without take nothing is counted, and the next call is told the same.
func (s *Server) choose(q *query, take bool) ([]Fault, error) {
	asked, err := s.asked(q)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range asked {
		if hit, err := s.hit(src, q, take); err != nil || len(hit) > 0 {
			return hit, err
		}
	}
	for _, set := range s.standing {
		if !matches(set.Model, q.model) {
			continue
		}
		if hit, _ := s.hit(source{owner: "set " + set.Model, faults: set.Faults}, q, take); len(hit) > 0 {
			return hit, nil
		}
	}
	now := q.moment
	if now.IsZero() {
		now = time.Now()
	}
	return s.played(q, now, take), nil
}

// played are the faults that the script has for a call, or the errors of a
// healthy provider. The caller holds the lock.
func (s *Server) played(q *query, now time.Time, take bool) []Fault {
	drawn := *q
	drawn.body += s.nth(q, now, take) * 0x9e3779b97f4a7c15
	if s.playing != nil {
		r := s.playing.pick(&drawn, now, func(r *rule, rate float64) bool { return s.full(r, rate, now, take) })
		if r != nil {
			hit, _ := s.hit(source{owner: r.owner, faults: r.faults}, q, take)
			return hit
		}
	}
	if p := s.pace(); p.Errors > 0 && q.model != "" {
		drawn.body = ^drawn.body
		if fate(s.seed(), &drawn, now.Sub(s.started)) < p.Errors {
			return []Fault{{Name: "500"}}
		}
	}
	return nil
}

// nth counts the calls of one moment that are alike, so that in virtual time,
// where many calls share a moment, they do not share their fate.
func (s *Server) nth(q *query, now time.Time, take bool) uint64 {
	if !now.Equal(s.moment) {
		s.moment = now
		clear(s.alike)
	}
	n := s.alike[q.body]
	if take {
		s.alike[q.body]++
	}
	return n
}

// hit draws which of a source's faults a call has. The caller holds the lock.
func (s *Server) hit(src source, q *query, take bool) ([]Fault, error) {
	var hit []Fault
	for i, f := range src.faults {
		row := s.table[f.Name]
		if !row.speaks(q.dialect) {
			if src.explicit {
				return nil, fmt.Errorf("fault %s exists in the %s dialect only", f.Name, row.Dialects[0])
			}
			continue
		}
		if f.Times == 0 && f.Chance == 0 {
			hit = append(hit, f)
			continue
		}
		key := src.owner + "\x00" + strconv.Itoa(i) + f.String()
		n := s.counts[key]
		if take {
			s.counts[key]++
		}
		if (f.Times == 0 || n < f.Times) && (f.Chance == 0 || roll(s.opts.Seed, key, n) < f.Chance) {
			hit = append(hit, f)
		}
	}
	return hit, nil
}

func hasOwner(key, owner string) bool { return key == owner || strings.HasPrefix(key, owner+"\x00") }

// asked lists what the request itself asks for, the strongest first.
func (s *Server) asked(q *query) ([]source, error) {
	var out []source
	if q.header != "" {
		faults, err := ParseFaults(q.header)
		if err != nil {
			return nil, fmt.Errorf("header x-sim-fault: %w", err)
		}
		out = append(out, source{owner: "header " + q.model, faults: faults, explicit: true})
	}
	_, faults, err := splitModel(q.model, s.table)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		out = append(out, source{owner: "model " + q.model, faults: faults, explicit: true})
	}
	return out, nil
}

// matches compares a model with a pattern; "" and "*" match every model.
func matches(pattern, model string) bool {
	if pattern == "" || pattern == "*" || pattern == model {
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
