package failover

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

const fromB = "<b start><ping><b text><b text><finish><usage>"

func open(t *testing.T, s *stage, ctx context.Context) switchgear.Stream {
	t.Helper()
	st, err := s.runner.Stream(ctx, s.plan, ask0())
	if err != nil {
		t.Fatalf("no stream: %v", err)
	}
	return st
}

// TestCommit: what fails before the commit point is not seen, not one byte of
// it; what fails after it is an error.
func TestCommit(t *testing.T) {
	dies := fault(switchgear.ClassServer)
	early := act{events: []beat{opening("a"), ping(0)}, broken: dies}
	late := act{events: []beat{opening("a"), text(0, "a"), text(0, "a")}, broken: dies}
	slow := act{events: []beat{opening("a"), text(0, "a"), text(399*time.Millisecond, "a")}, broken: dies}
	slower := act{events: []beat{opening("a"), text(0, "a"), text(400*time.Millisecond, "a")}, broken: dies}
	long := act{events: []beat{opening("a")}, broken: dies}
	for range 32 {
		long.events = append(long.events, text(0, "a"))
	}
	short := act{events: long.events[:32], broken: dies}
	stalls := act{events: []beat{opening("a"), text(0, "a")}, hang: true}
	for name, c := range map[string]struct {
		commit Commit
		act    act
		want   string
		broken bool
	}{
		"first token, dies before":        {CommitFirstToken, early, fromB, false},
		"first token, dies after":         {CommitFirstToken, late, "<a start><a text><a text>", true},
		"hold, dies before":               {CommitHold, early, fromB, false},
		"hold, dies young":                {CommitHold, late, fromB, false},
		"hold, dies after 399 ms":         {CommitHold, slow, fromB, false},
		"hold, dies after 400 ms":         {CommitHold, slower, "<a start><a text><a text>", true},
		"hold, dies after 31 contents":    {CommitHold, short, fromB, false},
		"hold, dies after 32 contents":    {CommitHold, long, "<a start>" + strings.Repeat("<a text>", 32), true},
		"hold, stalls after its first":    {CommitHold, stalls, fromB, false},
		"whole, dies before":              {CommitWhole, early, fromB, false},
		"whole, dies at the end":          {CommitWhole, long, fromB, false},
		"whole, stalls":                   {CommitWhole, stalls, fromB, false},
		"first token, stalls after first": {CommitFirstToken, stalls, "<a start><a text>", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{c.act}, nil)
				s.plan.Steps[0].Retry.Attempts = 1
				s.plan.Commit = c.commit
				r := s.stream(t.Context())
				s.over(r.trace)
				if r.text != c.want {
					t.Errorf("read %q, want %q", r.text, c.want)
				}
				if (r.err != nil) != c.broken {
					t.Errorf("error %v", r.err)
				}
				if c.broken && (r.err.Class != switchgear.ClassInterrupted || r.err.Code != switchgear.CodeStreamInterrupted || r.trace.Step != 1) {
					t.Errorf("error %+v", r.err)
				}
				if c.broken && (r.err.Provider != "" || !strings.HasPrefix(r.err.Message, `route "chat": a/m `) || errors.Unwrap(r.err) == nil) {
					t.Errorf("not in the gateway's own words: %+v", r.err)
				}
				if s.books[0].outcomes[0] == OutcomeOK || r.trace.Attempts[0].Err == nil {
					t.Errorf("outcome %v, attempt %+v", s.books[0].outcomes, r.trace.Attempts[0])
				}
				if s.fakes[0].closed != 1 || s.fakes[0].alive != 0 {
					t.Errorf("the broken stream was closed %d times, %d of them before it was cancelled", s.fakes[0].closed, s.fakes[0].alive)
				}
			})
		})
	}
}

// TestEmptyStream: an answer that says nothing and ends properly is one.
func TestEmptyStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{events: []beat{opening("a"), finish(switchgear.FinishStop)}}}, nil)
		r := s.stream(t.Context())
		s.over(r.trace)
		if r.err != nil || r.text != "<a start><finish>" || s.counts() != "1 0" || s.books[0].outcomes[0] != OutcomeOK {
			t.Errorf("%q, %v, calls %s", r.text, r.err, s.counts())
		}
	})
}

// TestOneChoiceDeclined: an answer of which only a part was withheld is one.
func TestOneChoiceDeclined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{events: []beat{opening("a"), text(0, "a"), finish(switchgear.FinishFilter), finish(switchgear.FinishStop)}}}, nil)
		s.plan.Commit, s.plan.Policy = CommitWhole, PolicyFallback
		r := s.stream(t.Context())
		s.over(r.trace)
		if r.err != nil || s.counts() != "1 0" || r.text != "<a start><a text><finish><finish>" {
			t.Errorf("%q, %v, calls %s", r.text, r.err, s.counts())
		}
	})
}

// TestCommitsAtOnce: the caller gets its stream with the first content, not
// later.
func TestCommitsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{delay: time.Second, events: []beat{opening("a"), text(time.Second, "a"), text(time.Second, "a")}}})
		st := open(t, s, t.Context())
		if s.elapsed() != 2*time.Second {
			t.Errorf("committed after %v", s.elapsed())
		}
		trace := st.(switchgear.Traced).Trace()
		if trace.Target.Provider != "a" || trace.Step != 1 || len(trace.Attempts) != 1 || len(s.watcher.seen) != 0 {
			t.Errorf("trace at the head %+v", trace)
		}
		if _, err := read(st); err != nil {
			t.Error(err)
		}
		_ = st.Close()
		if a := trace.Attempts[0]; a.FirstToken != 2*time.Second || a.Duration != 3*time.Second || a.Usage.Input != 10 {
			t.Errorf("attempt %+v", a)
		}
		s.over(trace)
	})
}

func TestIdle(t *testing.T) {
	working := []beat{opening("a"), text(0, "a")}
	for range 10 {
		working = append(working, beat{wait: 14 * time.Second, event: switchgear.Event{Kind: switchgear.EventThinking, Raw: []byte(".")}})
	}
	for name, c := range map[string]struct {
		events []beat
		took   time.Duration
		broken bool
	}{
		"silence":                     {[]beat{opening("a"), text(0, "a")}, 15 * time.Second, true},
		"pings are no progress":       {[]beat{opening("a"), text(0, "a"), ping(7 * time.Second), ping(7 * time.Second), ping(7 * time.Second)}, 15 * time.Second, true},
		"thinking is":                 {working, 155 * time.Second, true},
		"a late event is no progress": {[]beat{opening("a"), text(0, "a"), text(16*time.Second, "a")}, 15 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{events: c.events, hang: true}})
				s.plan.Timeout.Total = 0
				r := s.stream(t.Context())
				s.over(r.trace)
				if s.elapsed() != c.took || (r.err != nil) != c.broken {
					t.Errorf("took %v, error %v", s.elapsed(), r.err)
				}
				cause := r.trace.Attempts[0].Err
				if cause == nil || cause.Code != CodeIdleTimeout || s.books[0].outcomes[0] != OutcomeSlow {
					t.Errorf("cause %v, outcome %v", cause, s.books[0].outcomes)
				}
			})
		})
	}
}

// TestSlowReader: a caller that takes its time is not the upstream's silence.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{events: []beat{opening("a"), text(0, "a"), text(10*time.Second, "a"), ping(0), text(10*time.Second, "a")}}})
		s.plan.Timeout.Total = 0
		st := open(t, s, t.Context())
		for st.Next() {
			time.Sleep(time.Minute)
		}
		if st.Err() != nil {
			t.Error(st.Err())
		}
		_ = st.Close()
		s.over(st.(switchgear.Traced).Trace())
	})
}

// TestTotalAfterCommit: a long answer that meets the end of the request breaks
// off, which is no failure of the target's.
func TestTotalAfterCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []beat
		for range 100 {
			events = append(events, text(time.Second, "a"))
		}
		s := set(t, []act{{events: events}}, nil)
		r := s.stream(t.Context())
		s.over(r.trace)
		if s.elapsed() != time.Minute || r.err == nil || r.err.Class != switchgear.ClassInterrupted {
			t.Errorf("%v after %v", r.err, s.elapsed())
		}
		if cause := r.trace.Attempts[0].Err; cause == nil || cause.Code != CodeTotalTimeout || s.books[0].outcomes[0] != OutcomeIgnored {
			t.Errorf("cause %v, outcomes %v", cause, s.books[0].outcomes)
		}
	})
}

// TestClose: the caller's leaving stops the upstream at once and is nobody's
// fault, whether it closes the stream or its context ends, and whether or not
// somebody waits for the next event.
func TestClose(t *testing.T) {
	stalls := act{events: []beat{opening("a"), text(0, "a"), text(time.Second, "a")}, hang: true}
	for name, leave := range map[string]func(st switchgear.Stream, cancel context.CancelFunc){
		"close": func(st switchgear.Stream, _ context.CancelFunc) { time.Sleep(5 * time.Second); _ = st.Close() },
		"close while waiting": func(st switchgear.Stream, _ context.CancelFunc) {
			time.AfterFunc(5*time.Second, func() { _ = st.Close() })
			_, _ = read(st)
		},
		"context": func(st switchgear.Stream, cancel context.CancelFunc) {
			time.AfterFunc(5*time.Second, cancel)
			_, _ = read(st)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{stalls}, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				st := open(t, s, ctx)
				leave(st, cancel)
				synctest.Wait()
				if s.elapsed() > 5*time.Second+100*time.Millisecond {
					t.Errorf("took %v", s.elapsed())
				}
				_ = st.Close()
				if s.fakes[0].closed != 1 || st.Next() {
					t.Errorf("closed %d times", s.fakes[0].closed)
				}
				if e, ok := errors.AsType[*switchgear.Error](st.Err()); !ok || e.Class != switchgear.ClassCanceled {
					t.Errorf("error %v", st.Err())
				}
				trace := st.(switchgear.Traced).Trace()
				s.over(trace)
				if s.books[0].outcomes[0] != OutcomeIgnored || trace.Attempts[0].Err.Class != switchgear.ClassCanceled || trace.Attempts[0].Usage.Input != 10 {
					t.Errorf("outcome %v, attempt %+v", s.books[0].outcomes, trace.Attempts[0])
				}
				if name != "close" && s.fakes[0].stopped[0] != 5*time.Second {
					t.Errorf("upstream stopped at %v", s.fakes[0].stopped)
				}
			})
		})
	}
}

// TestDeaf: an upstream that is slow to notice its cancel delays the error but
// changes nothing in it.
func TestDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true, deaf: time.Second}}, nil)
		r := s.stream(t.Context())
		s.over(r.trace)
		if s.elapsed() != 4*time.Second || r.text != fromB || r.trace.Attempts[0].Err.Code != CodeFirstTokenTimeout {
			t.Errorf("%q after %v: %+v", r.text, s.elapsed(), r.trace.Attempts[0])
		}
	})
}

// panicky panics in the middle of a stream.
type panicky struct{ switchgear.Stream }

func (p panicky) Next() bool {
	if !p.Stream.Next() {
		panic("CANARY")
	}
	return true
}

type panicking struct{ *fake }

func (p panicking) Stream(ctx context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	st, err := p.fake.Stream(ctx, call)
	return panicky{st}, err
}

func TestPanicInStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Steps[0].Provider = panicking{s.fakes[0]}
		r := s.stream(t.Context())
		s.over(r.trace)
		if _, ok := errors.AsType[*PanicError](error(r.err)); !ok || r.err.Class != switchgear.ClassInterrupted || !strings.HasPrefix(r.text, "<a start>") {
			t.Errorf("%q, %v", r.text, r.err)
		}
	})
}

// TestHeldBound: a stream that never comes to its point does not fill the
// memory.
func TestHeldBound(t *testing.T) {
	var h held
	big := switchgear.Event{Kind: switchgear.EventOther, Raw: make([]byte, 1<<20)}
	n := 0
	for h.keep(&big) {
		n++
	}
	if n != 63 { // 64 MiB with what each event weighs besides
		t.Errorf("held %d MiB", n)
	}
}

// babbler is a stream without an end.
type babbler struct {
	switchgear.Stream

	raw []byte
}

func (babbler) Next() bool { return true }

func (b babbler) Event() switchgear.Event {
	return switchgear.Event{Kind: switchgear.EventOther, Raw: b.raw}
}

type babbling struct{ *fake }

func (p babbling) Stream(ctx context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	st, err := p.fake.Stream(ctx, call)
	return babbler{st, make([]byte, 8<<20)}, err
}

func TestBabble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Commit = CommitWhole
		s.plan.Steps[0].Provider = babbling{s.fakes[0]}
		r := s.stream(t.Context())
		s.over(r.trace)
		if r.text != fromB || r.trace.Attempts[0].Err.Code != "answer_too_large" || s.counts() != "1 1" {
			t.Errorf("%q, %+v", r.text, r.trace.Attempts[0])
		}
	})
}
