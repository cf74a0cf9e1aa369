package stat

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Interval is a range of values and how sure of it one is.
type Interval struct {
	Low, High float64
	Level     float64 // two-sided: 0.90, 0.95
}

func checkLevel(level float64) error {
	if !(level > 0 && level < 1) {
		return fmt.Errorf("the level %v is not between 0 and 1", level)
	}
	return nil
}

// Wilson is the score interval for a share of k in n (Wilson 1927): the one to
// print beside a single model's 0/1 score. Unlike the textbook interval it says
// something sensible at 0 and at n.
func Wilson(k, n int, level float64) (Interval, error) {
	if n <= 0 {
		return Interval{}, ErrNoCases
	}
	if k < 0 || k > n {
		return Interval{}, fmt.Errorf("%d of %d is no share", k, n)
	}
	if err := checkLevel(level); err != nil {
		return Interval{}, err
	}
	z, size := quantileNormal((1+level)/2), float64(n)
	share := float64(k) / size
	centre := share + z*z/(2*size)
	half := z * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	scale := 1 + z*z/size
	interval := Interval{Low: (centre - half) / scale, High: (centre + half) / scale, Level: level}
	if k == 0 {
		interval.Low = 0
	}
	if k == n {
		interval.High = 1
	}
	return interval, nil
}

// QuantileInterval is the observed q-quantile (0 < q < 1) of some values,
// latencies for one, and an interval for the true one made of two of the values
// themselves: whatever the distribution, the number of values under the true
// quantile is binomial. Where there are too few values for a bound at this
// level, the bound is infinite: 30 latencies say nothing about how bad the 95th
// percentile can be.
func QuantileInterval(values []float64, q, level float64) (float64, Interval, error) {
	n := len(values)
	if n == 0 {
		return 0, Interval{}, errors.New("there are no values to take a quantile of")
	}
	if !(q > 0 && q < 1) {
		return 0, Interval{}, fmt.Errorf("the quantile %v is not between 0 and 1", q)
	}
	if err := checkLevel(level); err != nil {
		return 0, Interval{}, err
	}
	if slices.ContainsFunc(values, math.IsNaN) {
		return 0, Interval{}, errors.New("a value is not a number")
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	point := sorted[min(n, max(1, int(math.Ceil(float64(n)*q-1e-9))))-1]
	interval := Interval{Low: math.Inf(-1), High: math.Inf(1), Level: level}
	d, side := newBinomial(logFactorials(n), q), (1-level)/2
	below := 0.0 // P(X <= k), X the number of values at or under the true quantile
	for k := range n {
		below += d.mass(n, k)
		if below <= side { // P(true quantile < value k+1, counted from 1) = P(X <= k)
			interval.Low = sorted[k]
		}
		if 1-below <= side { // P(true quantile >= value k+1) = P(X > k)
			interval.High = sorted[k]
			break
		}
	}
	return point, interval, nil
}

// RatioOfMeans is the mean of the candidate's values over that of the
// incumbent's: dollars or tokens per case, for a limit such as "at most 1.5 times
// the cost".
func RatioOfMeans(candidate, incumbent []float64) (float64, error) {
	c, err := mean(candidate)
	if err != nil {
		return 0, fmt.Errorf("candidate: %w", err)
	}
	i, err := mean(incumbent)
	if err != nil {
		return 0, fmt.Errorf("incumbent: %w", err)
	}
	if i == 0 {
		return 0, errors.New("the incumbent's mean is 0: there is no ratio to it")
	}
	return c / i, nil
}

func mean(values []float64) (float64, error) {
	if len(values) == 0 {
		return 0, errors.New("there are no values")
	}
	sum := 0.0
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("the value %v has no mean", v)
		}
		sum += v / float64(len(values))
	}
	return sum, nil
}

// Holm adjusts the p values of several looks at the same data (slices, tags) so
// that the chance of any false alarm among them stays under the level they are
// compared with (Holm 1979). The result is in the order of the argument.
func Holm(p []float64) ([]float64, error) {
	order := make([]int, len(p))
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("p value %d, %v, is not between 0 and 1", i+1, v)
		}
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return p[order[a]] < p[order[b]] })
	adjusted, running := make([]float64, len(p)), 0.0
	for rank, i := range order {
		running = max(running, float64(len(p)-rank)*p[i])
		adjusted[i] = min(1, running)
	}
	return adjusted, nil
}
