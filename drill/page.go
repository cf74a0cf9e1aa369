package drill

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

// WritePage writes one self-contained page with a picture of each outage: what
// the provider was like, who carried the load, when circuits moved, what users
// saw. It asks nothing of any network.
func WritePage(w io.Writer, outcomes []*Outcome) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	pictures := make([]*picture, 0, len(outcomes))
	for _, o := range outcomes {
		pictures = append(pictures, draw(o))
	}
	return t.Execute(w, pictures)
}

// The measures of a picture, in its own units.
const (
	pictureWidth = 960.0
	loadHeight   = 120.0
	waitHeight   = 90.0
	colours      = 6 // of targets; more than that share the last
)

// picture is an outage as the page draws it.
type picture struct {
	*Outcome

	Width, LoadHeight, WaitHeight float64
	Sick                          []band // the provider's weather
	Bars                          []band // who served
	Waits                         string // the median wait, as a path
	Tails                         string // the 99th percentile
	WaitTop                       float64
	Circuits                      []circuit
	Legend                        []legend
	Ticks                         []tick
	Begins, Ends                  float64 // of the outage
}

// band is a rectangle.
type band struct {
	X, Y, W, H, Strength float64
	Class, Title         string
}

// circuit is one target's strip.
type circuit struct {
	Target string
	Bands  []band
}

type legend struct{ Class, Name string }

type tick struct {
	X    float64
	Text string
}

func draw(o *Outcome) *picture {
	p := &picture{Outcome: o, Width: pictureWidth, LoadHeight: loadHeight, WaitHeight: waitHeight}
	if len(o.Slices) == 0 {
		return p
	}
	step := o.Step
	from := o.Slices[0].From
	to := o.Slices[len(o.Slices)-1].From + step
	x := func(at float64) float64 { return (at - from) / (to - from) * pictureWidth }
	p.Begins, p.Ends = x(0), x(o.Lasts)
	p.bars(x, step)
	p.lines(x, step)
	p.strips(x, to)
	for at := math.Ceil(from/60) * 60; at <= to; at += 60 {
		p.Ticks = append(p.Ticks, tick{x(at), fmt.Sprintf("%+.0f", at/60)})
	}
	return p
}

// Percent is for the page.
func (p *picture) Percent(v float64) string { return fmt.Sprintf("%.2f%%", 100*v) }

// names are those who served, the one who served most in calm first.
func (p *picture) names() []string {
	calm, all := map[string]int{}, map[string]int{}
	for _, s := range p.Slices {
		for name, n := range s.Served {
			all[name] += n
			if s.From < 0 {
				calm[name] += n
			}
		}
	}
	names := slices.Sorted(maps.Keys(all))
	slices.SortStableFunc(names, func(a, b string) int { return calm[b] - calm[a] })
	return names
}

// bars draw who carried the load, slice by slice, and the weather above it.
func (p *picture) bars(x func(float64) float64, step float64) {
	names := p.names()
	most := 1
	for _, s := range p.Slices {
		n := s.Failed
		for _, k := range s.Served {
			n += k
		}
		most = max(most, n)
	}
	for _, s := range p.Slices {
		left, width := x(s.From), x(s.From+step)-x(s.From)
		if ill := max(s.Harm, min(1, (s.Slow-1)/3)); ill > 0 {
			p.Sick = append(p.Sick, band{X: left, W: width, Strength: ill, Title: fmt.Sprintf("%.0f%% of calls harmed, %.1f times slower", 100*s.Harm, s.Slow)})
		}
		y := loadHeight
		stack := func(n int, class, title string) {
			if n == 0 {
				return
			}
			h := float64(n) / float64(most) * loadHeight
			y -= h
			p.Bars = append(p.Bars, band{X: left, Y: y, W: width, H: h, Class: class, Title: fmt.Sprintf("%d %s", n, title)})
		}
		for i, name := range names {
			stack(s.Served[name], fmt.Sprintf("t%d", min(i, colours-1)), "by "+name)
		}
		stack(s.Failed, "failed", "failed")
	}
	for i, name := range names {
		p.Legend = append(p.Legend, legend{fmt.Sprintf("t%d", min(i, colours-1)), name})
	}
	p.Legend = append(p.Legend, legend{"failed", "failed"})
}

// lines draw how long users waited for the first token.
func (p *picture) lines(x func(float64) float64, step float64) {
	p.WaitTop = 1
	for _, s := range p.Slices {
		p.WaitTop = max(p.WaitTop, math.Ceil(s.P99))
	}
	path := func(value func(*Slice) float64) string {
		var out strings.Builder
		verb := "M"
		for i := range p.Slices {
			s := &p.Slices[i]
			fmt.Fprintf(&out, "%s%.1f %.1f", verb, x(s.From+step/2), waitHeight*(1-value(s)/p.WaitTop))
			verb = "L"
		}
		return out.String()
	}
	p.Waits = path(func(s *Slice) float64 { return s.P50 })
	p.Tails = path(func(s *Slice) float64 { return s.P99 })
}

// strips draw each circuit's states.
func (p *picture) strips(x func(float64) float64, to float64) {
	byTarget := map[string][]Move{}
	for _, m := range p.Moves {
		byTarget[m.Target] = append(byTarget[m.Target], m)
	}
	for _, target := range slices.Sorted(maps.Keys(byTarget)) {
		c := circuit{Target: target}
		moves := byTarget[target]
		for i, m := range moves {
			end := to
			if i+1 < len(moves) {
				end = moves[i+1].At
			}
			title := m.State
			if m.Reason != "" {
				title += ": " + m.Reason
			}
			c.Bands = append(c.Bands, band{X: x(m.At), W: max(x(min(end, to))-x(m.At), 0), Class: "s-" + m.State, Title: title})
		}
		p.Circuits = append(p.Circuits, c)
	}
}
