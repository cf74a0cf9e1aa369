package alert

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func TestKindsAreKnown(t *testing.T) {
	var named []string
	for _, k := range switchgear.AlertKinds() {
		own, ok := kinds[k.Name]
		if !ok || !slices.Equal(own.ends, k.Ends) || (own.word == "") != (k.Ends != nil) || k.Means == "" {
			t.Errorf("%s: %+v here, %+v there", k.Name, own, k)
		}
		named = append(named, k.Name)
	}
	page, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range switchgear.AlertKinds() {
		if row := "\n| `" + k.Name + "` | " + k.Means + " | "; k.Ends == nil && !strings.Contains(string(page), row) {
			t.Errorf("docs/alerts.md does not have%s", row)
		}
	}
	if len(named) != len(kinds) {
		t.Errorf("there are %d kinds here and %d there", len(kinds), len(named))
	}
	for _, word := range switchgear.AlertKindsToCome() {
		if Matches(named, word) {
			t.Errorf("%s is both here and yet to come", word)
		}
	}
}

// TestReload: an incident stays what it is when the receivers change.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, left, fresh := &sink{}, &sink{}, &sink{}
		a := New(Options{Instance: "test", Routes: routes, Receivers: []Receiver{
			{Name: "kept", Sink: kept, On: []string{"*"}, Identity: "1"}, {Name: "left", Sink: left, On: []string{"*"}, Identity: "1"},
		}})
		a.Tell(opens("a", "m1"))
		time.Sleep(3 * time.Second)
		another := &sink{}
		a.Use([]Receiver{{Name: "kept", Sink: another, On: []string{"circuit_*"}, Identity: "1"}, {Name: "left", Sink: fresh, On: []string{"*"}, Identity: "2"}}, routes)
		time.Sleep(3 * time.Second)
		if kept.actions() != "trigger" || another.actions() != "" || left.actions() != "trigger" || fresh.actions() != "trigger" {
			t.Errorf("after the reload: %q %q %q %q", kept.actions(), another.actions(), left.actions(), fresh.actions())
		}
		a.Tell(opens("a", "m9"))
		time.Sleep(2 * time.Minute)
		if left.actions() != "trigger" || fresh.actions() != "trigger,update" {
			t.Errorf("who has left is told no more: %q %q", left.actions(), fresh.actions())
		}
		a.Tell(closes("a", "m1"))
		a.Tell(closes("a", "m9"))
		time.Sleep(6 * time.Minute)
		if kept.actions() != "trigger,update,resolve" || left.actions() != "trigger,resolve" || fresh.actions() != "trigger,update,resolve" {
			t.Errorf("at the end: %q %q %q", kept.actions(), left.actions(), fresh.actions())
		}
		a.mu.Lock()
		if len(a.retired) != 0 {
			t.Errorf("%d retired receivers are kept for nothing", len(a.retired))
		}
		a.mu.Unlock()
		a.Tell(opens("a", "m1"))
		time.Sleep(3 * time.Second)
		a.Use([]Receiver{{Name: "kept", Sink: kept, On: []string{"*"}, Identity: "1"}}, routes[1:]) // nobody will say that a/m1 closed
		time.Sleep(6 * time.Minute)
		if kept.actions() != "trigger,update,resolve,trigger,resolve" {
			t.Errorf("a target that is gone stays open: %q", kept.actions())
		}
		counts := map[string]uint64{}
		for _, c := range a.Counts() {
			counts[c.Receiver+" "+c.Outcome] = c.N
		}
		if diff := cmp.Diff(map[string]uint64{"kept sent": 5, "left sent": 7}, counts); diff != "" {
			t.Error(diff)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestClose: what is not out yet goes out, and what is open ends.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		a.Tell(opens("a", "m1"))
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if s.actions() != "trigger,resolve" || !strings.Contains(s.notices()[1].Summary, "this gateway stopped before") {
			t.Errorf("told %s", s.actions())
		}
		a.Tell(opens("a", "m2"))
		a.Use(nil, nil)
		time.Sleep(time.Minute)
		if s.actions() != "trigger,resolve" {
			t.Errorf("told %s", s.actions())
		}
	})
}

func TestCloseDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{hang: true}
		a := open(t, s)
		a.Tell(opens("a", "m1"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		err := a.Close(ctx)
		if took := time.Since(begun); took != 5*time.Second || err == nil || err.Error() != "2 alerts could not be delivered before the end" {
			t.Errorf("%v after %v", err, took)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("the error says nothing of what was left")
		}
	})
}

// TestKeysAndModels: each key and each model has an end of its own.
func TestKeysAndModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		for _, name := range []string{"b#1", "b#2"} {
			a.Tell(Event{Kind: "key_refused", Provider: "b", Credential: name})
		}
		a.Tell(Event{Kind: "model_gone", Target: target("a", "m2")})
		time.Sleep(3 * time.Second)
		got := s.notices()
		if len(got) != 2 {
			t.Fatalf("told %s", s.actions())
		}
		byKey := map[string]*Notice{got[0].Key: got[0], got[1].Key: got[1]}
		keys, model := byKey["switchgear/test/key/b"], byKey["switchgear/test/model/a/m2"]
		if keys == nil || len(keys.Conditions) != 2 || keys.Conditions[1].Credential != "b#2" || keys.Summary != "b: key refused of b#1, b#2" {
			t.Errorf("%+v", keys)
		}
		if model == nil || model.Severity != Critical || model.Summary != "a/m2: model gone. No way out for reason" {
			t.Errorf("%+v", model)
		}
		a.Tell(Event{Kind: "key_restored", Provider: "b", Credential: "b#1"})
		a.Tell(closes("a", "m2"))
		time.Sleep(6 * time.Minute)
		if got := s.notices(); len(got) != 3 || got[2].Key != model.Key {
			t.Fatalf("one key does not work yet: %s", s.actions())
		}
		a.Tell(Event{Kind: "key_restored", Provider: "b", Credential: "b#2"})
		time.Sleep(6 * time.Minute)
		if got := s.notices(); len(got) != 4 || got[3].Key != keys.Key || got[3].Action != Resolve {
			t.Errorf("told %s", s.actions())
		}
	})
}

// TestModelDriftIsTold: another model is an incident of its own, beside a
// circuit of the same target, and wants a person; it ends by itself.
func TestModelDriftIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		a.Tell(opens("a", "m1"))
		a.Tell(Event{Kind: "model_drift", Target: target("a", "m1"), Reason: "answers as m9", Routes: []string{"chat"}})
		time.Sleep(3 * time.Second)
		var drift *Notice
		for _, n := range s.notices() {
			if n.Key == "switchgear/test/drift/a/m1" {
				drift = n
			}
		}
		if drift == nil || len(s.notices()) != 2 || drift.Severity != Serious || drift.Summary != "a/m1: model drift (answers as m9)" {
			t.Fatalf("%s: %+v", s.actions(), drift)
		}
		a.Tell(closes("a", "m1"))
		time.Sleep(25 * time.Hour)
		if got := s.notices(); len(got) != 4 || got[3].Key != drift.Key || got[3].Action != Resolve {
			t.Errorf("told %s", s.actions())
		}
	})
}

// TestRoutesNobodyKnows: what an event says of routes counts where the
// configuration does not have them.
func TestRoutesNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		a := open(t, s)
		e := opens("z", "m1")
		e.Target.Provider, e.Provider = "z", ""
		e.Routes, e.Stranded, e.Serving = []string{"here", "there", "chat"}, []string{"there"}, "y/m1"
		a.Tell(e)
		time.Sleep(3 * time.Second)
		want := []Impact{
			{Route: "chat", Stakes: "normal", Serving: "a/m1"}, {Route: "here", Serving: "y/m1"}, {Route: "there", Stranded: true},
		}
		n := s.notices()[0]
		if diff := cmp.Diff(want, n.Routes); diff != "" {
			t.Error(diff)
		}
		if n.Severity != Critical || n.Provider != "z" {
			t.Errorf("%+v", n)
		}
	})
}

// TestSummary: the line is about what lasts.
func TestSummary(t *testing.T) {
	since := time.Date(2026, time.November, 22, 4, 0, 0, 0, time.UTC)
	on := func(name string) Condition {
		return Condition{Kind: "circuit_open", Target: name, Reason: "silent", Since: since}
	}
	ended := func(c Condition) Condition {
		c.Ended = since.Add(time.Minute)
		return c
	}
	for want, conditions := range map[string][]Condition{
		"circuit open (silent) on m1":                  {on("a/m1"), ended(on("a/m2"))},
		"circuit open (silent) on 2 models":            {on("a/m1"), on("a/m2"), ended(on("a/m3"))},
		"circuit open (silent) on x/m1":                {ended(on("a/x/m1"))},
		"circuit open (silent) for the whole provider": {on(""), on("a/m1")},
		"circuit open (50% of 4 failed) on m1":         {{Kind: "circuit_open", Target: "a/m1", Failed: 2, Of: 4}},
		"circuit open (timeout) on m1":                 {{Kind: "circuit_open", Target: "a/m1", Class: "timeout"}},
	} {
		n := &Notice{Provider: "a", Kinds: []string{"circuit_open"}, Conditions: conditions}
		if got := n.what(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if got := few([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}); got != "1, 2, 3, 4, 5, 6, 7, 8 and 2 more" {
		t.Error(got)
	}
}
