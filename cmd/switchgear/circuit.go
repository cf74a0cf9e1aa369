package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/internal/admin"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newCircuit() *cobra.Command {
	c := &cobra.Command{
		Use:   "circuit",
		Short: "See the circuits of a gateway that runs, and take a target out of use",
		Long: `Every model at every provider has a circuit. It opens by itself when the model is sick and closes by itself when it is
well. These commands are for when you know better:

  hold     no request is sent to the target until it is released
  trial    try it now, whatever is left of its cool-off
  release  end a hold; the target is readmitted gently

The gateway is found by itself if one of yours runs on this machine; else name its admin port with --admin or ` + app.EnvAdmin + `.
Each order leaves a line in the gateway's log: who gave it, from where, and what came of it.`,
	}
	c.AddCommand(newCircuitList())
	for _, v := range []struct{ verb, short string }{
		{admin.VerbHold, "Send a target no request until it is released"},
		{admin.VerbTrial, "Try a target now, whatever is left of its cool-off"},
		{admin.VerbRelease, "End a hold, and readmit the target gently"},
	} {
		c.AddCommand(newCircuitOrder(v.verb, v.short))
	}
	return c
}

// doorFlags let a command say which gateway it means.
func doorFlags(c *cobra.Command, d *app.Door) {
	sourceFlags(c, &d.Source)
	c.Flags().StringVar(&d.Admin, "admin", "", "the admin port, http://host:port (default: $"+app.EnvAdmin+", then the gateway that runs on this machine)")
	c.Flags().StringVar(&d.Token, "token-file", "", "the file that holds the admin token (default: beside the running gateway's address, then $"+app.EnvAdminToken+", then the configuration)")
}

func newCircuitList() *cobra.Command {
	var door app.Door
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List the circuits and why they stand as they do",
		Example: "  switchgear circuit ls\n  switchgear circuit ls --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			operator, err := door.Open(c.Context())
			if err != nil {
				return err
			}
			status, err := operator.Status(c.Context())
			if err != nil {
				return &badError{err: err}
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), status.Breakers)
			}
			table(c.OutOrStdout(), circuitRows(status.Breakers, time.Now()))
			return nil
		},
	}
	doorFlags(c, &door)
	c.Flags().BoolVar(&asJSON, "json", false, "print the circuits as JSON")
	return c
}

func newCircuitOrder(verb, short string) *cobra.Command {
	var door app.Door
	var asJSON bool
	c := &cobra.Command{
		Use:     verb + " PROVIDER/MODEL",
		Short:   short,
		Example: "  switchgear circuit " + verb + " anthropic/claude-sonnet-5",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("circuit " + verb + " takes one target: provider/model. switchgear circuit ls lists them")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			row, err := giveOrder(c.Context(), door, admin.Order{Verb: verb, Target: args[0], By: whoami()})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), row)
			}
			table(c.OutOrStdout(), circuitRows([]admin.Breaker{*row}, time.Now()))
			return nil
		},
	}
	doorFlags(c, &door)
	c.Flags().BoolVar(&asJSON, "json", false, "print the circuit as JSON")
	return c
}

// giveOrder gives an order and returns the circuit as it stands then.
func giveOrder(ctx context.Context, door app.Door, o admin.Order) (*admin.Breaker, error) {
	operator, err := door.Open(ctx)
	if err != nil {
		return nil, err
	}
	status, err := operator.Order(ctx, o)
	if err != nil {
		return nil, &badError{err: err}
	}
	for i := range status.Breakers {
		if status.Breakers[i].Target == o.Target {
			return &status.Breakers[i], nil
		}
	}
	return nil, &badError{err: errors.New("the gateway took the order, and does not list the circuit")}
}

// whoami is who is written into the gateway's log.
func whoami() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

func circuitRows(breakers []admin.Breaker, now time.Time) [][]string {
	rows := [][]string{{"TARGET", "STATE", "SHARE", "BAD", "SINCE", "NEXT TRIAL", "WHY"}}
	for i := range breakers {
		b := &breakers[i]
		why := b.Reason
		if b.HeldBy != "" {
			why = "held by " + b.HeldBy
		}
		rows = append(rows, []string{
			b.Target, b.State, strconv.Itoa(int(b.Share*100+0.5)) + "%", fmt.Sprintf("%d/%d", b.Bad, b.Of),
			ago(b.Since, now), ahead(b.Until, now), why,
		})
	}
	return rows
}

// ago is how long a moment has passed, for the eye.
func ago(stamp string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return "-"
	}
	return max(now.Sub(t), 0).Round(time.Second).String()
}

// ahead is how long until a moment, for the eye.
func ahead(stamp string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return "-"
	}
	return "in " + max(t.Sub(now), 0).Round(time.Second).String()
}
