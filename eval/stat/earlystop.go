package stat

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Stopping says when a loser is stopped.
type Stopping struct {
	// Beta is the accepted chance of ever stopping a candidate that is at least
	// as good. 0 means DefaultBeta.
	Beta float64
	// Heaviest is the largest total weight of a cluster (of a case, where there
	// are none) in the whole set, in the units of Pair.Weight: it scales the bets
	// and must not depend on how far the run has come. 0 takes it from the pairs,
	// which is right when all cases weigh the same and there are no clusters, and
	// when the pairs are the whole set.
	Heaviest float64
}

// Step is a point of the path, after one more unit of evidence.
type Step struct {
	Cases int     // seen so far
	Diff  float64 // weighted mean difference so far
	E     float64 // value of the e-process
}

// Path is how the evidence against a candidate grew.
type Path struct {
	Steps     []Step
	Threshold float64 // 1/Beta: reaching it stops the run
	Stop      int     // cases after which it was first reached; 0 if it was not
}

// Stopped says whether the run is to stop, or should have been.
func (p Path) Stopped() bool { return p.Stop > 0 }

// LossPath follows the e-process over the pairs in the order given, which must
// be that of [Waves]. Cases of one cluster are one unit and must stand together;
// the last cluster must be complete.
func LossPath(pairs []Pair, s Stopping) (Path, error) {
	if err := checkPairs(pairs); err != nil {
		return Path{}, err
	}
	if s.Beta == 0 {
		s.Beta = DefaultBeta
	}
	if !(s.Beta > 0 && s.Beta < 1) {
		return Path{}, fmt.Errorf("beta %v is not between 0 and 1", s.Beta)
	}
	if err := contiguous(pairs); err != nil {
		return Path{}, err
	}
	heaviest, unitWeight := 0.0, 0.0
	for _, p := range pairs {
		heaviest = max(heaviest, p.weight()) // what units divides by
	}
	list := units(pairs)
	for _, u := range list {
		unitWeight = max(unitWeight, u.weight)
	}
	if s.Heaviest != 0 {
		scaled := s.Heaviest / heaviest
		if !(scaled >= unitWeight*(1-1e-12)) || math.IsInf(scaled, 1) {
			return Path{}, fmt.Errorf("heaviest is %v, but a cluster weighs %v", s.Heaviest, unitWeight*heaviest)
		}
		unitWeight = scaled
	}
	return walk(list, unitWeight, 1/s.Beta)
}

func walk(list []unit, unitWeight, threshold float64) (Path, error) {
	path := Path{Steps: make([]Step, 0, len(list)), Threshold: threshold}
	var e EProcess
	cases, weight, sum := 0, 0.0, 0.0
	for _, u := range list {
		if err := e.Observe(max(-1, min(1, u.sum/unitWeight))); err != nil {
			return Path{}, err
		}
		cases, weight, sum = cases+u.cases, weight+u.weight, sum+u.sum
		value := e.Value()
		path.Steps = append(path.Steps, Step{Cases: cases, Diff: sum / weight, E: value})
		if value >= threshold && path.Stop == 0 {
			path.Stop = cases
		}
	}
	return path, nil
}

// contiguous refuses a cluster that is left and come back to.
func contiguous(pairs []Pair) error {
	done, last := make(map[string]bool), ""
	for i, p := range pairs {
		if p.Cluster != last && last != "" {
			done[last] = true
		}
		if done[p.Cluster] {
			return fmt.Errorf("case %d: cluster %q is not in one piece; take the order from Waves", i+1, p.Cluster)
		}
		last = p.Cluster
	}
	return nil
}

// CanStillShip says whether the test could still be passed if the candidate
// scored 1 on every case that is left (whose Incumbent is its known score, or 0
// if it is not known yet; Candidate is not read). A run that cannot need not be
// paid for. For 0/1 scores the answer is exact. For the clustered form it errs
// towards going on: there a better score may widen the scatter too, so only what
// the floor under the standard error rules out is ruled out.
func CanStillShip(seen, left []Pair, t Test) (bool, error) {
	best := slices.Clone(seen)
	for _, p := range left {
		p.Candidate = 1
		best = append(best, p)
	}
	if err := checkPairs(best); err != nil {
		return false, err
	}
	r, err := NonInferiority(best, t)
	if errors.Is(err, ErrOneCluster) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.Method != MethodClustered {
		return r.NonInferior(), nil
	}
	least := floor(r.Margin, moments(units(best)).effective)
	return min(1, 2*aboveT((r.Diff+r.Margin)/least, float64(r.DF))) <= r.Alpha, nil
}

// Case names a case for the order of a run.
type Case struct {
	ID      string
	Cluster string // as in Pair
}

// Waves puts cases into the order in which a run takes them and cuts it into
// waves of about size cases (at least one), after each of which the path is
// looked at. It returns indices into cases. The order comes from a hash of the
// seed and the names, never from the file, in which hard cases may stand
// together; so it is the same whatever order the file is in. A cluster stands in
// one piece and is never cut.
func Waves(cases []Case, seed uint64, size int) [][]int {
	type place struct {
		cluster, id uint64
		index       int
	}
	order := make([]place, len(cases))
	for i, c := range cases {
		group := "i" + c.ID
		if c.Cluster != "" {
			group = "c" + c.Cluster
		}
		order[i] = place{cluster: draw(seed, group), id: draw(seed, c.ID), index: i}
	}
	slices.SortFunc(order, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster),
			cmp.Compare(cases[a.index].Cluster, cases[b.index].Cluster),
			cmp.Compare(a.id, b.id), cmp.Compare(cases[a.index].ID, cases[b.index].ID), cmp.Compare(a.index, b.index))
	})
	var waves [][]int
	var wave []int
	for i, p := range order {
		wave = append(wave, p.index)
		joined := i+1 < len(order) && cases[p.index].Cluster != "" && cases[p.index].Cluster == cases[order[i+1].index].Cluster
		if len(wave) >= max(1, size) && !joined {
			waves, wave = append(waves, wave), nil
		}
	}
	if len(wave) > 0 {
		waves = append(waves, wave)
	}
	return waves
}

// draw is a number that looks random and depends on seed and name alone.
func draw(seed uint64, name string) uint64 {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), name...))
	return binary.BigEndian.Uint64(sum[:8])
}
