package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/stat"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

type tuneFlags struct {
	evidence  string
	store     string
	within    float64
	mean, p95 time.Duration
	asJSON    bool
}

func newTune() *cobra.Command {
	var source app.Source
	var f tuneFlags
	c := &cobra.Command{
		Use:   "tune [ROUTE...]",
		Short: "Find the cheapest model for each route that evidence lets serve",
		Long: `Reads what the runs of evals measured, or a file of such measurements (docs/swap.md has its fields), and says for each route which
is the cheapest model that is shown to be no worse than the one that serves by more than the margin. It shows every
score with its interval, says where a difference is none, and doubts figures that are too good. What it finds it shows as a change of
the configuration; it never makes it.`,
		Example: "  switchgear tune\n  switchgear tune chat --p95 2s\n  switchgear tune chat --evidence evidence.jsonl --within 0.02",
		RunE: func(c *cobra.Command, args []string) error {
			rows, err := f.rows(c, args)
			if err != nil {
				return err
			}
			source.Bare, source.Ungated = true, true
			loaded, err := source.Load()
			if err != nil {
				return err
			}
			var all []*swap.Advice
			for _, route := range routesOf(rows) {
				advice, err := f.advise(loaded, route, rows)
				if err != nil {
					return err
				}
				all = append(all, advice)
			}
			if f.asJSON {
				return printJSON(c.OutOrStdout(), all)
			}
			for i, a := range all {
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				printAdvice(c.OutOrStdout(), a)
				showChange(c.OutOrStdout(), loaded, a)
			}
			return nil
		},
	}
	sourceFlags(c, &source)
	c.Flags().StringVar(&f.evidence, "evidence", "", `a file with what was measured, one JSON object a line; "-" reads stdin (default: the runs of evals)`)
	c.Flags().StringVar(&f.store, "store", defaultEvals, "the folder of the stored answers and runs")
	c.Flags().Float64Var(&f.within, "within", 0, "how much lower a score may be: 0.05 for five points (default: by the route's stakes)")
	c.Flags().DurationVar(&f.mean, "mean", 0, "the longest mean latency that will do")
	c.Flags().DurationVar(&f.p95, "p95", 0, "the longest 95th percentile of latency that will do")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the advice as JSON")
	return c
}

// rows reads the evidence of some routes, or of all.
func (f *tuneFlags) rows(c *cobra.Command, routes []string) ([]swap.Row, error) {
	rows, from, err := f.read(c)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("there is no evidence in %s. Make some: switchgear eval run ROUTE --candidate MODEL; or name a file with --evidence", from)
	}
	for _, route := range routes {
		if !slices.Contains(routesOf(rows), route) {
			return nil, fmt.Errorf("%s has nothing on route %s. Run its eval: switchgear eval run %s --candidate MODEL", from, route, route)
		}
	}
	if len(routes) > 0 {
		rows = slices.DeleteFunc(rows, func(r swap.Row) bool { return !slices.Contains(routes, r.Route) })
	}
	return rows, nil
}

// read reads all there is, and says where it comes from.
func (f *tuneFlags) read(c *cobra.Command) (rows []swap.Row, from string, err error) {
	switch f.evidence {
	case "":
		dir := filepath.Join(f.store, "runs")
		runs, bad := eval.Runs(dir)
		for _, err := range bad {
			fmt.Fprintln(c.ErrOrStderr(), "passed over: "+err.Error())
		}
		rows, notes := swap.FromRuns(runs)
		for _, note := range notes {
			fmt.Fprintln(c.ErrOrStderr(), note)
		}
		return rows, dir, nil
	case "-":
		rows, err = swap.ReadRows(c.InOrStdin())
	default:
		file, openErr := os.Open(f.evidence)
		if openErr != nil {
			return nil, "", openErr
		}
		defer func() { _ = file.Close() }()
		rows, err = swap.ReadRows(file)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", f.evidence, err)
	}
	return rows, f.evidence, nil
}

func routesOf(rows []swap.Row) []string {
	var out []string
	for i := range rows {
		if !slices.Contains(out, rows[i].Route) {
			out = append(out, rows[i].Route)
		}
	}
	return out
}

// advise tunes one route: against what its first step serves today.
func (f *tuneFlags) advise(loaded *app.Loaded, route string, rows []swap.Row) (*swap.Advice, error) {
	goal := swap.Goal{Within: f.within, Mean: f.mean.Seconds(), P95: f.p95.Seconds()}
	r, ok := loaded.Config.Route(route)
	if !ok {
		return nil, fmt.Errorf("there is evidence on route %s, and no such route in %s", route, loaded.From)
	}
	goal.Incumbent, goal.Stakes = r.Chain[0].Target.String(), r.Stakes.String()
	if goal.Within == 0 {
		goal.Within = map[switchgear.Stakes]float64{
			switchgear.StakesLow: stat.MarginLowStakes, switchgear.StakesNormal: stat.MarginNormalStakes, switchgear.StakesHigh: stat.MarginHighStakes,
		}[r.Stakes]
	}
	own := slices.DeleteFunc(slices.Clone(rows), func(row swap.Row) bool { return row.Route != route })
	return swap.Tune(own, goal)
}

func printAdvice(w io.Writer, a *swap.Advice) {
	fmt.Fprintf(w, "route %s  %s stakes, within %.3g points of %s\n", a.Route, a.Goal.Stakes, 100*a.Goal.Within, a.Goal.Incumbent)
	rows := [][]string{{"TARGET", "SCORE", "$/1K", "MEAN", "P95", "", "WHY"}}
	for i := range a.Rows {
		r := &a.Rows[i]
		for k := range r.Scores {
			s := &r.Scores[k]
			in := s.Interval()
			row := []string{"", fmt.Sprintf("%.1f [%.1f, %.1f] %s", 100*s.Mean, 100*in.Low, 100*in.High, s.Metric), "", "", "", "", ""}
			if k == 0 {
				row[0], row[2], row[3], row[4], row[5], row[6] = r.Target, spentText(r.Cost), latency(r.Mean), latency(r.P95), string(r.Choice), r.Why
			}
			rows = append(rows, row)
		}
	}
	table(w, rows)
	for _, s := range a.Say {
		fmt.Fprintln(w, s)
	}
}

func spentText(s swap.Spent) string {
	switch {
	case s.USD == nil:
		return "?"
	case s.Least:
		return ">" + fmt.Sprintf("%.4g", *s.USD)
	default:
		return fmt.Sprintf("%.4g", *s.USD)
	}
}

func latency(s float64) string {
	if s == 0 {
		return "?"
	}
	return fmt.Sprintf("%.3gs", s)
}

// showChange prints what the advice comes down to in the file.
func showChange(w io.Writer, loaded *app.Loaded, a *swap.Advice) {
	if a.Pick == "" {
		return
	}
	at := swap.Place{Route: a.Route, Step: 1}
	site, err := app.SwapSite(loaded, nil, time.Now())
	if err != nil {
		return // there is no file to change
	}
	e, err := site.File.Replace(at, a.Pick)
	if err != nil {
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintf(w, "\n%s:%d\n%sPlan it: %s\n", site.File.Name, e.Line, e.Diff(), swap.Command(at, a.Pick))
}
