package drill

import (
	"math"
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// step is how fine the picture of the run is.
func (o *Options) step() time.Duration {
	if o.real {
		return time.Second
	}
	return 5 * time.Second
}

// phase sums up the requests that were sent from one time to another.
func phase(answers []seen, from, to time.Duration) *Phase {
	p := &Phase{}
	var firsts, wholes []time.Duration
	for i := range answers {
		a := &answers[i]
		if a.at < from || a.at >= to {
			continue
		}
		p.Requests++
		switch a.fate {
		case fateOK:
			p.OK++
		case fateTruncated:
			p.Truncated++
		case fateFailed:
			p.Failed++
		}
		switch {
		case a.stream && a.first > 0:
			firsts = append(firsts, a.first)
		case a.stream: // it never came: the user waited all the same
			firsts = append(firsts, a.took)
		case !a.lane.embeds:
			wholes = append(wholes, a.took)
		}
	}
	slices.Sort(firsts)
	slices.Sort(wholes)
	p.OKShare = share(p.OK, p.Requests)
	p.P50, p.P99, p.P999, p.Worst = rank(firsts, 0.5), rank(firsts, 0.99), rank(firsts, 0.999), rank(firsts, 1)
	p.WholeP50, p.WholeP99 = rank(wholes, 0.5), rank(wholes, 0.99)
	return p
}

func (p *Phase) calls(n int) {
	p.Calls, p.PerRequest = n, share(n, p.Requests)
}

// share is a part of a whole; 0 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// rank is the value that a share of a sorted list does not exceed, in seconds.
func rank(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return seconds(sorted[max(i, 0)])
}

// callsIn counts the calls that passed by on their way out.
func (u *upstreams) callsIn(zero time.Time, from, to time.Duration, provider string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for i := range u.calls {
		at := u.calls[i].at.Sub(zero)
		if at >= from && at < to && (provider == "" || provider == u.calls[i].provider) {
			n++
		}
	}
	return n
}

// slices cuts the run into short pieces for the picture.
func (o *Options) timeline(t *tape, up *upstreams, hit struck) []Slice {
	var out []Slice
	sliceLength := o.step()
	per := int((o.Calm + o.lasts() + o.After) / sliceLength)
	firsts := make([][]time.Duration, per)
	for i := range per {
		from := time.Duration(i)*sliceLength - o.Calm
		s := Slice{From: seconds(from), Served: map[string]int{}, Slow: 1}
		if from >= 0 {
			w := o.Script.Weather(from+sliceLength/2, o.Rate)
			s.Harm, s.Slow = w.Harm, w.Slow
		}
		out = append(out, s)
	}
	at := func(d time.Duration) int { return int((d + o.Calm) / sliceLength) }
	for i := range t.answers {
		a := &t.answers[i]
		k := at(a.at)
		if k < 0 || k >= per {
			continue
		}
		if a.fate == fateOK {
			out[k].Served[a.server]++
		} else {
			out[k].Failed++
		}
		if a.stream {
			firsts[k] = append(firsts[k], max(a.first, time.Duration(0)))
		}
	}
	for i := range up.calls {
		if k := at(up.calls[i].at.Sub(t.zero)); k >= 0 && k < per && up.calls[i].provider == hit.provider {
			out[k].Upstream++
		}
	}
	for k := range out {
		slices.Sort(firsts[k])
		out[k].P50, out[k].P99 = rank(firsts[k], 0.5), rank(firsts[k], 0.99)
	}
	return out
}

// extra is what calls that served nobody cost, as a share of what those cost
// that served: in money where every price is known, else in tokens.
func extra(attempts []tried, from, to time.Duration) float64 {
	priced := true
	for i := range attempts {
		if a := &attempts[i]; a.tokens > 0 && !a.priced {
			priced = false
		}
	}
	var served, wasted float64
	for i := range attempts {
		a := &attempts[i]
		if a.at < from || a.at >= to {
			continue
		}
		cost := float64(a.tokens)
		if priced {
			cost = a.cost
		}
		if a.served {
			served += cost
		} else {
			wasted += cost
		}
	}
	if served == 0 {
		return 0
	}
	return wasted / served
}

// wasted counts the calls to who was struck that served nobody.
func wasted(attempts []tried, hit struck, from, to time.Duration) int {
	n := 0
	for i := range attempts {
		a := &attempts[i]
		if a.at >= from && a.at < to && a.provider == hit.provider && !a.served {
			n++
		}
	}
	return n
}

func (s struck) hits(t switchgear.Target, whole bool) bool {
	return t.Provider == s.provider && (whole || t.Model == s.model)
}
