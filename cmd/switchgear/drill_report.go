package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/drill"
)

// drillResult is the report as JSON.
type drillResult struct {
	Config  string           `json:"config"`
	Missed  int              `json:"missed"` // outages with a figure beyond its limit
	Outages []*drill.Outcome `json:"outages"`
}

func drillJSON(file string, results []*drill.Outcome) drillResult {
	out := drillResult{Config: file, Outages: results}
	for _, r := range results {
		if len(r.Missed()) > 0 {
			out.Missed++
		}
	}
	return out
}

// drillColumns are the figures of the table, and their headings.
func drillColumns() [][2]string {
	return [][2]string{
		{drill.FigureP50, "+P50"},
		{drill.FigureP99, "+P99"},
		{drill.FigureP999, "+P99.9"},
		{drill.FigureOpen, "OPEN"},
		{drill.FigureBack, "BACK"},
		{drill.FigureCalls, "CALLS"},
		{drill.FigureLoad, "LOAD"},
		{drill.FigureWasted, "WASTED"},
		{drill.FigureExtra, "COST"},
		{drill.FigurePages, "PAGES"},
		{drill.FigureTruncated, "CUT"},
	}
}

// printDrill prints a line for each outage, and then what is to be known
// besides.
func printDrill(c *cobra.Command, file string, results []*drill.Outcome) {
	out := c.OutOrStdout()
	how := ""
	if r := results[0]; r.Real {
		how = fmt.Sprintf(", over sockets and in real time, the outage %g times shorter", r.Shorter)
	}
	fmt.Fprintf(out, "%s at %g requests/s%s\n\n", file, results[0].Rate, how)
	head := []string{"OUTAGE", "STRIKES", "USERS OK", "SDK ONLY"}
	for _, col := range drillColumns() {
		head = append(head, col[1])
	}
	rows := [][]string{head}
	for _, r := range results {
		rows = append(rows, drillRow(r))
	}
	table(out, rows)
	missed := false
	for _, r := range results {
		for _, f := range r.Missed() {
			if !missed {
				fmt.Fprintln(out, "\nMissed (marked !):")
			}
			missed = true
			fmt.Fprintf(out, "  %s  %s\n", oneLine(r.Script), f.Sentence())
		}
	}
	printStranded(c, results)
	fmt.Fprint(c.ErrOrStderr(), drillLegend)
}

const drillLegend = `
USERS OK   got a whole answer during the outage          SDK ONLY  the same without a gateway
+P50...    what it added to the wait for the first token  OPEN, BACK  until the circuit opened; until all was as before
CALLS      upstream calls a request                       LOAD      on a recovering provider in its first 5 s
WASTED     calls to the sick provider for nothing         COST      of such calls, races and probes
PAGES      how often somebody was woken                   CUT       half answers that looked whole
`

func drillRow(r *drill.Outcome) []string {
	row := []string{oneLine(strings.TrimSpace(r.Script + " " + r.Title)), oneLine(r.Strikes)}
	for _, f := range r.Figures {
		if f.Name == drill.FigureOK {
			row = append(row, f.String())
		}
	}
	if r.Alone != nil {
		row = append(row, fmt.Sprintf("%.2f%%", 100*r.Alone.OKShare))
	} else {
		row = append(row, "-")
	}
	for _, col := range drillColumns() {
		for _, f := range r.Figures {
			if f.Name == col[0] {
				row = append(row, f.String())
			}
		}
	}
	return row
}

// printStranded tells of routes that have nobody else to go to, and what that
// costs their users.
func printStranded(c *cobra.Command, results []*drill.Outcome) {
	out := c.OutOrStdout()
	said := false
	for i := range results[0].Routes {
		name := results[0].Routes[i].Name
		var costs []string
		for _, r := range results {
			if route := &r.Routes[i]; route.NoWayOut && route.Failed > 0 {
				costs = append(costs, fmt.Sprintf("%s %.1f%%", r.Script, 100*float64(route.Failed)/float64(max(route.Requests, 1))))
			}
		}
		if len(costs) == 0 {
			continue
		}
		if !said {
			fmt.Fprintln(out, "\nRoutes with no way out: every step of theirs is struck. Their users who got nothing:")
			said = true
		}
		fmt.Fprintf(out, "  %s  (%s)  %s\n", name, strings.Join(results[0].Routes[i].Chain, ", "), strings.Join(costs, ", "))
	}
	if said {
		fmt.Fprintln(out, "A step at another provider would have served them.")
	}
}
