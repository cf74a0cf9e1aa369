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
func (p Profile) first(r *rand.Rand) time.Duration { return p.wait(r.NormFloat64()) }

// wait is the wait at so many sigmas from the median.
func (p Profile) wait(sigmas float64) time.Duration {
	if p.FirstToken <= 0 {
		return 0
	}
	return time.Duration(float64(p.FirstToken) * math.Exp(p.Spread*sigmas))
}

// deck deals waits like cards. What is drawn anew for each call is right on
// average; what is dealt is right every thousand calls, so that two stretches of
// some minutes can be compared without luck passing for a difference. Of a few
// dozen calls nobody can tell the one from the other.
type deck struct {
	rng   *rand.Rand
	cards []int
}

// deckSize is the number of calls that have the whole spread between them.
const deckSize = 1000

// deal is how many sigmas the next wait is from the median.
func (d *deck) deal() float64 {
	if len(d.cards) == 0 {
		d.cards = d.rng.Perm(deckSize)
	}
	card := d.cards[0]
	d.cards = d.cards[1:]
	share := (float64(card) + d.rng.Float64()) / deckSize // within a card any wait is as likely
	return math.Sqrt2 * math.Erfinv(2*min(max(share, 1e-9), 1-1e-9)-1)
}

// rest is how long n further tokens take.
func (p Profile) rest(n int) time.Duration {
	if p.TokensPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(n) / p.TokensPerSecond * float64(time.Second))
}
