package keyring

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

var _ failover.Trier = (*Keyring)(nil)

// TestTrialOrder: what is lent first, and who takes turns. Keys are lent a
// second apart.
func TestTrialOrder(t *testing.T) {
	auth, rate, quota := trouble(switchgear.ClassAuth, 0), trouble(switchgear.ClassRateLimited, 30*time.Second), trouble(switchgear.ClassQuota, 0)
	for name, c := range map[string]struct {
		reports []*switchgear.Error // one for each place, a second apart
		want    string
	}{
		"none cools":                  {[]*switchgear.Error{nil, nil}, "1212"},
		"one is free":                 {[]*switchgear.Error{auth, nil}, "222"},
		"refused before limited":      {[]*switchgear.Error{quota, rate, auth}, "333"},
		"limited before out of money": {[]*switchgear.Error{quota, rate}, "222"},
		"refused ones take turns":     {[]*switchgear.Error{auth, auth, auth}, "123123"},
		"out of money is let rest":    {[]*switchgear.Error{quota}, "---"},
	} {
		t.Run(name, func(t *testing.T) {
			k, now := some(len(c.reports)), start
			for i, err := range c.reports {
				k.Report(i, err, now)
				now = now.Add(time.Second)
			}
			got := ""
			for range len(c.want) {
				if _, place, ok := k.Trial(now); ok {
					got += fmt.Sprint(place + 1)
				} else {
					got += "-"
				}
				now = now.Add(time.Second)
			}
			if got != c.want {
				t.Errorf("lent %s, want %s", got, c.want)
			}
		})
	}
}

// TestTrialLongest: among those never lent, the one that has cooled longest.
func TestTrialLongest(t *testing.T) {
	k := some(2)
	k.Report(1, trouble(switchgear.ClassAuth, 0), start)
	k.Report(0, trouble(switchgear.ClassAuth, 0), start.Add(time.Second))
	if _, place, _ := k.Trial(start.Add(2 * time.Second)); place != 1 {
		t.Errorf("lent %d", place)
	}
}

// TestTrialEnds: a lent key that went well cools no more; one that was not
// lent goes on cooling whatever late answers say.
func TestTrialEnds(t *testing.T) {
	k, now := some(2), start
	for i := range 2 {
		k.Report(i, trouble(switchgear.ClassAuth, 0), now)
	}
	k.Report(0, nil, now) // on its way when the key was refused
	if _, _, _, ok := k.Pick(now, 0); ok {
		t.Fatal("a late answer ended a cool-off")
	}
	now = now.Add(time.Second)
	_, place, ok := k.Trial(now)
	k.Report(place, trouble(switchgear.ClassAuth, 0), now)
	if !ok || !k.Snapshot(now)[place].Cooling {
		t.Error("a key that was refused again is let off")
	}
	k.Report(place, nil, now)
	if !k.Snapshot(now)[place].Cooling {
		t.Error("a trial is reported twice")
	}
	_, place, _ = k.Trial(now)
	k.Report(place, nil, now)
	if _, picked, _, ok := k.Pick(now, 0); !ok || picked != place || k.Snapshot(now)[place].Cooling {
		t.Errorf("picked %d (%v), want %d", picked, ok, place)
	}
	if _, _, until, ok := k.Pick(now, 1<<place); ok || until.Sub(start) != authFirst {
		t.Errorf("the other one: %v until %v", ok, until)
	}
}

// TestTrialOutOfMoney: ten minutes after it began to cool, and ten after it
// was lent.
func TestTrialOutOfMoney(t *testing.T) {
	k, now := some(1), start
	k.Report(0, trouble(switchgear.ClassQuota, 50*time.Minute), now)
	lent := ""
	for minute := range 31 {
		if _, _, ok := k.Trial(now.Add(time.Duration(minute) * time.Minute)); ok {
			lent += fmt.Sprint(minute, " ")
			k.Report(0, trouble(switchgear.ClassQuota, 0), now.Add(time.Duration(minute)*time.Minute))
		}
	}
	if lent != "10 20 30 " {
		t.Errorf("lent at minutes %s", lent)
	}
}

// TestInherit: of three keys the second is replaced and the third moves up.
func TestInherit(t *testing.T) {
	secret := func(id, s string) switchgear.Credential {
		return switchgear.Credential{ID: id, Secret: switchgear.NewSecret(s)}
	}
	old := New(secret("p#1", "a"), secret("p#2", "b"), secret("p#3", "c"))
	old.Report(0, nil, start)
	old.Report(1, trouble(switchgear.ClassQuota, 0), start)
	old.Report(2, trouble(switchgear.ClassAuth, 0), start)
	k := New(secret("p#1", "a"), secret("p#2", "c"), secret("p#3", "new"))
	k.Inherit(old)
	want := []Snapshot{
		{ID: "p#1", Uses: 1},
		{ID: "p#2", Uses: 1, Failures: 1, Cooling: true, Until: start.Add(authFirst), Class: switchgear.ClassAuth},
		{ID: "p#3"},
	}
	if diff := cmp.Diff(want, k.Snapshot(start)); diff != "" {
		t.Error(diff)
	}
	for range 4 {
		if _, place, _, _ := k.Pick(start, 0); place == 1 {
			t.Error("the refused key was picked")
		}
	}
	if _, _, until, _ := k.Pick(start, 5); !until.Equal(start.Add(authFirst)) {
		t.Errorf("back at %v", until)
	}
	after := start.Add(authFirst)
	k.Report(1, trouble(switchgear.ClassAuth, 0), after)
	if s := k.Snapshot(after)[1]; s.Until.Sub(after) != 2*authFirst {
		t.Errorf("the next cool-off is %v: how often it was refused is forgotten", s.Until.Sub(after))
	}
}

// TestLend: a credential that cools is lent to a request that has nowhere else
// to go, if it has served well a moment ago and the wait is our own guess.
func TestLend(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		trouble *switchgear.Error
		served  time.Duration // before it cooled; 0 for never
		after   time.Duration // when it is asked for
		lent    bool
	}{
		"over its limit":                      {trouble(switchgear.ClassRateLimited, 0), s, s / 2, true},
		"refused":                             {trouble(switchgear.ClassAuth, 0), s, 5 * s, true},
		"at the provider's word":              {trouble(switchgear.ClassRateLimited, 5*s), s, s, false},
		"out of money":                        {trouble(switchgear.ClassQuota, 0), s, s, false},
		"has served too long ago":             {trouble(switchgear.ClassAuth, 0), 8 * s, 3 * s, false},
		"has never served":                    {trouble(switchgear.ClassAuth, 0), 0, s, false},
		"does not cool any longer, and is it": {trouble(switchgear.ClassRateLimited, 0), s, 2 * s, true},
	} {
		t.Run(name, func(t *testing.T) {
			k := some(1)
			if c.served > 0 {
				k.Report(0, nil, start.Add(-c.served))
			}
			k.Report(0, c.trouble, start)
			got, place, ok := k.Lend(start.Add(c.after))
			if ok != c.lent || (ok && (place != 0 || got.ID != "p#1")) {
				t.Fatalf("lent %v: %v at %d", ok, got.ID, place)
			}
			if !ok {
				return
			}
			k.Report(0, nil, start.Add(c.after))
			if k.Snapshot(start.Add(c.after))[0].Cooling {
				t.Error("it went well, and it cools on")
			}
		})
	}
}

// TestLendLast: of several the one that served last is lent, and what is known
// of it outlives a reload.
func TestLendLast(t *testing.T) {
	three := func() *Keyring {
		var list []switchgear.Credential
		for _, s := range []string{"a", "b", "c"} {
			list = append(list, switchgear.Credential{ID: "p#" + s, Secret: switchgear.NewSecret(s)})
		}
		return New(list...)
	}
	k := three()
	for i, ago := range []time.Duration{3 * time.Second, time.Second, 2 * time.Second} {
		k.Report(i, nil, start.Add(-ago))
		k.Report(i, trouble(switchgear.ClassAuth, 0), start)
	}
	again := three()
	again.Inherit(k)
	for name, ring := range map[string]*Keyring{"before a reload": k, "after": again} {
		if _, place, ok := ring.Lend(start.Add(time.Second)); !ok || place != 1 {
			t.Errorf("%s: %d %v", name, place, ok)
		}
	}
}
