package stat

import (
	"errors"
	"fmt"
	"math"
)

// ErrNoCases is returned where there is nothing to decide from.
var ErrNoCases = errors.New("there are no cases: a verdict needs at least one")

// ErrOneCluster is returned by the clustered form, which learns how much scores
// scatter from how much clusters differ.
var ErrOneCluster = errors.New("all cases belong to one cluster: the test of graded or clustered scores needs at least two")

// Pair is one case, scored for both models.
type Pair struct {
	Incumbent float64 // 0 to 1; the mean over the repeats if there are several
	Candidate float64 // the same grader, the same repeats
	// Cluster names what the case shares with others (a document, a customer).
	// Cases of one cluster are not independent evidence. Empty: a cluster of its own.
	Cluster string
	Weight  float64 // how much the case counts, relative to the others; 0 means 1
}

// diff is candidate less incumbent.
func (p Pair) diff() float64 { return p.Candidate - p.Incumbent }

// weight is the weight that counts.
func (p Pair) weight() float64 {
	if p.Weight == 0 {
		return 1
	}
	return p.Weight
}

// Counts is what 0/1 scores come down to.
type Counts struct {
	Wins   int // candidate right, incumbent wrong
	Losses int // candidate wrong, incumbent right
	N      int // all cases, those included on which the two agree
}

// Diff is the observed difference of the two mean scores; 0 without cases.
func (c Counts) Diff() float64 {
	if c.N == 0 {
		return 0
	}
	return float64(c.Wins-c.Losses) / float64(c.N)
}

func (c Counts) check() error {
	switch {
	case c.N < 0 || c.Wins < 0 || c.Losses < 0:
		return fmt.Errorf("wins %d, losses %d, cases %d: none may be negative", c.Wins, c.Losses, c.N)
	case c.N == 0:
		return ErrNoCases
	case c.Wins > c.N-c.Losses:
		return fmt.Errorf("%d wins and %d losses are more than the %d cases", c.Wins, c.Losses, c.N)
	}
	return nil
}

// Count reports the wins and losses of the pairs, and whether they say
// everything: every score 0 or 1, no two cases in one cluster, all weights equal.
// Where they do not, the wins and losses are of any size.
func Count(pairs []Pair) (Counts, bool) {
	counts, plain := Counts{N: len(pairs)}, true
	seen := make(map[string]bool)
	for _, p := range pairs {
		switch {
		case p.Candidate > p.Incumbent:
			counts.Wins++
		case p.Candidate < p.Incumbent:
			counts.Losses++
		}
		if !zeroOne(p.Incumbent) || !zeroOne(p.Candidate) || p.weight() != pairs[0].weight() {
			plain = false
		}
		if p.Cluster != "" {
			plain = plain && !seen[p.Cluster]
			seen[p.Cluster] = true
		}
	}
	return counts, plain
}

func zeroOne(score float64) bool { return score == 0 || score == 1 }

// checkPairs finds what no test could make sense of. Cases are counted from 1.
func checkPairs(pairs []Pair) error {
	if len(pairs) == 0 {
		return ErrNoCases
	}
	for i, p := range pairs {
		switch {
		case !(p.Incumbent >= 0 && p.Incumbent <= 1):
			return fmt.Errorf("case %d: the incumbent's score %v is not between 0 and 1", i+1, p.Incumbent)
		case !(p.Candidate >= 0 && p.Candidate <= 1):
			return fmt.Errorf("case %d: the candidate's score %v is not between 0 and 1", i+1, p.Candidate)
		case !(p.Weight >= 0) || math.IsInf(p.Weight, 1):
			return fmt.Errorf("case %d: the weight %v is not a finite number of 0 or more", i+1, p.Weight)
		}
	}
	return nil
}

// unit is what counts as one piece of independent evidence: a case, or a
// cluster of cases.
type unit struct {
	weight float64 // sum of the weights
	sum    float64 // sum of weight times difference
	cases  int
}

// units gathers the pairs by cluster, in the order in which clusters appear.
// Weights are divided by the largest, so that their sums stay finite.
func units(pairs []Pair) []unit {
	heaviest := 0.0
	for _, p := range pairs {
		heaviest = max(heaviest, p.weight())
	}
	list := make([]unit, 0, len(pairs))
	at := make(map[string]int)
	for _, p := range pairs {
		i, ok := len(list), false
		if p.Cluster != "" {
			i, ok = at[p.Cluster]
		}
		if !ok {
			i = len(list)
			list = append(list, unit{})
			if p.Cluster != "" {
				at[p.Cluster] = i
			}
		}
		w := p.weight() / heaviest
		list[i].weight += w
		list[i].sum += w * p.diff()
		list[i].cases++
	}
	return list
}
