package gateway

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// scripted is a provider that answers at once, or fails at once.
type scripted struct{ err *switchgear.Error }

func (s *scripted) Complete(context.Context, *switchgear.Call) (*switchgear.Response, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &switchgear.Response{}, nil
}

func (*scripted) Stream(context.Context, *switchgear.Call) (switchgear.Stream, error) {
	return nil, errors.New("not in this benchmark")
}

// chainOf is a gateway whose first step is p, with a second that answers.
func chainOf(tb testing.TB, p switchgear.Provider, without ...Mechanism) *Gateway {
	tb.Helper()
	cfg, findings := config.Parse("bench.yaml", []byte(`
version: 1
providers:
  one: {kind: openai, base_url: "http://one.test/v1", key: "${A}"}
  two: {kind: openai, base_url: "http://two.test/v1", key: "${A}"}
retry: {attempts: 1}
routes:
  chat: {chain: [one/m1, two/m2], hedge: off}
breakers: {default: {probe: off}}
`), func(string) (string, bool) { return "secret", true })
	if hasErrors(findings) {
		tb.Fatal(findings)
	}
	g, err := New(tb.Context(), cfg, WithProvider("one", p), WithProvider("two", &scripted{}), Without(without...))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = g.Close() })
	return g
}

func complete(tb testing.TB, g *Gateway, req *switchgear.Request, by string) {
	tb.Helper()
	resp, err := g.Complete(context.Background(), req)
	if err != nil || resp.Trace.Target.Provider != by {
		tb.Fatal(err)
	}
}

var overloaded = switchgear.Error{Class: switchgear.ClassOverloaded, Status: 503}

// openChain is a chain whose first circuit is open, and stays so.
func openChain(tb testing.TB) *Gateway {
	tb.Helper()
	g := chainOf(tb, &scripted{err: &overloaded})
	for i := range 5 {
		complete(tb, g, switchgear.Ask("chat", strconv.Itoa(i)), "two")
	}
	if err := g.Hold(switchgear.Target{Provider: "one", Model: "m1"}, "the benchmark"); err != nil {
		tb.Fatal(err)
	}
	return g
}

// BenchmarkServed is a request that the first step answers: what the others are
// to be held against.
func BenchmarkServed(b *testing.B) {
	g := chainOf(b, &scripted{})
	req := switchgear.Ask("chat", "hello")
	b.ReportAllocs()
	for b.Loop() {
		complete(b, g, req, "one")
	}
}

// BenchmarkFallOver is a request whose first step fails at once. Less Served, it
// is to stay under 1 ms.
func BenchmarkFallOver(b *testing.B) {
	g := chainOf(b, &scripted{err: &overloaded}, MechanismBreaker)
	req := switchgear.Ask("chat", "hello")
	b.ReportAllocs()
	for b.Loop() {
		complete(b, g, req, "two")
	}
}

// BenchmarkSkipOpen is a request whose first step's circuit is open. Less
// Served, it is to stay under 1 us.
func BenchmarkSkipOpen(b *testing.B) {
	g := openChain(b)
	req := switchgear.Ask("chat", "hello")
	b.ReportAllocs()
	for b.Loop() {
		complete(b, g, req, "two")
	}
}

// BenchmarkDeadChain is a client's own retry that finds every circuit open.
func BenchmarkDeadChain(b *testing.B) {
	g := openChain(b)
	if err := g.Hold(switchgear.Target{Provider: "two", Model: "m2"}, "the benchmark"); err != nil {
		b.Fatal(err)
	}
	req := switchgear.Ask("chat", "hello")
	req.Limits.Retry = 1
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Complete(context.Background(), req); err == nil {
			b.Fatal("served")
		}
	}
}

// BenchmarkPermit is leave from a closed circuit and the outcome told. It is to
// stay under 150 ns on two cores, without allocating.
func BenchmarkPermit(b *testing.B) {
	g := chainOf(b, &scripted{})
	circuit := g.now.Load().breakers[0].breaker
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		now := time.Now()
		for pb.Next() {
			token, _ := circuit.Acquire(now)
			circuit.Done(token, failover.Outcome{Key: -1}, now)
		}
	})
}

// TestSpeedOfFailure holds the bounds with room for a machine that is busy: of
// several rounds the fastest counts, which noise cannot make faster.
func TestSpeedOfFailure(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures")
	}
	fastest := func(g *Gateway, by string) time.Duration {
		const calls = 200
		req, best := switchgear.Ask("chat", "hello"), time.Hour
		for range 20 {
			start := time.Now()
			for range calls {
				complete(t, g, req, by)
			}
			best = min(best, time.Since(start)/calls)
		}
		return best
	}
	base := fastest(chainOf(t, &scripted{}), "one")
	fall := fastest(chainOf(t, &scripted{err: &overloaded}, MechanismBreaker), "two") - base
	skip := fastest(openChain(t), "two") - base
	t.Logf("served in %v; falling over adds %v, an open circuit %v", base, fall, skip)
	if fall > time.Millisecond {
		t.Errorf("falling over after a fast error adds %v, want 1 ms at most", fall)
	}
	if skip > 20*time.Microsecond { // 1 us on an idle machine, without the race detector
		t.Errorf("passing an open circuit by adds %v", skip)
	}
}
