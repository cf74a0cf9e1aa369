package stat

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// gonum is the oracle here, and nothing else in this package uses it.

func TestDistributionsAgainstGonum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		df := rapid.SampledFrom([]float64{1, 2, 3, 4, 9, 19, 40, 99, 328, 599, 1999, 9999}).Draw(t, "df")
		x := rapid.Float64Range(-8, 8).Draw(t, "x")
		if math.Abs(x) < .01 {
			x = .01 // nearer to 0 the oracle loses digits: see TestStudentClosedForms
		}
		student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}
		if got, want := aboveT(x, df), 1-student.CDF(x); math.Abs(got-want) > 1e-10 {
			t.Fatalf("P(t > %v), %v degrees of freedom = %v, want %v", x, df, got, want)
		}
		p := rapid.Float64Range(.001, .999).Draw(t, "p")
		if got, want := quantileT(p, df), student.Quantile(p); math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
			t.Fatalf("t quantile of %v, %v degrees of freedom = %v, want %v", p, df, got, want)
		}
		if got, want := quantileNormal(p), distuv.UnitNormal.Quantile(p); math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
			t.Fatalf("normal quantile of %v = %v, want %v", p, got, want)
		}
		if got, want := aboveNormal(x), 1-distuv.UnitNormal.CDF(x); math.Abs(got-want) > 1e-14 {
			t.Fatalf("P(z > %v) = %v, want %v", x, got, want)
		}
	})
}

func TestBinomialsAgainstGonum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		coin := distuv.Binomial{N: float64(n), P: .5}
		if got, want := tosses(n, k), 1-coin.CDF(float64(k)-1); math.Abs(got-want) > 1e-10 {
			t.Fatalf("P(%d or more heads in %d) = %v, want %v", k, n, got, want)
		}
		p := rapid.Float64Range(.001, .999).Draw(t, "p")
		d := newBinomial(logFactorials(n), p)
		if got, want := d.mass(n, k), (distuv.Binomial{N: float64(n), P: p}).Prob(float64(k)); math.Abs(got-want) > 1e-10 {
			t.Fatalf("P(%d of %d at %v) = %v, want %v", k, n, p, got, want)
		}
		if got, want := newTail(d, n, k).value(), 1-(distuv.Binomial{N: float64(n), P: p}).CDF(float64(k)-1); math.Abs(got-want) > 1e-10 {
			t.Fatalf("P(%d or more of %d at %v) = %v, want %v", k, n, p, got, want)
		}
		lo, hi := bernstein(n, p)
		outside := 0.0
		for j := 0; j <= n; j++ {
			if j < lo || j > hi {
				outside += d.mass(n, j)
			}
		}
		if outside > 2.1e-16 {
			t.Fatalf("%v of Bin(%d, %v) lies outside %d..%d", outside, n, p, lo, hi)
		}
	})
}

// TestStudentClosedForms needs no oracle: with 1 and 2 degrees of freedom the
// distribution can be written down, and far out its tail must keep its digits.
func TestStudentClosedForms(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{-1e6, -3, -.1, -1e-9, 0, 4.842877e-7, .1, 1, 2.5, 40, 1e6} {
		near(t, "df 1", aboveT(x, 1), .5-math.Atan(x)/math.Pi, 1e-14)
		near(t, "df 2", aboveT(x, 2), .5-x/(2*math.Sqrt(2+x*x)), 1e-14)
	}
	if got, want := aboveT(1e6, 1), math.Atan(1e-6)/math.Pi; math.Abs(got/want-1) > 1e-10 {
		t.Errorf("far tail %v, want %v", got, want)
	}
	near(t, "infinite t", aboveT(math.Inf(1), 5)+1-aboveT(math.Inf(-1), 5), 0, 0)
	near(t, "many degrees of freedom", quantileT(.95, 1e9), quantileNormal(.95), 1e-12)
	if q := quantileT(.9999, 1); math.Abs(q/math.Tan(.4999*math.Pi)-1) > 1e-9 {
		t.Errorf("heavy tail quantile %v", q)
	}
}
