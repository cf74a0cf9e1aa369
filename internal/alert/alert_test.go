package alert

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// sink keeps what it is sent, and answers as it is told.
type sink struct {
	mu     sync.Mutex
	got    []*Notice
	at     []time.Time
	tries  int
	answer func(try int, n *Notice) error // nil takes everything
	hang   bool                           // until ctx ends
}

func (s *sink) Send(ctx context.Context, n *Notice) error {
	s.mu.Lock()
	s.tries++
	try, hang, answer := s.tries, s.hang, s.answer
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return &Error{Message: "it did not answer in time"}
	}
	if answer != nil {
		if err := answer(try, n); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got, s.at = append(s.got, n), append(s.at, time.Now())
	return nil
}

// actions are what the sink was told, a word a notice.
func (s *sink) actions() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var words []string
	for _, n := range s.got {
		words = append(words, string(n.Action))
	}
	return strings.Join(words, ",")
}

func (s *sink) notices() []*Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Notice(nil), s.got...)
}

// when is the time a notice was taken at.
func (s *sink) when(i int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[i]
}

func (s *sink) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

func target(provider, model string) switchgear.Target {
	return switchgear.Target{Provider: provider, Model: model}
}

var routes = []Route{
	{Name: "chat", Stakes: switchgear.StakesNormal, Targets: []switchgear.Target{target("a", "m1"), target("b", "m1")}},
	{Name: "reason", Stakes: switchgear.StakesHigh, Targets: []switchgear.Target{target("a", "m2")}},
	{Name: "bulk", Stakes: switchgear.StakesLow, Targets: []switchgear.Target{target("a", "m3"), target("b", "m3")}},
	{Name: "spare", Stakes: switchgear.StakesLow, Targets: []switchgear.Target{target("b", "m2"), target("c", "m1")}},
}

// open begins alerts for one sink that wants everything, in a bubble.
func open(t *testing.T, s *sink, on ...string) *Alerts {
	t.Helper()
	if len(on) == 0 {
		on = []string{"*"}
	}
	a := New(Options{Instance: "test", Receivers: []Receiver{{Name: "r", Sink: s, On: on}}, Routes: routes})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		_ = a.Close(ctx)
	})
	return a
}

func opens(provider, model string) Event {
	e := Event{Kind: switchgear.AlertCircuitOpen, Provider: provider, Reason: "overloaded", Class: switchgear.ClassOverloaded, Status: 529, Bad: 6, N: 10}
	if model != "" {
		e.Target = target(provider, model)
	}
	return e
}

func closes(provider, model string) Event {
	e := Event{Kind: switchgear.AlertCircuitClose, Provider: provider}
	if model != "" {
		e.Target = target(provider, model)
	}
	return e
}

func TestFiveTargetsAreOnePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		begun := time.Now()
		for i := range 5 {
			a.Tell(opens("a", fmt.Sprintf("m%d", i+1)))
			time.Sleep(300 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		got := s.notices()
		if len(got) != 1 {
			t.Fatalf("told %s", s.actions())
		}
		if out := s.when(0).Sub(begun); out > 3*time.Second {
			t.Errorf("the page was out after %v", out)
		}
		n := got[0]
		if n.Key != "switchgear/test/circuit/a" || len(n.Conditions) != 5 || n.Conditions[4].Target != "a/m5" {
			t.Errorf("%+v", n)
		}
		want := "a: circuit open (overloaded, 60% of 10 failed) on 5 models. No way out for reason. chat now by b/m1. bulk now by b/m3"
		if n.Summary != want {
			t.Errorf("says %q", n.Summary)
		}
		for i := range 5 {
			a.Tell(closes("a", fmt.Sprintf("m%d", i+1)))
			time.Sleep(time.Minute)
		}
		time.Sleep(3*time.Minute + 59*time.Second)
		if s.actions() != "trigger" {
			t.Errorf("over too early: %s", s.actions())
		}
		time.Sleep(2 * time.Second)
		got = s.notices()
		if s.actions() != "trigger,resolve" || got[1].Key != n.Key || got[1].ID == n.ID {
			t.Fatalf("told %s, %+v", s.actions(), got)
		}
		if want := "a: over, after 4m4s"; got[1].Summary != want { // 3.5 s of gathering, and a minute between the last five
			t.Errorf("says %q", got[1].Summary)
		}
	})
}

// TestFlapping: a minute open, a minute closed, for an hour, is one page.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		for range 30 {
			a.Tell(opens("a", "m1"))
			time.Sleep(time.Minute)
			a.Tell(closes("a", "m1"))
			time.Sleep(time.Minute)
		}
		time.Sleep(10 * time.Minute)
		if s.actions() != "trigger,resolve" {
			t.Errorf("told %s", s.actions())
		}
		if opens := s.notices()[1].Conditions[0].Opens; opens != 30 {
			t.Errorf("the end says that it opened %d times", opens)
		}
		a.Tell(opens("a", "m1"))
		time.Sleep(3 * time.Second)
		if got := s.notices(); len(got) != 3 || got[2].Action != Trigger || got[2].Key != got[0].Key {
			t.Errorf("after the end, the same again is a new page under the same key: %s", s.actions())
		}
	})
}

// TestMoreFalls: what joins an open incident later is an update, at most once a
// minute, and never another page.
func TestMoreFalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		a.Tell(opens("a", "m1"))
		time.Sleep(3 * time.Second)
		for i := range 20 {
			a.Tell(opens("a", fmt.Sprintf("x%d", i)))
			time.Sleep(5 * time.Second)
		}
		time.Sleep(time.Minute)
		got := s.notices()
		if s.actions() != "trigger,update,update" || len(got[2].Conditions) != 21 || got[2].Key != got[0].Key {
			t.Errorf("told %s", s.actions())
		}
	})
}

func TestSeverity(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []Event
		want   []string // severity and what the summary must hold, in the order of the keys
	}{
		{"a way out is left", []Event{opens("a", "m1")}, []string{"warning: chat now by b/m1"}},
		{"low stakes with a way out", []Event{opens("a", "m3")}, []string{"warning: bulk now by b/m3"}},
		{"high stakes without one", []Event{opens("a", "m2")}, []string{"critical: No way out for reason"}},
		{"low stakes without one", []Event{opens("b", "m2"), opens("c", "m1")}, []string{"error: No way out for spare", "error: No way out for spare"}},
		{"two providers together shut a route", []Event{opens("a", "m1"), opens("b", "")}, []string{"critical: No way out for chat", "critical: No way out for chat"}},
		{"nobody uses it", []Event{opens("z", "m9")}, []string{"warning: z: circuit open"}},
		{"a key takes a person", []Event{{Kind: "key_exhausted", Provider: "b", Reason: "out of credit"}}, []string{"error: b: account exhausted (out of credit)"}},
		{"a route that fails", []Event{{Kind: "route_failing", Routes: []string{"chat"}, Bad: 5, N: 5}}, []string{"critical: chat: failing (100% of 5 failed)"}},
		{"a route of low stakes", []Event{{Kind: "route_failing", Routes: []string{"bulk"}, Bad: 5, N: 10}}, []string{"error: bulk: failing (50% of 10 failed)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sink{}
				a := open(t, s)
				for _, e := range tt.events {
					a.Tell(e)
				}
				time.Sleep(5 * time.Second)
				got := map[string]*Notice{}
				for _, n := range s.notices() {
					got[n.Key] = n
				}
				if len(got) != len(tt.want) {
					t.Fatalf("told %s", s.actions())
				}
				for i, e := range tt.events {
					level, words, _ := strings.Cut(tt.want[i], ": ")
					k := kinds[e.Kind]
					n := got[a.key(k.scope, e.subject(k.scope))]
					if n == nil || n.Severity.String() != level || !strings.Contains(n.Summary, words) {
						t.Errorf("%+v, want %s", n, tt.want[i])
					}
				}
			})
		})
	}
}

// TestWhoWantsWhat: a receiver is told of the kinds it named, and of nothing
// else.
func TestWhoWantsWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		circuits, keys := &sink{}, &sink{}
		a := New(Options{Instance: "test", Receivers: []Receiver{
			{Name: "circuits", Sink: circuits, On: []string{"circuit_open"}}, {Name: "keys", Sink: keys, On: []string{"key_*"}},
		}})
		a.Tell(opens("a", "m1"))
		a.Tell(Event{Kind: "key_refused", Provider: "b"})
		a.Tell(Event{Kind: "made_up", Provider: "c"})
		time.Sleep(3 * time.Second)
		if circuits.actions() != "trigger" || circuits.notices()[0].Provider != "a" {
			t.Errorf("circuits: %s", circuits.actions())
		}
		if keys.actions() != "trigger" || keys.notices()[0].Provider != "b" {
			t.Errorf("keys: %s", keys.actions())
		}
		time.Sleep(24*time.Hour + 4*time.Minute)
		if keys.actions() != "trigger" {
			t.Errorf("nothing said that the key works again: %s", keys.actions())
		}
		time.Sleep(2 * time.Minute)
		if keys.actions() != "trigger,resolve" {
			t.Errorf("not heard of for a day: %s", keys.actions())
		}
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestAuthOutageComesAndGoes: the provider lets a key through now and then, so
// that its circuit closes and keys are refused again; or the key is told of well
// before the circuit opens. It is one page all the same.
func TestAuthOutageComesAndGoes(t *testing.T) {
	key := Event{Kind: "key_refused", Provider: "a", Credential: "one", Class: switchgear.ClassAuth, Status: 401}
	well := Event{Kind: "key_restored", Provider: "a", Credential: "one"}
	for name, c := range map[string]struct {
		events []Event
		want   string
	}{
		"the circuit first": {[]Event{opens("a", ""), key, well, closes("a", ""), key, opens("a", ""), closes("a", ""), well}, "trigger,update,resolve"},
		"the key first":     {[]Event{key, opens("a", ""), closes("a", ""), well, opens("a", ""), closes("a", "")}, "trigger,update,resolve"},
		"the key stays":     {[]Event{key, opens("a", ""), closes("a", "")}, "trigger,update,resolve"},
		"and is refused":    {[]Event{opens("a", ""), closes("a", ""), key}, "trigger,update,resolve,trigger"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sink{}
				a := open(t, s)
				for _, e := range c.events {
					a.Tell(e)
					time.Sleep(65 * time.Second)
				}
				time.Sleep(10 * time.Minute)
				if s.actions() != c.want {
					t.Errorf("told %s, want %s", s.actions(), c.want)
				}
			})
		})
	}
}

// TestOldKeyHidesNoCircuit: a key that has waited an hour for a person is one
// incident, and the circuit that opens then another.
func TestOldKeyHidesNoCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		a.Tell(Event{Kind: "key_refused", Provider: "a", Credential: "one", Class: switchgear.ClassAuth, Status: 401})
		time.Sleep(time.Hour)
		a.Tell(opens("a", ""))
		time.Sleep(time.Minute)
		if s.actions() != "trigger,trigger" {
			t.Errorf("told %s", s.actions())
		}
	})
}

// TestAuthOutageIsOnePage: a provider that refuses all keys, and whose circuit
// opens over it, pages once, whichever is noticed first.
func TestAuthOutageIsOnePage(t *testing.T) {
	key := Event{Kind: "key_refused", Provider: "a", Class: switchgear.ClassAuth, Status: 401}
	for _, events := range [][]Event{{key, opens("a", "")}, {opens("a", ""), key}} {
		synctest.Test(t, func(t *testing.T) {
			s := &sink{}
			a := open(t, s)
			for _, e := range events {
				a.Tell(e)
				time.Sleep(time.Second)
			}
			time.Sleep(5 * time.Second)
			a.Tell(closes("a", ""))
			time.Sleep(6 * time.Minute)
			got := s.notices()
			if s.actions() != "trigger,resolve" || len(got[0].Conditions) != 2 || !strings.Contains(got[0].Summary, "key refused") {
				t.Errorf("told %s %+v", s.actions(), got)
			}
		})
	}
}

func TestRouteFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		observe := func(route string, bad, good int) {
			for i := range bad + good {
				a.Observe(route, i >= bad, time.Now())
			}
		}
		observe("bulk", 4, 0)   // too few to mean anything
		observe("spare", 5, 0)  // failing
		observe("reason", 0, 9) // not failing
		observe("reason", 8, 0) // a little under half
		time.Sleep(10 * time.Second)
		got := s.notices()
		if len(got) != 1 || got[0].Route != "spare" || got[0].Key != "switchgear/test/route/spare" || got[0].Conditions[0].Of != 5 {
			t.Fatalf("%+v", got)
		}
		observe("reason", 1, 0) // half
		time.Sleep(70 * time.Second)
		if got := s.notices(); len(got) != 2 || got[1].Route != "reason" || got[1].Severity != Critical {
			t.Fatalf("%+v", got)
		}
		observe("bulk", 4, 0) // the first four are more than a minute ago
		time.Sleep(3 * time.Second)
		if len(s.notices()) != 2 {
			t.Errorf("told %s", s.actions())
		}
		for range 120 { // ten more minutes of failures
			observe("spare", 1, 0)
			time.Sleep(5 * time.Second)
		}
		if s.actions() != "trigger,trigger,resolve" { // reason's is over
			t.Errorf("told %s", s.actions())
		}
		time.Sleep(5*time.Minute + holdRoute)
		if got := s.notices(); len(got) != 4 || got[3].Action != Resolve || got[3].Route != "spare" {
			t.Errorf("told %s", s.actions())
		}
	})
}

// TestWordsAreCleaned: words that are too long, or hold line breaks, are
// made harmless.
func TestWordsAreCleaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		e := opens("a", "m1")
		e.Reason = "first\nsecond\x1b[31m" + strings.Repeat("x", 5000)
		e.Target.Model = strings.Repeat("y", 5000)
		a.Tell(e)
		time.Sleep(3 * time.Second)
		n := s.notices()[0]
		if len(n.Summary) > maxSummary || strings.ContainsAny(n.Summary, "\n\x1b") || len(n.Conditions[0].Reason) > 210 || len(n.Key) > maxKey {
			t.Errorf("%+v", n)
		}
		if key := a.key(scopeModel, strings.Repeat("z", 400)); len(key) > maxKey || key == a.key(scopeModel, strings.Repeat("z", 401)) {
			t.Errorf("key %q", key)
		}
	})
}
