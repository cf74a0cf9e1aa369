package canary

import "time"

// Record is where a canary stands, as it is kept and shown.
type Record struct {
	State     State     `json:"state"`
	Why       string    `json:"why,omitempty"` // it was withdrawn
	Began     time.Time `json:"began"`
	Answers   int       `json:"answers"`          // of the candidate
	Enough    int       `json:"enough,omitempty"` // that make it ready
	Candidate []Count   `json:"candidate,omitempty"`
	Incumbent []Count   `json:"incumbent,omitempty"`
}

// Count is how often a sign was seen on one side.
type Count struct {
	Sign string `json:"sign"`
	Bad  int    `json:"bad"`
	Of   int    `json:"of"`
}

// Record is where the canary stands.
func (g *Guard) Record() Record {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.now.Load()
	return Record{
		State: s.state, Why: s.why, Began: g.began, Answers: g.answers, Enough: g.terms.Enough,
		Candidate: counts(&g.ever[1]), Incumbent: counts(&g.ever[0]),
	}
}

func counts(ever *[signs]tally) []Count {
	out := make([]Count, 0, signs)
	for _, s := range Signs() {
		out = append(out, Count{Sign: s.String(), Bad: ever[s].Bad, Of: ever[s].Of})
	}
	return out
}

// Resume goes on where an earlier guard of the same canary stood: its state,
// its answers and the time it began. What it had seen of the signs is not kept,
// so the comparison begins anew.
func (g *Guard) Resume(r *Record) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !r.Began.IsZero() {
		g.began = r.Began
	}
	g.answers = max(r.Answers, 0)
	switch r.State {
	case StateReady, StateWithdrawn:
		g.now.Store(&standing{r.State, r.Why})
	case StateRunning:
	}
}

// Adjust goes on under other terms: another share, another number of answers.
func (g *Guard) Adjust(t Terms, now time.Time) (*Guard, error) {
	next, err := New(t, now)
	if err != nil {
		return nil, err
	}
	r := g.Record()
	next.Resume(&r)
	return next, nil
}
