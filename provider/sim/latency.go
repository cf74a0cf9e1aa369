package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Profile is how fast the server answers.
type Profile struct {
	FirstToken      time.Duration // the median wait for the first piece of content; 0 for none
	Spread          float64       // sigma of the lognormal the wait is drawn from; 0 for always the median. 0.35 puts 1 wait in 20 beyond 1.8 medians
	TokensPerSecond float64       // the cadence after the first token; 0 sends the rest at once
	Errors          float64       // the share of calls that fail with a 500 even on a good day, 0 to 1
}

// Believable is about what a mid-sized model shows on a calm day.
func Believable() Profile {
	return Profile{FirstToken: 600 * time.Millisecond, Spread: 0.35, TokensPerSecond: 70}
}

// first draws the wait for the first token.
func (p Profile) first(r *rand.Rand) time.Duration {
	if p.FirstToken <= 0 {
		return 0
	}
	return time.Duration(float64(p.FirstToken) * math.Exp(p.Spread*r.NormFloat64()))
}

// rest is how long n further tokens take.
func (p Profile) rest(n int) time.Duration {
	if p.TokensPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(n) / p.TokensPerSecond * float64(time.Second))
}
