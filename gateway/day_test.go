package gateway_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
)

// mortal is a provider that is well, as far as any is: its first tokens take a
// median of 600 ms with one in twenty over 1.4 s, and a share of its calls fails
// at random, at once or after two seconds.
type mortal struct {
	bad   float64
	calls atomic.Int64
	fails atomic.Int64

	mu  sync.Mutex
	rng *rand.Rand
}

func (m *mortal) Complete(ctx context.Context, _ *switchgear.Call) (*switchgear.Response, error) {
	wait, bad := m.fate()
	if err := rest(ctx, wait); err != nil {
		return nil, err
	}
	if bad != nil {
		return nil, bad
	}
	return &switchgear.Response{Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: "yes"}}}}}, nil
}

func (m *mortal) Stream(ctx context.Context, _ *switchgear.Call) (switchgear.Stream, error) {
	wait, bad := m.fate()
	if bad != nil {
		if err := rest(ctx, wait); err != nil {
			return nil, err
		}
		return nil, bad
	}
	return &short{ctx: ctx, wait: wait}, nil
}

// fate draws how one call goes.
func (m *mortal) fate() (wait time.Duration, err *switchgear.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls.Add(1)
	wait = time.Duration(600e6 * math.Exp(0.515*m.rng.NormFloat64()))
	switch x := m.rng.Float64() / m.bad; {
	case x >= 1:
		return wait, nil
	case x < 0.5:
		wait, err = 80*time.Millisecond, &switchgear.Error{Class: switchgear.ClassServer, Status: 500}
	case x < 0.8:
		wait, err = 2*time.Second, &switchgear.Error{Class: switchgear.ClassOverloaded, Status: 503}
	default:
		wait, err = 5*time.Millisecond, &switchgear.Error{Class: switchgear.ClassConnect, Code: "reset"}
	}
	m.fails.Add(1)
	return wait, err
}

// rest lets time pass, or not all of it.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// short is a stream of one word.
type short struct {
	ctx  context.Context
	wait time.Duration
	n    int
	err  error
}

func (s *short) Next() bool {
	if s.n == 0 {
		s.err = rest(s.ctx, s.wait)
	}
	s.n++
	return s.err == nil && s.n <= 2
}

func (s *short) Event() switchgear.Event {
	if s.n == 1 {
		return switchgear.Event{Kind: switchgear.EventText, Text: "yes"}
	}
	return switchgear.Event{Kind: switchgear.EventFinish, Finish: switchgear.Finish{Kind: switchgear.FinishStop}}
}

func (s *short) Err() error   { return s.err }
func (s *short) Close() error { return nil }

// TestDay: two calls in a hundred fail, for a day, at a rate that changes by the
// hour: 20 requests a second, 5, one, and one in four seconds. No circuit opens,
// no user sees a failure, and there are hardly more calls than requests. It is
// the whole runtime but for HTTP; the drill plays an hour of it with that.
func TestDay(t *testing.T) {
	hours := 24
	if raceEnabled || testing.Short() {
		hours = 4
	}
	rates := []float64{5, 1, 20, 0.25}
	synctest.Test(t, func(t *testing.T) {
		one, two := &mortal{bad: 0.02, rng: rand.New(rand.NewPCG(1, 1))}, &mortal{bad: 0.02, rng: rand.New(rand.NewPCG(2, 2))}
		var told []gateway.Event
		var telling sync.Mutex
		cfg, findings := config.Parse("day.yaml", []byte(dayConfig), func(string) (string, bool) { return "secret", true })
		if config.HasErrors(findings) {
			t.Fatal(findings)
		}
		g, err := gateway.New(t.Context(), cfg, gateway.WithProvider("one", one), gateway.WithProvider("two", two), gateway.WithEvents(func(e gateway.Event) {
			telling.Lock()
			defer telling.Unlock()
			told = append(told, e)
		}))
		if err != nil {
			t.Fatal(err)
		}
		users := &crowd{gateway: g, rng: rand.New(rand.NewPCG(3, 3))}
		for hour := range hours {
			users.come(rates[hour%len(rates)], time.Hour)
		}
		users.running.Wait()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		for i := range told {
			t.Errorf("told of %s: %s, %d of %d", told[i].Kind, told[i].Reason, told[i].Bad, told[i].N)
		}
		asked, failed := users.asked.Load(), users.failed.Load()
		calls := one.calls.Load() + two.calls.Load()
		t.Logf("%d requests, %d failed; %d calls, of which %d failed", asked, failed, calls, one.fails.Load()+two.fails.Load())
		if asked < int64(hours)*20_000 || one.fails.Load() < asked/100 {
			t.Errorf("%d requests, %d failures: that is no such day", asked, one.fails.Load())
		}
		if failed > asked/2000 {
			t.Errorf("%d of %d users saw a failure", failed, asked)
		}
		if extra := float64(calls)/float64(asked) - 1; extra > 0.05 {
			t.Errorf("%.1f %% more calls than requests", 100*extra)
		}
	})
}

const dayConfig = `
version: 1
providers:
  one: {kind: openai, base_url: "http://one.test/v1", key: "${A}"}
  two: {kind: openai, base_url: "http://two.test/v1", key: "${A}"}
routes:
  chat: {chain: [one/m1, two/m2]}
`

// crowd are users that come without regard for each other.
type crowd struct {
	gateway *gateway.Gateway
	rng     *rand.Rand
	running sync.WaitGroup

	asked, failed atomic.Int64
}

func (c *crowd) come(rate float64, lasts time.Duration) {
	for until := time.Now().Add(lasts); time.Now().Before(until); {
		time.Sleep(time.Duration(c.rng.ExpFloat64() / rate * float64(time.Second)))
		n := c.asked.Add(1)
		c.running.Go(func() {
			req := switchgear.Ask("chat", "request "+strconv.FormatInt(n, 10))
			if n%5 == 0 {
				if _, err := c.gateway.Complete(context.Background(), req); err != nil {
					c.failed.Add(1)
				}
				return
			}
			if !c.reads(req) {
				c.failed.Add(1)
			}
		})
	}
}

// reads takes a stream in, and reports whether it came to its end.
func (c *crowd) reads(req *switchgear.Request) bool {
	s, err := c.gateway.Stream(context.Background(), req)
	if err != nil {
		return false
	}
	defer func() { _ = s.Close() }()
	for s.Next() {
	}
	return s.Err() == nil
}
