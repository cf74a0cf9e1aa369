package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/pricing"
)

type modelRow struct {
	Host         string   `json:"host"`
	Model        string   `json:"model"`
	Kind         string   `json:"kind"`
	Tier         string   `json:"tier"`
	Family       string   `json:"family"`
	InputUSD     *float64 `json:"input_usd_per_mtok"` // null if unknown
	OutputUSD    *float64 `json:"output_usd_per_mtok"`
	CacheReadUSD *float64 `json:"cache_read_usd_per_mtok"`
	Context      int64    `json:"context,omitempty"`
	MaxOutput    int64    `json:"max_output,omitempty"`
	Inputs       []string `json:"inputs,omitempty"`
	Supports     []string `json:"supports"`
	Effort       []string `json:"effort,omitempty"`
	Released     string   `json:"released,omitempty"`
	Retires      string   `json:"retires,omitempty"`
	AsOf         string   `json:"as_of"`
	Agreement    string   `json:"price_agreement,omitempty"`
}

func newModels() *cobra.Command {
	var asJSON bool
	var day string
	c := &cobra.Command{
		Use:   "models [WORD...]",
		Short: "List the models, prices and capabilities the catalogue knows",
		Long: `Lists the models of the embedded catalogue: price in US dollars per million tokens, tier, context window and what is known
of their capabilities. Words narrow the list to rows that hold all of them. The catalogue is dated and is no vendor's word:
what it does not know is shown as "?", and a price in the configuration wins.`,
		Example: "  switchgear models anthropic\n  switchgear models openai small\n  switchgear models claude-sonnet-5 --price-as-of 2026-08-01 --json",
		RunE: func(c *cobra.Command, words []string) error {
			at := time.Now()
			if day != "" {
				parsed, err := time.Parse(time.DateOnly, day)
				if err != nil {
					return fmt.Errorf("--price-as-of takes a date as YYYY-MM-DD, not %q", day)
				}
				at = parsed
			}
			rows := modelRows(words, at)
			if asJSON {
				return printJSON(c.OutOrStdout(), rows)
			}
			if len(rows) == 0 {
				fmt.Fprintln(c.ErrOrStderr(), "no model of the catalogue has all of these words")
				return &badError{err: errSilent}
			}
			table(c.OutOrStdout(), modelTable(rows))
			fmt.Fprintf(c.ErrOrStderr(), "%s, prices in $ per million tokens, as of %s%s\n",
				count(len(rows), "model"), capability.AsOf(), staleText(time.Now()))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the rows as JSON")
	c.Flags().StringVar(&day, "price-as-of", "", "show the prices of a day, YYYY-MM-DD (default: today)")
	return c
}

func staleText(now time.Time) string {
	if capability.Stale(capability.AsOf(), now) {
		return " (older than 60 days: check them before you rely on them)"
	}
	return ""
}

func modelRows(words []string, at time.Time) []modelRow {
	rows := []modelRow{}
	all := capability.All()
	for i := range all {
		m := &all[i]
		if !matches(m, words) {
			continue
		}
		row := modelRow{
			Host: m.Host, Model: m.ID, Kind: string(m.Kind), Tier: m.Tier.String(), Family: m.Family, Context: m.Context,
			MaxOutput: m.MaxOutput, Inputs: m.Inputs, Effort: m.Effort, Released: m.Released, Retires: m.Retires,
			AsOf: m.AsOf, Agreement: m.Agree, Supports: []string{},
		}
		for _, need := range capability.Needs() {
			if m.Supports(need.Word) == capability.Yes {
				row.Supports = append(row.Supports, need.Word)
			}
		}
		if price, ok := pricing.Lookup(m.Host, m.ID, at); ok {
			rates, _ := price.Rates(0, at)
			row.InputUSD, row.OutputUSD, row.CacheReadUSD = known(rates.Input), known(rates.Output), known(rates.CacheRead)
		}
		rows = append(rows, row)
	}
	return rows
}

func known(rate float64) *float64 {
	if rate < 0 {
		return nil
	}
	return &rate
}

// matches reports whether a row holds every word, in its names or as its tier
// or kind.
func matches(m *capability.Model, words []string) bool {
	for _, w := range words {
		w = strings.ToLower(w)
		if strings.Contains(m.Host+"/"+m.ID, w) || m.Tier.String() == w || string(m.Kind) == w || m.Family == w {
			continue
		}
		return false
	}
	return true
}

func modelTable(rows []modelRow) [][]string {
	out := [][]string{{"MODEL", "KIND", "TIER", "IN", "OUT", "CACHED", "CONTEXT", "SUPPORTS"}}
	for i := range rows {
		r := &rows[i]
		out = append(out, []string{
			switchgear.Target{Provider: r.Host, Model: r.Model}.String(), r.Kind, r.Tier, dollars(r.InputUSD), dollars(r.OutputUSD),
			dollars(r.CacheReadUSD), thousands(r.Context), strings.Join(r.Supports, " "),
		})
	}
	return out
}

func dollars(v *float64) string {
	if v == nil {
		return "?"
	}
	return fmt.Sprintf("%.4g", *v)
}

func thousands(n int64) string {
	if n == 0 {
		return "?"
	}
	return fmt.Sprintf("%dk", n/1000)
}
