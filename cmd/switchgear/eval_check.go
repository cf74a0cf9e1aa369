package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/eval/stat"
	"github.com/switchgear-dev/switchgear/internal/app"
)

type checkedSet struct {
	File     string           `json:"file"`
	Route    string           `json:"route"`
	Cases    int              `json:"cases"`
	Margin   float64          `json:"margin"`
	Hashes   eval.Hashes      `json:"hashes"`
	Says     string           `json:"says"`
	Findings []config.Finding `json:"findings"`
}

func newEvalCheck() *cobra.Command {
	var flags setFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [ROUTE|FILE...]",
		Short: "Find every mistake in eval sets, and say what they can show",
		Long: `Reads eval sets (evals/*.yaml if none is named) and reports everything that is wrong with them, each with its place; cases that
nobody could pass, and sets too small for their margin, among it. It asks no model and runs no command.`,
		Example: "  switchgear eval check\n  switchgear eval check evals/extract.yaml --json",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				found, err := filepath.Glob(flags.setFile("*"))
				if err != nil {
					return err
				}
				if len(found) == 0 {
					return fmt.Errorf("there is no eval set at %s. Name a file", flags.setFile("*"))
				}
				args = found
			}
			return checkSets(c, &flags, args, asJSON)
		},
	}
	flags.register(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	return c
}

func checkSets(c *cobra.Command, flags *setFlags, names []string, asJSON bool) error {
	flags.source.Bare = true
	var cfg *config.Config
	if loaded, err := flags.source.Load(); err == nil {
		cfg = loaded.Config
	}
	all, bad := []checkedSet{}, 0
	for _, name := range names {
		file := flags.setFile(name)
		loader := eval.Loader{Graders: grade.Builtin(nil)}
		set, findings := loader.Load(file)
		one := checkedSet{File: file, Findings: findings}
		if set != nil {
			if err := foreseen(&one, set, cfg); err != nil {
				return err
			}
		}
		bad += faults(one.Findings)
		all = append(all, one)
		if !asJSON {
			fmt.Fprint(c.OutOrStdout(), app.Report(one.Findings))
			if set != nil {
				fmt.Fprintf(c.OutOrStdout(), "%s: %s for route %s, margin %g. %s\n", file, count(one.Cases, "case"), one.Route, 100*one.Margin, one.Says)
			}
		}
	}
	if asJSON {
		if err := printJSON(c.OutOrStdout(), all); err != nil {
			return err
		}
	}
	if bad > 0 {
		return errSilent
	}
	return nil
}

// foreseen says what a set can show, and warns of one that can show nothing.
func foreseen(one *checkedSet, set *eval.Set, cfg *config.Config) error {
	stakes := switchgear.StakesNormal
	if cfg != nil {
		if r, ok := cfg.Route(set.Route); ok {
			stakes = r.Stakes
		} else {
			one.Findings = append(one.Findings, config.Finding{
				Pos: config.Position{File: set.File, Line: 1, Col: 1}, Path: "route", Severity: config.Warning,
				Message: "the configuration has no route " + set.Route, Fix: config.DidYouMean(set.Route, routeNames(cfg)),
			})
		}
	}
	one.Route, one.Cases, one.Margin, one.Hashes = set.Route, len(set.Cases), set.MarginAt(stakes), set.Hashes
	f, err := stat.Plan{Test: stat.Test{Margin: one.Margin, Graded: set.Repeats > 1 || set.Clusters() < len(set.Cases)}}.Foresee(set.Clusters())
	if err != nil {
		return err
	}
	one.Says = f.String()
	if f.TooFew() {
		one.Findings = append(one.Findings, config.Finding{
			Pos: config.Position{File: set.File, Line: 1, Col: 1}, Path: "cases", Severity: config.Warning,
			Message: "the set is too small for its margin", Fix: f.String(),
		})
	}
	return nil
}

func routeNames(cfg *config.Config) []string {
	var names []string
	for i := range cfg.Routes {
		names = append(names, cfg.Routes[i].Name)
	}
	return names
}
