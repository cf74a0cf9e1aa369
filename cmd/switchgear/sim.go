package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

func newSim() *cobra.Command {
	var o struct {
		listen, script string
		replay, faults []string
		keys           []string
		seed           uint64
		instant, echo  bool
		list           bool
	}
	c := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated provider that speaks both protocols and fails on cue",
		Long: `Runs a simulated provider: OpenAI's protocol and Anthropic's under /v1, with believable streams, usage and latency. It fails
when a model's name, a header (x-sim-fault), a script or --fault says so; --list shows what it can do. Its answers say that
they are simulated. What it was asked is at /_sim/log.`,
		Example: "  switchgear sim\n  switchgear sim --fault 'claude-*=503' --fault 'gpt-*=slow-2s'\n  switchgear sim --replay recorded.jsonl\n  switchgear sim --list",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.list {
				table(c.OutOrStdout(), faultRows())
				return nil
			}
			options := sim.Options{Seed: o.seed, Keys: o.keys, Echo: o.echo, Latency: sim.Believable()}
			if o.instant {
				options.Latency = sim.Profile{}
			}
			if o.script != "" {
				script, err := sim.LoadScript(o.script)
				if err != nil {
					return err
				}
				options.Script = script
			}
			if len(o.replay) > 0 {
				replay, err := sim.LoadReplay(o.replay...)
				if err != nil {
					return err
				}
				options.Replay = replay
			}
			server := sim.New(options)
			if err := setFaults(server, o.faults); err != nil {
				return err
			}
			l, err := (&net.ListenConfig{}).Listen(c.Context(), "tcp", o.listen)
			if err != nil {
				return fmt.Errorf("cannot listen on %s: %w. Choose another with --listen", o.listen, err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "simulated provider: OpenAI at http://%s/v1, Anthropic at http://%s\nlistening on http://%s\n", l.Addr(), l.Addr(), l.Addr())
			return server.Serve(c.Context(), l)
		},
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8090", "host:port to listen on")
	f.StringVar(&o.script, "script", "", "a YAML file of faults over time")
	f.StringArrayVar(&o.replay, "replay", nil, "answer from recorded outputs, a JSONL file; may be repeated")
	f.StringArrayVar(&o.faults, "fault", nil, "MODEL=FAULT, for models that match a pattern; may be repeated")
	f.StringArrayVar(&o.keys, "key", nil, "an API key to accept; may be repeated (default: any)")
	f.Uint64Var(&o.seed, "seed", 0, "changes every answer")
	f.BoolVar(&o.instant, "instant", false, "answer without waiting")
	f.BoolVar(&o.echo, "echo", false, "repeat the last user message in the answer")
	f.BoolVar(&o.list, "list", false, "list the faults and end")
	return c
}

func setFaults(server *sim.Server, pairs []string) error {
	for _, pair := range pairs {
		model, spec, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("--fault takes MODEL=FAULT, not %q", pair)
		}
		faults, err := sim.ParseFaults(spec)
		if err != nil {
			return err
		}
		server.SetFault(model, faults...)
	}
	return nil
}

func faultRows() [][]string {
	rows := [][]string{{"FAULT", "DIALECTS", "WHAT IT DOES"}}
	for _, f := range sim.Faults() {
		rows = append(rows, []string{f.Name, strings.Join(f.Dialects, " "), f.Does})
	}
	return rows
}
