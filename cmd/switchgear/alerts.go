package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/alert"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newAlerts() *cobra.Command {
	c := &cobra.Command{
		Use:   "alerts",
		Short: "See whether alerts arrive",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAlertsTest())
	return c
}

func newAlertsTest() *cobra.Command {
	source := app.Source{Ungated: true} // alerts must be testable before the models are proven
	var asJSON bool
	c := &cobra.Command{
		Use:   "test [NAME]",
		Short: "Send a test notice and its end to the receivers of the configuration",
		Long: `Sends a test notice, and then its end, to every receiver of the configuration or to one of them, the way alerts are sent, and
says for each what came back and how long it took. Nothing is tried twice. Exits with 1 if one of them failed.`,
		Example: "  switchgear alerts test\n  switchgear alerts test pager --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := source.Load()
			if err != nil {
				return err
			}
			chosen, err := choose(loaded, args)
			if err != nil {
				return err
			}
			tried := tryAll(c.Context(), chosen)
			if asJSON {
				err = printJSON(c.OutOrStdout(), tried)
			} else {
				table(c.OutOrStdout(), triedRows(tried))
			}
			for i := range tried {
				if err == nil && !tried[i].OK {
					err = &badError{err: errSilent}
				}
			}
			return err
		},
	}
	sourceFlags(c, &source)
	c.Flags().BoolVar(&asJSON, "json", false, "print the results as JSON")
	return c
}

// chosen is a receiver to be tried.
type chosen struct {
	config.Receiver

	sink alert.Sink
}

// choose finds the receivers to try.
func choose(loaded *app.Loaded, args []string) ([]chosen, error) {
	cfg := loaded.Config
	if len(cfg.Alerts) == 0 {
		return nil, fmt.Errorf("%s names no receivers of alerts. Add some: alerts: {pager: {kind: pagerduty, key: \"${PD_ROUTING_KEY}\", on: [circuit_open]}}", loaded.From)
	}
	ways := app.Receivers(cfg, alert.NewTransport())
	var out []chosen
	var names []string
	for i := range cfg.Alerts {
		names = append(names, cfg.Alerts[i].Name)
		if len(args) == 0 || args[0] == cfg.Alerts[i].Name {
			out = append(out, chosen{cfg.Alerts[i], ways[i].Sink})
		}
	}
	if len(out) == 0 {
		says := fmt.Sprintf("there is no receiver %q", args[0])
		if near := config.DidYouMean(args[0], names); near != "" {
			return nil, errors.New(says + ". " + near)
		}
		return nil, errors.New(says + ". There are: " + strings.Join(names, ", "))
	}
	return out, nil
}

// tried is what came of trying a receiver.
type tried struct {
	Receiver string `json:"receiver"`
	Kind     string `json:"kind"`
	OK       bool   `json:"ok"`
	Sends    []send `json:"sends"`
}

type send struct {
	Action alert.Action `json:"action"`
	OK     bool         `json:"ok"`
	MS     int64        `json:"ms"`
	Error  string       `json:"error,omitempty"`
}

// tryTime bounds one delivery.
const tryTime = 10 * time.Second

// tryAll tries them at the same time: one that hangs is no reason to wait for
// the others.
func tryAll(ctx context.Context, receivers []chosen) []tried {
	out := make([]tried, len(receivers))
	instance := app.Instance(nil)
	var wg sync.WaitGroup
	for i := range receivers {
		wg.Go(func() { out[i] = try(ctx, &receivers[i], instance) })
	}
	wg.Wait()
	return out
}

func try(ctx context.Context, r *chosen, instance string) tried {
	out := tried{Receiver: r.Name, Kind: r.Kind, OK: true}
	begin := alert.TestNotice(instance, time.Now())
	for _, n := range []*alert.Notice{begin, begin.End(time.Now())} {
		begun := time.Now()
		err := sendOnce(ctx, r.sink, n)
		s := send{Action: n.Action, OK: err == nil, MS: time.Since(begun).Milliseconds()}
		if err != nil {
			s.Error, out.OK = err.Error(), false
		}
		out.Sends = append(out.Sends, s)
		if e, ok := errors.AsType[*alert.Error](err); ok && e.Refused {
			break // it has nothing to end
		}
	}
	return out
}

func sendOnce(ctx context.Context, sink alert.Sink, n *alert.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	return sink.Send(ctx, n)
}

func triedRows(all []tried) [][]string {
	rows := [][]string{{"RECEIVER", "KIND", "RESULT"}}
	for i := range all {
		rows = append(rows, []string{all[i].Receiver, all[i].Kind, all[i].says()})
	}
	return rows
}

// says is the result on one line.
func (t *tried) says() string {
	parts := make([]string, 0, len(t.Sends))
	for _, s := range t.Sends {
		if !s.OK {
			return fmt.Sprintf("failed: %s, at the %s after %d ms", s.Error, s.Action, s.MS)
		}
		parts = append(parts, fmt.Sprintf("%s in %d ms", s.Action, s.MS))
	}
	return "ok, " + strings.Join(parts, ", ")
}
