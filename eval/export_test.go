package eval

import "context"

// JudgeAll judges one model's answers to all cases, by id.
func JudgeAll(ctx context.Context, s *Set, answers map[string]*Answer) map[string]Judged {
	metrics, out := s.metrics(), map[string]Judged{}
	for _, c := range s.Cases {
		out[c.ID] = s.judged(ctx, c, []*Answer{answers[c.ID]}, metrics)
	}
	return out
}

// Decide is what a comparison of two models comes to that were judged already.
func Decide(ctx context.Context, s *Set, incumbent, candidate map[string]Judged, o Settings) (*Run, error) {
	r, err := newRunner(s, Contender{Target: "a/incumbent"}, Contender{Target: "a/candidate"}, o)
	if err != nil {
		return nil, err
	}
	for _, wave := range r.waves() {
		for _, at := range wave {
			o := outcomeOf(s.Cases[at])
			o.Incumbent, o.Candidate = incumbent[o.ID], candidate[o.ID]
			r.run.Cases = append(r.run.Cases, o)
		}
		if stop := r.look(); stop != nil {
			r.run.Stopped = stop
			break
		}
	}
	return r.run, r.finish(ctx)
}

// ClassOf names how two tracks stand to each other.
var ClassOf = classOfTracks
