package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

func newEvalRegrade() *cobra.Command {
	var f setFlags
	var out outFlags
	var keep lockFlags
	var normalisers []string
	var margin, alpha float64
	c := &cobra.Command{
		Use:   "regrade RUN",
		Short: "Grade the stored answers of a run again, for nothing",
		Long: `Takes the answers of a run out of the store and judges them anew: with the set as it is now, or with other normalisers or another
margin. It calls no model. RUN is an id, the beginning of one, or a run file.`,
		Example: "  switchgear eval regrade 7f3a --normalise strip_fence\n  switchgear eval regrade 7f3a --margin 0.02 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			old, err := f.findRun(args[0])
			if err != nil {
				return err
			}
			store, err := eval.ReadStore(f.answers(old.Set))
			if err != nil {
				return err
			}
			for _, note := range store.Notes() {
				fmt.Fprintln(c.ErrOrStderr(), note)
			}
			set, err := loadSet(old.File, &eval.Cached{Store: store}, c.ErrOrStderr())
			if err != nil {
				return err
			}
			if c.Flags().Changed("normalise") {
				if err := serveWith(set, normalisers); err != nil {
					return err
				}
			}
			stakes, _ := switchgear.ParseStakes(old.Stakes)
			earlier, _ := eval.Runs(f.runs())
			run, err := eval.Regrade(c.Context(), set, old, eval.Settings{Store: store, Stakes: stakes, Margin: margin, Alpha: alpha, Earlier: earlier})
			if err != nil {
				return &badError{err: err}
			}
			verdict := out.finish(c, &f, run, store)
			if keep.write {
				if err := keep.record(c, &f, run); err != nil {
					return err
				}
			}
			return verdict
		},
	}
	f.register(c)
	out.register(c)
	keep.register(c)
	c.Flags().StringSliceVar(&normalisers, "normalise", nil, "what serving is to undo, in place of the set's own; \"\" for nothing")
	c.Flags().Float64Var(&margin, "margin", 0, "the drop that is too much, as a share (default: the set's, else by the stakes)")
	c.Flags().Float64Var(&alpha, "alpha", 0, "the accepted chance of shipping a candidate whose drop is the margin (default 0.05)")
	return c
}

// serveWith sets the normalisers of a set, as if its file said so.
func serveWith(set *eval.Set, names []string) error {
	var serving []string
	for _, r := range normalise.Ladder() {
		if r.Serves() {
			serving = append(serving, r.Name)
		}
	}
	for _, name := range names {
		rung, ok := normalise.Named(name)
		switch {
		case !ok:
			return fmt.Errorf("there is no normaliser %q. Serving can use: %s", name, strings.Join(serving, ", "))
		case !rung.Serves():
			return fmt.Errorf("%s is for diagnosis; serving cannot use it. It can use: %s", name, strings.Join(serving, ", "))
		}
	}
	set.Serve(names)
	return nil
}
