package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// The charts are drawn here, of numbers and of words of our own alone, so that
// the page needs no library.

type svg struct{ strings.Builder }

func newSVG(width, height int, title string) *svg {
	s := &svg{}
	fmt.Fprintf(s, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, template.HTMLEscapeString(title))
	return s
}

func (s *svg) rect(x, y, w, h float64, fill string) {
	fmt.Fprintf(s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x, y, max(w, 0), h, fill)
}

func (s *svg) line(x1, y1, x2, y2 float64, stroke, dash string) {
	fmt.Fprintf(s, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`, x1, y1, x2, y2, stroke, dash)
}

func (s *svg) text(x, y float64, anchor, text string) {
	fmt.Fprintf(s, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, template.HTMLEscapeString(text))
}

func (s *svg) end() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) //nolint:gosec // numbers and our own words, escaped
}

// barChart is both models' scores on both tracks.
func barChart(m *eval.Metric) template.HTML {
	const left, width, rowHeight = 130.0, 300.0, 24.0
	s := newSVG(480, 112, "scores of both models, strict and lenient")
	for i, row := range []struct {
		name  string
		value float64
		fill  string
	}{
		{"strict, incumbent", m.Strict.Incumbent, "var(--inc)"},
		{"strict, candidate", m.Strict.Candidate, "var(--cand)"},
		{"lenient, incumbent", m.Lenient.Incumbent, "var(--inc)"},
		{"lenient, candidate", m.Lenient.Candidate, "var(--cand)"},
	} {
		y := float64(i)*rowHeight + 8
		if i >= 2 {
			y += 8
		}
		s.text(left-8, y+12, "end", row.name)
		s.rect(left, y, width, 16, "var(--line)")
		s.rect(left, y, width*row.value, 16, row.fill)
		s.text(left+width+6, y+12, "start", percent(row.value))
	}
	return s.end()
}

// intervalChart sets both intervals against the margin.
func intervalChart(m *eval.Metric) template.HTML {
	const left, width = 70.0, 380.0
	low := min(-2*m.Strict.Margin, m.Strict.Low, m.Lenient.Low)
	high := max(2*m.Strict.Margin, m.Strict.High, m.Lenient.High)
	pad := 0.05 * (high - low)
	low, high = low-pad, high+pad
	x := func(v float64) float64 { return left + width*(v-low)/(high-low) }
	s := newSVG(480, 112, "difference of the scores with its interval, against the margin")
	s.rect(x(low), 14, x(-m.Strict.Margin)-x(low), 64, "color-mix(in srgb, var(--bad) 14%, transparent)")
	s.line(x(-m.Strict.Margin), 10, x(-m.Strict.Margin), 82, "var(--bad)", "none")
	s.line(x(0), 10, x(0), 82, "var(--dim)", "3 3")
	for i, row := range []struct {
		name string
		t    *eval.Track
	}{{"strict", &m.Strict}, {"lenient", &m.Lenient}} {
		y := 32 + 32*float64(i)
		s.text(left-8, y+4, "end", row.name)
		s.line(x(row.t.Low), y, x(row.t.High), y, "var(--ink)", "none")
		fmt.Fprintf(s, `<circle cx="%.1f" cy="%.1f" r="5" fill="var(--cand)"/>`, x(row.t.Diff), y)
	}
	s.text(x(-m.Strict.Margin)-4, 98, "end", "margin "+points(-m.Strict.Margin))
	s.text(x(0)+4, 98, "start", "0: as good")
	return s.end()
}

// mostPower bounds the scale of a bet, in powers of ten: what is beyond is as
// good as certain.
const mostPower = 12.0

// pathChart is how the bet against the candidate went, on a logarithmic scale.
func pathChart(run *eval.Run) template.HTML {
	const left, top, width, height = 50.0, 10.0, 880.0, 150.0
	if len(run.Path) == 0 {
		return ""
	}
	lowest, highest := -1.0, 2.6 // in powers of ten; the run stops at 2
	for _, step := range run.Path {
		v := logOf(step.E)
		lowest, highest = min(lowest, v), max(highest, v)
	}
	lowest, highest = max(lowest, -mostPower), min(highest, mostPower)
	last := float64(run.Path[len(run.Path)-1].Cases)
	x := func(cases int) float64 { return left + width*float64(cases)/max(1, last) }
	y := func(power float64) float64 {
		return top + height*(highest-min(max(power, lowest), highest))/(highest-lowest)
	}
	s := newSVG(960, 190, "the stake of a bet against the candidate, case by case")
	s.line(left, y(2), left+width, y(2), "var(--bad)", "5 4")
	if crossed := crossing(run); crossed > 0 && x(crossed) > left+width/2 {
		s.text(left+6, y(2)-5, "start", stopText) // where the line does not come by
	} else {
		s.text(left+width, y(2)-5, "end", stopText)
	}
	s.line(left, y(0), left+width, y(0), "var(--line)", "none")
	var labelled []float64 // where a label is; what would run into one of them has none
	for _, power := range []float64{2, 0, highest, lowest} {
		if slices.ContainsFunc(labelled, func(at float64) bool { return math.Abs(at-y(power)) < 13 }) {
			continue
		}
		labelled = append(labelled, y(power))
		text := fmt.Sprintf("%.3g", math.Pow(10, power))
		if power == mostPower {
			text = "≥1e12"
		}
		s.text(left-6, y(power)+4, "end", text)
	}
	s.WriteString(`<polyline fill="none" stroke="var(--cand)" stroke-width="2" points="`)
	fmt.Fprintf(s, "%.1f,%.1f", x(0), y(0))
	for _, step := range run.Path {
		fmt.Fprintf(s, " %.1f,%.1f", x(step.Cases), y(logOf(step.E)))
	}
	s.WriteString(`"/>`)
	s.text(left, top+height+20, "start", "0 cases")
	s.text(left+width, top+height+20, "end", fmt.Sprintf("%.0f cases", last))
	return s.end()
}

const stopText = "stop: the odds are below 1 in 100"

// crossing is after how many cases the run is stopped; 0 if it is not.
func crossing(run *eval.Run) int {
	for _, step := range run.Path {
		if step.E >= 100 {
			return step.Cases
		}
	}
	return 0
}

func logOf(e float64) float64 {
	if e <= 0 {
		return -mostPower
	}
	return math.Log10(e)
}
