package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/internal/app"
)

// sourceFlags lets a command say which configuration it is about.
func sourceFlags(c *cobra.Command, s *app.Source) {
	c.Flags().StringVarP(&s.File, "config", "c", "", "the configuration file (default: $SWITCHGEAR_CONFIG, then ./switchgear.yaml, then provider keys in the environment)")
	c.Flags().BoolVar(&s.Sim, "sim", false, "use the simulated provider, whatever else there is")
}

// table writes rows in aligned columns.
func table(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cell)
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
}

// printJSON writes a value for programs to read.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
