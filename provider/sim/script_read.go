package sim

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// scriptFile is the file as it is written.
type scriptFile struct {
	Name    word `yaml:"name"`
	Title   word `yaml:"title"`
	After   word `yaml:"after"`
	Strikes word `yaml:"strikes"`
	Healthy *struct {
		First  word `yaml:"first"`
		P95    word `yaml:"p95"`
		Rate   word `yaml:"rate"`
		Errors word `yaml:"errors"`
	} `yaml:"healthy"`
	Phases []phaseFile `yaml:"phases"`
	Repeat word        `yaml:"repeat"`
}

type phaseFile struct {
	Name   word       `yaml:"name"`
	For    word       `yaml:"for"`
	Faults []ruleFile `yaml:"faults"`
}

type ruleFile struct {
	Provider word `yaml:"provider"`
	Region   word `yaml:"region"`
	Match    word `yaml:"match"`
	Dialect  word `yaml:"dialect"`
	Fault    word `yaml:"fault"`
	P        word `yaml:"p"`
	Slow     word `yaml:"slow"`
	Speed    word `yaml:"speed"`
	Capacity word `yaml:"capacity"`
	Flap     word `yaml:"flap"`
	Returns  word `yaml:"returns"`
}

// word is a plain value of the file, and where it stands.
type word struct {
	text string
	at   place
	list bool // it is no plain value at all
}

// place is a line and a column of the file, from 1 on; zero if it is unknown.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

// first is the first of some places that is known.
func first(places ...place) place { return cmp.Or(places...) }

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (w *word) UnmarshalYAML(n ast.Node) error {
	t := n.GetToken()
	w.at = placeOf(t)
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.LiteralNode:
		w.text = strings.TrimSpace(n.Value.Value)
	case ast.ScalarNode:
		w.text = t.Value
	default:
		w.list = true
	}
	return nil
}

// LoadScript reads a script from a file.
func LoadScript(file string) (*Script, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ParseOutage(file, text)
}

// ParseScript is [ParseOutage] for a text that comes from no file.
func ParseScript(text []byte) (*Script, error) { return ParseOutage("script", text) }

// ParseOutage reads a script: YAML with phases, each of which lasts a while
// and has faults with a pattern of models and a share of calls. The format is
// told in docs/simulator.md. All mistakes are told at once, each with the
// file's name and its line.
func ParseOutage(file string, text []byte) (*Script, error) {
	r := &scriptReader{file: file}
	var f scriptFile
	if err := yaml.UnmarshalWithOptions(text, &f, yaml.Strict()); err != nil {
		at, said := place{}, err.Error()
		if known, ok := errors.AsType[yaml.Error](err); ok {
			at, said = placeOf(known.GetToken()), known.GetMessage()
		}
		r.failf(at, "%s", unread(said))
		return nil, r.err()
	}
	s := r.script(&f)
	if len(r.found) > 0 {
		return nil, r.err()
	}
	return s, nil
}

// scriptReader turns what is written into what is meant.
type scriptReader struct {
	file  string
	found []error
}

func (r *scriptReader) err() error { return errors.Join(r.found...) }

func (r *scriptReader) failf(at place, format string, args ...any) {
	r.found = append(r.found, fmt.Errorf("%s:%d:%d: %s", r.file, max(at.line, 1), max(at.column, 1), fmt.Sprintf(format, args...)))
}

// unread says in other words than the parser's why it could not go on.
func unread(said string) string {
	if name, ok := strings.CutPrefix(said, "unknown field "); ok {
		return fmt.Sprintf("there is no setting %s. A script may have name, title, after, strikes, healthy, phases and repeat; "+
			"healthy has first, p95, rate and errors; a phase name, for and faults; "+
			"a fault provider, region, match, dialect, fault, p, slow, speed, capacity, flap and returns", name)
	}
	if m := regexp.MustCompile(`^(\w+) was used where (\w+) is expected`).FindStringSubmatch(said); m != nil {
		kinds := map[string]string{"sequence": "a list", "mapping": "a map", "string": "text", "int": "a number", "float": "a number", "bool": "true or false", "boolean": "true or false", "null": "nothing"}
		return fmt.Sprintf("here must stand %s, not %s: write a script as in docs/simulator.md", cmp.Or(kinds[m[2]], m[2]), cmp.Or(kinds[m[1]], m[1]))
	}
	return "the script cannot be read as YAML: " + said + ". Mend it there; docs/simulator.md shows how a script is written"
}

func (r *scriptReader) script(f *scriptFile) *Script {
	s := &Script{name: f.Name.text, title: f.Title.text, after: f.After.text, strikes: Scope(f.Strikes.text), repeat: f.Repeat.text == "true"}
	if s.name == "" {
		s.name = strings.TrimSuffix(path.Base(r.file), path.Ext(r.file))
	}
	switch s.strikes {
	case "":
		s.strikes = ScopeProvider
	case ScopeProvider, ScopeRegion, ScopeModel:
	default:
		r.failf(f.Strikes.at, "`strikes: %s` is not one of provider, region and model", f.Strikes.text)
	}
	r.healthy(f, s)
	if len(f.Phases) == 0 {
		r.failf(place{}, "the script has no phases: write at least one under `phases:`")
	}
	for i := range f.Phases {
		s.phases = append(s.phases, r.phase(&f.Phases[i], i, i == len(f.Phases)-1 && !s.repeat))
	}
	if f.Repeat.list || f.Repeat.text != "" && f.Repeat.text != "true" && f.Repeat.text != "false" {
		r.failf(f.Repeat.at, "`repeat: %s` is not one of true and false", f.Repeat.text)
	}
	for _, p := range s.phases {
		for _, rule := range p.rules {
			s.dials = s.dials || connects(rule.faults)
		}
	}
	return s
}

// healthy reads how fast a healthy provider is. Half of the waits are below
// first and 19 in 20 below p95: that is a lognormal's sigma.
func (r *scriptReader) healthy(f *scriptFile, s *Script) {
	if f.Healthy == nil {
		return
	}
	h := f.Healthy
	p := Profile{FirstToken: r.duration(h.First, "first"), Errors: r.number(h.Errors, "errors", 0, 1, 0), TokensPerSecond: r.number(h.Rate, "rate", 0, 1e6, 0)}
	if p95 := r.duration(h.P95, "p95"); p95 > 0 && p.FirstToken > 0 {
		if p95 < p.FirstToken {
			r.failf(h.P95.at, "`p95: %s` is less than the median, `first: %s`: 19 in 20 waits cannot be shorter than half of them", h.P95.text, h.First.text)
			return
		}
		p.Spread = math.Log(float64(p95)/float64(p.FirstToken)) / 1.6448536 // the normal's 95th percentile
	}
	s.healthy = &p
}

func (r *scriptReader) phase(f *phaseFile, i int, last bool) phase {
	p := phase{name: f.Name.text}
	if p.name == "" {
		p.name = strconv.Itoa(i + 1)
	}
	at := first(f.For.at, f.Name.at)
	switch d, err := time.ParseDuration(f.For.text); {
	case f.For.text == "" && !f.For.list && last:
	case f.For.text == "" && !f.For.list:
		r.failf(at, "phase %s lasts for ever, so that nothing after it comes: give it `for: 30s`", p.name)
	case err != nil || d <= 0:
		r.failf(at, "phase %s: `for: %s` is no duration: write for example 30s or 5m", p.name, f.For.text)
	default:
		p.lasts = d
	}
	for j := range f.Faults {
		made := r.rule(&f.Faults[j], "phase "+p.name)
		made.owner = ownerOf(i, j)
		if made.staggered && p.lasts == 0 {
			r.failf(f.Faults[j].Returns.at, "phase %s lasts for ever, so that no model ever returns: give it `for: 2m`", p.name)
		}
		p.rules = append(p.rules, made)
	}
	return p
}

func (r *scriptReader) rule(f *ruleFile, where string) rule {
	made := rule{
		provider: f.Provider.text, region: f.Region.text, model: f.Match.text, dialect: f.Dialect.text,
		share: r.ramp(f.P, "p", share, 1), slow: r.ramp(f.Slow, "slow", times, 1), speed: r.ramp(f.Speed, "speed", times, 1),
	}
	r.faults(f, where, &made)
	for key, pattern := range map[string]word{"match": f.Match, "provider": f.Provider, "region": f.Region} {
		if _, err := path.Match(pattern.text, ""); err != nil || pattern.list {
			r.failf(pattern.at, "%s: `%s: %s` is no pattern: write a name, or one with * in it", where, key, pattern.text)
		}
	}
	if made.dialect != "" && made.dialect != openai && made.dialect != anthropic {
		r.failf(f.Dialect.at, "%s: `dialect: %s` is not one of openai and anthropic", where, made.dialect)
	}
	r.flap(f.Flap, where, &made)
	r.capacity(f.Capacity, where, &made)
	switch f.Returns.text {
	case "":
	case "model by model":
		made.staggered = true
	default:
		r.failf(f.Returns.at, "%s: `returns: %s` is not known: write `returns: model by model`, or leave it out", where, f.Returns.text)
	}
	return made
}

func (r *scriptReader) faults(f *ruleFile, where string, made *rule) {
	if f.Fault.text == "" {
		if f.Slow.text == "" && f.Speed.text == "" {
			r.failf(first(f.Fault.at, f.Match.at, f.P.at, f.Provider.at), "%s: a rule does nothing: give it a `fault:`, or `slow: x4`", where)
		}
		return
	}
	var err error
	if made.faults, err = ParseFaults(f.Fault.text); err != nil {
		r.failf(f.Fault.at, "%s: %v", where, err)
	}
}

// flap reads "60s/30s": on for 60 s, off for 30.
func (r *scriptReader) flap(w word, where string, made *rule) {
	if w.text == "" && !w.list {
		return
	}
	on, off, _ := strings.Cut(w.text, "/")
	var errs [2]error
	made.on, errs[0] = time.ParseDuration(strings.TrimSpace(on))
	made.off, errs[1] = time.ParseDuration(strings.TrimSpace(off))
	if errors.Join(errs[:]...) != nil || made.on <= 0 || made.off <= 0 {
		r.failf(w.at, "%s: `flap: %s` is not two durations: write `flap: 60s/30s` for 60 s on and 30 s off", where, w.text)
		made.on = 0
	}
}

// capacity reads "4/s" or "4/s +0.5/s".
func (r *scriptReader) capacity(w word, where string, made *rule) {
	if w.text == "" && !w.list {
		return
	}
	rate, growth, grows := strings.Cut(w.text, "+")
	per := func(text string) (float64, bool) {
		number, ok := strings.CutSuffix(strings.TrimSpace(text), "/s")
		v, err := strconv.ParseFloat(number, 64)
		return v, ok && err == nil && v >= 0 && v <= 1e6
	}
	var fine [2]bool
	made.capacity.rate, fine[0] = per(rate)
	fine[1] = true
	if grows {
		made.capacity.growth, fine[1] = per(growth)
	}
	if !fine[0] || !fine[1] || made.capacity == (capacity{}) {
		r.failf(w.at, "%s: `capacity: %s` is no rate: write `capacity: 4/s`, or `capacity: 4/s +0.5/s` for one that grows", where, w.text)
	}
	if len(made.faults) == 0 {
		r.failf(w.at, "%s: `capacity` says which calls fail and not how: add `fault: 503`", where)
	}
}

// The measures a ramp is in.
const (
	share = "share"
	times = "times"
)

// ramp reads "25%", "0.25", "x4", or two of them with ".." between.
func (r *scriptReader) ramp(w word, key, measure string, otherwise float64) ramp {
	if w.text == "" && !w.list {
		return ramp{otherwise, otherwise}
	}
	from, to, moves := strings.Cut(w.text, "..")
	if !moves {
		to = from
	}
	var ends [2]float64
	for i, text := range []string{from, to} {
		v, ok := measured(text, measure)
		if !ok {
			said := "no share of calls: write 0.25, 25% or 2%..60%"
			if measure == times {
				said = "no factor: write x4 or x1..x8"
			}
			r.failf(w.at, "`%s: %s` is %s", key, w.text, said)
			break
		}
		ends[i] = v
	}
	return ramp{ends[0], ends[1]}
}

func measured(text, measure string) (float64, bool) {
	if measure == times {
		number, ok := strings.CutPrefix(text, "x")
		v, err := strconv.ParseFloat(number, 64)
		return v, ok && err == nil && v > 0 && v <= 1000
	}
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	return v, err == nil && v >= 0 && v <= 1
}

func (r *scriptReader) duration(w word, key string) time.Duration {
	if w.text == "" && !w.list {
		return 0
	}
	d, err := time.ParseDuration(w.text)
	if err != nil || d <= 0 {
		r.failf(w.at, "`%s: %s` is no duration: write for example 600ms or 1.4s", key, w.text)
	}
	return d
}

func (r *scriptReader) number(w word, key string, least, most, otherwise float64) float64 {
	if w.text == "" && !w.list {
		return otherwise
	}
	number, percent := strings.CutSuffix(w.text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || v < least || v > most || math.IsNaN(v) {
		r.failf(w.at, "`%s: %s` is no number from %g to %g", key, w.text, least, most)
	}
	return v
}
