package lock_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

func TestProvenAndDeclared(t *testing.T) {
	f := again(t, proven(t, nil))
	passed(t, verify(f, claim(old), claim(fresh)))
	stand := lock.Stand(f, []lock.Claim{claim(old), claim(fresh)}, lock.Terms{Now: now()})
	if stand[0].String() != "baseline" || stand[1].String() != "proven by run r1 of 2026-11-22" {
		t.Errorf("%s; %s", stand[0].String(), stand[1].String())
	}
}

func TestNothingIsProven(t *testing.T) {
	for name, f := range map[string]*lock.File{"no lock": nil, "an empty lock": {}} {
		t.Run(name, func(t *testing.T) {
			refused(t, verify(f, claim(fresh)), "nothing on this route", "switchgear eval run extract --candidate openai/fresh", "switchgear lock baseline extract")
		})
	}
	// Once the route is known, a baseline is no longer a way.
	got := verify(started(t, nil), claim(fresh))
	refused(t, got, "the lock has nothing on it", "switchgear eval run extract --candidate openai/fresh")
	if strings.Contains(got[0].Fix, "baseline") {
		t.Error(got[0].Fix)
	}
}

// TestEdited: whatever is changed in evidence by hand, it counts no longer.
func TestEdited(t *testing.T) {
	for name, change := range map[string][]string{
		"the difference":   {"difference: 0.002", "difference: 0.02"},
		"the margin":       {"margin: 0.05", "margin: 0.1"},
		"p":                {"p: 0.0007", "p: 0.0001"},
		"the number":       {"cases: 600", "cases: 60000"},
		"the interval":     {"[-0.018, 0.022]", "[-0.01, 0.022]"},
		"the try":          {"try: 1\n", "try: 0\n"},
		"the stakes":       {"stakes: normal", "stakes: high"},
		"the incumbent":    {"incumbent: openai/old", "incumbent: openai/fresh"},
		"a hash":           {"cases: " + hash("cases"), "cases: " + hash("other")},
		"the author":       {"by: ci", "by: ann"},
		"an unknown field": {"by: ci\n", "by: ci\n            note: fine\n"},
		"the seal":         {"seal: sha256:", "seal: sha256:0"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, verify(again(t, proven(t, nil), change...), claim(fresh)), "run r1 was edited by hand or copied: its seal does not fit")
		})
	}
}

// TestVerdictEdited: a regression does not become a ship by its word.
func TestVerdictEdited(t *testing.T) {
	f := started(t, nil)
	e := ship("r1")
	e.Verdict = lock.VerdictRegression
	if err := f.Record(route, fresh, e, nil); err != nil {
		t.Fatal(err)
	}
	refused(t, verify(again(t, f), claim(fresh)), "run r1 of 2026-11-22 judged it: regression")
	refused(t, verify(again(t, f, "verdict: regression", "verdict: ship"), claim(fresh)), "there is no evidence")
}

// TestCopied: evidence holds only where it was recorded.
func TestCopied(t *testing.T) {
	f := proven(t, nil)
	if err := f.Declare([]lock.Claim{{Route: "summarise", Target: old, Bound: bound()}}, "ann", now(), nil); err != nil {
		t.Fatal(err)
	}
	text := string(f.Text())
	begin := strings.Index(text, "      openai/fresh:\n")
	end := strings.Index(text, "      openai/old:\n")
	block := text[begin:end]
	wanted := claim(fresh)
	wanted.Route = "summarise"
	for name, copied := range map[string]string{
		"to another route":  text + block,
		"to another target": strings.Replace(text, "      openai/old:\n", strings.Replace(block, "fresh", "gpt", 1)+"      openai/old:\n", 1),
	} {
		t.Run(name, func(t *testing.T) {
			c := wanted
			if name == "to another target" {
				c = claim("openai/gpt")
			}
			f, findings := lock.Parse("switchgear.lock", []byte(copied))
			if len(findings) > 0 {
				t.Fatalf("%v\n%s", findings, copied)
			}
			refused(t, verify(f, c), "was copied: it is that of openai/fresh on route extract")
			passed(t, verify(f, claim(fresh)))
		})
	}
}

// TestStale: evidence holds only for what it was gathered with.
func TestStale(t *testing.T) {
	f := again(t, proven(t, nil))
	for says, change := range map[string]func(b *lock.Bound){
		"the eval's file":                func(b *lock.Bound) { b.Eval = "evals/easy.yaml" },
		"the cases":                      func(b *lock.Bound) { b.Cases = hash("more cases") },
		"the system text":                func(b *lock.Bound) { b.System = hash("Be brief.") },
		"the graders":                    func(b *lock.Bound) { b.Graders = hash("kinder") },
		"how answers are read":           func(b *lock.Bound) { b.Harness = hash("json") },
		"the step's with":                func(b *lock.Bound) { b.Params = hash("temperature 2") },
		"the provider's kind or address": func(b *lock.Bound) { b.Endpoint = hash("elsewhere") },
		"the normalisers":                func(b *lock.Bound) { b.Normalise = []string{"strip_fence"} },
	} {
		t.Run(says, func(t *testing.T) {
			c := claim(fresh)
			change(&c.Bound)
			refused(t, verify(f, c), "no longer holds: "+says+" changed since", "switchgear eval run extract --candidate openai/fresh")
		})
	}
	c := claim(fresh)
	c.Bound.Cases, c.Bound.Graders = hash("x"), hash("y")
	refused(t, verify(f, c), "the cases and the graders changed since")

	// Who only serves has no cases at hand.
	c = claim(fresh)
	c.Bound.Cases, c.Bound.System, c.Bound.Graders, c.Bound.Harness = "", "", "", ""
	passed(t, verify(f, c))

	// A baseline asked nothing, so new cases leave it as it is; a new with does not.
	c = claim(old)
	c.Bound.Cases, c.Bound.Graders = hash("x"), hash("y")
	passed(t, verify(f, c))
	c.Bound.Params = hash("z")
	refused(t, verify(f, c), "its baseline no longer holds: the step's with changed since")
}

func TestStakesAndMargin(t *testing.T) {
	f := again(t, proven(t, nil))
	c := claim(fresh)
	c.Stakes = "high"
	refused(t, verify(f, c), "was decided for normal stakes, and the route's are high")
	c.Stakes = "low"
	passed(t, verify(f, c))
	c.Margin = 0.05
	passed(t, verify(f, c))
	c.Margin = 0.02
	refused(t, verify(f, c), "against a margin of 0.05, and the eval now allows 0.02")
}

// TestWithinMargin: worse beyond doubt, but within the margin, ships unless
// stakes are high.
func TestWithinMargin(t *testing.T) {
	for stakes, ships := range map[string]bool{"low": true, "normal": true, "high": false} {
		f := started(t, nil)
		e := ship("r1")
		e.Verdict, e.Stakes = lock.VerdictWithinWorse, stakes
		if err := f.Record(route, fresh, e, nil); err != nil {
			t.Fatal(err)
		}
		c := claim(fresh)
		c.Stakes = stakes
		if got := len(verify(f, c)) == 0; got != ships {
			t.Errorf("%s stakes: serves is %v", stakes, got)
		}
	}
}

// TestTriesUntilLucky: who tries again must pass at a smaller alpha, and a
// history that was cut shows.
func TestTriesUntilLucky(t *testing.T) {
	f := started(t, nil)
	for i, run := range []string{"r1", "r2", "r3"} {
		e := ship(run)
		e.Date = now().Add(time.Duration(i) * time.Minute)
		e.Verdict, e.P = lock.VerdictInconclusive, 0.2
		if run == "r3" {
			e.Verdict, e.P = lock.VerdictShip, 0.03 // it would have passed at the first try
		}
		if want := i + 1; f.NextTry(route, fresh, e.Bound.Cases, "") != want {
			t.Fatalf("before %s: try %d", run, f.NextTry(route, fresh, e.Bound.Cases, ""))
		}
		err := f.Record(route, fresh, answered(e, hash("answers of "+run)), nil)
		if (err != nil) != (run == "r3") {
			t.Fatal(err)
		}
		if err != nil && !strings.Contains(err.Error(), "try 3 over the same cases, which has to pass at 0.01667, and p is 0.03") {
			t.Error(err)
		}
	}
	refused(t, verify(again(t, f), claim(fresh)), "there is no evidence")

	// A clear result ships at any try.
	e := ship("r4")
	e.Date = now().Add(time.Hour)
	if err := f.Record(route, fresh, answered(e, hash("answers of r4")), nil); err != nil {
		t.Fatal(err)
	}
	passed(t, verify(again(t, f), claim(fresh)))

	// Without its history it does not.
	text := string(f.Text())
	head, tail, _ := strings.Cut(text, "          - {run: r1")
	_, tail, _ = strings.Cut(tail, "\n")
	cut, findings := lock.Parse("switchgear.lock", []byte(head+tail))
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	refused(t, verify(cut, claim(fresh)), "was try 4 over these cases, and the lock lists only 3 tries up to it: tries are missing")

	// Graders and parameters that change do not begin a new count; cases do.
	if k := f.NextTry(route, fresh, hash("cases"), ""); k != 5 {
		t.Errorf("try %d", k)
	}
	if k := f.NextTry(route, fresh, hash("fresh cases"), ""); k != 1 {
		t.Errorf("try %d over fresh cases", k)
	}
}

// TestMergedTries: two branches each tried once; after the merge the second
// of them must pass as a second try.
func TestMergedTries(t *testing.T) {
	for p, holds := range map[float64]bool{0.001: true, 0.04: false} {
		f := started(t, nil)
		e := ship("r2")
		e.P = p
		if err := f.Record(route, fresh, e, nil); err != nil {
			t.Fatal(err)
		}
		other := ship("r1")
		other.Verdict, other.Date = lock.VerdictInconclusive, e.Date.Add(-time.Minute)
		if err := f.Record(route, fresh, other, nil); err != nil {
			t.Fatal(err)
		}
		got := verify(again(t, f), claim(fresh))
		if holds {
			passed(t, got)
		} else {
			refused(t, got, "came with try 2 over the same cases, which has to pass at 0.025, and p is 0.04")
		}
	}
}

// TestSameAnswers: judging the same answers again the same way is no new try,
// and neither is recording a run twice or a run that came to nothing.
func TestSameAnswers(t *testing.T) {
	f := started(t, nil)
	e := ship("r1")
	e.P = 0.04
	for _, run := range []string{"r1", "r1", "r2"} {
		e.Run = run
		if err := f.Record(route, fresh, answered(e, hash("answers")), nil); err != nil {
			t.Fatal(err)
		}
	}
	if k := f.NextTry(route, fresh, e.Bound.Cases, hash("answers")); k != 1 {
		t.Errorf("try %d", k)
	}
	broken := ship("r3")
	broken.Verdict = lock.VerdictInvalid
	if err := f.Record(route, fresh, broken, nil); err != nil {
		t.Fatal(err)
	}
	if k := f.NextTry(route, fresh, e.Bound.Cases, ""); k != 2 {
		t.Errorf("try %d", k)
	}
	if n := len(f.Route(route).Target(fresh).Tries); n != 3 {
		t.Errorf("%d tries are listed", n)
	}
	passed(t, verify(again(t, f), claim(fresh)))
}

// TestWeakIncumbent: evidence must lead back to what was declared.
func TestWeakIncumbent(t *testing.T) {
	f := started(t, nil)
	e := ship("r1")
	e.Incumbent = "openai/never-served"
	if err := f.Record(route, fresh, e, nil); err == nil || !strings.Contains(err.Error(), "does not know that its incumbent, openai/never-served, ever served") {
		t.Error(err)
	}
	// An incumbent whose with was crippled for the occasion.
	e = ship("r2")
	e.IncumbentParams = hash("max_tokens 5")
	if err := f.Record(route, fresh, e, nil); err == nil {
		t.Error("a crippled incumbent will do")
	}
	e.Run, e.IncumbentParams = "r3", bound().Params
	if err := f.Record(route, fresh, e, nil); err != nil {
		t.Error(err)
	}
	// The third follows from the second, and no longer when the first is gone.
	e = ship("r4")
	e.Incumbent = fresh
	if err := f.Record(route, "openai/third", e, nil); err != nil {
		t.Error(err)
	}
	passed(t, verify(again(t, f), claim("openai/third")))
	orphan := again(t, f)
	orphan.Route(route).Target(old).Baselines = nil
	refused(t, verify(orphan, claim("openai/third")), "compares with openai/fresh, of which the lock does not know that it ever served")
	// Two that prove each other prove nothing.
	loop := again(t, f)
	e = ship("r5")
	e.Incumbent = "openai/third"
	e.Bound.Params = hash("other")
	if err := loop.Record(route, fresh, e, nil); err != nil {
		t.Fatal(err)
	}
	loop.Route(route).Target(fresh).Evidence = slices.DeleteFunc(loop.Route(route).Target(fresh).Evidence, func(e *lock.Evidence) bool { return e.Run == "r3" })
	refused(t, verify(loop, claim("openai/third")), "compares with openai/fresh")
}

// TestCreep: many small steps down add up, and that is said.
func TestCreep(t *testing.T) {
	f := started(t, nil)
	last := old
	for _, target := range []string{"openai/a", "openai/b"} {
		e := ship("run of " + target)
		e.Incumbent, e.Difference, e.Lower, e.Upper = last, -0.03, -0.045, -0.015
		if err := f.Record(route, target, e, nil); err != nil {
			t.Fatal(err)
		}
		last = target
	}
	passed(t, verify(f, claim("openai/a")))
	got := verify(again(t, f), claim("openai/b"))
	if len(got) != 1 || !got[0].Warning || !strings.Contains(got[0].Message, "add up to -6.0 points since its baseline") {
		t.Error(got)
	}
}

// TestRegressionAfterwards: a later run that contradicts the evidence is shown.
func TestRegressionAfterwards(t *testing.T) {
	f := proven(t, nil)
	e := ship("nightly")
	e.Date, e.Verdict = now(), lock.VerdictRegression
	if err := f.Record(route, fresh, e, nil); err != nil {
		t.Fatal(err)
	}
	got := verify(again(t, f), claim(fresh))
	if len(got) != 1 || !got[0].Warning || !strings.Contains(got[0].Message, "run nightly of 2026-11-22T12:00:00Z found a regression") {
		t.Error(got)
	}
}

// TestBaselineOnce: what was swapped in by hand cannot be declared afterwards.
func TestBaselineOnce(t *testing.T) {
	f := started(t, nil)
	if err := f.Declare([]lock.Claim{claim(fresh)}, "eve", now(), nil); !errors.Is(err, lock.ErrKnown) {
		t.Error(err)
	}
	// Nor what a run has judged before there was a baseline.
	f = &lock.File{}
	e := ship("r1")
	e.Verdict = lock.VerdictHarness
	if err := f.Record(route, fresh, e, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Declare([]lock.Claim{claim(fresh)}, "eve", now(), nil); err == nil || !strings.Contains(err.Error(), "run r1 judged openai/fresh already (harness_mismatch)") {
		t.Error(err)
	}
	if err := f.Declare([]lock.Claim{claim(old)}, "ann", now(), nil); err != nil {
		t.Error(err)
	}
	refused(t, verify(again(t, f, "by: ann", "by: eve"), claim(old)), "its baseline was edited by hand or copied")
}

// TestCommandNamesTheIncumbent where the first step is what is to be proven: the
// run would compare it with itself.
func TestCommandNamesTheIncumbent(t *testing.T) {
	f := &lock.File{}
	served := claim(old)
	served.First = true
	if err := f.Declare([]lock.Claim{served, claim("openai/fallback")}, "ann", now().Add(-time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	command := func(c lock.Claim, first bool) string {
		c.First = first
		c.Bound.Params = hash("changed")
		s := lock.Stand(again(t, f), []lock.Claim{c}, lock.Terms{Now: now()})
		return s[0].Command()
	}
	const run = "switchgear eval run extract --candidate "
	if got := command(claim(fresh), true); got != run+"openai/fresh --incumbent openai/old" {
		t.Error(got)
	}
	if got := command(claim(fresh), false); got != run+"openai/fresh" {
		t.Error(got)
	}
	if got := command(claim(old), true); got != run+"openai/old --incumbent openai/old --incumbent-with 'WHAT IT SET'" {
		t.Error(got)
	}
	// Where the lock tells what it set, the command is one that works.
	told := &lock.File{}
	served.With = "effort: low"
	if err := told.Declare([]lock.Claim{served}, "ann", now().Add(-time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	louder := claim(old)
	louder.First, louder.With, louder.Bound.Params = true, "none", hash("changed")
	if s := lock.Stand(again(t, told), []lock.Claim{louder}, lock.Terms{Now: now()}); s[0].Command() != run+"openai/old --with none --incumbent openai/old --incumbent-with 'effort: low'" {
		t.Error(s[0].Command())
	}
	if s := lock.Stand(again(t, told), []lock.Claim{claim(old)}, lock.Terms{Now: now()}); s[0].Ground != lock.Declared {
		t.Errorf("it does not hold as it was declared: %s", s[0].Why)
	}
	// After a swap it is the one that was swapped in.
	e := ship("r1")
	e.Date = now()
	if err := f.Record(route, fresh, e, nil); err != nil {
		t.Fatal(err)
	}
	if got := command(claim("openai/next one"), true); got != run+"'openai/next one' --incumbent openai/fresh" {
		t.Error(got)
	}
}
