package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

// lockFlags say whether and how a run goes into the lock.
type lockFlags struct {
	who   author
	by    string
	write bool
}

func (l *lockFlags) register(c *cobra.Command) {
	c.Flags().BoolVar(&l.write, "write-lock", false, "keep the run in "+lock.FileName+": as evidence if it ships, and as a try whatever it ended in")
	c.Flags().StringVar(&l.by, "by", os.Getenv("USER"), "who ran it, for the lock")
	l.who.flags(c)
}

// wouldBe is what a candidate that the route does not reach yet would claim in
// the place of its first step, so that a swap can be proven before it is made.
func wouldBe(loaded *app.Loaded, run *eval.Run, wanted []gateway.Claim) []gateway.Claim {
	if _, err := reached(loaded.Config, wanted, run.Route, run.Candidate.Target); err == nil {
		return nil
	}
	site, err := app.SwapSite(loaded, nil, time.Now())
	if err != nil {
		return nil
	}
	e, err := site.File.Replace(swap.Place{Route: run.Route, Step: 1}, run.Candidate.Target)
	if err != nil {
		return nil
	}
	for _, c := range gateway.Claims(e.After()) {
		if c.Path == e.Place.Path() {
			return []gateway.Claim{c}
		}
	}
	return nil
}

// record keeps a run in the lock beside the configuration. Evidence is about a
// step, with its levers: one the candidate has in the route's table, or the
// first, if it could take that one's place.
func (l *lockFlags) record(c *cobra.Command, flags *setFlags, run *eval.Run) error {
	loaded, err := loadForLock(flags.source)
	if err != nil {
		return err
	}
	_, wanted, err := claimsOf(loaded.Config, run.Route)
	if err != nil {
		return err
	}
	wanted = append(wanted, wouldBe(loaded, run, wanted)...)
	if findings := loaded.BindSets(wanted); len(findings) > 0 {
		return fmt.Errorf("the run is not kept in the lock: %s", findings[0])
	}
	claim, err := reached(loaded.Config, wanted, run.Route, run.Candidate.Target)
	if err != nil {
		return fmt.Errorf("%w. Add the step to the chain, then give the same command again: its answers are stored", err)
	}
	if run.Candidate.Levers != "" { // what it was asked with, whatever the step says today
		if run.Candidate.Levers != claim.Bound.Params {
			fmt.Fprintf(c.ErrOrStderr(), "it proves %s, and not what the route's step sets (%s)\n", run.Candidate.Name(), cmp.Or(claim.With, "other levers"))
		}
		claim.Bound.Params, claim.With = run.Candidate.Levers, run.Candidate.With
	}
	if changed := run.Unbound(&claim.Bound); changed != "" {
		return fmt.Errorf("the run is not kept in the lock: the %s of the set's file are not those of the run. Run it as the file has it", changed)
	}
	e := run.Evidence()
	kept := lock.Evidence{
		Run: e.Run, Date: e.At, Verdict: lock.Verdict(e.Verdict), Stakes: run.Stakes, Incumbent: e.Incumbent, N: e.N, Difference: e.Diff,
		Lower: e.Low, Upper: e.High, Margin: e.Margin, Alpha: e.Alpha, P: e.P, By: l.by, Answers: run.Answers(), Bound: claim.Bound,
		With: claim.With, IncumbentParams: run.Incumbent.Levers, IncumbentWith: run.Incumbent.With,
	}
	if inc, err := reached(loaded.Config, wanted, run.Route, run.Incumbent.Target); err == nil && kept.IncumbentParams == "" {
		kept.IncumbentParams = inc.Bound.Params
	}
	signer, err := l.who.signer(loaded.Config)
	if err != nil {
		return err
	}
	if err := sound(loaded); err != nil {
		return err
	}
	recorded := loaded.Lock.Record(run.Route, run.Candidate.Target, kept, signer)
	if err := save(loaded); err != nil { // it is a try, even if it makes no evidence
		return err
	}
	if recorded != nil {
		return &lockError{err: recorded}
	}
	fmt.Fprintf(c.ErrOrStderr(), "kept in %s. Commit it\n", loaded.Lock.Name)
	return nil
}
