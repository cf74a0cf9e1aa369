package failover

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// TestAccount is what is written down of an attempt's usage.
func TestAccount(t *testing.T) {
	status := fault(switchgear.ClassServer)
	status.Status = 500
	gateway := fault(switchgear.ClassTimeout)
	gateway.Status = 504
	chatty := beat{event: switchgear.Event{Kind: switchgear.EventText, Text: "four times four.", Raw: []byte("x")}} // 16 bytes
	mute := *answer("a")
	mute.Usage = switchgear.Usage{}
	mute.Choices[0].Parts[0].Text = "four times four."
	var zero switchgear.Usage
	zero.Set(switchgear.UsageInput, 0)
	zero.Set(switchgear.UsageOutput, 0)
	free := *answer("a")
	free.Usage = zero
	input := estimate(ask0())
	type usage struct {
		in, out   int64
		known     bool
		estimated bool
	}
	nothing := usage{}
	for name, c := range map[string]struct {
		act             act
		whole, streamed usage
	}{
		"said":            {act{}, usage{10, 5, true, false}, usage{10, 5, true, false}},
		"never said":      {act{resp: &mute, events: []beat{chatty, finish(switchgear.FinishStop)}}, usage{input, 4, true, true}, usage{input, 4, true, true}},
		"said to be zero": {act{resp: &free, events: []beat{{event: switchgear.Event{Kind: switchgear.EventUsage, Usage: zero}}, chatty, finish(switchgear.FinishStop)}}, usage{0, 0, true, false}, usage{0, 0, true, false}},
		"silence":         {act{hang: true}, usage{input, 0, true, true}, usage{input, 0, true, true}},
		"refused":         {act{err: fault(switchgear.ClassConnect)}, nothing, nothing},
		"plain 500":       {act{err: status}, nothing, nothing},
		"plain 504":       {act{err: gateway}, nothing, nothing},
		"broken off":      {act{err: fault(switchgear.ClassInterrupted)}, usage{input, 0, true, true}, usage{input, 0, true, true}},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, []act{c.act}, nil)
					s.plan.Steps[0].Retry.Attempts = 1
					_ = run(s, t.Context())
					a := s.watcher.seen[0]
					want := c.whole
					if way == "streamed" {
						want = c.streamed
					}
					got := usage{a.Usage.Input, a.Usage.Output, a.Usage.Has(switchgear.UsageInput | switchgear.UsageOutput), a.Usage.Estimated}
					if got != want || a.Cost.Known != want.known || a.Cost.USD != float64(want.in+want.out) {
						t.Errorf("%+v, want %+v; cost %+v", got, want, a.Cost)
					}
				})
			})
		}
	}
}

// TestAccountOfACut: what was said at the start of a stream is not what was
// written by the time it was cut.
func TestAccountOfACut(t *testing.T) {
	long := func(n int) beat {
		return beat{event: switchgear.Event{Kind: switchgear.EventText, Text: string(make([]byte, n)), Raw: []byte("x")}}
	}
	early := beat{event: switchgear.Event{Kind: switchgear.EventStart, Usage: tokens(10, 1)}}
	for name, c := range map[string]struct {
		events    []beat
		out       int64
		estimated bool
	}{
		"before its end":   {[]beat{early, long(400)}, 100, true},
		"after its finish": {[]beat{early, long(400), finish(switchgear.FinishStop), usage(10, 70)}, 70, false},
		"short":            {[]beat{early, long(3)}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{events: c.events, broken: fault(switchgear.ClassInterrupted)}})
				r := s.stream(t.Context())
				a := r.trace.Attempts[0]
				if r.err == nil || a.Usage.Input != 10 || a.Usage.Output != c.out || a.Usage.Estimated != c.estimated {
					t.Errorf("%+v: %v", a.Usage, r.err)
				}
			})
		})
	}
}

// TestAccountOfOthers: vectors have no output, and counting is free.
func TestAccountOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}}, nil)
		s.plan.Timeout.Total = 6 * time.Second
		if _, err := s.runner.Embed(t.Context(), s.plan, &switchgear.EmbedRequest{Input: []string{"twelve bytes", "and twelve b"}}); err != nil {
			t.Fatal(err)
		}
		if u := s.watcher.seen[0].Usage; !u.Estimated || u.Input != 6 || u.Has(switchgear.UsageOutput) {
			t.Errorf("%+v", u)
		}
		if _, err := s.runner.CountTokens(t.Context(), s.plan, ask0()); err != nil {
			t.Fatal(err)
		}
		if u := s.watcher.seen[2].Usage; u.Known != 0 {
			t.Errorf("%+v", u)
		}
	})
}

// TestAccountReadsTheWire: what came over the wire is not billed by its bytes,
// if it can be read.
func TestAccountReadsTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}}, nil)
		s.runner.decode = func(*switchgear.Wire) (*switchgear.Request, error) { return ask0(), nil }
		req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: make([]byte, 4_000_000)}}
		resp, err := s.runner.Complete(t.Context(), s.plan, req)
		if err != nil || resp.Trace.Attempts[0].Usage.Input != estimate(ask0()) {
			t.Errorf("%v", err)
		}
	})
}

// TestAccountOfALoser: what the provider said of a whole answer that came too
// late stands.
func TestAccountOfALoser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := *answer("a")
		long.Choices[0].Parts[0].Text = string(make([]byte, 400))
		s := onTrial(t, []act{{delay: 2 * time.Second, resp: &long}}, slowly(time.Second))
		r := s.complete(t.Context())
		time.Sleep(2 * time.Second)
		synctest.Wait()
		s.over(r.trace)
		if a := s.watcher.seen[1]; !a.Lost || a.Usage != tokens(10, 5) || a.Cost.USD != 15 {
			t.Errorf("%+v", a)
		}
	})
}
