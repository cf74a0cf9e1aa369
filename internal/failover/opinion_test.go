package failover

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// refusal is a 400 in unknown words; by whom is in its code.
func refusal(by string) *switchgear.Error {
	return &switchgear.Error{Class: switchgear.ClassInvalid, Marks: switchgear.MarkUnsure, Status: 400, Code: by, Message: "scripted"}
}

// disputed makes a chain with a jury for each target.
func disputed(t *testing.T, opinion Opinion, scripts ...[]act) (*stage, []*panel) {
	t.Helper()
	s := set(t, scripts...)
	s.plan.Opinion = true
	panels := make([]*panel, len(scripts))
	for i := range panels {
		panels[i] = &panel{opinion: opinion}
		s.plan.Steps[i].Jury = panels[i]
	}
	return s, panels
}

// TestSecondOpinion is the table of what an unsure refusal leads to.
func TestSecondOpinion(t *testing.T) {
	refuses := func(by string) []act { return []act{{err: refusal(by)}} }
	down := []act{{err: fault(switchgear.ClassServer)}}
	sure := refusal("a")
	sure.Marks = 0
	for name, c := range map[string]struct {
		opinion Opinion
		scripts [][]act
		change  func(s *stage)
		calls   string
		step    int
		code    string // of the error
		outcome OutcomeKind
		judged  []bool
	}{
		"believed":                       {OpinionBelieve, [][]act{refuses("a"), nil}, nil, "1 0", 0, "a", OutcomeIgnored, nil},
		"asked, and accepted":            {OpinionAsk, [][]act{refuses("a"), nil}, nil, "1 1", 2, "", OutcomeFail, []bool{true}},
		"asked, and refused":             {OpinionAsk, [][]act{refuses("a"), refuses("b"), nil}, nil, "1 1 0", 0, "a", OutcomeIgnored, []bool{false}},
		"asked one that is down":         {OpinionAsk, [][]act{refuses("a"), down, nil}, nil, "1 1 0", 0, "a", OutcomeIgnored, nil},
		"asked past one that is open":    {OpinionAsk, [][]act{refuses("a"), nil, nil}, func(s *stage) { s.books[1].closed = true }, "1 0 1", 3, "", OutcomeFail, []bool{true}},
		"asked past one on trial":        {OpinionAsk, [][]act{refuses("a"), nil, nil}, func(s *stage) { s.books[1].mood.Tee = true }, "1 0 1", 3, "", OutcomeFail, []bool{true}},
		"nobody to ask after all":        {OpinionAsk, [][]act{refuses("a"), nil}, func(s *stage) { s.books[1].closed = true }, "1 0", 0, "a", OutcomeIgnored, nil},
		"nobody to ask":                  {OpinionAsk, [][]act{refuses("a")}, nil, "1", 0, "a", OutcomeIgnored, nil},
		"no fallback":                    {OpinionAsk, [][]act{refuses("a"), nil}, func(s *stage) { s.plan.NoFallback = true }, "1 0", 0, "a", OutcomeIgnored, nil},
		"no call left":                   {OpinionAsk, [][]act{refuses("a"), nil}, func(s *stage) { s.plan.Attempts = 1 }, "1 0", 0, "a", OutcomeIgnored, nil},
		"off":                            {OpinionAsk, [][]act{refuses("a"), nil}, func(s *stage) { s.plan.Opinion = false }, "1 0", 0, "a", OutcomeIgnored, nil},
		"no jury":                        {OpinionAsk, [][]act{refuses("a"), nil}, func(s *stage) { s.plan.Steps[0].Jury = nil }, "1 0", 0, "a", OutcomeIgnored, nil},
		"sure":                           {OpinionAsk, [][]act{{{err: sure}}, nil}, nil, "1 0", 0, "a", OutcomeIgnored, nil},
		"doubted, and accepted":          {OpinionDoubt, [][]act{refuses("a"), nil}, nil, "1 1", 2, "", OutcomeFail, nil},
		"doubted, and refused":           {OpinionDoubt, [][]act{refuses("a"), refuses("b")}, nil, "1 1", 0, "b", OutcomeFail, nil},
		"doubted, and nobody could tell": {OpinionDoubt, [][]act{refuses("a"), down}, nil, "1 2", 0, switchgear.CodeChainExhausted, OutcomeFail, nil},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, panels := disputed(t, c.opinion, c.scripts...)
					if c.change != nil {
						c.change(s)
					}
					r := run(s, t.Context())
					s.over(r.trace)
					if s.counts() != c.calls || r.trace.Step != c.step {
						t.Errorf("%s calls, served by %d: %v", s.counts(), r.trace.Step, r.err)
					}
					if (r.err != nil) != (c.code != "") || (r.err != nil && r.err.Code != c.code) {
						t.Errorf("error %v", r.err)
					}
					if o := s.books[0].last(); o.Kind != c.outcome || (o.Body != 0) != (c.outcome == OutcomeFail) {
						t.Errorf("told %+v", o)
					}
					if !slices.Equal(panels[0].judged, c.judged) {
						t.Errorf("judged %v", panels[0].judged)
					}
				})
			})
		}
	}
}

// TestOpinionInARace: who runs beside the target is the one to ask.
func TestOpinionInARace(t *testing.T) {
	for name, c := range map[string]struct {
		second act
		step   int
		code   string
		judged []bool
	}{
		"accepted": {act{delay: time.Second}, 2, "", []bool{true}},
		"refused":  {act{delay: time.Second, err: refusal("b")}, 0, "a", []bool{false}},
		"down":     {act{delay: time.Second, err: fault(switchgear.ClassOverloaded)}, 0, "a", nil},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, panels := disputed(t, OpinionAsk, []act{{delay: 1500 * time.Millisecond, err: refusal("a")}}, []act{c.second}, nil)
					s.plan.Hedge = true
					s.books[0].mood.Watch = true
					s.paced(400, 1000)
					r := run(s, t.Context())
					s.over(r.trace)
					if s.counts() != "1 1 0" || r.trace.Step != c.step || (r.err != nil && r.err.Code != c.code) || (r.err != nil) != (c.code != "") {
						t.Errorf("%s calls, served by %d: %v", s.counts(), r.trace.Step, r.err)
					}
					if !slices.Equal(panels[0].judged, c.judged) || panels[1].asked != 0 {
						t.Errorf("judged %v, asked %d", panels[0].judged, panels[1].asked)
					}
				})
			})
		}
	}
}

// TestOpinionNotYetRaced: a refusal before there is a rival is asked about as
// ever.
func TestOpinionNotYetRaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, panels := disputed(t, OpinionAsk, []act{{err: refusal("a")}}, nil)
		s.plan.Hedge = true
		s.books[0].mood.Watch = true
		r := s.complete(t.Context())
		s.over(r.trace)
		if r.err != nil || s.counts() != "1 1" || !slices.Equal(panels[0].judged, []bool{true}) {
			t.Errorf("%s calls, judged %v: %v", s.counts(), panels[0].judged, r.err)
		}
	})
}

// TestSpared: one request opens one circuit at most, whatever it meets.
func TestSpared(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := []act{{err: fault(switchgear.ClassOverloaded)}}
				s := set(t, down, down, nil)
				for _, book := range s.books {
					book.trips = true
				}
				r := run(s, t.Context())
				s.over(r.trace)
				if s.books[0].last().Spared || !s.books[1].last().Spared || !s.books[2].last().Spared || !s.books[1].trips {
					t.Errorf("told %+v, %+v", s.books[0].told, s.books[1].told)
				}
			})
		})
	}
}

// TestRefusedKeys: the breaker learns which key was refused, and whether that
// was the last.
func TestRefusedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{err: fault(switchgear.ClassAuth)}}, nil)
		s.plan.Steps[0].Keys = keys("a#1", "a#2")
		s.complete(t.Context())
		first, second := s.books[0].told[0], s.books[0].told[1]
		if first.Key != 0 || first.Locked || second.Key != 1 || !second.Locked || second.Kind != OutcomeIgnored {
			t.Errorf("told %+v, then %+v", first, second)
		}
		s.plan.Steps[1].Keys = nil
		s.complete(t.Context())
		if o := s.books[1].last(); o.Key != -1 {
			t.Errorf("told %+v", o)
		}
	})
}
