package lock_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

// now is the time of the tests.
func now() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

func hash(of string) string { return lock.Hash([]byte(of)) }

// bound is what everything is made with unless a test says otherwise.
func bound() lock.Bound {
	return lock.Bound{
		Eval: "evals/extract.yaml", Cases: hash("cases"), System: hash("system"), Graders: hash("graders"), Harness: hash("harness"),
		Params: hash("with"), Endpoint: hash("openai"),
	}
}

const (
	route = "extract"
	old   = "openai/old"
	fresh = "openai/fresh"
)

func claim(target string) lock.Claim {
	return lock.Claim{Route: route, Target: target, Stakes: "normal", Bound: bound()}
}

// ship is evidence that holds.
func ship(run string) lock.Evidence {
	return lock.Evidence{
		Run: run, Date: now().Add(-time.Hour), Verdict: lock.VerdictShip, Stakes: "normal", Incumbent: old,
		N: 600, Difference: 0.002, Lower: -0.018, Upper: 0.022, Margin: 0.05, Alpha: lock.Alpha, P: 0.0007, By: "ci", Bound: bound(),
	}
}

// answered is evidence of a run with certain answers.
func answered(e lock.Evidence, answers string) lock.Evidence {
	e.Answers = answers
	return e
}

// started is a lock with a baseline for the old target.
func started(t *testing.T, s *lock.Signer) *lock.File {
	t.Helper()
	f := &lock.File{Name: "switchgear.lock"}
	if err := f.Declare([]lock.Claim{claim(old)}, "ann", now().Add(-48*time.Hour), s); err != nil {
		t.Fatal(err)
	}
	return f
}

// proven is a lock with evidence for the fresh target, too.
func proven(t *testing.T, s *lock.Signer) *lock.File {
	t.Helper()
	f := started(t, s)
	if err := f.Record(route, fresh, answered(ship("r1"), hash("answers 1")), s); err != nil {
		t.Fatal(err)
	}
	return f
}

// again is the lock after it was written and read, changed on the way.
func again(t *testing.T, f *lock.File, change ...string) *lock.File {
	t.Helper()
	text := string(f.Text())
	if len(change) > 0 {
		was := text
		if text = strings.NewReplacer(change...).Replace(text); text == was {
			t.Fatalf("nothing was changed by %q in\n%s", change, text)
		}
	}
	out, findings := lock.Parse("switchgear.lock", []byte(text))
	if len(findings) > 0 {
		t.Fatalf("%v\n%s", findings, text)
	}
	return out
}

// verify holds claims against a lock at the time of the tests.
func verify(f *lock.File, claims ...lock.Claim) []lock.Finding {
	return lock.Verify(f, claims, lock.Terms{Now: now()})
}

// refused demands that a claim is refused in certain words.
func refused(t *testing.T, findings []lock.Finding, words ...string) {
	t.Helper()
	if len(findings) != 1 || findings[0].Warning {
		t.Fatalf("want one refusal, got %v", findings)
	}
	for _, w := range words {
		if !strings.Contains(findings[0].String(), w) {
			t.Errorf("%q is not said in:\n%s", w, findings[0])
		}
	}
}

// passed demands that there is nothing to say.
func passed(t *testing.T, findings []lock.Finding) {
	t.Helper()
	if len(findings) > 0 {
		t.Fatalf("refused: %v", findings)
	}
}

// signer makes a key that is always the same.
func signer(seed byte) *lock.Signer {
	return lock.NewSigner(ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+seed)), ed25519.SeedSize))))
}

// large is a lock of many routes with one incumbent and four proven targets
// each, and what those routes reach.
func large(tb testing.TB, routes int) ([]byte, []lock.Claim) {
	tb.Helper()
	f := &lock.File{Name: "switchgear.lock"}
	var wanted []lock.Claim
	for i := range routes {
		name := fmt.Sprintf("route-%03d", i)
		c := lock.Claim{Route: name, Target: old, Stakes: "normal", Bound: bound()}
		if err := f.Declare([]lock.Claim{c}, "ann", now(), nil); err != nil {
			tb.Fatal(err)
		}
		wanted = append(wanted, c)
		for k := range 4 {
			c.Target = fmt.Sprintf("provider-%d/some-model-2026-%02d-01", k, k+1)
			for try := range 3 {
				e := ship(fmt.Sprintf("run-%03d-%d-%d", i, k, try))
				if try < 2 {
					e.Verdict = lock.VerdictInconclusive
				}
				e.Date = now().Add(time.Duration(try) * time.Minute)
				if err := f.Record(name, c.Target, answered(e, hash(e.Run)), nil); err != nil {
					tb.Fatal(err)
				}
			}
			wanted = append(wanted, c)
		}
	}
	return f.Text(), wanted
}
