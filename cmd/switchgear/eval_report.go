package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/report"
)

func newEvalReport() *cobra.Command {
	var f setFlags
	var out outFlags
	c := &cobra.Command{
		Use:     "report RUN",
		Short:   "Show a run",
		Long:    `Shows a run again: in the terminal, as JSON, as Markdown for a pull request, or as one HTML page that needs no network.`,
		Example: "  switchgear eval report 7f3a --html report.html\n  switchgear eval report 7f3a --format md",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			run, err := f.findRun(args[0])
			if err != nil {
				return err
			}
			if err := out.show(c.OutOrStdout(), run); err != nil {
				return err
			}
			if out.html == "" {
				return nil
			}
			return out.page(run, nil, &f, c.ErrOrStderr())
		},
	}
	f.register(c)
	out.register(c)
	return c
}

func newEvalDiff() *cobra.Command {
	var f setFlags
	var asJSON bool
	c := &cobra.Command{
		Use:     "diff RUN1 RUN2",
		Short:   "Show what changed between two runs of a set",
		Long:    `Compares two runs: their verdicts, what they were made with, and the cases on which the candidate fared otherwise.`,
		Example: "  switchgear eval diff 7f3a 91c0",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("eval diff takes two runs: ids, or run files")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var runs [2]*eval.Run
			for i, name := range args {
				var err error
				if runs[i], err = f.findRun(name); err != nil {
					return err
				}
			}
			d := eval.DiffRuns(runs[0], runs[1])
			if asJSON {
				return printJSON(c.OutOrStdout(), d)
			}
			if err := report.Diff(c.OutOrStdout(), d); err != nil {
				return fmt.Errorf("the difference cannot be shown: %w", err)
			}
			return nil
		},
	}
	f.register(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print the difference as JSON")
	return c
}
