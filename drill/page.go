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
	for i, o := range outcomes {
		p := draw(o)
		p.number = i + 1
		pictures = append(pictures, p)
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

	number int

	Width, LoadHeight, WaitHeight float64
	Sick                          []band // the provider's weather
	Bars                          []band // who served
	Waits                         string // the median wait, as a path
	Tails                         string // the 99th percentile
	WaitTop                       float64
	Lost                          []band // users who got nothing
	Circuits                      []circuit
	Legend                        []legend
	Ticks                         []tick
	Begins, Ends                  float64 // of the outage
	Unit                          string  // of the ticks
}

// Percent is for the page.
func (p *picture) Percent(v float64) string { return fmt.Sprintf("%.2f%%", 100*v) }

// Numbered is where on the page a picture is, for links to it.
func (p *picture) Numbered() string { return fmt.Sprintf("outage-%d", p.number) }

// Fine reports whether every figure is within its limit.
func (p *picture) Fine() bool { return len(p.Missed()) == 0 }

// OKClass is how our own share is written.
func (p *picture) OKClass() string {
	for _, f := range p.Figures {
		if f.Name == FigureOK && !f.OK {
			return "bad"
		}
	}
	return "good"
}

// AloneClass is how the SDK's share is written: it is bad only beside ours.
func (p *picture) AloneClass() string {
	if p.Alone.OKShare < p.Bad.OKShare {
		return "bad"
	}
	return ""
}

// Nothing is how many users got nothing, at any time.
func (p *picture) Nothing() int {
	n := 0
	for _, phase := range []*Phase{p.Calm, p.Bad, p.After} {
		n += phase.Failed + phase.Truncated
	}
	return n
}

// Means says what a figure is.
func (f *Figure) Means() string {
	return map[string]string{
		FigureOK:        "users who got a whole answer",
		FigureTruncated: "half answers that looked whole",
		FigureP50:       "added to the wait for the first token: the median",
		FigureP99:       "added to it: 99 in 100 waited less",
		FigureP999:      "added to it: 999 in 1,000 waited less",
		FigureOpen:      "until the circuit was open, or its load gone",
		FigureBack:      "until everything was as before",
		FigureCalls:     "upstream calls a request",
		FigureLoad:      "of its normal load, on the provider in its first 5 s back",
		FigureWasted:    "calls to the sick provider for nothing",
		FigureExtra:     "what such calls, races and probes cost, of the rest",
		FigurePages:     "times somebody was woken",
		FigureResolves:  "times somebody was told that it is over",
	}[f.Name]
}

// Moment is when a page was sent, for people.
func (p *Page) Moment() string {
	if p.At < 0 {
		return "-" + Moment(-p.At)
	}
	return Moment(p.At)
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
	X    float64 // in hundredths of the width
	Text string
	Edge string // "start" or "end", where there is no room on one side
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
	p.ticks(x, from, to)
	return p
}

// ticks mark the time: in minutes, or where there are few of them in tens of
// seconds.
func (p *picture) ticks(x func(float64) float64, from, to float64) {
	every, per := 60.0, 60.0
	if p.Unit = "minutes"; to-from < 300 {
		every, per, p.Unit = 10, 1, "seconds"
	}
	for at := math.Ceil(from/every) * every; at <= to; at += every {
		t := tick{X: 100 * x(at) / pictureWidth, Text: fmt.Sprintf("%+.0f", at/per)}
		switch {
		case t.X < 2:
			t.Edge = "start"
		case t.X > 98:
			t.Edge = "end"
		}
		p.Ticks = append(p.Ticks, t)
	}
}

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
		stack(s.Failed, "failed", "got nothing")
		if s.Failed > 0 {
			p.Lost = append(p.Lost, band{X: left, W: width, Title: fmt.Sprintf("%d got nothing", s.Failed)})
		}
	}
	for i, name := range names {
		p.Legend = append(p.Legend, legend{fmt.Sprintf("t%d", min(i, colours-1)), name})
	}
	p.Legend = append(p.Legend, legend{"failed", "nobody"})
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
	names := p.names()
	place := func(target string) int {
		if i := slices.Index(names, target); i >= 0 {
			return i
		}
		return len(names)
	}
	targets := slices.Sorted(maps.Keys(byTarget))
	slices.SortStableFunc(targets, func(a, b string) int { return place(a) - place(b) })
	for _, target := range targets {
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
