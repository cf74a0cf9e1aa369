package alert

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

// TestCallersNeverWait: with a sink that hangs and ten thousand incidents, the
// caller goes on in microseconds, and what there was no room for is counted.
// This one runs in real time.
func TestCallersNeverWait(t *testing.T) {
	s := &sink{hang: true}
	a := New(Options{Instance: "test", Receivers: []Receiver{{Name: "r", Sink: s, On: []string{"*"}}}, Routes: routes})
	const n = 10_000
	begun := time.Now()
	for i := range n {
		a.Tell(opens(fmt.Sprintf("p%d", i), "m"))
	}
	each := time.Since(begun) / n
	t.Logf("%v an event", each)
	if each > 200*time.Microsecond { // some 2 us on an idle machine; a delivery would take 10 s
		t.Errorf("an event takes its caller %v", each)
	}
	a.mu.Lock()
	kept := len(a.incidents)
	a.mu.Unlock()
	lost := a.lost.Load()
	if kept != maxIncidents || lost != n-maxIncidents {
		t.Errorf("%d incidents are kept and %d events are counted as lost", kept, lost)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Close(ctx); err == nil {
		t.Error("nothing was delivered, and Close says nothing")
	}
	var dropped uint64
	for _, c := range a.Counts() {
		if c.Receiver == "r" && c.Outcome == "dropped" {
			dropped = c.N
		}
	}
	// Of the thousand beginnings, as many as there is room for were queued, with
	// their ends; none of them got out.
	if want := uint64(maxIncidents + maxQueue); dropped != want {
		t.Errorf("%d notices are counted as dropped, not %d", dropped, want)
	}
}

// TestQueueIsFull: the beginning that had no room is told once there is some.
func TestQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{answer: func(try int, _ *Notice) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		}}
		a := open(t, s)
		for i := range maxQueue + 50 {
			a.Tell(opens(fmt.Sprintf("p%03d", i), "m"))
		}
		time.Sleep(time.Minute)
		if got := len(s.notices()); got != maxQueue {
			t.Errorf("%d at first", got)
		}
		time.Sleep(5 * time.Minute)
		if got := len(s.notices()); got != maxQueue+50 {
			t.Errorf("%d in the end", got)
		}
	})
}

// TestSinksAreIndependent: one that hangs keeps nobody else waiting.
func TestSinksAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung, fine := &sink{hang: true}, &sink{}
		a := New(Options{Instance: "test", Receivers: []Receiver{
			{Name: "hung", Sink: hung, On: []string{"*"}}, {Name: "fine", Sink: fine, On: []string{"*"}},
		}})
		a.Tell(opens("a", "m"))
		time.Sleep(3 * time.Second)
		if fine.actions() != "trigger" {
			t.Errorf("told %q", fine.actions())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = a.Close(ctx)
	})
}

func TestRetries(t *testing.T) {
	answers := func(statuses ...int) func(int, *Notice) error {
		return func(try int, _ *Notice) error {
			status := 202
			if try <= len(statuses) {
				status = statuses[try-1]
			}
			return answered(status, "", time.Now())
		}
	}
	for _, tt := range []struct {
		name   string
		answer func(int, *Notice) error
		least  time.Duration // from the event to the delivery
		most   time.Duration
	}{
		{"at once", answers(), 2 * time.Second, 2 * time.Second},
		{"after one failure", answers(500), 2500 * time.Millisecond, 3 * time.Second},
		{"after four", answers(500, 502, 503, 500), 9500 * time.Millisecond, 17 * time.Second},
		{"when it asked for more quiet than is waited for", func(try int, _ *Notice) error {
			if try == 1 {
				return answered(http.StatusTooManyRequests, "3600", time.Now())
			}
			return nil
		}, 10*time.Minute + 2*time.Second, 10*time.Minute + 2*time.Second},
		{"when it asked for quiet", func(try int, _ *Notice) error {
			if try == 1 {
				return answered(http.StatusTooManyRequests, "90", time.Now())
			}
			return nil
		}, 92 * time.Second, 92 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sink{answer: tt.answer}
				a := open(t, s)
				begun := time.Now()
				a.Tell(opens("a", "m1"))
				time.Sleep(15 * time.Minute)
				if s.actions() != "trigger" {
					t.Fatalf("told %q", s.actions())
				}
				if took := s.when(0).Sub(begun); took < tt.least || took > tt.most {
					t.Errorf("delivered after %v, not between %v and %v", took, tt.least, tt.most)
				}
			})
		})
	}
}

// TestEndNeverOvertakes: while the beginning cannot be delivered its end waits
// behind it, and other incidents do not.
func TestEndNeverOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &sink{answer: func(_ int, n *Notice) error {
			if n.Provider == "a" && time.Since(begun) < 8*time.Minute {
				return &Error{Message: "it failed", Status: 500, Refused: true}
			}
			return nil
		}}
		a := open(t, s)
		a.Tell(opens("a", "m1"))
		a.Tell(closes("a", "m1"))
		time.Sleep(6 * time.Minute)
		a.Tell(opens("b", "m1"))
		time.Sleep(3 * time.Second)
		if got := s.notices(); len(got) != 1 || got[0].Provider != "b" {
			t.Errorf("told %+v", got)
		}
		time.Sleep(4 * time.Minute)
		got := s.notices()
		if s.actions() != "trigger,trigger,resolve" || got[1].Provider != "a" || got[2].Provider != "a" || got[1].Key != got[2].Key {
			t.Errorf("told %s", s.actions())
		}
	})
}

// TestEndOfNothing: the end of what was surely never told is not told either;
// the end of what may have been told is.
func TestEndOfNothing(t *testing.T) {
	for _, tt := range []struct {
		name    string
		refused bool
		want    string
	}{{"surely not told", true, ""}, {"perhaps told", false, "resolve"}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sink{answer: func(_ int, n *Notice) error {
					if n.Action == Trigger {
						return &Error{Message: "no", Terminal: true, Refused: tt.refused}
					}
					return nil
				}}
				a := open(t, s)
				a.Tell(opens("a", "m1"))
				time.Sleep(time.Minute)
				a.Tell(closes("a", "m1"))
				time.Sleep(20 * time.Minute)
				if s.actions() != tt.want {
					t.Errorf("told %q", s.actions())
				}
			})
		})
	}
}

// TestItIsTriedAgain: an incident whose beginning was lost is told again while
// it lasts.
func TestItIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &sink{answer: func(_ int, _ *Notice) error {
			if time.Since(begun) < 30*time.Minute {
				return &Error{Message: "it failed", Status: 503, Refused: true}
			}
			return nil
		}}
		a := open(t, s)
		a.Tell(opens("a", "m1"))
		time.Sleep(50 * time.Minute)
		if s.actions() != "trigger" {
			t.Errorf("told %q", s.actions())
		}
		if tries := s.tried(); tries > 60 {
			t.Errorf("tried %d times", tries)
		}
	})
}

// TestSequences: whatever happens, and however the sink fails, each key's story
// is a beginning, updates, and an end, in this order, again and again; and when
// all is calm nothing is left open.
func TestSequences(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		failures := rapid.IntRange(0, 60).Draw(rt, "failures in a hundred")
		steps := rapid.SliceOfN(rapid.IntRange(0, 99), 1, 60).Draw(rt, "steps")
		synctest.Test(t, func(*testing.T) {
			dice := rand.New(rand.NewPCG(seed, 1))
			s := &sink{answer: func(int, *Notice) error {
				if dice.IntN(100) < failures {
					return &Error{Message: "it failed", Status: 500, Refused: true}
				}
				return nil
			}}
			a := New(Options{Instance: "test", Receivers: []Receiver{{Name: "r", Sink: s, On: []string{"circuit_open"}}}, Routes: routes})
			for _, step := range steps {
				provider, model := string(rune('a'+step%2)), fmt.Sprintf("m%d", step/2%3)
				if step%3 == 0 {
					a.Tell(closes(provider, model))
				} else {
					a.Tell(opens(provider, model))
				}
				time.Sleep(time.Duration(step*step) * 100 * time.Millisecond)
			}
			for i := range 6 {
				a.Tell(closes(string(rune('a'+i%2)), fmt.Sprintf("m%d", i/2)))
			}
			time.Sleep(time.Hour)
			stories := map[string][]string{}
			for _, n := range s.notices() {
				stories[n.Key] = append(stories[n.Key], string(n.Action))
			}
			for key, story := range stories {
				inOrder(rt, key, story)
			}
			if err := a.Close(context.Background()); err != nil {
				rt.Error(err)
			}
		})
	})
}

func inOrder(t *rapid.T, key string, story []string) {
	state := ""
	for _, action := range story {
		if (action == "trigger") != (state == "" || state == "resolve") {
			t.Errorf("%s: %s", key, strings.Join(story, " "))
			return
		}
		state = action
	}
	if state != "resolve" {
		t.Errorf("%s is left open: %s", key, strings.Join(story, " "))
	}
}

func TestBackoff(t *testing.T) {
	for tries, most := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		for range 100 {
			if d := backoff(tries); d < most/2 || d > most {
				t.Errorf("after %d tries: %v", tries, d)
			}
		}
	}
}

func BenchmarkTell(b *testing.B) {
	a := New(Options{Instance: "test", Receivers: []Receiver{{Name: "r", Sink: &sink{}, On: []string{"*"}}}, Routes: routes})
	defer func() { _ = a.Close(context.Background()) }()
	e := opens("a", "m1")
	b.ReportAllocs()
	for b.Loop() {
		a.Tell(e)
	}
}

func BenchmarkObserve(b *testing.B) {
	a := New(Options{Instance: "test"})
	defer func() { _ = a.Close(context.Background()) }()
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		a.Observe("chat", true, now)
	}
}

var _ Sink = (*sink)(nil)

func TestClassOfUnknownIsNotSaid(t *testing.T) {
	c := &condition{event: Event{Class: switchgear.ClassUnknown}}
	if got := c.told(place{}, time.Now()); got.Class != "" || got.Target != "" {
		t.Errorf("%+v", got)
	}
}

// TestOverBeforeItWasTold: an incident that ended while its beginning was still
// being tried is told of no more once that is given up, neither its end nor,
// anew, its beginning.
func TestOverBeforeItWasTold(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var triggers atomic.Int32
			s := &sink{answer: func(_ int, n *Notice) error {
				if n.Action == Resolve {
					return nil
				}
				triggers.Add(1)
				return &Error{Message: "it failed", Status: 500, Terminal: terminal, Refused: true}
			}}
			a := open(t, s)
			a.Tell(opens("a", "m1"))
			time.Sleep(3 * time.Second)
			a.Tell(closes("a", "m1"))
			time.Sleep(11 * time.Minute)
			so := triggers.Load()
			time.Sleep(time.Hour)
			if s.actions() != "" || triggers.Load() != so || (terminal && so != 1) {
				t.Errorf("told %q, after %d and then %d tries", s.actions(), so, triggers.Load())
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, time.November, 22, 4, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-3":                            0,
		"0":                             0,
		"12":                            12 * time.Second,
		"99999999999999999999":          0,
		"86400":                         giveUp,
		"Sun, 22 Nov 2026 04:01:30 GMT": 90 * time.Second,
		"Sun, 22 Nov 2026 03:00:00 GMT": 0,
		"Mon, 23 Nov 2026 04:00:00 GMT": giveUp,
	} {
		if got := parseRetryAfter(text, now); got != want {
			t.Errorf("%q: %v, not %v", text, got, want)
		}
	}
}
