package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

func newSwapDrift() *cobra.Command {
	var source app.Source
	c := &cobra.Command{
		Use:   "drift",
		Short: "Print the eval runs that show whether what serves is still what was proven",
		Long: `A name may stand for another model tomorrow. For every model that evidence lets serve, this prints the eval run that made the
evidence, with every answer asked anew: if it no longer ships, the model is not what it was. It asks nobody itself. Models that
serve on a baseline or an override were never compared with anything, and are named on stderr.`,
		Example: "  switchgear swap drift\n  switchgear swap drift > runs.sh && sh -ex runs.sh",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := loadForLock(source)
			if err != nil {
				return err
			}
			wanted := gateway.Claims(loaded.Config)
			plain := make([]lock.Claim, 0, len(wanted))
			for i := range wanted {
				plain = append(plain, wanted[i].Claim)
			}
			said := map[string]bool{}
			for _, s := range lock.Stand(loaded.Lock, plain, gateway.Terms(loaded.Config, time.Now())) {
				line := s.Claim.Target + " on route " + s.Claim.Route + ": " + s.String()
				to := c.ErrOrStderr()
				if s.Ground == lock.Proven {
					line, to = swap.EvalRun(s.Claim.Route, asked(s.Claim.Target, s.Evidence.With, s.Evidence), asked(s.Evidence.Incumbent, s.Evidence.IncumbentWith, s.Evidence))+" --fresh", c.OutOrStdout()
				}
				if !said[line] {
					said[line] = true
					fmt.Fprintln(to, line)
				}
			}
			return nil
		},
	}
	sourceFlags(c, &source)
	return c
}

// asked is a model as a run asked it. That nothing was set goes without saying,
// unless the two are told apart by nothing else.
func asked(target, with string, e *lock.Evidence) swap.Asked {
	if with == config.NoLevers && e.With == e.IncumbentWith {
		with = ""
	}
	return swap.Asked{Target: target, With: with}
}
