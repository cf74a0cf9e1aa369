package eval

import (
	"context"
	"errors"
	"slices"

	switchgear "github.com/switchgear-dev/switchgear"
)

// Regrade judges the answers of a run again, with the set as it is now: its
// graders, its normalisers, its margin. It asks nobody; an answer that is not in
// the store is missing. Only cases of the run are looked at.
func Regrade(ctx context.Context, set *Set, old *Run, s Settings) (*Run, error) {
	only := *set
	asked := map[string]bool{}
	for i := range old.Cases {
		asked[old.Cases[i].ID] = true
	}
	only.Cases = slices.DeleteFunc(slices.Clone(set.Cases), func(c *Case) bool { return !asked[c.ID] })
	s.Full, s.Fresh, s.Seed, s.Wave = true, false, old.Seed, len(only.Cases)
	side := func(p *Party) Contender {
		return Contender{Target: p.Target, Params: p.Params, Levers: p.Levers, With: p.With, Models: nobody{}}
	}
	run, err := Compare(ctx, &only, side(&old.Incumbent), side(&old.Candidate), s)
	if err != nil {
		return nil, err
	}
	run.Planned = len(set.Cases)
	return run, nil
}

// errNotStored is why a regraded case has no answer.
var errNotStored = errors.New("the store has no answer to it as it is asked now")

type nobody struct{}

func (nobody) Complete(context.Context, *switchgear.Request) (*switchgear.Response, error) {
	return nil, &switchgear.Error{Class: switchgear.ClassInvalid, Err: errNotStored}
}
