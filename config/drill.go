package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Drill is what `switchgear drill` plays this configuration with, where the
// command line says nothing else. Serving has nothing to do with it.
type Drill struct {
	Strike string             // a provider, or provider/model; "" for whom most routes try first
	Rate   float64            // requests a second; 0 for the drill's own
	Limits map[string]float64 // by the figure's name; nil for the drill's own
}

// The load that a drill may have, in requests a second.
const (
	LeastDrillRate = 0.1
	MostDrillRate  = 1000
)

// DrillFigure is a number that a drill is judged by.
type DrillFigure struct {
	Name string
	Unit string // "s", "%", or "" for a plain number
}

// DrillFigures are all of them.
func DrillFigures() []DrillFigure {
	return []DrillFigure{
		{"ok", "%"},
		{"truncated", ""},
		{"p50", "s"},
		{"p99", "s"},
		{"p99.9", "s"},
		{"open", "s"},
		{"back", "s"},
		{"calls", ""},
		{"load", "%"},
		{"wasted", ""},
		{"extra", "%"},
		{"pages", ""},
		{"resolve", ""},
	}
}

func figureNames() []string {
	var names []string
	for _, f := range DrillFigures() {
		names = append(names, f.Name)
	}
	return names
}

// Limit reads what a figure may be: 1.5s, 99.9% or 1.05.
func (f DrillFigure) Limit(text string) (float64, error) {
	if f.Unit == "s" {
		if d, err := time.ParseDuration(text); err == nil && d >= 0 {
			return d.Seconds(), nil
		}
	}
	if f.Unit == "%" {
		text = strings.TrimSuffix(text, "%")
	}
	v, err := strconv.ParseFloat(text, 64)
	most := 1e9
	if f.Unit == "%" {
		most = 1000 // what recovers may get more than its load, and what is wasted may cost more than what is not
	}
	if f.Name == "ok" {
		most = 100
	}
	if err != nil || !(v >= 0 && v <= most) {
		return 0, errors.New("no " + f.measure())
	}
	return v, nil
}

// Example is how a limit is written.
func (f DrillFigure) Example() string {
	switch f.Unit {
	case "s":
		return "1.5s"
	case "%":
		return "99.9%"
	default:
		return "1.05"
	}
}

func (f DrillFigure) measure() string {
	switch f.Unit {
	case "s":
		return "length of time"
	case "%":
		if f.Name == "ok" {
			return "percentage from 0 to 100"
		}
		return "percentage"
	default:
		return "number"
	}
}

// drill reads how this configuration is drilled.
func (r *reader) drill(c *Config, file *object) {
	n := file.get("drill")
	if n == nil {
		return
	}
	o := r.object(n, "drill", shapeDrill)
	c.Drill.Rate = r.drillRate(o)
	c.Drill.Strike = r.drillStrike(c, o)
	m := o.get("limits")
	if m == nil {
		return
	}
	limits := r.object(m, "drill.limits", shapeFigures)
	for _, f := range DrillFigures() {
		s, at, ok := limits.text(f.Name, f.Example())
		if !ok {
			continue
		}
		v, err := f.Limit(s)
		if err != nil {
			r.errorf(at.pos, child(limits.path, f.Name), quote(at.text)+" is "+err.Error(), "Write for example "+f.Example()+".")
			continue
		}
		if c.Drill.Limits == nil {
			c.Drill.Limits = map[string]float64{}
		}
		c.Drill.Limits[f.Name] = v
	}
}

func (r *reader) drillRate(o *object) float64 {
	s, n, ok := o.text("rate", "20")
	if !ok {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= LeastDrillRate && v <= MostDrillRate) {
		r.errorf(n.pos, "drill.rate", quote(n.text)+" is no load: a drill takes 0.1 to 1000 requests a second", "Write for example 20.")
		return 0
	}
	return v
}

// drillStrike looks for who is to be struck among the providers.
func (r *reader) drillStrike(c *Config, o *object) string {
	s, n, ok := o.text("strike", "anthropic")
	if !ok {
		return ""
	}
	var names []string
	for i := range c.Providers {
		names = append(names, c.Providers[i].Name)
	}
	if provider, _, _ := strings.Cut(s, "/"); !slices.Contains(names, provider) {
		r.errorf(n.pos, "drill.strike", "there is no provider "+quote(provider)+" to strike", defined(provider, names))
		return ""
	}
	return s
}
