package stat

import (
	"fmt"
	"testing"
)

// What a gate works out for one metric of one run: the tests of both tracks at
// the margin, the e-process, the picture, and what the set could show. The
// tables are close to alpha, where the exact test has most to do.

func benchPairs(n, wins, losses int, graded bool) []Pair {
	pairs := make([]Pair, n)
	for i := range pairs {
		pairs[i] = Pair{Incumbent: 1, Candidate: 1}
		if i < wins {
			pairs[i].Incumbent = 0
		} else if i < wins+losses {
			pairs[i].Candidate = 0
		}
		if graded {
			pairs[i].Incumbent *= .75
			pairs[i].Cluster = fmt.Sprint(i / 4)
		}
	}
	return pairs
}

func BenchmarkGate(b *testing.B) {
	for _, c := range []struct{ n, wins, losses int }{{600, 83, 90}, {2000, 239, 300}} {
		for name, graded := range map[string]bool{"exact": false, "clustered": true} {
			pairs, test := benchPairs(c.n, c.wins, c.losses, graded), Test{Margin: .05, Graded: graded}
			b.Run(fmt.Sprintf("%s/n=%d", name, c.n), func(b *testing.B) {
				for b.Loop() {
					for range 2 { // strict and lenient
						if _, err := NonInferiority(pairs, test); err != nil {
							b.Fatal(err)
						}
					}
					if _, err := LossPath(pairs, Stopping{}); err != nil {
						b.Fatal(err)
					}
					if _, err := Bootstrap(pairs, 40, 1); err != nil {
						b.Fatal(err)
					}
					if _, err := (Plan{Test: test}).Foresee(c.n); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkExact(b *testing.B) {
	for _, c := range []Counts{{Wins: 83, Losses: 90, N: 600}, {Wins: 239, Losses: 300, N: 2000}, {Wins: 600, Losses: 970, N: 10_000}} {
		b.Run(fmt.Sprintf("n=%d", c.N), func(b *testing.B) {
			for b.Loop() {
				if _, err := Exact(c, Test{Margin: .05}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSmallestMargin(b *testing.B) {
	pairs := benchPairs(600, 20, 40, false)
	for b.Loop() {
		if _, err := SmallestMargin(pairs, Test{}); err != nil {
			b.Fatal(err)
		}
	}
}
