package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/admin"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newSwapStatus() *cobra.Command {
	var door app.Door
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the candidates on trial do",
		Long: `Shows the canaries of the gateway that runs: how many answers each has given, what went wrong with them and what with those of the
step's own model in the same time, and whether it was withdrawn or is ready to take the step's place.`,
		Example: "  switchgear swap status\n  switchgear swap status --json",
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
				if status.Canaries == nil {
					status.Canaries = []admin.Canary{}
				}
				return printJSON(c.OutOrStdout(), status.Canaries)
			}
			if len(status.Canaries) == 0 {
				fmt.Fprintln(c.ErrOrStderr(), "nobody is on trial. Begin with: switchgear swap apply ROUTE --to MODEL --canary 5%")
			}
			for i := range status.Canaries {
				printCanary(c.OutOrStdout(), &status.Canaries[i], time.Now())
			}
			return nil
		},
	}
	doorFlags(c, &door)
	c.Flags().BoolVar(&asJSON, "json", false, "print the canaries as JSON")
	return c
}

func printCanary(w io.Writer, k *admin.Canary, now time.Time) {
	where := "step " + strconv.Itoa(k.Step)
	if k.Rule > 0 {
		where += " of rule " + strconv.Itoa(k.Rule)
	}
	fmt.Fprintf(w, "%s of route %s: %s for %s, %s of the requests, for %s\n", where, k.Route, k.Candidate, k.Incumbent, config.ShareText(k.Share), ago(k.Began, now))
	rows := [][]string{{"", "CANDIDATE", "INCUMBENT"}}
	for _, s := range k.Signs {
		rows = append(rows, []string{"  " + s.Sign, rate(s.CandidateBad, s.CandidateOf), rate(s.IncumbentBad, s.IncumbentOf)})
	}
	table(w, rows)
	switch k.State {
	case "withdrawn":
		fmt.Fprintf(w, "withdrawn: %s. It is given no requests. Take it out: switchgear swap apply %s --to %s\n", k.Why, k.Route+placeFlags(k), k.Incumbent)
	case "ready":
		fmt.Fprintf(w, "ready, after %s. Put it in the step's place: switchgear swap apply %s --promote\n", count(k.Answers, "answer"), k.Route+placeFlags(k))
	default:
		fmt.Fprintf(w, "running: %d of the %s that make it ready\n", k.Answers, count(k.Enough, "answer"))
	}
}

// placeFlags name the step of a canary on a command line.
func placeFlags(k *admin.Canary) string {
	flags := ""
	if k.Rule > 0 {
		flags += " --rule " + strconv.Itoa(k.Rule)
	}
	if k.Step > 1 {
		flags += " --step " + strconv.Itoa(k.Step)
	}
	return flags
}

// rate is how often something happened, for the eye.
func rate(bad, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%% of %d", 100*float64(bad)/float64(of), of)
}
