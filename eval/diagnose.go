package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/switchgear-dev/switchgear/eval/normalise"
	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Gap is the difference of the two models' strict scores on the first metric,
// taken apart. Total is Harness plus Real, exactly.
type Gap struct {
	Total   float64 `json:"total"`
	Real    float64 `json:"real"`    // what is left once the form of the answers is ironed out
	Harness float64 `json:"harness"` // what the form accounts for
	Rungs   []Share `json:"rungs"`   // Harness, by rung; the parts add up to it
}

// Share is what one rung of the ladder made of both models' answers.
type Share struct {
	Rung      string  `json:"rung"`
	About     string  `json:"about"`
	Incumbent int     `json:"incumbent"` // cases that it turned
	Candidate int     `json:"candidate"`
	Harness   float64 `json:"harness"` // its part of the gap
}

// gap takes the difference apart.
func (run *Run) gap() Gap {
	var g Gap
	shares := map[string]*Share{}
	of := func(rung string) *Share {
		if shares[rung] == nil {
			about, _ := normalise.Named(rung)
			shares[rung] = &Share{Rung: rung, About: about.About}
		}
		return shares[rung]
	}
	weight := 0.0
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.missing() {
			continue
		}
		w := o.weight()
		weight += w
		g.Total += w * (o.Candidate.Strict[0] - o.Incumbent.Strict[0])
		g.Real += w * (o.Candidate.Lenient[0] - o.Incumbent.Lenient[0])
		eachGain(&o.Incumbent, func(rung string, gain float64) { s := of(rung); s.Incumbent++; s.Harness += w * gain })
		eachGain(&o.Candidate, func(rung string, gain float64) { s := of(rung); s.Candidate++; s.Harness -= w * gain })
	}
	if weight > 0 {
		g.Total, g.Real = g.Total/weight, g.Real/weight
	}
	g.Harness = g.Total - g.Real
	g.Rungs = []Share{}
	for _, s := range shares {
		s.Harness /= weight
		g.Rungs = append(g.Rungs, *s)
	}
	slices.SortFunc(g.Rungs, func(a, b Share) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Harness), math.Abs(a.Harness)), cmp.Compare(a.Rung, b.Rung))
	})
	return g
}

func eachGain(j *Judged, f func(rung string, gain float64)) {
	for i, rung := range j.Rungs {
		if rung != "" {
			f(rung, j.Gains[i]/float64(len(j.Rungs)))
		}
	}
}

// recovered is the share of the losses so far that are gone on the lenient
// track.
func (run *Run) recovered() float64 {
	losses, gone := 0.0, 0.0
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.missing() {
			continue
		}
		if lost := o.Incumbent.Strict[0] - o.Candidate.Strict[0]; lost > 0 {
			losses += lost
			gone += lost - max(0, min(lost, o.Incumbent.Lenient[0]-o.Candidate.Lenient[0]))
		}
	}
	if losses == 0 {
		return 0
	}
	return gone / losses
}

// Length says how much longer the candidate's answers are, and what is left of
// the difference at equal length.
type Length struct {
	Ratio   float64 `json:"ratio"`   // of what the candidate wrote to what the incumbent wrote
	Moves   bool    `json:"moves"`   // whether the score goes with the length beyond chance
	Slope   float64 `json:"slope"`   // of the difference, per doubling of the ratio
	T       float64 `json:"t"`       // the slope in standard errors
	Matched float64 `json:"matched"` // the difference at equal length
	Low     float64 `json:"low"`     // of Matched, at 90%
	High    float64 `json:"high"`
}

// Where answers are said to differ in length, and a slope to be more than
// chance.
const (
	ratioMost  = 1.5
	slopeLeast = 2.576 // a two-sided 1%: this is looked at in every run
	z90        = 1.644854
	leastLong  = 20 // cases
)

// length fits a line through the differences over the logarithm of the ratio of
// lengths: where it crosses zero, both models wrote as much.
func (run *Run) length() *Length {
	var x, d []float64
	inc, cand := 0.0, 0.0
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.missing() || o.Incumbent.Size == 0 || o.Candidate.Size == 0 {
			continue
		}
		x = append(x, math.Log2(float64(o.Candidate.Size)/float64(o.Incumbent.Size)))
		d = append(d, o.Candidate.Strict[0]-o.Incumbent.Strict[0])
		inc, cand = inc+float64(o.Incumbent.Size), cand+float64(o.Candidate.Size)
	}
	if len(x) < leastLong {
		return nil
	}
	l := &Length{Ratio: cand / inc}
	intercept, slope, seIntercept, seSlope := line(x, d)
	l.Slope, l.Matched = slope, intercept
	l.Low, l.High = intercept-z90*seIntercept, intercept+z90*seIntercept
	if seSlope > 0 {
		l.T = slope / seSlope
	}
	l.Moves = math.Abs(l.T) >= slopeLeast && (l.Ratio > ratioMost || l.Ratio < 1/ratioMost)
	return l
}

// line is the least-squares line through some points, with the standard errors
// of its two numbers.
func line(x, y []float64) (intercept, slope, seIntercept, seSlope float64) {
	n := float64(len(x))
	mx, my := 0.0, 0.0
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	sxx, sxy := 0.0, 0.0
	for i := range x {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	if sxx < 1e-12 {
		return my, 0, 0, 0
	}
	slope = sxy / sxx
	intercept = my - slope*mx
	rest := 0.0
	for i := range x {
		e := y[i] - intercept - slope*x[i]
		rest += e * e
	}
	variance := rest / max(1, n-2)
	return intercept, slope, math.Sqrt(variance * (1/n + mx*mx/sxx)), math.Sqrt(variance / sxx)
}

// Slice is the cases that share a tag.
type Slice struct {
	Tag       string  `json:"tag"`
	N         int     `json:"n"`
	Incumbent float64 `json:"incumbent"`
	Candidate float64 `json:"candidate"`
	Wins      int     `json:"wins"`
	Losses    int     `json:"losses"`
	PWorse    float64 `json:"p_worse"` // adjusted for the number of slices
	Worse     bool    `json:"worse"`
}

// slices looks at each tag by itself, with Holm's correction: among twenty tags
// one always looks bad.
func (run *Run) bySlice(m *metric) []Slice {
	tags := map[string][]stat.Pair{}
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.missing() {
			continue
		}
		for _, tag := range o.Tags {
			tags[tag] = append(tags[tag], stat.Pair{Incumbent: clamp(o.Incumbent.Strict[0]), Candidate: clamp(o.Candidate.Strict[0]), Cluster: o.Cluster, Weight: o.Weight})
		}
	}
	list, p := []Slice{}, []float64{}
	for tag, pairs := range tags {
		t, _, err := measure(pairs, run.test(m))
		if err != nil {
			continue // a slice of one cluster says nothing
		}
		list = append(list, Slice{Tag: tag, N: t.N, Incumbent: t.Incumbent, Candidate: t.Candidate, Wins: t.Wins, Losses: t.Losses, PWorse: t.PWorse})
	}
	slices.SortFunc(list, func(a, b Slice) int { return cmp.Compare(a.Tag, b.Tag) })
	for i := range list {
		p = append(p, list[i].PWorse)
	}
	if adjusted, err := stat.Holm(p); err == nil {
		for i := range list {
			list[i].PWorse, list[i].Worse = adjusted[i], adjusted[i] <= run.Alpha
		}
	}
	return list
}

// Limit is a bound of the set on what is counted rather than tested.
type Limit struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Most  float64 `json:"most"`
	Known bool    `json:"known"` // whether Value could be told
	Over  bool    `json:"over"`
}

func (run *Run) limits(l Limits) []Limit {
	list := []Limit{}
	add := func(name string, value, most float64, known bool) {
		list = append(list, Limit{Name: name, Value: value, Most: most, Known: known, Over: known && value > most})
	}
	answered := len(run.Cases) - run.countMissing()
	if l.CostRatio > 0 {
		ratio, known := run.costRatio()
		add("cost_ratio", ratio, l.CostRatio, known)
	}
	if l.P95MS > 0 {
		add("p95_ms", run.Candidate.P95MS, float64(l.P95MS), answered > 0)
	}
	if rate, ok := l.Refusals(); ok {
		add("refusal_rate", float64(run.Candidate.Refused)/float64(max(1, answered)), rate, answered > 0)
	}
	return list
}

// costRatio is what the candidate costs of what the incumbent does, on the
// cases that both answered.
func (run *Run) costRatio() (float64, bool) {
	inc, cand := 0.0, 0.0
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.missing() {
			continue
		}
		if !o.Incumbent.Priced || !o.Candidate.Priced {
			return 0, false
		}
		inc, cand = inc+o.Incumbent.USD, cand+o.Candidate.USD
	}
	if inc <= 0 {
		return 0, false
	}
	return cand / inc, true
}
