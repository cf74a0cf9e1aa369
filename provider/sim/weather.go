package sim

import "time"

// Weather is what an outage does to its victim at a moment, on average.
type Weather struct {
	Harm   float64 // the share of the calls that have a fault, 0 to 1
	Slow   float64 // how many times longer than healthy a first token takes
	Faults []Fault // those that most of the harmed calls have; nil without harm
}

// Weather is what the script does at a time after its start to a victim that
// is called rate times a second.
func (s *Script) Weather(since time.Duration, rate float64) Weather {
	w := Weather{Slow: 1}
	at := s.at(since)
	if at.phase < 0 {
		return w
	}
	worst := 0.0
	rules := s.phases[at.phase].rules
	for i := range rules {
		r := &rules[i]
		if r.on > 0 && at.into%(r.on+r.off) >= r.on {
			continue
		}
		part := 1.0
		if r.staggered {
			part = 1 - at.part
		}
		w.Slow *= 1 + (r.slow.at(at.part)-1)*part
		harm := r.harm(at, part, rate*(1-w.Harm)) * (1 - w.Harm)
		if r.capacity == (capacity{}) {
			harm = min(r.harm(at, part, rate), 1-w.Harm)
		}
		w.Harm += harm
		if harm > worst {
			worst, w.Faults = harm, r.faults
		}
	}
	return w
}

// harm is the share of the calls that a rule hits.
func (r *rule) harm(at spot, part, rate float64) float64 {
	switch {
	case len(r.faults) == 0:
		return 0
	case r.capacity != (capacity{}):
		left := max(0, r.capacity.rate+r.capacity.growth*at.into.Seconds())
		if rate <= left {
			return 0
		}
		return 1 - left/rate
	default:
		return r.share.at(at.part) * part
	}
}
