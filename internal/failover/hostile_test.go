package failover

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// winnerPanics is an observer that fails at the attempt that serves.
type winnerPanics struct{ Observer }

func (w winnerPanics) Attempted(ctx context.Context, p *Plan, a *switchgear.Attempt) {
	if a.Err == nil && !a.Lost {
		panic("an observer of ours")
	}
	w.Observer.Attempted(ctx, p, a)
}

// TestPanicOfAWinner: the request of a race whose winner's account panics ends,
// with an error, though the loser has been sent home.
func TestPanicOfAWinner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suspected(t, slowly(4*time.Second), slowly(500*time.Millisecond))
		s.runner.observer = winnerPanics{s.runner.observer}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done := make(chan error, 1)
		go func() {
			_, err := s.runner.Complete(ctx, s.plan, ask0())
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Error("it is no answer")
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("the request never ended")
		}
	})
}

// TestLeavingTellsNothing: callers who hang up after the first words say
// nothing about how fast a target is, however late those came: else only the
// slow half of them would be heard.
func TestLeavingTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, slowly(900*time.Millisecond))
		s.paced(400, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		st, err := s.runner.Stream(ctx, s.plan, ask0())
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		if o := s.books[0].last(); o.Kind != OutcomeIgnored || o.Ratio != 0 {
			t.Errorf("the breaker was told %+v", o)
		}
	})
}

// TestPanicOfAProbe: a probe runs on a goroutine that nobody else guards.
func TestPanicOfAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		s.runner.observer = winnerPanics{s.runner.observer}
		s.runner.Probe(t.Context(), s.plan, 0, s.books[0].pass())
		if o := s.books[0].last(); o.Kind != OutcomeOK {
			t.Errorf("the breaker was told %+v", o)
		}
	})
}

// serene is a breaker that says how the weather is.
type serene struct {
	*ledger

	calm bool
}

func (s serene) Calm() bool { return s.calm }

// TestFailuresOfGoodDays: a failure that the breaker makes nothing of spoils
// nothing that was learned.
func TestFailuresOfGoodDays(t *testing.T) {
	for calm, spoiled := range map[bool]int{true: 0, false: 1} {
		synctest.Test(t, func(t *testing.T) {
			s := set(t, []act{{err: fault(switchgear.ClassServer)}}, nil)
			s.books[0].mood = Verdict{Calm: true}
			s.plan.Steps[0].Breaker, s.plan.Steps[0].Retry.Attempts = serene{s.books[0], calm}, 1
			gaits := s.paced(400, 1000)
			if _, err := s.runner.Complete(t.Context(), s.plan, ask0()); err != nil {
				t.Fatal(err)
			}
			if gaits[0].spoiled != spoiled {
				t.Errorf("calm %v: spoiled %d times", calm, gaits[0].spoiled)
			}
		})
	}
}

// TestRequestIsTheCallersAgain: once there is an answer, nobody reads the
// request any more, not even a trial that goes on for its measure's sake. It is
// for the race detector.
func TestRequestIsTheCallersAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := onTrial(t, []act{{hang: true}}, slowly(500*time.Millisecond))
		req := ask0()
		if _, err := s.runner.Complete(t.Context(), s.plan, req); err != nil {
			t.Fatal(err)
		}
		go func() {
			for range 100 {
				req.Messages[0].Parts[0].Text += "."
				time.Sleep(time.Second)
			}
		}()
		time.Sleep(2 * time.Minute)
		if o := s.books[0].last(); o.Kind != OutcomeSlow || o.Body == 0 {
			t.Errorf("told %+v", o)
		}
	})
}
