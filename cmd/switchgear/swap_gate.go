package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

func newSwapGate() *cobra.Command {
	var f runFlags
	var against string
	c := &cobra.Command{
		Use:   "gate [OLD]",
		Short: "Run the evals of the routes that changed since a revision",
		Long: `Finds the routes that differ from an older version of the configuration, given as a file or with --base as a git revision, and runs
the evals of what they newly reach against what served before. What the lock proves already is not asked again. With --write-lock
the runs are kept in the lock.

Exits as "eval run" does, with the code of the worst run: 1 regression, 4 harness mismatch, 3 inconclusive, 5 invalid run; and with 0
if nothing that changed needs a run.`,
		Example: "  switchgear swap gate --base origin/main --write-lock --by ci --max-cost 5",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == (against != "") {
				return errors.New("name the older version: a file, or a revision with --base origin/main")
			}
			return f.gate(c, strings.Join(args, ""), against)
		},
	}
	f.register(c)
	f.out.register(c)
	f.lock.register(c)
	fl := c.Flags()
	fl.StringVar(&against, "base", "", "the git revision that the configuration is compared with, such as origin/main")
	fl.Float64Var(&f.maxCost, "max-cost", 0, "the most each run may cost, in dollars")
	fl.IntVar(&f.maxCalls, "max-calls", 0, "the most calls each run may make")
	fl.IntVar(&f.concurrency, "concurrency", 8, "calls at once")
	return c
}

// gate runs what changed.
func (f *runFlags) gate(c *cobra.Command, file, revision string) error {
	source := f.source
	source.Bare, source.Ungated = true, true
	loaded, err := source.Load()
	if err != nil {
		return err
	}
	if loaded.Config.File == "" {
		return errors.New("there is no configuration file to compare. Name one with --config")
	}
	old, err := oldTable(c.Context(), loaded, file, revision)
	if err != nil {
		return err
	}
	var worst error
	for _, d := range swap.Changed(old, loaded.Config) {
		for _, why := range d.Why {
			fmt.Fprintln(c.ErrOrStderr(), d.Route+": "+why)
		}
		if !d.Eval {
			fmt.Fprintln(c.ErrOrStderr(), d.Route+": it has no eval, so nothing is asked")
		}
		for _, p := range d.Runs() {
			if stand := standsOn(loaded, d.Route, p.Candidate); stand != "" {
				fmt.Fprintf(c.ErrOrStderr(), "%s: %s is not asked again: %s\n", d.Route, p.Candidate.Target, stand)
				continue
			}
			one := *f
			one.candidate, one.with = p.Candidate.Target, p.Candidate.With
			one.incumbent, one.incumbentWith = p.Incumbent.Target, p.Incumbent.With
			fmt.Fprintln(c.ErrOrStderr(), swap.EvalRun(d.Route, p.Candidate, p.Incumbent))
			worst = worse(worst, one.run(c, d.Route))
			if _, judged := errors.AsType[*gateError](worst); worst != nil && !judged {
				return worst // what could not be run at all is to be mended first
			}
		}
	}
	return worst
}

// worse is the worse of two verdicts.
func worse(a, b error) error {
	rank := func(err error) int {
		gate, ok := errors.AsType[*gateError](err)
		switch {
		case err == nil:
			return 0
		case !ok:
			return 9
		default:
			return map[int]int{exitBad: 8, 4: 7, 3: 6}[gate.code]
		}
	}
	if rank(b) > rank(a) || (a == nil && b != nil) {
		return b
	}
	return a
}

// standsOn says on what a model serves its route already; "" if on nothing.
func standsOn(loaded *app.Loaded, route string, a swap.Asked) string {
	all := gateway.Claims(loaded.Config)
	_ = loaded.BindSets(all) // what is wrong with a set, its run says
	for i := range all {
		if all[i].Route != route || all[i].Target != a.Target || (a.With != "" && all[i].With != a.With) {
			continue
		}
		s := lock.Stand(loaded.Lock, []lock.Claim{all[i].Claim}, gateway.Terms(loaded.Config, time.Now()))[0]
		if s.Ground == lock.Unproven {
			return ""
		}
		return s.String()
	}
	return ""
}

// oldTable reads the older version of a configuration.
func oldTable(ctx context.Context, now *app.Loaded, file, revision string) (*config.Config, error) {
	if revision == "" {
		return readTable(file)
	}
	dir, name := filepath.Split(now.From)
	git := exec.CommandContext(ctx, "git", "show", revision+":./"+name) //nolint:gosec // the revision is the caller's own
	git.Dir = filepath.Clean("./" + dir)
	if filepath.IsAbs(dir) {
		git.Dir = dir
	}
	var said bytes.Buffer
	git.Stderr = &said
	text, err := git.Output()
	if err != nil {
		why := strings.TrimSpace(said.String())
		if why == "" {
			why = err.Error()
		}
		return nil, fmt.Errorf("git cannot show %s at %s: %s", name, revision, why)
	}
	table, findings := config.Parse(now.From, text, os.LookupEnv, config.WithoutSecrets())
	for i := range findings {
		if findings[i].Severity == config.Error {
			return nil, fmt.Errorf("at %s: %s", revision, findings[i])
		}
	}
	return table, nil
}
