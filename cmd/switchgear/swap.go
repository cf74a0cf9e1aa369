package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

func newSwap() *cobra.Command {
	c := &cobra.Command{
		Use:   "swap",
		Short: "Change the model behind a step of a route, and see first what that changes",
		Long: `Changes which model serves a step of a route. Nothing else in the file is touched: comments, order and quotes stay.

  plan     show what a swap would change, break and cost, and what proves the new model
  apply    make a planned swap, and tell the running gateway
  status   show how the candidates on trial do
  revert   take the last swap back: the file holds the bytes it held before
  changed  name the routes that two versions of the file differ in, for CI
  gate     run the evals of the routes that changed since a revision, for CI
  drift    print the eval runs that show whether what serves is still what was proven

docs/swap.md says how they go together.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newSwapPlan(), newSwapApply(), newSwapStatus(), newSwapRevert(), newSwapChanged(), newSwapGate(), newSwapDrift())
	return c
}

// swapSite reads the configuration as it is now, proven or not.
func swapSite(source app.Source) (*swap.Site, error) {
	source.Bare, source.Ungated = true, true
	loaded, err := source.Load()
	if err != nil {
		return nil, err
	}
	return app.SwapSite(loaded, source.Env, time.Now())
}

// wishFlags say what is to be changed.
type wishFlags struct {
	wish   swap.Wish
	levers string
	share  string
	store  string
	asJSON bool
}

func (f *wishFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.wish.To, "to", "", "the new model: provider/model, or a short name of models (with --with: the one there is)")
	c.Flags().StringVar(&f.levers, "with", "", "what the step sets on its requests from then on: 'effort: high'; none for nothing")
	c.Flags().StringVar(&f.share, "canary", "", "let it answer only this part of the requests, on trial: 5%")
	c.Flags().BoolVar(&f.wish.Promote, "promote", false, "put what is on trial in the step's place")
	c.Flags().IntVar(&f.wish.Step, "step", 1, "which step of the chain, from 1")
	c.Flags().IntVar(&f.wish.Rule, "rule", 0, "which rule's chain, from 1 (default: the route's own chain)")
	c.Flags().StringVar(&f.store, "store", defaultEvals, "the folder of the stored answers and runs")
}

// asked reports whether a command line says what is to be changed.
func (f *wishFlags) asked(c *cobra.Command) bool {
	return f.wish.To != "" || f.wish.Promote || c.Flags().Changed("with") || c.Flags().Changed("canary")
}

// read takes in what the flags say of a route.
func (f *wishFlags) read(c *cobra.Command, route string) error {
	f.wish.Route = route
	if c.Flags().Changed("with") {
		f.wish.With = &f.levers
	}
	if f.share != "" {
		share, ok := config.ParseShare(f.share)
		if !ok {
			return fmt.Errorf("--canary %s is not a part of the requests that a canary may answer. Write a percentage above 0%% and up to 50%%: 5%%", f.share)
		}
		f.wish.Share = share
	}
	switch {
	case f.wish.Promote && (f.wish.To != "" || f.wish.With != nil || f.wish.Share != 0):
		return errors.New("--promote takes what is on trial, so there is nothing else to name")
	case f.wish.To == "" && f.wish.With == nil && !f.wish.Promote:
		return errors.New("--to names the new model: provider/model, or a short name of models")
	default:
		return nil
	}
}

type planFlags struct {
	wishFlags

	out string
}

func newSwapPlan() *cobra.Command {
	var source app.Source
	var f planFlags
	c := &cobra.Command{
		Use:   "plan ROUTE --to MODEL",
		Short: "Show what a swap would change, break and cost",
		Long: `Shows the old and the new chain, the line of the file that would change, what would be lost, what a thousand calls cost before
and after at list price, and whether the lock proves the new model for the route. It changes nothing. With --out it writes a plan
that "switchgear swap apply" takes, as long as neither the file nor the lock has changed by then.

Exits with 6 if the gate does not let the new model serve, and with 2 if the edited file would not load.`,
		Example: "  switchgear swap plan chat --to openai/gpt-5.6-terra\n  switchgear swap plan reason --step 2 --to opus-aws --input 4000 --output 900 --calls 120000 --out reason.plan",
		Args:    oneRoute("swap plan"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.read(c, args[0]); err != nil {
				return err
			}
			site, err := swapSite(source)
			if err != nil {
				return err
			}
			if !c.Flags().Changed("input") && !c.Flags().Changed("output") && !c.Flags().Changed("cached") {
				f.measure(c)
			}
			plan, err := swap.Make(site.File, &f.wish, site.House, site.Now)
			if err != nil {
				return err
			}
			return f.deliver(c, plan)
		},
	}
	sourceFlags(c, &source)
	f.register(c)
	c.Flags().Int64Var(&f.wish.Usage.Input, "input", 1000, "tokens a request reads, on average (default: as in the route's last eval run, or 1000)")
	c.Flags().Int64Var(&f.wish.Usage.Output, "output", 500, "tokens an answer has, on average (default: likewise, or 500)")
	c.Flags().Int64Var(&f.wish.Usage.Cached, "cached", 0, "how many of the tokens read come from the provider's cache")
	c.Flags().Float64Var(&f.wish.Calls, "calls", 0, "requests a month, for a forecast")
	c.Flags().StringVar(&f.out, "out", "", "write the plan to a file, for swap apply")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the plan as JSON")
	return c
}

// measure takes the tokens of a request from the route's last eval run, where
// there is one.
func (f *wishFlags) measure(c *cobra.Command) {
	runs, _ := eval.Runs(filepath.Join(f.store, "runs")) // those that cannot be read are eval's to complain of
	for _, run := range slices.Backward(runs) {
		if run.Route != f.wish.Route {
			continue
		}
		if u, ok := swap.MeanUsage(run); ok {
			f.wish.Usage = u
			fmt.Fprintf(c.ErrOrStderr(), "tokens are those of run %s\n", run.ID)
			return
		}
	}
}

// oneRoute wants exactly one argument.
func oneRoute(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New(command + " takes one route. switchgear explain ROUTE shows its chain")
		}
		return nil
	}
}

// deliver prints a plan, and writes it down if it may be applied.
func (f *planFlags) deliver(c *cobra.Command, p *swap.Plan) error {
	if f.asJSON {
		if err := printJSON(c.OutOrStdout(), p); err != nil {
			return err
		}
	} else {
		printPlan(c.OutOrStdout(), p)
	}
	if err := p.Refusal(); err != nil {
		return refusal(err)
	}
	if f.out == "" {
		fmt.Fprintln(c.ErrOrStderr(), "nothing was changed. Keep the plan with --out FILE, and make the swap with: switchgear swap apply FILE")
		return nil
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.out, append(text, '\n'), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "nothing was changed. Make the swap with: switchgear swap apply %s\n", f.out)
	return nil
}

// refusal gives the reason why a swap is not made its exit code.
func refusal(err error) error {
	if _, ok := errors.AsType[*swap.UnprovenError](err); ok {
		return &lockError{err: err}
	}
	if _, ok := errors.AsType[*swap.StaleError](err); ok {
		return &badError{err: err}
	}
	return err
}

func printPlan(w io.Writer, p *swap.Plan) {
	fmt.Fprintf(w, "%s\n\n%s:%d\n%s\n", p.Title, p.File, p.Line, p.Edit().Diff())
	var rows [][]string
	for i := range p.Before {
		row := []string{head("chain", i), fmt.Sprintf("%d  %s", i+1, linkText(p.Before[i]))}
		if p.After[i] != p.Before[i] {
			row = append(row, "->  "+linkText(p.After[i]))
		}
		rows = append(rows, row)
	}
	table(w, rows)
	list(w, "proof", append([]string{proofWord(p.Proof.Status) + ": " + p.Proof.Sentence}, measured(p.Proof.Evidence)...))
	list(w, "fault", p.Faults)
	list(w, "breaks", p.Breaks)
	list(w, "mends", p.Mends)
	list(w, "cost", costLines(p))
	list(w, "note", p.Notes)
}

// list prints a heading and what stands under it.
func list(w io.Writer, name string, lines []string) {
	for i, line := range lines {
		fmt.Fprintf(w, "%-8s%s\n", head(name, i), line)
	}
}

func head(name string, i int) string {
	if i == 0 {
		return name
	}
	return ""
}

func linkText(l swap.Link) string {
	text := l.Target
	if l.Tier != "" {
		text += " (" + l.Tier + ")"
	}
	if l.With != "" {
		text += " with " + l.With
	}
	if l.Canary != "" {
		text += ", " + l.Canary
	}
	return text
}

func proofWord(s swap.Status) string { return strings.ReplaceAll(string(s), "_", " ") }

func measured(m *swap.Measured) []string {
	if m == nil {
		return nil
	}
	return []string{fmt.Sprintf("%s against %s: %+.1f points [%+.1f, %+.1f] over %s",
		strings.ReplaceAll(m.Verdict, "_", " "), m.Incumbent, 100*m.Difference, 100*m.Lower, 100*m.Upper, count(m.N, "case"))}
}

func costLines(p *swap.Plan) []string {
	f := &p.Cost
	line := fmt.Sprintf("%s -> %s for 1,000 answers of this step", money(f.Before), money(f.After))
	if p.Share > 0 {
		line = fmt.Sprintf("%s -> %s for 1,000 answers of the candidate", money(f.Before), money(f.After))
	}
	if change, ok := f.Change(); ok {
		line += fmt.Sprintf(" (%+.0f %%)", 100*change)
	}
	line += fmt.Sprintf(", at %d tokens in and %d out", p.Usage.Input, p.Usage.Output)
	if p.Usage.Cached > 0 {
		line += fmt.Sprintf(", %d of them cached", p.Usage.Cached)
	}
	if f.AsOf != "" {
		line += ", list price of " + f.AsOf
	}
	if f.Calls == 0 {
		return []string{line}
	}
	month := fmt.Sprintf("%s -> %s a month, at %.0f calls", money(f.BeforeMonth), money(f.AfterMonth), f.Calls)
	if p.Place.Step > 1 {
		month += " if this step answered them all"
	}
	return []string{line, month}
}

// money is an amount for the eye, to the cent or to two digits.
func money(usd *float64) string {
	switch {
	case usd == nil:
		return "unknown"
	case *usd != 0 && *usd < 0.1:
		return fmt.Sprintf("$%.2g", *usd)
	default:
		return fmt.Sprintf("$%.2f", *usd)
	}
}
