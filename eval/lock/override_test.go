package lock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

func excuse(days int, by ...string) lock.Override {
	return lock.Override{By: by, Reason: "the old model retires tonight", Date: now(), Expires: now().Add(time.Duration(days) * 24 * time.Hour)}
}

// TestOverride: it holds until it expires, is shown while it does, and more so
// in its last week.
func TestOverride(t *testing.T) {
	f := started(t, nil)
	if err := f.Excuse(route, fresh, excuse(20, "ann"), nil); err != nil {
		t.Fatal(err)
	}
	f = again(t, f)
	at := func(days int) []lock.Finding {
		return lock.Verify(f, []lock.Claim{claim(fresh)}, lock.Terms{Now: now().Add(time.Duration(days) * 24 * time.Hour)})
	}
	early := at(1)
	if len(early) != 1 || !early[0].Warning || strings.Contains(early[0].Message, "expires in") ||
		!strings.Contains(early[0].Message, "on an override by ann until 2026-12-12T12:00:00Z: the old model retires tonight") {
		t.Errorf("%v", early)
	}
	late := at(14)
	if len(late) != 1 || !late[0].Warning || !strings.Contains(late[0].String(), "it expires in 6 days. Prove it before then: switchgear eval run extract --candidate openai/fresh.") {
		t.Errorf("%v", late)
	}
	refused(t, at(20), "there is no evidence; the override by ann expired at 2026-12-12T12:00:00Z")

	// It is for this target on this route.
	other := claim(fresh)
	other.Route = "summarise"
	refused(t, verify(f, other), "nothing on this route")
	refused(t, verify(again(t, f, "2026-12-12", "2027-12-12"), claim(fresh)), "the override by ann was edited by hand")
}

// TestOverrideHighStakes: it takes two people, whichever way they come.
func TestOverrideHighStakes(t *testing.T) {
	c := claim(fresh)
	c.Stakes = "high"
	for name, tt := range map[string]struct {
		overrides []lock.Override
		holds     bool
	}{
		"one":                 {[]lock.Override{excuse(3, "ann")}, false},
		"one, twice":          {[]lock.Override{excuse(3, "ann", "Ann")}, false},
		"one, two overrides":  {[]lock.Override{excuse(3, "ann"), excuse(4, " ann ")}, false},
		"two":                 {[]lock.Override{excuse(3, "ann", "bob")}, true},
		"two, two overrides":  {[]lock.Override{excuse(3, "ann"), excuse(4, "bob")}, true},
		"two, one of whom no": {[]lock.Override{excuse(3, "ann"), {By: []string{"bob"}, Reason: "x", Date: now().Add(-3 * time.Hour), Expires: now().Add(-time.Hour)}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := started(t, nil)
			for _, o := range tt.overrides {
				if err := f.Excuse(route, fresh, o, nil); err != nil {
					t.Fatal(err)
				}
			}
			got := verify(again(t, f), c)
			if !tt.holds {
				refused(t, got, "an override takes two people")
				return
			}
			if len(got) != 1 || !got[0].Warning || !strings.Contains(got[0].Message, "by ann and bob until 2026-11-25") {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestOverrideRefused(t *testing.T) {
	for says, o := range map[string]lock.Override{
		"names nobody":               excuse(3),
		"nobody who answers":         excuse(3, " "),
		"expires before it begins":   excuse(0, "ann"),
		"lasts longer than 30 days":  excuse(31, "ann"),
		"the override gives no reas": {By: []string{"ann"}, Reason: " ", Date: now(), Expires: now().Add(time.Hour)},
	} {
		f := started(t, nil)
		before := string(f.Text())
		if err := f.Excuse(route, fresh, o, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if string(f.Text()) != before {
			t.Errorf("%s: the lock changed", says)
		}
	}
}

// TestOverridesExpiredAreRemoved when another is added.
func TestOverridesExpiredAreRemoved(t *testing.T) {
	f := started(t, nil)
	first := excuse(1, "ann")
	first.Date, first.Expires = now().Add(-72*time.Hour), now().Add(-24*time.Hour)
	for _, o := range []lock.Override{first, excuse(1, "bob")} {
		if err := f.Excuse(route, fresh, o, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.Route(route).Target(fresh).Overrides; len(got) != 1 || got[0].By[0] != "bob" {
		t.Errorf("%+v", got)
	}
}

// TestSigned: with trusted keys only what one of them signed counts, of every
// kind of entry.
func TestSigned(t *testing.T) {
	ours, theirs := signer(0), signer(1)
	terms := lock.Terms{Now: now(), Trusted: []lock.Key{ours.Key()}}
	build := func(s *lock.Signer) *lock.File {
		f := proven(t, s)
		if err := f.Excuse(route, "openai/excused", excuse(20, "ann"), s); err != nil {
			t.Fatal(err)
		}
		return again(t, f)
	}
	wanted := []lock.Claim{claim(old), claim(fresh), claim("openai/excused")}
	if got := lock.Verify(build(ours), wanted, terms); len(got) != 1 || !got[0].Warning {
		t.Errorf("ours: %v", got)
	}
	for says, f := range map[string]*lock.File{
		"is not signed, and the gate has trusted keys": build(nil),
		"which the gate does not trust":                build(theirs),
		"is wrongly signed":                            again(t, build(theirs), theirs.Key().ID(), ours.Key().ID()),
		"has a signature that cannot be read":          again(t, build(ours), "signature: ed25519:", "signature: rsa:"),
	} {
		got := lock.Verify(f, wanted, terms)
		if len(got) != len(wanted) {
			t.Errorf("%s: %v", says, got)
		}
		for _, f := range got {
			if f.Warning || !strings.Contains(f.Message, says) {
				t.Errorf("%s: %s", says, f)
			}
		}
	}
	// Nobody asked for signatures: they do no harm.
	passed(t, verify(build(theirs), claim(fresh)))
	// Whoever computes the seal anew cannot sign it.
	forged := build(ours)
	e := *forged.Route(route).Target(fresh).Evidence[0]
	e.N = 6000
	e.Run = "forged"
	if err := forged.Record(route, fresh, e, nil); err != nil {
		t.Fatal(err)
	}
	refused(t, lock.Verify(again(t, forged), []lock.Claim{claim(fresh)}, terms), "run forged is not signed")
}

func TestKeys(t *testing.T) {
	s := signer(0)
	k, err := lock.ParseKey(s.Key().String())
	if err != nil || k.ID() != s.Key().ID() || len(k.ID()) != 8 {
		t.Errorf("%v %v", k, err)
	}
	for _, bad := range []string{"", "ed25519:", "ed25519:c2hvcnQ=", "rsa:" + strings.TrimPrefix(k.String(), "ed25519:")} {
		if _, err := lock.ParseKey(bad); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
	// Written by: openssl genpkey -algorithm ed25519, for this test alone.
	const pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"
	read, err := lock.ParseSigner([]byte(pem))
	if err != nil || read.Key().String() != "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" {
		t.Errorf("%v %v", read, err)
	}
	for _, bad := range []string{"", "ed25519", strings.Replace(pem, "K2Vw", "K2Vu", 1)} {
		if _, err := lock.ParseSigner([]byte(bad)); err == nil {
			t.Errorf("%q is a private key", bad)
		}
	}
}
