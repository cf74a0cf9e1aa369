package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/app"
)

// sourceFlags lets a command say which configuration it is about.
func sourceFlags(c *cobra.Command, s *app.Source) {
	c.Flags().StringVarP(&s.File, "config", "c", "", "the configuration file (default: $SWITCHGEAR_CONFIG, then ./switchgear.yaml, then provider keys in the environment)")
	c.Flags().BoolVar(&s.Sim, "sim", false, "use the simulated provider, whatever else there is")
}

// noSecrets lets a command work on a machine that has none of the secrets: a
// variable that is not set is taken to be set, and its name is remembered.
func noSecrets(s *app.Source) *unset {
	u := &unset{}
	s.Env = u.lookup
	return u
}

type unset struct{ names []string }

func (u *unset) lookup(name string) (string, bool) {
	if value, ok := os.LookupEnv(name); ok {
		return value, true
	}
	if name == "SWITCHGEAR_CONFIG" {
		return "", false
	}
	if !slices.Contains(u.names, name) {
		u.names = append(u.names, name)
	}
	return "", false
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

// finding is a finding for programs to read.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Path     string `json:"path"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

func findingsJSON(findings []config.Finding) []finding {
	rows := []finding{}
	for i := range findings {
		f := &findings[i]
		rows = append(rows, finding{
			File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Column, Path: f.Path,
			Severity: f.Severity.String(), Message: f.Message, Fix: f.Fix,
		})
	}
	return rows
}
