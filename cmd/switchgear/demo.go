package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/drill"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

//go:embed demo/switchgear.yaml
var demoConfig string

//go:embed demo/outage.yaml
var demoOutage string

// How the demo is played.
const (
	demoSeconds  = 60
	demoLeast    = 3
	demoMost     = 600
	demoFine     = 0.99 // of the users: with fewer served it ends with exit code 1
	demoEvery    = 200 * time.Millisecond
	demoFileName = "the demo's own configuration"
)

// demoFlags are what a demo is asked for.
type demoFlags struct {
	seconds int
	script  string
	rate    float64
	seed    uint64
	asJSON  bool
	record  string
}

func newDemo() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch a provider have ten bad minutes in sixty seconds, and what users see of it",
		Long: `Runs the gateway, two simulated providers and twenty users a second on this machine, and lets the first provider have its ten
bad minutes in half a minute. Beside them the same users go without a gateway, with the retries of the provider's own SDK.
On a terminal it is a picture that moves, elsewhere lines of what happens; at the end stands what came of it.

It needs no key, no file and no network, listens on loopback ports that the system chooses, and leaves nothing behind. Nothing
in it is real but the gateway. Ctrl-C ends it with the score so far.

Exit codes: 0 the users were served; 1 one in a hundred was not; 2 the command line or the script is wrong; 130 it was stopped.`,
		Example: `  switchgear demo
  switchgear demo --script D              # another of the drill's outages, or a file
  switchgear demo --seconds 20 --json`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	c.Flags().IntVar(&f.seconds, "seconds", demoSeconds, "how long it takes: a tenth is calm, half is the outage, the rest is the way back")
	c.Flags().StringVar(&f.script, "script", "", "another outage: a letter from A to H, or a file (docs/simulator.md has the format)")
	c.Flags().Float64Var(&f.rate, "rate", drill.DefaultRate, "users a second")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "of everything that is drawn")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print what came of it as JSON, and what happens meanwhile to stderr")
	c.Flags().StringVar(&f.record, "record", "", "draw what a terminal shows into this file, as an SVG that moves")
	return c
}

// run plays the demo, and ends with the score.
func (f *demoFlags) run(c *cobra.Command, _ []string) error {
	script, err := f.outage()
	if err != nil {
		return err
	}
	view := newView(c.OutOrStdout(), c.ErrOrStderr(), f.asJSON)
	var film *reel
	show := view.show
	if f.record != "" {
		if film, err = newReel(f.record); err != nil {
			return err
		}
		show = func(s *drill.Scene) { view.show(s); film.shoot(s) }
	}
	view.open(f)
	defer view.close()
	last, err := drill.Live(c.Context(), &drill.LiveOptions{
		File: demoFileName, Config: demoConfig, Script: script, Lasts: time.Duration(f.seconds) * time.Second,
		Rate: f.rate, Seed: f.seed, Every: demoEvery, Show: show,
	})
	view.close()
	if err != nil {
		return fmt.Errorf("the demo cannot run: %w", err)
	}
	if f.asJSON {
		err = printJSON(c.OutOrStdout(), last)
	} else {
		view.scorecard(last)
	}
	if film != nil {
		err = errors.Join(err, film.save(c.ErrOrStderr()))
	}
	return errors.Join(err, verdict(c.Context(), last))
}

// verdict is how the demo ends: as it should, badly, or too soon.
func verdict(ctx context.Context, last *drill.Scene) error {
	switch {
	case ctx.Err() != nil:
		return &stoppedError{}
	case last.With.OKShare < demoFine || last.With.Truncated > 0:
		return &badError{errSilent}
	default:
		return nil
	}
}

// outage finds mistakes in what is asked for, before anything is played.
func (f *demoFlags) outage() (*sim.Script, error) {
	switch {
	case f.seconds < demoLeast || f.seconds > demoMost:
		return nil, fmt.Errorf("--seconds takes %d to %d, not %d", demoLeast, demoMost, f.seconds)
	case f.rate < 1 || f.rate > 200:
		return nil, fmt.Errorf("--rate takes 1 to 200 users a second, not %g", f.rate)
	case f.script == "":
		return sim.ParseOutage("demo.yaml", []byte(demoOutage))
	case len(f.script) == 1:
		return sim.Outage(f.script)
	}
	text, err := os.ReadFile(f.script)
	if err != nil {
		return nil, fmt.Errorf("cannot read the script: %w. --script takes a letter from A to H, or a file", err)
	}
	return sim.ParseOutage(f.script, text)
}
