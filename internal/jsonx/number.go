package jsonx

import (
	"math"
	"strconv"
	"strings"
)

// integer reads a JSON number that is whole but may be written with a fraction
// or an exponent, without the detour over a float64, which is exact only up to
// 2^53.
func integer(raw []byte) (int64, bool) {
	s, negative := strings.CutPrefix(string(raw), "-")
	exponent := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exponent = clamp(s[i+1:])
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	exponent -= len(fraction)
	digits := strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(short)
	switch {
	case short == "":
		return 0, true
	case exponent < 0 || len(short)+exponent > 19: // 2^63 has 19 digits
		return 0, false
	}
	v, err := strconv.ParseUint(short+strings.Repeat("0", exponent), 10, 64)
	switch {
	case err != nil:
		return 0, false
	case negative && v == 1<<63:
		return math.MinInt64, true
	case v > math.MaxInt64:
		return 0, false
	case negative:
		return -int64(v), true
	}
	return int64(v), true
}

// clamp reads an exponent. One too long for an int is as good as a billion:
// no document is that long.
func clamp(s string) int {
	const limit = 1_000_000_000
	v, err := strconv.Atoi(s)
	switch {
	case err != nil && strings.HasPrefix(s, "-"), v < -limit:
		return -limit
	case err != nil, v > limit:
		return limit
	}
	return v
}
