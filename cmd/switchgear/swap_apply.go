package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

func newSwapApply() *cobra.Command {
	var door app.Door
	var alone bool
	var f wishFlags
	c := &cobra.Command{
		Use:   "apply PLAN | apply ROUTE --to MODEL [--canary 5%]",
		Short: "Make a planned swap, and tell the running gateway",
		Long: `Makes the swap of a plan that "switchgear swap plan --out" wrote. It is thought through again first: if the file, the lock or
anything else it rests on has changed, the plan is stale and nothing happens. The file is replaced in one step. A gateway of yours
that runs on this machine, or that --admin names, reloads; if it refuses the new table, the file is put back.

With a route in place of a plan it plans the swap, shows it, and makes it at once. With --canary the new model answers only a part
of the step's requests, on trial: the gateway compares it with the step's own model and withdraws it by itself when it goes wrong
more often. "swap status" shows how it does; --promote puts it in the step's place, and --to with the step's own model takes it out.

The old text is kept under .switchgear/swaps beside the file, for swap revert.`,
		Example: "  switchgear swap apply reason.plan\n  switchgear swap apply reason.plan --no-reload\n  switchgear swap apply chat --to openai/gpt-5.6-terra --canary 5%\n  switchgear swap apply chat --promote",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("swap apply takes one plan, or a route with --to. Make a plan with: switchgear swap plan ROUTE --to MODEL --out FILE")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			plan, site, err := f.plan(c, &door, args[0])
			if err != nil {
				return err
			}
			if err := tellGateway(c, door, site, alone); err != nil {
				return err
			}
			made, reloaded, err := plan.Apply(c.Context(), site)
			return sayApplied(c, done{Entry: made, Config: reloaded}, err, f.asJSON)
		},
	}
	doorFlags(c, &door)
	f.register(c)
	c.Flags().BoolVar(&f.asJSON, "json", false, "print what was done as JSON, and no plan")
	c.Flags().BoolVar(&alone, "no-reload", false, "change the file and tell nobody")
	return c
}

// plan reads a plan, or makes and shows one.
func (f *wishFlags) plan(c *cobra.Command, door *app.Door, name string) (*swap.Plan, *swap.Site, error) {
	if f.asked(c) {
		return f.makePlan(c, door, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w. swap apply takes a plan, or a route with --to", err)
	}
	plan, err := swap.Parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if door.Source.File == "" {
		door.Source.File = plan.File
	}
	site, err := swapSite(door.Source)
	return plan, site, err
}

func (f *wishFlags) makePlan(c *cobra.Command, door *app.Door, route string) (*swap.Plan, *swap.Site, error) {
	if err := f.read(c, route); err != nil {
		return nil, nil, err
	}
	site, err := swapSite(door.Source)
	if err != nil {
		return nil, nil, err
	}
	f.wish.Usage = swap.Usage{Input: 1000, Output: 500}
	f.measure(c)
	plan, err := swap.Make(site.File, &f.wish, site.House, site.Now)
	if err != nil {
		return nil, nil, err
	}
	if !f.asJSON {
		printPlan(c.OutOrStdout(), plan)
		fmt.Fprintln(c.OutOrStdout())
	}
	if err := plan.Refusal(); err != nil {
		return nil, nil, refusal(err)
	}
	return plan, site, nil
}

// tellGateway finds the gateway to be told. One that was named must be there;
// else it is enough that none runs.
func tellGateway(c *cobra.Command, door app.Door, site *swap.Site, alone bool) error {
	site.By = whoami()
	if alone {
		return nil
	}
	operator, err := door.Open(c.Context())
	if err == nil {
		_, err = operator.Status(c.Context())
	}
	switch {
	case err == nil:
		site.Runner = app.SwapRunner{Operator: operator}
	case door.Admin != "" || os.Getenv(app.EnvAdmin) != "":
		return &badError{err: fmt.Errorf("nothing was changed: %w. To change the file alone, use --no-reload", err)}
	default:
		fmt.Fprintln(c.ErrOrStderr(), "no gateway is told: "+err.Error())
	}
	return nil
}

// done is a swap that was made or taken back.
type done struct {
	*swap.Entry

	Old    string `json:"old_text,omitempty"` // stays where it is kept
	Config string `json:"config,omitempty"`   // that the gateway serves then
}

func sayApplied(c *cobra.Command, made done, err error, asJSON bool) error {
	if made.Entry == nil {
		if _, refused := errors.AsType[*swap.RefusedError](err); refused {
			return &badError{err: err}
		}
		return refusal(err)
	}
	if late := made.print(c, made.Told(), asJSON); late != nil {
		return late
	}
	if err != nil {
		return &badError{err: fmt.Errorf("the file is changed, but the gateway was not told: %w", err)}
	}
	if made.Share > 0 {
		fmt.Fprintln(c.ErrOrStderr(), "see how it does with: switchgear swap status")
	}
	fmt.Fprintln(c.ErrOrStderr(), "take it back with: switchgear swap revert")
	return nil
}

// print says what was done.
func (d done) print(c *cobra.Command, line string, asJSON bool) error {
	if asJSON {
		return printJSON(c.OutOrStdout(), d)
	}
	fmt.Fprintln(c.OutOrStdout(), line)
	if d.Config != "" {
		fmt.Fprintln(c.OutOrStdout(), "the gateway serves config "+d.Config)
	}
	return nil
}

func newSwapRevert() *cobra.Command {
	var door app.Door
	var alone, asJSON bool
	c := &cobra.Command{
		Use:   "revert",
		Short: "Take the last swap back, byte for byte",
		Long: `Puts the text back that the configuration had before its last swap, and tells the running gateway. If somebody has edited the
file since, it does nothing and names the swap that undoes the last one alone. Called again, it takes back the swap before.`,
		Example: "  switchgear swap revert",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			site, err := revertSite(door.Source)
			if err != nil {
				return err
			}
			if err := tellGateway(c, door, site, alone); err != nil {
				return err
			}
			undone, reloaded, err := swap.Revert(c.Context(), site)
			if undone == nil {
				return &badError{err: err}
			}
			if late := (done{Entry: undone, Config: reloaded}).print(c, undone.Undone(), asJSON); late != nil {
				return late
			}
			if err != nil {
				return &badError{err: fmt.Errorf("the file is as it was, but the gateway was not told: %w", err)}
			}
			return nil
		},
	}
	doorFlags(c, &door)
	c.Flags().BoolVar(&alone, "no-reload", false, "change the file and tell nobody")
	c.Flags().BoolVar(&asJSON, "json", false, "print what was taken back as JSON")
	return c
}

// revertSite reads the file as it is. What is wrong with it is no reason not to
// take a swap back: it may be the reason why.
func revertSite(source app.Source) (*swap.Site, error) {
	source.Bare, source.Ungated = true, true
	loaded, err := source.Load()
	if _, broken := errors.AsType[*gateway.ConfigError](err); err != nil && (!broken || loaded == nil || loaded.Config == nil) {
		return nil, err
	}
	return app.SwapSite(loaded, source.Env, time.Now())
}

func newSwapChanged() *cobra.Command {
	var asJSON, commands bool
	c := &cobra.Command{
		Use:   "changed OLD [NEW]",
		Short: "Name the routes that two versions of the configuration differ in",
		Long: `Prints, one a line, the routes of NEW (default: ` + app.DefaultFile + `) that evidence for OLD may not hold for: new ones, and those that can reach
another model, send it something else, or serve on other terms. Timeouts, aliases and the like change no answer and do not count.
It needs no secrets, and calls nobody. docs/ci.md has the job that uses it.`,
		Example: "  git show origin/main:switchgear.yaml > old.yaml\n  switchgear swap changed old.yaml\n  switchgear swap changed old.yaml --commands > runs.sh && sh -ex runs.sh",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				args = append(args, app.DefaultFile)
			}
			old, err := readTable(args[0])
			if err != nil {
				return err
			}
			now, err := readTable(args[1])
			if err != nil {
				return err
			}
			found := swap.Changed(old, now)
			if asJSON {
				if found == nil {
					found = []swap.Difference{}
				}
				return printJSON(c.OutOrStdout(), found)
			}
			for _, d := range found {
				if commands {
					for _, line := range d.Commands() {
						fmt.Fprintln(c.OutOrStdout(), line)
					}
				} else {
					fmt.Fprintln(c.OutOrStdout(), d.Route)
				}
				for _, why := range d.Why {
					fmt.Fprintln(c.ErrOrStderr(), d.Route+": "+why)
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the routes and what differs as JSON")
	c.Flags().BoolVar(&commands, "commands", false, "print, instead of the routes, the eval runs that would prove what is new, for a shell")
	return c
}

// readTable reads a version of the configuration that need not make sense by
// itself: an old one may name models that are gone.
func readTable(file string) (*config.Config, error) {
	table, findings, err := config.Load(file, config.WithoutSecrets())
	if err != nil {
		return nil, err
	}
	for i := range findings {
		if findings[i].Severity == config.Error {
			return nil, fmt.Errorf("%s", findings[i])
		}
	}
	return table, nil
}
