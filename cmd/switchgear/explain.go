package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

type explainFlags struct {
	stakes        string
	input, output int64
	labels        map[string]string
	stream        bool
	noFallback    bool
	asJSON        bool
}

func newExplain() *cobra.Command {
	source := app.Source{Bare: true}
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain ROUTE",
		Short: "Show the chain a request would take, and why",
		Long: `Shows which steps of a route would be tried for a request, in order, which would not and why, when each is reached at the
latest, and what the request costs there at list price. It needs none of the secrets and calls no provider.`,
		Example: "  switchgear explain chat\n  switchgear explain reason --input 200000 --stakes high\n  switchgear explain chat --label tenant=gold --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := source.Load()
			if err != nil {
				return err
			}
			g, err := gateway.New(c.Context(), loaded.Config, gateway.WithLock(loaded.Lock))
			if err != nil {
				return err
			}
			defer func() { _ = g.Close() }()
			query, err := f.query()
			if err != nil {
				return err
			}
			e, err := g.Explain(args[0], query)
			if err != nil {
				return plainError(err)
			}
			if f.asJSON {
				return printJSON(c.OutOrStdout(), explainJSON(e, f.input, f.output))
			}
			printExplanation(c, e, f.input, f.output)
			return nil
		},
	}
	sourceFlags(c, &source)
	c.Flags().Int64Var(&f.input, "input", 1000, "tokens the request reads")
	c.Flags().Int64Var(&f.output, "output", 500, "tokens the answer has")
	c.Flags().StringVar(&f.stakes, "stakes", "", "raise the route's stakes: low, normal or high")
	c.Flags().StringToStringVar(&f.labels, "label", nil, "a label of the request, name=value; may be repeated")
	c.Flags().BoolVar(&f.stream, "stream", false, "the request is streamed")
	c.Flags().BoolVar(&f.noFallback, "no-fallback", false, "the request asks for no fallback")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the explanation as JSON")
	return c
}

func (f *explainFlags) query() (gateway.Query, error) {
	q := gateway.Query{InputTokens: f.input, OutputTokens: f.output, Labels: f.labels, Stream: f.stream, NoFallback: f.noFallback}
	if f.stakes != "" {
		stakes, ok := switchgear.ParseStakes(f.stakes)
		if !ok {
			return q, fmt.Errorf("--stakes takes low, normal or high, not %q", f.stakes)
		}
		q.Stakes = stakes
	}
	return q, nil
}

func printExplanation(c *cobra.Command, e *gateway.Explanation, input, output int64) {
	out := c.OutOrStdout()
	head := e.Route + "  " + e.Stakes.String() + " stakes"
	if e.Floor != switchgear.TierUnknown {
		head += ", floor " + e.Floor.String()
	}
	if e.Strict {
		head += ", strict"
	}
	if e.Worst > 0 {
		head += ", at most " + e.Worst.String()
	}
	fmt.Fprintln(out, head)
	if e.Rule > 0 {
		fmt.Fprintf(out, "rule %d matches: %s\n", e.Rule, e.When)
	}
	var rows [][]string
	for i := range e.Steps {
		rows = append(rows, explainRow(&e.Steps[i], i == 0))
		if e.Steps[i].Canary != nil {
			rows = append(rows, canaryRow(e.Steps[i].Canary))
		}
	}
	table(out, rows)
	fmt.Fprintf(c.ErrOrStderr(), "for %d tokens in and %d out, at list price\n", input, output)
}

func explainRow(s *gateway.ExplainedStep, first bool) []string {
	row := []string{fmt.Sprintf("  %d", s.Number), s.Target.String(), s.Tier.String()}
	if !s.Serves {
		return append(row, "out", s.Reason)
	}
	word := "if that fails"
	if first {
		word = "first"
	}
	detail := []string{word, costShort(s.Cost)}
	if len(s.Translated) > 0 {
		detail = append(detail, "translated for "+strings.Join(clientsOf(s.Translated), " and "))
	}
	switch {
	case s.Latest < 0:
		detail = append(detail, "may be out of time by then")
	case s.Latest > 0:
		detail = append(detail, "after "+s.Latest.Round(10*time.Millisecond).String()+" at the latest")
	}
	if s.Degraded {
		detail = append(detail, "degraded")
	}
	if s.Ground != "" {
		detail = append(detail, s.Ground)
	}
	if s.With != "" {
		detail = append(detail, "with "+s.With)
	}
	return append(row, "in", strings.Join(detail, ", "))
}

// canaryRow shows who is on trial in the place of the step above.
func canaryRow(k *gateway.ExplainedCanary) []string {
	row := []string{"", k.Target.String(), ""}
	if k.Reason != "" {
		return append(row, "out", "on trial, and not for this request: "+k.Reason)
	}
	detail := []string{"on trial, for " + config.ShareText(k.Share) + " of the requests"}
	for _, more := range []string{k.Ground, k.With} {
		if more != "" {
			detail = append(detail, more)
		}
	}
	return append(row, "in", strings.Join(detail, ", "))
}

// clientsOf names the clients that speak some dialects.
func clientsOf(dialects []string) []string {
	names := make([]string, 0, len(dialects))
	for _, d := range dialects {
		switch d {
		case "openai":
			names = append(names, "OpenAI")
		case "anthropic":
			names = append(names, "Anthropic")
		default:
			names = append(names, d)
		}
	}
	names[len(names)-1] += " clients"
	return names
}

func costShort(c switchgear.Cost) string {
	if !c.Known {
		return "price unknown"
	}
	return fmt.Sprintf("$%.5f", c.USD)
}

type explainedStep struct {
	Step       int      `json:"step"`
	Target     string   `json:"target"`
	Tier       string   `json:"tier"`
	Serves     bool     `json:"serves"`
	Reason     string   `json:"reason,omitempty"`
	Degraded   bool     `json:"degraded"`
	Dialects   []string `json:"dialects"`
	Translated []string `json:"translated"` // the dialects of clients whose requests are not sent as they came
	With       string   `json:"with,omitempty"`
	Ground     string   `json:"ground,omitempty"` // on what evidence it serves
	LatestMS   *int64   `json:"latest_ms"`        // null if it may be out of time by then
	CostUSD    *float64 `json:"cost_usd"`         // null if unknown
	Canary     *onTrial `json:"canary,omitempty"` // who is on trial in its place
}

type onTrial struct {
	Target string  `json:"target"`
	Share  float64 `json:"share"`
	With   string  `json:"with,omitempty"`
	Ground string  `json:"ground,omitempty"`
	Reason string  `json:"reason,omitempty"` // why it answers none of these requests
}

type explained struct {
	Route        string          `json:"route"`
	Rule         int             `json:"rule,omitempty"`
	When         string          `json:"when,omitempty"`
	Stakes       string          `json:"stakes"`
	Floor        string          `json:"floor,omitempty"`
	Strict       bool            `json:"strict"`
	WorstMS      int64           `json:"worst_ms"`
	InputTokens  int64           `json:"input_tokens"`
	OutputTokens int64           `json:"output_tokens"`
	Steps        []explainedStep `json:"steps"`
}

func explainJSON(e *gateway.Explanation, input, output int64) explained {
	x := explained{
		Route: e.Route, Rule: e.Rule, When: e.When, Stakes: e.Stakes.String(), Strict: e.Strict, WorstMS: e.Worst.Milliseconds(),
		InputTokens: input, OutputTokens: output,
	}
	if e.Floor != switchgear.TierUnknown {
		x.Floor = e.Floor.String()
	}
	for i := range e.Steps {
		s := &e.Steps[i]
		row := explainedStep{
			Step: s.Number, Target: s.Target.String(), Tier: s.Tier.String(), Serves: s.Serves, Reason: s.Reason,
			Degraded: s.Degraded, Dialects: s.Dialects, Translated: s.Translated, With: s.With, Ground: s.Ground,
		}
		if s.Latest >= 0 {
			ms := s.Latest.Milliseconds()
			row.LatestMS = &ms
		}
		if s.Cost.Known {
			row.CostUSD = &s.Cost.USD
		}
		if k := s.Canary; k != nil {
			row.Canary = &onTrial{Target: k.Target.String(), Share: k.Share, With: k.With, Ground: k.Ground, Reason: k.Reason}
		}
		x.Steps = append(x.Steps, row)
	}
	return x
}
