package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestEProcessIsFair is property (e): its mean is 1 under a fair coin, taken
// over all sequences, and the order of what it saw does not matter.
func TestEProcessIsFair(t *testing.T) {
	t.Parallel()
	const length = 12
	for _, tie := range []bool{false, true} {
		sum := 0.0
		for pattern := range 1 << length {
			var e EProcess
			for i := range length {
				d := float64(2*(pattern>>i&1) - 1)
				if tie {
					d /= 2 // graded scores are no exception
				}
				if err := e.Observe(d); err != nil {
					t.Fatal(err)
				}
			}
			sum += e.Value()
		}
		near(t, "mean over all sequences", sum/(1<<length), 1, 1e-9)
	}
	rapid.Check(t, func(t *rapid.T) {
		diffs := rapid.SliceOfN(rapid.Float64Range(-1, 1), 1, 60).Draw(t, "diffs")
		shuffled := rapid.Permutation(diffs).Draw(t, "shuffled")
		var one, two EProcess
		for i := range diffs {
			if one.Observe(diffs[i]) != nil || two.Observe(shuffled[i]) != nil {
				t.Fatal("a difference was refused")
			}
		}
		if math.Abs(one.Log()-two.Log()) > 1e-9 || one.Units() != len(diffs) {
			t.Fatalf("%v in one order, %v in another", one.Log(), two.Log())
		}
	})
}

// TestEProcessStopsTheInnocentRarely is property (f): of 20,000 runs with an
// equal candidate at most 1% ever reach 100.
func TestEProcessStopsTheInnocentRarely(t *testing.T) {
	t.Parallel()
	for _, discordance := range []float64{.2, 1} {
		random := rand.New(rand.NewPCG(20261122, 1))
		stopped := 0
		const runs, length = 20_000, 100
		for range runs {
			var e EProcess
			for range length {
				x := random.Float64()
				if x >= discordance {
					continue
				}
				d := 1.0
				if x < discordance/2 {
					d = -1
				}
				if err := e.Observe(d); err != nil {
					t.Fatal(err)
				}
				if d < 0 && e.Value() >= 100 {
					stopped++
					break
				}
			}
		}
		if share := float64(stopped) / runs; share > .01 || stopped == 0 {
			t.Errorf("%.4f of the runs were stopped at discordance %v", share, discordance)
		}
	}
}

func TestEProcessFarOut(t *testing.T) {
	t.Parallel()
	var up, down EProcess
	for range 5_000 {
		if up.Observe(-1) != nil || down.Observe(1) != nil {
			t.Fatal("a difference was refused")
		}
	}
	if up.Value() != math.MaxFloat64 || math.IsInf(up.Log(), 0) {
		t.Errorf("5,000 losses: %v", up.Value())
	}
	if v := down.Value(); v < 0 || v > 1e-100 || math.IsNaN(down.Log()) {
		t.Errorf("5,000 wins: %v", v)
	}
	for _, d := range []float64{math.NaN(), 1.01, math.Inf(-1)} {
		if (&EProcess{}).Observe(d) == nil {
			t.Errorf("a difference of %v was taken", d)
		}
	}
}

// TestBettingByCluster: a cluster is one bet, whatever its size; ten questions
// lost with one document are not ten losses.
func TestBettingByCluster(t *testing.T) {
	t.Parallel()
	var pairs, single []Pair
	for i := range 100 {
		pairs = append(pairs, Pair{Incumbent: 1, Cluster: fmt.Sprint(i / 10)})
	}
	for range 10 {
		single = append(single, Pair{Incumbent: 1})
	}
	path, err := LossPath(pairs, Stopping{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := LossPath(single, Stopping{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Steps {
		near(t, "E", path.Steps[i].E, want.Steps[i].E, 1e-9*want.Steps[i].E)
		if path.Steps[i].Cases != 10*want.Steps[i].Cases {
			t.Errorf("step %d after %d cases", i, path.Steps[i].Cases)
		}
	}
	if path.Stop != 100 || !path.Stopped() {
		t.Errorf("stopped after %d cases", path.Stop)
	}
	// A prefix of the set must bet as the whole set does.
	whole := append(slices.Clone(single), Pair{Incumbent: 1, Candidate: 1, Weight: 4})
	all, err := LossPath(whole, Stopping{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := LossPath(single, Stopping{Heaviest: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i := range some.Steps {
		near(t, "E of a prefix", some.Steps[i].E, all.Steps[i].E, 1e-12)
	}
}

func TestLossPathRefuses(t *testing.T) {
	t.Parallel()
	torn := []Pair{{Cluster: "a"}, {Cluster: "b"}, {Cluster: "a"}}
	for name, c := range map[string]struct {
		pairs []Pair
		stop  Stopping
		want  string
	}{
		"empty":  {nil, Stopping{}, "there are no cases: a verdict needs at least one"},
		"torn":   {torn, Stopping{}, `case 3: cluster "a" is not in one piece; take the order from Waves`},
		"beta":   {torn[:1], Stopping{Beta: 2}, "beta 2 is not between 0 and 1"},
		"weight": {[]Pair{{Weight: 3}}, Stopping{Heaviest: 2}, "heaviest is 2, but a cluster weighs 3"},
	} {
		if _, err := LossPath(c.pairs, c.stop); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestCannotShipMeansCannotShip: whatever the rest of the run brings, a run
// given up by CanStillShip would not have shipped; and one that has a perfect
// rest to hope for is not given up.
func TestCannotShipMeansCannotShip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		graded := rapid.Bool().Draw(t, "graded")
		values := []float64{0, 1}
		if graded {
			values = []float64{0, .25, .5, .75, 1}
		}
		n := rapid.IntRange(2, 120).Draw(t, "n")
		bias := rapid.IntRange(0, 10).Draw(t, "bias")
		pairs := make([]Pair, n)
		for i := range pairs {
			pairs[i].Incumbent = rapid.SampledFrom(values).Draw(t, "incumbent")
			pairs[i].Candidate = rapid.SampledFrom(values).Draw(t, "candidate")
			if rapid.IntRange(0, 10).Draw(t, "keep") < bias {
				pairs[i].Candidate = pairs[i].Incumbent
			}
			if graded && rapid.Bool().Draw(t, "join") && i > 0 {
				pairs[i].Cluster = fmt.Sprint(i / 3)
			}
		}
		test := Test{Margin: rapid.SampledFrom([]float64{.02, .05, .10, .3}).Draw(t, "margin"), Graded: graded}
		seen := rapid.IntRange(0, n).Draw(t, "seen")
		can, err := CanStillShip(pairs[:seen], pairs[seen:], test)
		if err != nil {
			t.Fatal(err)
		}
		r, err := NonInferiority(pairs, test)
		if err == nil && r.NonInferior() && !can {
			t.Fatalf("given up after %d of %d cases, but ships: %+v", seen, n, r)
		}
	})
	lost := slices.Repeat([]Pair{{Incumbent: 1}}, 20)
	left := slices.Repeat([]Pair{{Incumbent: 1}}, 180)
	if can, err := CanStillShip(lost, left, Test{Margin: .05}); can || err != nil {
		t.Errorf("20 losses of 200 against a perfect incumbent can still ship within 5 points: %v (%v)", can, err)
	}
	if can, err := CanStillShip(lost[:1], left, Test{Margin: .05}); !can || err != nil {
		t.Errorf("one loss of 181 cannot ship within 5 points: %v (%v)", can, err)
	}
	if can, err := CanStillShip(lost, left, Test{Margin: .05, Graded: true}); can || err != nil {
		t.Errorf("20 graded losses of 200 can still ship within 5 points: %v (%v)", can, err)
	}
}

// TestEarlyStopOnlyBlocks is property (g): over all paths of a fair game at the
// margin, stopping early ships no more than not stopping, and what it takes
// away from the power of an equal candidate is at most beta.
func TestEarlyStopOnlyBlocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ win, loss, most, least float64 }{
		{.02, .07, .06, 0}, // at the margin, where 4.6% ship; two standard errors are 1.3
		{.05, .05, .75, .60},
	} {
		random := rand.New(rand.NewPCG(7, 20))
		with, without := 0, 0
		const runs, n = 1_000, 200
		for range runs {
			pairs := make([]Pair, n)
			counts := Counts{N: n}
			for i := range pairs {
				switch x := random.Float64(); {
				case x < c.win:
					pairs[i].Candidate = 1
					counts.Wins++
				case x < c.win+c.loss:
					pairs[i].Incumbent = 1
					counts.Losses++
				}
			}
			if score(counts.Wins, counts.Losses, n, -.05) < 1 {
				continue
			}
			r, err := NonInferiority(pairs, Test{Margin: .05})
			if err != nil {
				t.Fatal(err)
			}
			path, err := LossPath(pairs, Stopping{})
			if err != nil {
				t.Fatal(err)
			}
			if r.NonInferior() {
				without++
				if !path.Stopped() {
					with++
				}
			}
		}
		if with > without || float64(with) < float64(without)-.01*runs {
			t.Errorf("%d ship without an early stop, %d with", without, with)
		}
		if share := float64(with) / runs; share > c.most || share < c.least {
			t.Errorf("%.3f ship, want %v to %v", share, c.least, c.most)
		}
	}
}

func TestWaves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, size := rapid.IntRange(0, 80).Draw(t, "n"), rapid.IntRange(0, 25).Draw(t, "size")
		list := make([]Case, n)
		for i := range list {
			list[i].ID = fmt.Sprint("case ", i)
			if rapid.Bool().Draw(t, "clustered") {
				list[i].Cluster = fmt.Sprint("c", i%7)
			}
		}
		waves := Waves(list, 1, size)
		seen := make(map[int]bool)
		wave := make(map[string]int) // of each cluster
		var order []string
		last := ""
		left := make(map[string]bool)
		for w, indices := range waves {
			if w+1 < len(waves) && len(indices) < max(1, size) {
				t.Fatalf("wave %d holds %d cases of %d", w, len(indices), size)
			}
			for _, i := range indices {
				if seen[i] {
					t.Fatalf("case %d comes twice", i)
				}
				seen[i] = true
				order = append(order, list[i].ID)
				cluster := list[i].Cluster
				if before, ok := wave[cluster]; ok && cluster != "" && before != w {
					t.Fatalf("cluster %s is cut", cluster)
				}
				wave[cluster] = w
				if last != "" && cluster != last {
					left[last] = true
				}
				if left[cluster] {
					t.Fatalf("cluster %s is not in one piece", cluster)
				}
				last = cluster
			}
		}
		if len(seen) != n {
			t.Fatalf("%d of %d cases come", len(seen), n)
		}
		// The order of the file plays no part.
		shuffled := rapid.Permutation(list).Draw(t, "shuffled")
		var again []string
		for _, indices := range Waves(shuffled, 1, size) {
			for _, i := range indices {
				again = append(again, shuffled[i].ID)
			}
		}
		if diff := cmp.Diff(order, again); diff != "" {
			t.Fatal(diff)
		}
	})
	list := make([]Case, 600)
	for i := range list {
		list[i].ID = fmt.Sprint(i)
	}
	one, two := Waves(list, 1, 600)[0], Waves(list, 2, 600)[0]
	if slices.Equal(one, two) || slices.IsSorted(one) {
		t.Error("the seed or the hash changes nothing")
	}
}
