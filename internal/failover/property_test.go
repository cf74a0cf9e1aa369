package failover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

// TestAnyChain draws chains and failures and checks what must hold whatever
// happens. It draws before the bubble and judges after it: within one, rapid could
// not look for a smaller case.
func TestAnyChain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, problem := drawPlay(rt), ""
		synctest.Test(t, func(t *testing.T) { problem = p.run(t) })
		if problem != "" || t.Failed() {
			rt.Fatal(problem)
		}
	})
}

// play is one chain with what happens to it.
type play struct {
	scripts        [][]act
	steps          []scene
	attempts       int
	commit         Commit
	policy         PolicyAction
	total          time.Duration
	hedge, opinion bool
	leaves         time.Duration // after which the client is gone; 0 if it stays
	way            string
}

// scene is the state of one step's target.
type scene struct {
	tries, alone  int
	window        int64
	closed, trips bool
	mood          Verdict
	places        int
	budget        *int
	jury          *Opinion
	pace          int // ms
	keys          int
}

func drawPlay(rt *rapid.T) play {
	p := play{
		attempts: rapid.IntRange(1, 8).Draw(rt, "attempts"),
		commit:   rapid.SampledFrom([]Commit{CommitFirstToken, CommitHold, CommitWhole}).Draw(rt, "commit"),
		policy:   rapid.SampledFrom([]PolicyAction{PolicyStop, PolicyFallback}).Draw(rt, "policy"),
		total:    time.Duration(rapid.IntRange(1, 60).Draw(rt, "total")) * time.Second,
		hedge:    rapid.Bool().Draw(rt, "hedge"),
		opinion:  rapid.Bool().Draw(rt, "opinion"),
		way:      rapid.SampledFrom([]string{"whole", "streamed"}).Draw(rt, "way"),
	}
	for i := range rapid.IntRange(1, 4).Draw(rt, "steps") {
		var script []act
		for range rapid.IntRange(1, 3).Draw(rt, "acts") {
			script = append(script, drawAct(rt, string(rune('a'+i))))
		}
		p.scripts, p.steps = append(p.scripts, script), append(p.steps, drawScene(rt))
	}
	if rapid.IntRange(0, 3).Draw(rt, "leaves") == 0 {
		p.leaves = time.Duration(rapid.IntRange(1, 9000).Draw(rt, "leaves after")) * time.Millisecond
	}
	return p
}

func drawScene(rt *rapid.T) scene {
	sc := scene{
		tries:  rapid.IntRange(0, 3).Draw(rt, "tries"),
		alone:  rapid.IntRange(0, 4).Draw(rt, "tries alone"),
		window: rapid.Int64Range(0, 3).Draw(rt, "window"),
		closed: rapid.IntRange(0, 4).Draw(rt, "closed") == 0,
		trips:  rapid.Bool().Draw(rt, "trips"),
		mood:   rapid.SampledFrom([]Verdict{{Calm: true}, {}, {Watch: true}, {Tee: true}}).Draw(rt, "mood"),
		places: rapid.IntRange(0, 4).Draw(rt, "places"),
		pace:   rapid.IntRange(0, 3000).Draw(rt, "pace"),
		keys:   rapid.IntRange(1, 3).Draw(rt, "keys"),
	}
	if rapid.Bool().Draw(rt, "budget") {
		tokens := rapid.IntRange(0, 3).Draw(rt, "tokens")
		sc.budget = &tokens
	}
	if rapid.Bool().Draw(rt, "jury") {
		opinion := Opinion(rapid.IntRange(0, 2).Draw(rt, "opinion"))
		sc.jury = &opinion
	}
	return sc
}

func drawAct(rt *rapid.T, from string) act {
	a := act{delay: time.Duration(rapid.IntRange(0, 4000).Draw(rt, "delay")) * time.Millisecond}
	switch rapid.IntRange(0, 8).Draw(rt, "act") {
	case 0, 1:
		a.err = drawFailure(rt)
	case 2:
		a.hang, a.delay = true, 0
	case 3:
		a.events, a.broken = []beat{opening(from), ping(0)}, drawFailure(rt)
	case 4:
		a.events, a.broken = []beat{opening(from), text(0, from), text(time.Second, from)}, drawFailure(rt)
	case 5:
		a.events = []beat{opening(from), finish(switchgear.FinishFilter)}
	case 6:
		a.events = []beat{opening(from), text(time.Second, from), text(3*time.Second, from), finish(switchgear.FinishStop)}
	case 7:
		a.panics = "drawn"
	}
	return a
}

func drawFailure(rt *rapid.T) error {
	e := fault(rapid.SampledFrom([]switchgear.Class{
		switchgear.ClassUnknown, switchgear.ClassInvalid, switchgear.ClassContext, switchgear.ClassPolicy, switchgear.ClassAuth,
		switchgear.ClassQuota, switchgear.ClassRateLimited, switchgear.ClassOverloaded, switchgear.ClassServer, switchgear.ClassGone,
		switchgear.ClassConnect, switchgear.ClassMalformed, switchgear.ClassInterrupted,
	}).Draw(rt, "class"))
	if e.Class == switchgear.ClassInvalid && rapid.Bool().Draw(rt, "unsure") {
		e.Marks, e.Status = switchgear.MarkUnsure, 400
	}
	e.RetryAfter = time.Duration(rapid.IntRange(0, 4).Draw(rt, "retry after")) * time.Second
	return e
}

// run plays it within a bubble and says which rule it broke, or nothing.
func (p play) run(t *testing.T) string {
	s := set(t, p.scripts...)
	s.plan.Attempts, s.plan.Commit, s.plan.Policy, s.plan.Timeout.Total = p.attempts, p.commit, p.policy, p.total
	s.plan.Hedge, s.plan.Opinion = p.hedge, p.opinion
	for i := range p.steps {
		p.steps[i].dress(s, i)
	}
	s.runner.alone = func(*switchgear.Request) bool { return len(p.scripts) == 2 }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if p.leaves > 0 {
		time.AfterFunc(p.leaves, cancel)
	}
	r := ways[p.way](s, ctx)
	took := s.elapsed()
	time.Sleep(2 * time.Minute) // what lost a race as a trial may still be measured
	synctest.Wait()
	problem := s.wrong(r)
	if problem == "" && took > p.total {
		problem = fmt.Sprintf("took %v", took)
	}
	if problem != "" {
		problem += fmt.Sprintf("\n%q %v\n%s\n%+v", r.text, r.err, written(r.trace), p)
	}
	return problem
}

func (sc *scene) dress(s *stage, i int) {
	step := &s.plan.Steps[i]
	step.Retry.Attempts, step.Context, step.Limit = sc.tries, sc.window, s.doors[i]
	s.books[i].closed, s.books[i].trips, s.books[i].mood = sc.closed, sc.trips, sc.mood
	s.doors[i].places = sc.places
	step.Retry.Alone = sc.alone
	if sc.budget != nil {
		step.Retries = &till{purse: purse{tokens: *sc.budget}}
	}
	if sc.jury != nil {
		step.Jury = &panel{opinion: *sc.jury}
	}
	if sc.pace > 0 {
		step.Pace = &gait{span: Span{Median: time.Duration(sc.pace/2) * time.Millisecond, P95: time.Duration(sc.pace) * time.Millisecond}}
	}
	if sc.keys > 1 {
		step.Keys = keys(slices.Repeat([]string{"k"}, sc.keys)...)
	}
}

// written is a trace for a person to read, an attempt on a line.
func written(trace *switchgear.Trace) string {
	var lines []string
	for i := range trace.Attempts {
		lines = append(lines, fmt.Sprintf("%+v", trace.Attempts[i]))
	}
	return strings.Join(lines, "\n")
}

// wrong says which rule a result breaks.
func (s *stage) wrong(r result) string {
	s.over(r.trace)
	if s.t.Failed() {
		return fmt.Sprintf("see above: %+v", r.trace.Attempts)
	}
	if n := r.trace.Calls(); n > s.plan.Attempts {
		return fmt.Sprintf("%d calls", n)
	}
	for i, d := range s.doors {
		if d.inside != 0 || d.in != len(d.left) {
			return fmt.Sprintf("the places of step %d: %+v", i+1, d)
		}
	}
	last, passed := 0, make(map[int]bool) // a step that was passed over may be tried at the end, once
	for i := range r.trace.Attempts {
		a := &r.trace.Attempts[i]
		if a.Step < last && !passed[a.Step] {
			return "the steps were not tried in order"
		}
		passed[a.Step] = a.Skipped != ""
		last = max(last, a.Step)
	}
	for i, f := range s.fakes {
		if most := max(s.plan.Steps[i].Retry.Attempts, s.plan.Steps[i].Retry.Alone, 1); f.calls() > most {
			return fmt.Sprintf("step %d was called %d times", i+1, f.calls())
		}
	}
	sources := 0
	for i := range s.fakes {
		if strings.Contains(r.text, "<"+string(rune('a'+i))+" ") {
			sources++
		}
	}
	switch {
	case r.err == nil && r.text != "" && !strings.Contains(r.text, "<finish>") && !strings.HasPrefix(r.text, "from "):
		return "a truncated answer that looks complete"
	case sources > 1:
		return "bytes from two targets"
	case r.err == nil && r.text == "" && r.trace.Step == 0:
		return "neither an answer nor an error"
	case r.err != nil && r.text != "" && r.err.Class != switchgear.ClassInterrupted && r.err.Class != switchgear.ClassCanceled:
		return "a broken stream that is not called interrupted"
	case r.err != nil && r.err.Class == switchgear.ClassExhausted && r.trace.Calls() > 0 && r.err.Err == nil:
		return "the first real error is lost"
	}
	return ""
}

// TestTerminalOnce: a request that is wrong costs one call, whatever else the
// plan allows; two if the refusal is worth a second opinion.
func TestTerminalOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			e := refusal("a")
			unsure := rapid.Bool().Draw(rt, "unsure")
			if !unsure {
				e.Marks = 0
			}
			wrong := []act{{delay: time.Duration(rapid.IntRange(0, 2000).Draw(rt, "delay")) * time.Millisecond, err: e}}
			scripts := slices.Repeat([][]act{wrong}, rapid.IntRange(1, 4).Draw(rt, "steps"))
			s, panels := disputed(t, Opinion(rapid.IntRange(0, 1).Draw(rt, "what the juries say")), scripts...)
			s.plan.Opinion = rapid.Bool().Draw(rt, "opinion")
			s.plan.Hedge = rapid.Bool().Draw(rt, "hedge")
			for i := range s.plan.Steps {
				s.plan.Steps[i].Retry.Attempts = rapid.IntRange(0, 3).Draw(rt, "tries")
				s.plan.Steps[i].Keys = keys("k", "l")
			}
			want := 1
			if unsure && s.plan.Opinion && panels[0].opinion == OpinionAsk && len(scripts) > 1 {
				want = 2
			}
			r := ways[rapid.SampledFrom([]string{"whole", "streamed"}).Draw(rt, "way")](s, t.Context())
			s.over(r.trace)
			if r.err == nil || r.err.Class != switchgear.ClassInvalid || r.trace.Calls() != want {
				rt.Fatalf("%d calls, want %d: %v", r.trace.Calls(), want, r.err)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}
