package stat

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// flips is how many random sign patterns stand in for all of them where there
// are too many, so that p values come in steps of 1e-4.
const flips = 9_999

// signFlip is the sign-flip permutation test of "no difference" on the sums of
// independent units: if the models are interchangeable, each unit's difference
// could as well have had the other sign. It returns the shares of sign patterns
// at most, and at least, as high as the observed sum. All patterns are taken if
// 16 units or fewer differ, else a seeded sample with the observed one counted in
// (Phipson and Smyth 2010), which keeps the p value valid.
//
// It asks about 0 and cannot ask about a margin: a shifted difference need not
// be symmetric. So it serves "worse?" and "better?" only. On 0/1 scores it is
// McNemar's test.
func signFlip(list []unit, seed uint64) (worse, better float64) {
	sums, observed, scale := make([]float64, 0, len(list)), 0.0, 0.0
	for _, u := range list {
		if u.sum != 0 {
			sums = append(sums, u.sum)
			observed += u.sum
			scale += math.Abs(u.sum)
		}
	}
	tie := 1e-9 * scale // sums of the same numbers in another order
	low, high, all := 0, 0, 0
	count := func(sum float64) {
		all++
		if sum <= observed+tie {
			low++
		}
		if sum >= observed-tie {
			high++
		}
	}
	if len(sums) <= 16 {
		everyPattern(sums, count)
	} else {
		count(observed)
		somePatterns(sums, seed, count)
	}
	return float64(low) / float64(all), float64(high) / float64(all)
}

// everyPattern goes through the sign patterns in Gray code: one sign changes at
// a time.
func everyPattern(sums []float64, visit func(float64)) {
	signed, total := make([]float64, len(sums)), 0.0
	for i, s := range sums {
		signed[i] = s
		total += s
	}
	visit(total)
	for i := uint(1); i < 1<<len(sums); i++ {
		flip := bits.TrailingZeros(i)
		signed[flip] = -signed[flip]
		total += 2 * signed[flip]
		visit(total)
	}
}

// somePatterns draws patterns, 64 signs from each random word.
func somePatterns(sums []float64, seed uint64, visit func(float64)) {
	source := rand.NewPCG(seed, 0x9e3779b97f4a7c15)
	for range flips {
		total, word := 0.0, uint64(0)
		for i, s := range sums {
			if i%64 == 0 {
				word = source.Uint64()
			}
			total += math.Float64frombits(math.Float64bits(s) ^ word<<63) // the low bit becomes the sign
			word >>= 1
		}
		visit(total)
	}
}
