package stat

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// Resamples is how often [Bootstrap] draws the set anew.
const Resamples = 10_000

// Picture is what a bootstrap of the mean difference looks like.
type Picture struct {
	Interval Interval // percentiles
	Bins     []Bin    // of equal width, from the lowest mean to the highest
}

// Bin is one bar of a histogram.
type Bin struct {
	Low, High float64
	Count     int
}

// Bootstrap draws the independent units (clusters, or cases) with replacement,
// 10,000 times, and shows how the mean difference varies. It illustrates; it does
// not decide, since cases that all came out alike never vary in it.
func Bootstrap(pairs []Pair, bins int, seed uint64) (Picture, error) {
	if err := checkPairs(pairs); err != nil {
		return Picture{}, err
	}
	if bins < 1 {
		return Picture{}, errors.New("a histogram needs at least one bin")
	}
	list := units(pairs)
	random := rand.New(rand.NewPCG(seed, 0xd1b54a32d192ed03))
	means := make([]float64, Resamples)
	for i := range means {
		sum, weight := 0.0, 0.0
		for range list {
			u := &list[random.IntN(len(list))]
			sum += u.sum
			weight += u.weight
		}
		means[i] = sum / weight
	}
	slices.Sort(means)
	return Picture{
		Interval: Interval{Low: means[Resamples/20], High: means[Resamples-1-Resamples/20], Level: 0.90},
		Bins:     histogram(means, bins),
	}, nil
}

func histogram(sorted []float64, bins int) []Bin {
	low, high := sorted[0], sorted[len(sorted)-1]
	if high == low {
		return []Bin{{Low: low, High: high, Count: len(sorted)}}
	}
	list, width := make([]Bin, bins), (high-low)/float64(bins)
	for i := range list {
		list[i] = Bin{Low: low + float64(i)*width, High: low + float64(i+1)*width}
	}
	list[bins-1].High = high
	for _, v := range sorted {
		list[min(bins-1, int(math.Floor((v-low)/width)))].Count++
	}
	return list
}
