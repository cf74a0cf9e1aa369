package stat

import "math"

// quantileNormal is the value a standard normal variable stays under with
// probability p, 0 < p < 1.
func quantileNormal(p float64) float64 {
	return -math.Sqrt2 * math.Erfcinv(2*p)
}

// aboveNormal is the probability that a standard normal variable exceeds z.
func aboveNormal(z float64) float64 {
	return 0.5 * math.Erfc(z/math.Sqrt2)
}

// aboveT is the probability that Student's t with df degrees of freedom
// exceeds t.
func aboveT(t, df float64) float64 {
	switch {
	case math.IsInf(t, 1):
		return 0
	case math.IsInf(t, -1):
		return 1
	case df > 1e7: // they agree to more digits than the fraction below has
		return aboveNormal(t)
	case t < 0:
		return 1 - aboveT(-t, df)
	case t*t < df: // the complement, so that the small side is the computed one
		return 0.5 * (1 - incompleteBeta(t*t/(df+t*t), 0.5, df/2))
	}
	return 0.5 * incompleteBeta(df/(df+t*t), df/2, 0.5)
}

// quantileT is the value Student's t stays under with probability p, to about
// 1e-13 of itself. Bisection: it is asked for a few times per verdict, and a
// bracket cannot run away as Newton's method does with one degree of freedom.
func quantileT(p, df float64) float64 {
	if p < 0.5 {
		return -quantileT(1-p, df)
	}
	lo, hi := 0.0, 1.0
	for aboveT(hi, df) > 1-p && hi < 1e300 {
		lo, hi = hi, 2*hi
	}
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if aboveT(mid, df) > 1-p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// incompleteBeta is the regularised incomplete beta function I_x(a, b), by
// Lentz's evaluation of its continued fraction (DLMF 8.17.22).
func incompleteBeta(x, a, b float64) float64 {
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	if x > (a+1)/(a+b+2) { // outside, the fraction converges slowly
		return 1 - incompleteBeta(1-x, b, a)
	}
	lgAB, _ := math.Lgamma(a + b)
	lgA, _ := math.Lgamma(a)
	lgB, _ := math.Lgamma(b)
	front := math.Exp(lgAB-lgA-lgB+a*math.Log(x)+b*math.Log1p(-x)) / a
	return front / betaFraction(x, a, b)
}

// betaFraction is 1 + d1/(1 + d2/(1 + ...)) of DLMF 8.17.22.
func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	f, c, d := 1.0, 1.0, 0.0
	for i := 1; i <= 100_000; i++ {
		m := float64(i / 2)
		term := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		if i%2 == 1 {
			term = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		d = away(1+term*d, tiny)
		c = away(1+term/c, tiny)
		d = 1 / d
		f *= c * d
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	return f
}

// away keeps a denominator off zero.
func away(x, tiny float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}

// factorials holds ln k! for k = 0..n: products of binomial coefficients and
// powers leave the range of a float64 near n = 1,000, their logarithms do not.
type factorials []float64

func logFactorials(n int) factorials {
	table := make(factorials, n+1)
	for k := range table {
		table[k], _ = math.Lgamma(float64(k) + 1)
	}
	return table
}

// choose is ln of n over k.
func (f factorials) choose(n, k int) float64 {
	return f[n] - f[k] - f[n-k]
}

// binomial is a distribution of the number of successes per trial, with the
// logarithms of its chances at hand.
type binomial struct {
	table      factorials
	logP, logQ float64
}

func newBinomial(table factorials, p float64) binomial {
	return binomial{table: table, logP: math.Log(p), logQ: math.Log1p(-p)}
}

// mass is the probability of k successes in n trials. The cases of k = 0 and
// k = n stand apart because 0 times the logarithm of 0 must be 0 here.
func (d binomial) mass(n, k int) float64 {
	log := d.table.choose(n, k)
	if k > 0 {
		log += float64(k) * d.logP
	}
	if k < n {
		log += float64(n-k) * d.logQ
	}
	return math.Exp(log)
}

// bernstein is how far from n*p the number of successes strays with a
// probability of at most 2e-16: P(|X-np| >= t) <= 2 exp(-t^2/(2(npq+t/3))),
// Bernstein's inequality, solved for t.
func bernstein(n int, p float64) (lo, hi int) {
	const l = 37 // 2*exp(-37) = 1.7e-16, one unit in the last place of 1
	mean := float64(n) * p
	t := l/3.0 + math.Sqrt(l*l/9.0+2*l*mean*(1-p))
	return max(0, int(math.Floor(mean-t))), min(n, int(math.Ceil(mean+t)))
}
