package breaker

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/sony/gobreaker/v2"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestOracles goes through outages in step with two breakers that others have
// written, as far as all three are meant to do the same: five failures in a row
// open, five seconds later a trial is made, three good ones close, a bad one
// opens again. Requests come one at a time, slowly enough for there to be no
// ramp; failures stand in rows too far apart for any rate to count.
func TestOracles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const cooldown = 5 * time.Second
		rng := rand.New(rand.NewPCG(1, 2))
		ours := New(Options{Cooldown: cooldown, CooldownMax: cooldown, ConnectFailures: 5, Rand: func() float64 { return 0.5 }})
		safe := circuitbreaker.NewBuilder[any]().WithFailureThreshold(5).WithSuccessThreshold(3).WithDelay(cooldown).Build()
		gob := gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
			MaxRequests: 3, Timeout: cooldown, ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
		})
		opens, closes, ill := 0, 0, 0
		for i := range 20_000 {
			time.Sleep(600*time.Millisecond + time.Nanosecond) // never exactly at the end of a cool-off
			now := time.Now()
			before := ours.Snapshot(now).State
			if ill == 0 && before.lively() && i%40 == 39 {
				ill = 1 + rng.IntN(9)
			}
			result, err := good, error(nil)
			if ill > 0 || before == HalfOpen && rng.IntN(3) == 0 {
				result, err = fails(rng.Uint64()|1), errOracle
			}
			token, v := ours.Acquire(now)
			permit := safe.TryAcquirePermit()
			called := false
			_, _ = gob.Execute(func() (any, error) {
				called = true
				return nil, err
			})
			if v.Pass != permit || v.Pass != called {
				t.Fatalf("request %d: ours %v, failsafe %v, gobreaker %v: %+v", i, v.Pass, permit, called, ours.Snapshot(now))
			}
			if !v.Pass {
				continue
			}
			ill = max(ill-1, 0)
			ours.Done(token, result, now)
			if result.Kind == failover.OutcomeOK {
				safe.RecordSuccess()
			} else {
				safe.RecordFailure()
			}
			state := ours.Snapshot(now).State
			if got, want := word(state), safe.State().String(); got != want {
				t.Fatalf("request %d: ours %s, failsafe %s", i, got, want)
			}
			if got, want := word(state), gob.State().String(); got != want {
				t.Fatalf("request %d: ours %s, gobreaker %s", i, got, want)
			}
			if before != Open && state == Open {
				opens++
			}
			if before == HalfOpen && state == Closed {
				closes++
			}
		}
		if opens < 100 || closes < 50 {
			t.Errorf("only %d openings and %d closings were compared", opens, closes)
		}
	})
}

// word is a state as breakers without suspicions call it.
func word(s State) string {
	if s == Suspect {
		s = Closed
	}
	return s.String()
}

type oracleError struct{}

func (oracleError) Error() string { return "failed" }

var errOracle = oracleError{}
