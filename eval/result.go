package eval

import (
	"cmp"
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Run is a comparison and what came of it. It holds scores and counts, but
// neither questions nor answers: those are in the store, under the keys of the
// cases.
type Run struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Set     string    `json:"set"`
	File    string    `json:"file"`
	Route   string    `json:"route"`
	Stakes  string    `json:"stakes"`

	Incumbent Party `json:"incumbent"`
	Candidate Party `json:"candidate"`

	Margin    float64   `json:"margin"`
	Alpha     float64   `json:"alpha"` // that was tested at: see Try
	Try       int       `json:"try"`   // which try of this candidate on these cases it is; each has a smaller alpha
	Seed      uint64    `json:"seed"`
	Repeats   int       `json:"repeats"`
	Planned   int       `json:"planned"` // cases of the set
	Hashes    Hashes    `json:"hashes"`
	Normalise []string  `json:"normalise"`
	Foresight Foresight `json:"foresight"`

	Verdict Verdict   `json:"verdict"`
	Metrics []Metric  `json:"metrics"`
	Gap     Gap       `json:"gap"`
	Stopped *Stopped  `json:"stopped,omitempty"`
	Missing []Lost    `json:"missing"`
	Length  *Length   `json:"length,omitempty"`
	Slices  []Slice   `json:"slices"`
	Limits  []Limit   `json:"limits"`
	Path    []Step    `json:"path"`  // of the evidence against the candidate, first metric, strict
	Cases   []Outcome `json:"cases"` // in the order in which they were asked
}

// Foresight is what the set could show, before anything was spent.
type Foresight struct {
	N          int     `json:"n"`          // independent cases
	MinCases   int     `json:"min_cases"`  // with fewer, a candidate that merely ties cannot ship
	Typical    int     `json:"typical"`    // with so many, an equal candidate ships four times in five
	Detectable float64 `json:"detectable"` // the smallest drop that can be told from none
	Chance     float64 `json:"chance"`     // that an equal candidate ships
	TooFew     bool    `json:"too_few"`
	Says       string  `json:"says"`
}

// Party is one of the two models, over all cases.
type Party struct {
	Target  string   `json:"target"`
	Params  string   `json:"params"`
	Levers  string   `json:"levers,omitempty"` // hash of what was set on its requests
	With    string   `json:"with,omitempty"`   // the same as one writes it
	Models  []string `json:"models"`           // as the provider called what answered
	Asked   int      `json:"asked"`            // answers paid for in this run; the others were stored
	Input   int64    `json:"input_tokens"`
	Output  int64    `json:"output_tokens"`
	Cached  int64    `json:"cached_tokens"`
	Thought int64    `json:"reasoning_tokens"`
	USD     *float64 `json:"usd"` // of all its answers, stored ones included; nil if it is not known
	P50MS   float64  `json:"p50_ms"`
	P95MS   float64  `json:"p95_ms"`
	Refused int      `json:"refused"` // cases
	Dropped []string `json:"dropped"` // parts of requests its provider could not be told
}

// Metric is what was tested, on both tracks.
type Metric struct {
	Name    string `json:"name"`
	Graded  bool   `json:"graded"`
	Strict  Track  `json:"strict"`
	Lenient Track  `json:"lenient"`
}

// Track is the outcome of one test.
type Track struct {
	Incumbent float64       `json:"incumbent"` // mean scores
	Candidate float64       `json:"candidate"`
	Method    stat.Method   `json:"method"`
	Margin    float64       `json:"margin"`
	N         int           `json:"n"`
	Units     int           `json:"units"`
	Wins      int           `json:"wins"`
	Losses    int           `json:"losses"`
	Diff      float64       `json:"diff"`
	Low       float64       `json:"low"` // of the interval, at 1 - 2 alpha
	High      float64       `json:"high"`
	P         float64       `json:"p"` // of "the drop is the margin or more"
	PWorse    float64       `json:"p_worse"`
	PBetter   float64       `json:"p_better"`
	Standing  stat.Standing `json:"standing"`
	More      int           `json:"more"` // about how many more cases would settle it; 0 if none would, or it is settled
}

// Step is a point of the path.
type Step struct {
	Cases int     `json:"cases"`
	Diff  float64 `json:"diff"`
	E     float64 `json:"e"`
}

// Lost is a case without a score, for either model: it counts for neither.
type Lost struct {
	Case  string `json:"case"`
	Party string `json:"party"` // "incumbent" or "candidate"
	Why   string `json:"why"`
}

// Outcome is how both models fared on a case.
type Outcome struct {
	ID        string   `json:"id"`
	Cluster   string   `json:"cluster,omitempty"`
	Weight    float64  `json:"weight,omitempty"` // 0 is 1
	Tags      []string `json:"tags,omitempty"`
	Incumbent Judged   `json:"incumbent"`
	Candidate Judged   `json:"candidate"`
}

func outcomeOf(c *Case) Outcome {
	o := Outcome{ID: c.ID, Cluster: c.Cluster, Tags: c.Tags}
	if c.Weight != 1 {
		o.Weight = c.Weight
	}
	return o
}

func (o *Outcome) missing() bool { return o.Incumbent.Missing != "" || o.Candidate.Missing != "" }

func (o *Outcome) weight() float64 {
	if o.Weight == 0 {
		return 1
	}
	return o.Weight
}

// track picks the scores of one of the two readings.
type track func(j *Judged) []float64

func strictTrack(j *Judged) []float64  { return j.Strict }
func lenientTrack(j *Judged) []float64 { return j.Lenient }

// pairs are the scores of a metric, of the cases that have both.
func (run *Run) pairs(metric int, of track) []stat.Pair {
	var pairs []stat.Pair
	for i := range run.Cases {
		o := &run.Cases[i]
		if !o.missing() {
			pairs = append(pairs, stat.Pair{Incumbent: clamp(of(&o.Incumbent)[metric]), Candidate: clamp(of(&o.Candidate)[metric]), Cluster: o.Cluster, Weight: o.Weight})
		}
	}
	return pairs
}

func (run *Run) test(m *metric) stat.Test {
	t := stat.Test{Margin: m.margin, Alpha: run.Alpha, Graded: m.graded, Seed: run.Seed}
	if t.Margin == 0 {
		t.Margin = run.Margin
	}
	return t
}

func (run *Run) countMissing() int {
	n := 0
	for i := range run.Cases {
		if run.Cases[i].missing() {
			n++
		}
	}
	return n
}

// saved is what the candidate's other answers would have cost.
func (run *Run) saved(asked, of int) float64 {
	total := 0.0
	for i := range run.Cases {
		total += run.Cases[i].Candidate.USD
	}
	return total / float64(asked) * float64(of-asked)
}

func (c *Contender) party() Party {
	return Party{Target: c.Target, Params: c.Params, Levers: c.Levers, With: c.With}
}

// Name is the party as people are told of it: with its levers where it has some.
func (p *Party) Name() string {
	if p.With == "" || p.With == "none" {
		return p.Target
	}
	return p.Target + " with " + p.With
}

func newRun(set *Set, inc, cand *Contender, o *Settings) *Run {
	run := &Run{
		Version: 1, At: time.Now().UTC().Truncate(time.Second), Set: set.Name, File: set.File, Route: set.Route, Stakes: o.Stakes.String(),
		Incumbent: inc.party(), Candidate: cand.party(),
		Margin: o.Margin, Alpha: o.Alpha, Try: 1, Seed: o.Seed, Repeats: set.Repeats, Planned: len(set.Cases), Hashes: set.Hashes,
		Normalise: slices.Clone(set.Harness.Normalise),
		Missing:   []Lost{}, Slices: []Slice{}, Limits: []Limit{}, Path: []Step{}, Metrics: []Metric{},
	}
	if set.Stakes != 0 {
		run.Stakes = set.Stakes.String()
	}
	run.ID = digest(object{"at": time.Now().UTC().String(), "set": set.Hashes.Set, "incumbent": inc.Target, "candidate": cand.Target, "margin": o.Margin})[:8]
	return run
}

// lose lists the cases without a score.
func (run *Run) lose() {
	for i := range run.Cases {
		o := &run.Cases[i]
		if o.Incumbent.Missing != "" {
			run.Missing = append(run.Missing, Lost{Case: o.ID, Party: "incumbent", Why: o.Incumbent.Missing})
		}
		if o.Candidate.Missing != "" {
			run.Missing = append(run.Missing, Lost{Case: o.ID, Party: "candidate", Why: o.Candidate.Missing})
		}
	}
}

// total adds up what one party used.
func (p *Party) total(cases []Outcome, of func(o *Outcome) *Judged, store *Store) {
	var latencies []float64
	usd, known := 0.0, true
	for i := range cases {
		j := of(&cases[i])
		if len(j.Keys) == 0 {
			continue
		}
		p.Input, p.Output, p.Cached, p.Thought = p.Input+j.Input, p.Output+j.Output, p.Cached+j.Cached, p.Thought+j.Thought
		usd, known = usd+j.USD, known && j.Priced
		latencies = append(latencies, j.Latency)
		if j.Refused {
			p.Refused++
		}
		for _, key := range j.Keys {
			if a, ok := store.Get(key); ok {
				p.Models = append(p.Models, a.Model)
				p.Dropped = append(p.Dropped, a.Dropped...)
			}
		}
	}
	slices.Sort(p.Models)
	slices.Sort(p.Dropped)
	p.Models, p.Dropped = slices.Compact(p.Models), slices.Compact(p.Dropped)
	if known && len(latencies) > 0 {
		p.USD = &usd
	}
	slices.Sort(latencies)
	p.P50MS, p.P95MS = quantile(latencies, 0.50), quantile(latencies, 0.95)
}

// quantile of sorted values: the smallest that at least that share of them does
// not exceed.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// measure runs a test and puts down its outcome.
func measure(pairs []stat.Pair, t stat.Test) (Track, stat.Result, error) {
	r, err := stat.NonInferiority(pairs, t)
	if err != nil {
		return Track{}, r, err
	}
	out := Track{
		Method: r.Method, Margin: r.Margin, N: r.N, Units: r.Units, Wins: r.Wins, Losses: r.Losses, Diff: r.Diff,
		Low: r.Interval.Low, High: r.Interval.High, P: r.P, PWorse: r.PWorse, PBetter: r.PBetter, Standing: r.Standing(),
	}
	if more, ok := r.MoreCases(); ok {
		out.More = more
	}
	weight := 0.0
	for _, p := range pairs {
		w := cmp.Or(p.Weight, 1)
		out.Incumbent, out.Candidate, weight = out.Incumbent+w*p.Incumbent, out.Candidate+w*p.Candidate, weight+w
	}
	out.Incumbent, out.Candidate = out.Incumbent/weight, out.Candidate/weight
	return out, r, nil
}
