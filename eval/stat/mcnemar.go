package stat

import "math"

// Discordant is McNemar's exact test: given the cases on which the models
// differ, each is a toss of a fair coin if neither model is better. Cases on
// which they agree say nothing here.
//
// McNemar Q., Psychometrika 12 (1947); the exact binomial form.
type Discordant struct {
	Worse    float64 // P(at least so many losses): small says the candidate is worse
	Better   float64 // P(at least so many wins): small says it is better
	TwoSided float64
	MidP     float64 // two-sided, with half the weight on the observed table: for reports, not for decisions
}

// McNemar tests whether there is any difference at all; the margin plays no
// part.
func McNemar(wins, losses int) (Discordant, error) {
	if err := (Counts{Wins: wins, Losses: losses, N: max(1, wins+losses)}).check(); err != nil {
		return Discordant{}, err
	}
	return mcnemar(wins, losses), nil
}

func mcnemar(wins, losses int) Discordant {
	n := wins + losses
	d := Discordant{Worse: tosses(n, losses), Better: tosses(n, wins)}
	small := min(d.Worse, d.Better)
	d.TwoSided = min(1, 2*small)
	d.MidP = min(1, 2*small-toss(n, wins))
	return d
}

// tosses is the probability of k or more heads in n tosses of a fair coin. The
// side away from the middle is summed, so that small values keep their digits.
func tosses(n, k int) float64 {
	if 2*k <= n {
		return 1 - tosses(n, n-k+1)
	}
	sum := 0.0
	for j := k; j <= n; j++ {
		term := toss(n, j)
		sum += term
		if term < 1e-18*sum { // what follows falls faster still
			break
		}
	}
	return min(1, sum)
}

// toss is the probability of exactly k heads in n tosses of a fair coin.
func toss(n, k int) float64 {
	if k > n {
		return 0
	}
	all, _ := math.Lgamma(float64(n) + 1)
	heads, _ := math.Lgamma(float64(k) + 1)
	tails, _ := math.Lgamma(float64(n-k) + 1)
	return math.Exp(all - heads - tails - float64(n)*math.Ln2)
}
