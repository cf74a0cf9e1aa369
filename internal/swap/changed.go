package swap

import (
	"reflect"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
)

// Difference is a route that answers otherwise than it did, or may.
type Difference struct {
	Route      string   `json:"route"`
	Why        []string `json:"why"`
	Incumbent  string   `json:"incumbent,omitempty"`  // what its first step was; "" for a new route
	With       string   `json:"with,omitempty"`       // what that set on its requests, as one writes it; "none" for nothing
	Levers     string   `json:"levers,omitempty"`     // what the same model sets as the first step from now on, if that is another
	Candidates []string `json:"candidates,omitempty"` // what evidence is wanted of
	Tried      []string `json:"tried,omitempty"`      // what the same model sets where it is on trial
	Eval       bool     `json:"eval"`                 // whether the route has an eval to get it from
}

// Changed names the routes of a configuration that evidence for an older one
// may not hold for: those that are new, that can reach another target, send it
// other levers, find it at another address, or have other terms. How long a
// route waits and who is told of what changes no answer and is left out; so is
// what only a file beside the configuration says, like the cases of an eval.
func Changed(old, now *config.Config) []Difference {
	var out []Difference
	for i := range now.Routes {
		r := &now.Routes[i]
		was := slices.IndexFunc(old.Routes, func(o config.Route) bool { return o.Name == r.Name })
		if was < 0 {
			d := Difference{Route: r.Name, Why: []string{"the route is new"}, Eval: r.Eval != ""}
			d.Candidates = targets(now, r, nil)
			if len(d.Candidates) > 0 {
				d.Candidates = d.Candidates[1:] // the first is what the others are compared with
			}
			out = append(out, d)
			continue
		}
		o := &old.Routes[was]
		why, known := differs(old, now, o, r)
		if len(why) == 0 {
			continue
		}
		d := Difference{Route: r.Name, Why: why, Eval: r.Eval != ""}
		if len(o.Chain) > 0 {
			d.Incumbent, d.With = o.Chain[0].Target.String(), config.LeversText(o.Chain[0].With)
		}
		if len(r.Chain) > 0 && len(o.Chain) > 0 && r.Chain[0].Target == o.Chain[0].Target && r.Chain[0].WithText != o.Chain[0].WithText {
			d.Levers = config.LeversText(r.Chain[0].With)
		}
		everyStep(r, func(s *config.Step) {
			if k := s.Canary; k != nil && k.Step.Target.String() == d.Incumbent && !slices.Contains(known, inFull(now, &k.Step)) {
				if with := config.LeversText(k.Step.With); with != "" {
					d.Tried = append(d.Tried, with)
				}
			}
		})
		d.Candidates = slices.DeleteFunc(targets(now, r, known), func(t string) bool { return t == d.Incumbent })
		out = append(out, d)
	}
	return out
}

// Pair is what an eval run sets against each other.
type Pair struct{ Candidate, Incumbent Asked }

// Runs are the eval runs that would prove what a difference brings in.
func (d *Difference) Runs() []Pair {
	if !d.Eval {
		return nil
	}
	with := ""
	if d.With != config.NoLevers {
		with = d.With
	}
	var out []Pair
	if d.Levers != "" && d.With != "" {
		out = append(out, Pair{Asked{Target: d.Incumbent, With: d.Levers}, Asked{Target: d.Incumbent, With: d.With}})
	}
	for _, tried := range d.Tried {
		if d.With != "" {
			out = append(out, Pair{Asked{Target: d.Incumbent, With: tried}, Asked{Target: d.Incumbent, With: d.With}})
		}
	}
	for _, c := range d.Candidates {
		out = append(out, Pair{Asked{Target: c}, Asked{Target: d.Incumbent, With: with}})
	}
	return out
}

// Commands are those runs as commands.
func (d *Difference) Commands() []string {
	var out []string
	for _, p := range d.Runs() {
		out = append(out, EvalRun(d.Route, p.Candidate, p.Incumbent))
	}
	return out
}

// Asked is a model as an eval run asks it: with its step's levers, unless others
// are named.
type Asked struct{ Target, With string }

// EvalRun is the command that runs a route's eval on a candidate; an incumbent
// without a name is the route's first step.
func EvalRun(route string, candidate, incumbent Asked) string {
	command := "switchgear eval run " + Quoted(route) + " --candidate " + Quoted(candidate.Target)
	if candidate.With != "" {
		command += " --with " + Quoted(candidate.With)
	}
	if incumbent.Target != "" {
		command += " --incumbent " + Quoted(incumbent.Target)
	}
	if incumbent.With != "" {
		command += " --incumbent-with " + Quoted(incumbent.With)
	}
	return command
}

// Quoted is a text as a shell takes it for one word.
func Quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./:@+-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// differs says what of a route is another, and which of what it reaches is
// known; none is if the terms are others.
func differs(old, now *config.Config, a, b *config.Route) (why, known []string) {
	before, after := reached(old, a), reached(now, b)
	for _, s := range after {
		if !slices.Contains(before, s) {
			why = append(why, "it can reach "+s)
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			why = append(why, "it no longer reaches "+s)
		}
	}
	chains := func(name string) bool { return name == "chain" || name == "rules" }
	other := fields(terms(a), terms(b))
	switch rest := slices.DeleteFunc(slices.Clone(other), chains); {
	case len(rest) > 0:
		return append(why, "its terms are others: "+strings.Join(rest, ", ")), nil
	case len(why) == 0 && len(other) > 0:
		why = []string{"it reaches the same in another order, or under other conditions"}
	}
	return why, before
}

// reached are the targets of a route with all that decides what they answer.
func reached(c *config.Config, r *config.Route) []string {
	var out []string
	everyStep(r, func(s *config.Step) {
		if text := inFull(c, s); !slices.Contains(out, text) {
			out = append(out, text)
		}
	})
	return out
}

// targets are the targets of a route that are not among some known ones.
func targets(c *config.Config, r *config.Route, known []string) []string {
	var out []string
	everyStep(r, func(s *config.Step) {
		if t := s.Target.String(); !slices.Contains(out, t) && !slices.Contains(known, inFull(c, s)) {
			out = append(out, t)
		}
	})
	return out
}

// everyStep calls a function with every step a route can reach, and what is on
// trial there.
func everyStep(r *config.Route, visit func(*config.Step)) {
	each := func(chain []config.Step) {
		for i := range chain {
			visit(&chain[i])
			if chain[i].Canary != nil {
				visit(&chain[i].Canary.Step)
			}
		}
	}
	each(r.Chain)
	for i := range r.Rules {
		each(r.Rules[i].Chain)
	}
}

// inFull is a step's target with all that decides what it answers.
func inFull(c *config.Config, s *config.Step) string {
	text := s.Target.String()
	if s.WithText != "" {
		text += " with " + s.WithText
	}
	if p, ok := c.Provider(s.Target.Provider); ok && (p.Kind != p.Name || p.BaseURL != "") {
		text += " (" + strings.TrimSpace(p.Kind+" "+p.BaseURL) + ")"
	}
	return text
}

// terms is what else of a route has a say in its answers: everything that is
// not known to have none. A setting of a later version counts until somebody
// says here that it does not.
func terms(r *config.Route) *config.Route {
	t := *r
	t.Description, t.Aliases, t.SinglePoint, t.Surface = "", nil, false, ""
	t.Timeout, t.Retry, t.Opinion, t.Hedge, t.Fetch = config.Timeout{}, config.Retry{}, "", false, ""
	t.Chain = steps(r.Chain)
	t.Rules = nil
	for i := range r.Rules {
		t.Rules = append(t.Rules, config.Rule{When: r.Rules[i].When, Chain: steps(r.Rules[i].Chain)})
	}
	t.Needs, t.Normalise = slices.Clone(r.Needs), slices.Clone(r.Normalise) // the places in them are the caller's
	unplace(&t)
	return &t
}

// steps keeps only the order of a chain: which of its targets is asked first.
func steps(chain []config.Step) []config.Step {
	out := make([]config.Step, 0, len(chain))
	for i := range chain {
		out = append(out, config.Step{Target: chain[i].Target, WithText: chain[i].WithText})
	}
	return out
}

// fields names the settings in which two routes differ.
func fields(a, b *config.Route) []string {
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	var out []string
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			out = append(out, strings.ToLower(x.Type().Field(i).Name))
		}
	}
	return out
}
