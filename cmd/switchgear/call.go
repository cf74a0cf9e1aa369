package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newCall() *cobra.Command {
	var source app.Source
	var stream, trace, asJSON bool
	c := &cobra.Command{
		Use:   "call ROUTE TEXT",
		Short: "Ask a route one question",
		Long: `Plans and carries one request exactly as serve would, in this process, and prints the answer. With --trace, it also says
what was tried, in order, and why each step that did not answer did not.`,
		Example: "  switchgear call chat \"Where is my order?\"\n  switchgear call reason \"Why is the sky blue?\" --stream --trace\n  switchgear call chat Hello --sim --json",
		Args:    cobra.ExactArgs(2),
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
			if loaded.Simulated {
				fmt.Fprintln(c.ErrOrStderr(), "no configuration file and no provider key: the answer is SIMULATED")
			}
			asked := asking{g: g, req: switchgear.Ask(args[0], args[1]), out: c.OutOrStdout(), talk: c.ErrOrStderr(), trace: trace, asJSON: asJSON}
			if stream && !asJSON {
				return asked.stream(c.Context())
			}
			return asked.complete(c.Context())
		},
	}
	sourceFlags(c, &source)
	c.Flags().BoolVar(&stream, "stream", false, "print the answer as it comes")
	c.Flags().BoolVar(&trace, "trace", false, "say what was tried, to stderr")
	c.Flags().BoolVar(&asJSON, "json", false, "print answer, usage, cost and attempts as JSON")
	return c
}

// asking is one question on the command line.
type asking struct {
	g         *gateway.Gateway
	req       *switchgear.Request
	out, talk io.Writer
	trace     bool
	asJSON    bool
}

func (a *asking) complete(ctx context.Context) error {
	start := time.Now()
	resp, err := a.g.Complete(ctx, a.req)
	if err != nil {
		return a.fail(err)
	}
	if a.asJSON {
		return printJSON(a.out, callJSON(resp))
	}
	fmt.Fprintln(a.out, resp.Text())
	a.waterfall(resp.Trace, start)
	if a.trace {
		fmt.Fprintf(a.talk, "usage %s, cost %s\n", usageText(&resp.Usage), costText(resp.Cost))
	}
	return nil
}

func (a *asking) stream(ctx context.Context) error {
	start := time.Now()
	s, err := a.g.Stream(ctx, a.req)
	if err != nil {
		return a.fail(err)
	}
	for event, err := range switchgear.Events(s) {
		if err != nil {
			fmt.Fprintln(a.out)
			return a.fail(err)
		}
		if event.Kind == switchgear.EventText {
			fmt.Fprint(a.out, event.Text)
		}
	}
	fmt.Fprintln(a.out)
	if traced, ok := s.(switchgear.Traced); ok {
		a.waterfall(traced.Trace(), start)
	}
	return nil
}

// fail shows a provider's own words to the person who asked, who wrote what
// they may quote.
func (a *asking) fail(err error) error {
	if e, ok := errors.AsType[*switchgear.Error](err); ok {
		a.waterfall(e.Trace, time.Time{})
		message := e.Message
		if message == "" {
			message = e.Error()
		}
		if e.Detail != "" {
			message += "\n  " + e.Provider + " says: " + printable(e.Detail)
		}
		err = errors.New(message)
	}
	return &badError{err: err}
}

// plainError keeps the sentence of an error and leaves its class to programs.
func plainError(err error) error {
	if e, ok := errors.AsType[*switchgear.Error](err); ok && e.Message != "" {
		return errors.New(e.Message)
	}
	return err
}

// waterfall prints the attempts of a request, one a line.
func (a *asking) waterfall(t *switchgear.Trace, start time.Time) {
	if !a.trace || t == nil {
		return
	}
	var rows [][]string
	for i := range t.Attempts {
		rows = append(rows, attemptRow(&t.Attempts[i], t.Attempts[0].Start))
	}
	table(a.talk, rows)
	if !start.IsZero() && t.Step > 0 {
		fmt.Fprintf(a.talk, "route %s served by %s, step %d of %d, in %s\n", t.Route, t.Target, t.Step, t.Steps, round(time.Since(start)))
	}
}

func attemptRow(a *switchgear.Attempt, first time.Time) []string {
	at := "+" + round(a.Start.Sub(first)).String()
	row := []string{fmt.Sprintf("  %d", a.Step), at, a.Target.String()}
	switch {
	case a.Skipped != "":
		return append(row, "skipped", a.Skipped)
	case a.Err != nil:
		return append(row, "failed", a.Err.Class.String()+after(a.Err.Code), round(a.Duration).String())
	default:
		return append(row, "ok", usageText(&a.Usage), round(a.Duration).String())
	}
}

func after(code string) string {
	if code == "" {
		return ""
	}
	return " " + printable(code)
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}

// printable makes a provider's words harmless to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}

func usageText(u *switchgear.Usage) string {
	part := func(f switchgear.UsageField, n int64, word string) string {
		if !u.Has(f) {
			return "? " + word
		}
		return fmt.Sprint(n, " ", word)
	}
	return part(switchgear.UsageInput, u.Input, "in") + ", " + part(switchgear.UsageOutput, u.Output, "out")
}

func costText(c switchgear.Cost) string {
	if !c.Known {
		return "unknown"
	}
	return fmt.Sprintf("$%.6f (prices as of %s)", c.USD, c.AsOf)
}

type callAttempt struct {
	Step       int     `json:"step"`
	Target     string  `json:"target"`
	Skipped    string  `json:"skipped,omitempty"`
	Class      string  `json:"class,omitempty"`
	Code       string  `json:"code,omitempty"`
	DurationMS float64 `json:"duration_ms"`
}

type callAnswer struct {
	Text     string           `json:"text"`
	Model    string           `json:"model"`
	Route    string           `json:"route"`
	ServedBy string           `json:"served_by"`
	Step     int              `json:"step"`
	Degraded bool             `json:"degraded"`
	Usage    map[string]int64 `json:"usage"`
	CostUSD  *float64         `json:"cost_usd"` // null if unknown
	Attempts []callAttempt    `json:"attempts"`
}

func callJSON(r *switchgear.Response) callAnswer {
	answer := callAnswer{Text: r.Text(), Model: r.Model, Usage: map[string]int64{}, Attempts: []callAttempt{}}
	for _, f := range []struct {
		field switchgear.UsageField
		name  string
		n     int64
	}{
		{switchgear.UsageInput, "input", r.Usage.Input},
		{switchgear.UsageOutput, "output", r.Usage.Output},
		{switchgear.UsageCacheRead, "cache_read", r.Usage.CacheRead},
		{switchgear.UsageCacheWrite, "cache_write", r.Usage.CacheWrite},
		{switchgear.UsageReasoning, "reasoning", r.Usage.Reasoning},
	} {
		if r.Usage.Has(f.field) {
			answer.Usage[f.name] = f.n
		}
	}
	if r.Cost.Known {
		answer.CostUSD = &r.Cost.USD
	}
	if t := r.Trace; t != nil {
		answer.Route, answer.ServedBy, answer.Step, answer.Degraded = t.Route, t.Target.String(), t.Step, t.Degraded
		for i := range t.Attempts {
			a := &t.Attempts[i]
			row := callAttempt{Step: a.Step, Target: a.Target.String(), Skipped: a.Skipped, DurationMS: float64(a.Duration.Microseconds()) / 1000}
			if a.Err != nil {
				row.Class, row.Code = a.Err.Class.String(), a.Err.Code
			}
			answer.Attempts = append(answer.Attempts, row)
		}
	}
	return answer
}
