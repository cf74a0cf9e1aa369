package swap

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Row is what was measured of one target on one route.
type Row struct {
	Route   string  `json:"route"`
	Target  string  `json:"target"`
	Scores  []Score `json:"scores"`            // every metric that gates the route
	Others  []Score `json:"others,omitempty"`  // what else is known of the target: it decides nothing, and may show that a score is a fluke
	Cost    Spent   `json:"cost"`              //
	Mean    float64 `json:"mean_s,omitempty"`  // latency in seconds; 0 if unknown
	P95     float64 `json:"p95_s,omitempty"`   // likewise
	Outputs bool    `json:"outputs,omitempty"` // the answers are kept, so that a doubt can be looked into
	Verdict string  `json:"verdict,omitempty"` // of the gate's run against the incumbent, if there was one
	Run     string  `json:"run,omitempty"`
}

// Score is the mean of one metric over some cases.
type Score struct {
	Metric string  `json:"metric"`
	N      int     `json:"n"`
	Mean   float64 `json:"mean"`            // 0 to 1
	Pairs  *Pairs  `json:"pairs,omitempty"` // against the incumbent, case by case
}

// Pairs says on how many of the same cases a target did better or worse than
// another. It is for scores of 0 and 1.
type Pairs struct {
	Against string `json:"against"` // provider/model
	Wins    int    `json:"wins"`
	Losses  int    `json:"losses"`
}

// Basis is how a cost is known.
type Basis string

// The bases of costs.
const (
	BasisUsage     Basis = "usage"     // from the tokens that were billed, hidden reasoning and cache included
	BasisPublished Basis = "published" // from somebody's table
	BasisVisible   Basis = "visible"   // from the text one can see: a lower bound where a model reasons out of sight
)

// Spent is what a thousand calls cost.
type Spent struct {
	USD   *float64 `json:"usd_per_1k"` // nil if unknown
	Basis Basis    `json:"basis,omitempty"`
	Least bool     `json:"least,omitempty"` // tokens were billed that are not counted here
}

// ReadRows reads rows of evidence, one JSON object a line.
func ReadRows(r io.Reader) ([]Row, error) {
	var rows []Row
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for number := 1; in.Scan(); number++ {
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		var row Row
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&row); err != nil {
			return nil, fmt.Errorf("line %d is no row of evidence: %w", number, err)
		}
		if err := row.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		rows = append(rows, row)
	}
	return rows, in.Err()
}

func (r *Row) check() error {
	switch {
	case r.Route == "" || r.Target == "":
		return errors.New("a row needs a route and a target")
	case len(r.Scores) == 0:
		return fmt.Errorf("%s on %s has no score", r.Target, r.Route)
	case r.Cost.USD != nil && !(*r.Cost.USD >= 0):
		return fmt.Errorf("%s on %s costs %v, which cannot be", r.Target, r.Route, *r.Cost.USD)
	case r.Mean < 0 || r.P95 < 0:
		return fmt.Errorf("%s on %s answers before it is asked", r.Target, r.Route)
	}
	for i := range r.Scores {
		s := &r.Scores[i]
		switch {
		case s.N <= 0 || !(s.Mean >= 0 && s.Mean <= 1):
			return fmt.Errorf("%s on %s: a score is a mean from 0 to 1 over at least one case", r.Target, r.Route)
		case s.Pairs != nil && (s.Pairs.Wins < 0 || s.Pairs.Losses < 0 || s.Pairs.Wins+s.Pairs.Losses > s.N):
			return fmt.Errorf("%s on %s: %d wins and %d losses in %d cases cannot be", r.Target, r.Route, s.Pairs.Wins, s.Pairs.Losses, s.N)
		}
	}
	return nil
}

// score finds a metric's score.
func (r *Row) score(metric string) *Score {
	for i := range r.Scores {
		if r.Scores[i].Metric == metric {
			return &r.Scores[i]
		}
	}
	return nil
}

// level is that of every interval shown: its lower end is the one-sided bound
// at 5 %.
const level = 0.90

// Interval is the range in which the true score lies. For scores that are not 0
// or 1 it is wider than need be.
func (s *Score) Interval() stat.Interval {
	i, err := stat.Wilson(int(math.Round(s.Mean*float64(s.N))), s.N, level)
	if err != nil {
		return stat.Interval{High: 1, Level: level}
	}
	return i
}

// difference is how much higher a scores than b, with its interval. Two means
// that cannot be paired case by case are compared as if they were of different
// cases, which is the wider interval wherever the same cases are hard for both
// (Newcombe 1998, method 10).
func difference(a, b *Score, against string) (d float64, i stat.Interval, paired bool) {
	d = a.Mean - b.Mean
	if p := a.Pairs; p != nil && p.Against == against {
		r, err := stat.Exact(stat.Counts{Wins: p.Wins, Losses: p.Losses, N: a.N}, stat.Test{Margin: 0.5})
		if err == nil {
			return r.Diff, r.Interval, true
		}
	}
	x, y := a.Interval(), b.Interval()
	return d, stat.Interval{
		Low:   d - math.Hypot(a.Mean-x.Low, y.High-b.Mean),
		High:  d + math.Hypot(x.High-a.Mean, b.Mean-y.Low),
		Level: level,
	}, false
}
