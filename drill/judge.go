package drill

import (
	"fmt"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// The figures.
const (
	FigureOK        = "ok"        // users who got a whole answer
	FigureTruncated = "truncated" // parts of answers that looked like all of them
	FigureP50       = "p50"       // what the outage added to the wait for the first token
	FigureP99       = "p99"
	FigureP999      = "p99.9"
	FigureOpen      = "open"    // until the circuit is open, or its load gone for another reason
	FigureBack      = "back"    // until everything is as in calm
	FigureCalls     = "calls"   // upstream calls per request
	FigureLoad      = "load"    // on a recovering provider in its first 5 s, of the normal load
	FigureWasted    = "wasted"  // calls to who was struck that served nobody
	FigureExtra     = "extra"   // what calls that served nobody cost, of what the others did
	FigurePages     = "pages"   // how often somebody was woken
	FigureResolves  = "resolve" // how often somebody was told that it is over
)

// kindOf says how a figure is written, and how its limit is meant.
type kindOf struct {
	name  string
	unit  string
	least bool
	limit float64 // less than 0 for none
}

func figures() []kindOf {
	return []kindOf{
		{FigureOK, "%", true, 99.95},
		{FigureTruncated, "", false, 0},
		{FigureP50, "s", false, 0.030},
		{FigureP99, "s", false, 0.5},
		{FigureP999, "s", false, 2.5},
		{FigureOpen, "s", false, -1}, // of its own kind: see spell.within
		{FigureBack, "s", false, 45},
		{FigureCalls, "", false, 1.03},
		{FigureLoad, "%", false, 10},
		{FigureWasted, "", false, -1},
		{FigureExtra, "%", false, -1},
		{FigurePages, "", false, 1},
		{FigureResolves, "", false, 1},
	}
}

// kindNamed is the figure of a name.
func kindNamed(name string) kindOf {
	for _, f := range figures() {
		if f.name == name {
			return f
		}
	}
	return kindOf{name: name, limit: -1}
}

// Limits are what an outage may cost, by the figure's name. What they leave
// out has its default.
type Limits map[string]float64

// Parse reads "p99=0.8s", "ok=99.9%" or "calls=1.05".
func (l Limits) Parse(text string) error {
	name, value, ok := strings.Cut(text, "=")
	var names []string
	for _, f := range config.DrillFigures() {
		names = append(names, f.Name)
		if f.Name != name {
			continue
		}
		v, err := f.Limit(value)
		if err != nil || !ok {
			return fmt.Errorf("%q is no limit: write for example %s=%s", text, name, f.Example())
		}
		l[name] = v
		return nil
	}
	return fmt.Errorf("%q is no limit: there is no figure %q. %s", text, name, strings.TrimSpace(config.DidYouMean(name, names)+" There are "+strings.Join(names, ", ")))
}

// of is the limit of a figure. B and G are scripts whose failures take a second or two each to be
// known: the users who meet them wait that long, and nothing can be done.
func (l Limits) of(f kindOf, script string) float64 {
	if v, ok := l[f.name]; ok {
		return v
	}
	if slices.Contains([]string{"B", "G"}, script) {
		switch f.name {
		case FigureP99:
			return 1
		case FigureCalls:
			return 1.08
		}
	}
	return f.limit
}

// judge makes of everything that was seen what is reported.
func (o *Options) judge(w *world, t *tape, hit struck, pages []Page) *Outcome {
	x := newExaminer(o, w, t, hit)
	bad := o.lasts()
	out := &Outcome{
		Script: o.Script.Name(), Title: o.Script.Title(), Modelled: o.Script.After(), Strikes: hit.provider, Rate: o.Rate, Lasts: seconds(bad),
		Calm: phase(t.answers, -o.Calm, 0), Bad: phase(t.answers, 0, bad), After: phase(t.answers, bad, bad+o.After),
		Moves: t.moves, Slices: o.timeline(t, w.upstreams, hit), Step: o.step().Seconds(), Episodes: x.episodes(), Routes: x.routes(),
	}
	if o.real {
		out.Real, out.Shorter = true, o.Shorter
	}
	if o.Script.Strikes() == sim.ScopeModel {
		out.Strikes = hit.String()
	}
	for _, m := range o.Without {
		out.Without = append(out.Without, string(m))
	}
	out.Calm.calls(w.upstreams.callsIn(t.zero, -o.Calm, 0, ""))
	out.Bad.calls(w.upstreams.callsIn(t.zero, 0, bad, ""))
	out.After.calls(w.upstreams.callsIn(t.zero, bad, bad+o.After, ""))
	for i := range pages {
		pages[i].At = seconds(t.since(pages[i].time))
	}
	out.Pages = pages
	x.figures(out)
	return out
}

// figures works out the numbers of an outcome.
func (x *examiner) figures(out *Outcome) {
	values := map[string]float64{
		FigureOK: 100 * out.Bad.OKShare, FigureTruncated: float64(out.Calm.Truncated + out.Bad.Truncated + out.After.Truncated),
		FigureP50: out.Bad.P50 - out.Calm.P50, FigureP99: out.Bad.P99 - out.Calm.P99, FigureP999: out.Bad.P999 - out.Calm.P999,
		FigureCalls: out.Bad.PerRequest, FigureWasted: float64(wasted(x.t.attempts, x.hit, 0, x.o.lasts())),
		FigureExtra: 100 * extra(x.t.attempts, 0, x.o.lasts()),
		FigurePages: float64(acted(out.Pages, "trigger")), FigureResolves: float64(acted(out.Pages, "resolve")),
	}
	for _, f := range figures() {
		limit := x.o.limit(f, out.Script)
		one := Figure{Name: f.name, Unit: f.unit, Least: f.least}
		switch f.name {
		case FigureOpen:
			x.worstOpen(&one, out.Episodes)
		case FigureBack:
			x.worstBack(&one, out.Episodes, limit)
		case FigureLoad:
			x.worstLoad(&one, limit)
		default:
			one.Value, one.OK = values[f.name], true
			if x.o.real && (f.name == FigureP999 || f.name == FigureResolves) && limit < 0 {
				one.Note = notReal(f.name)
			}
			if limit >= 0 {
				one.Limit = new(limit)
				one.OK = one.Value <= limit
				if f.least {
					one.OK = one.Value >= limit
				}
			}
		}
		if (f.name == FigurePages || f.name == FigureResolves) && !x.o.real {
			one.OK = one.OK && values[FigurePages] == values[FigureResolves]
		}
		out.Figures = append(out.Figures, one)
	}
}

func acted(pages []Page, action string) int {
	n := 0
	for i := range pages {
		if pages[i].Action == action {
			n++
		}
	}
	return n
}

// worstOpen takes the spell in which the circuit was latest by its limit.
func (x *examiner) worstOpen(f *Figure, episodes []Episode) {
	f.OK, f.Note = true, "nothing to open"
	worst := -1.0
	for i := range episodes {
		e := &episodes[i]
		if e.Within == nil {
			continue
		}
		limit := *e.Within
		if set, ok := x.o.Limits[FigureOpen]; ok {
			limit = set
		}
		value, note := e.To-e.From, "it never opened"
		if e.Opened != nil {
			value, note = *e.Opened, ""
		}
		if e.Moved != nil && *e.Moved < value {
			value, note = *e.Moved, "other means had moved its load by then"
		}
		if ratio := value / limit; ratio > worst {
			worst = ratio
			f.Value, f.Limit, f.Note, f.OK = value, new(limit), note, value <= limit
		}
	}
}

// worstBack takes the spell after which it took longest to come back.
func (x *examiner) worstBack(f *Figure, episodes []Episode, limit float64) {
	f.OK, f.Note = true, "nothing to come back from"
	for i := range episodes {
		e := &episodes[i]
		if !e.Expects || x.rate == 0 {
			continue
		}
		f.Limit = new(limit)
		if e.Back == nil {
			f.OK, f.Note = false, fmt.Sprintf("not back after %.0f s", e.To)
			continue
		}
		if f.Note == "nothing to come back from" {
			f.Note = ""
		}
		f.Value = max(f.Value, *e.Back)
		f.OK = f.OK && *e.Back <= limit
	}
}

// worstLoad takes the return on which the provider got most at once.
func (x *examiner) worstLoad(f *Figure, limit float64) {
	load, least, ok := x.load()
	f.OK, f.Note = true, "no return to spare"
	if ok {
		if _, set := x.o.Limits[FigureLoad]; !set {
			limit = max(limit, 100*least)
		}
		f.Value, f.Limit, f.Note = 100*load, new(limit), ""
		f.OK = f.Value <= limit
	}
}

// routes says what the outage did to each route.
func (x *examiner) routes() []RouteOutcome {
	var out []RouteOutcome
	for i, l := range x.w.lanes {
		r := &x.w.cfg.Routes[i]
		one := RouteOutcome{Name: r.Name, NoWayOut: true, Alone: true}
		for k := range r.Chain {
			t := r.Chain[k].Target
			one.Chain = append(one.Chain, t.String())
			one.NoWayOut = one.NoWayOut && x.hit.hits(t, x.o.Script.Strikes() != sim.ScopeModel)
			one.Alone = one.Alone && t.Provider == r.Chain[0].Target.Provider
		}
		for k := range x.t.answers {
			a := &x.t.answers[k]
			if a.lane != l || a.at < 0 || a.at >= x.o.lasts() {
				continue
			}
			one.Requests++
			if a.fate != fateOK {
				one.Failed++
			}
		}
		out = append(out, one)
	}
	return out
}
