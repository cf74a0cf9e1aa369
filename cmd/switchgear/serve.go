package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newServe() *cobra.Command {
	var source app.Source
	var log string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the routes to OpenAI and Anthropic clients",
		Long: `Serves the routes of the configuration to OpenAI and Anthropic clients.

Without a file, the provider keys in the environment make the routes small, chat, reason and embed; without any key either,
the simulated provider answers. SIGHUP loads the configuration again and keeps the old one if the new one is wrong; SIGTERM
lets answers that have begun come to their end.`,
		Example: "  switchgear serve\n  switchgear serve --config prod.yaml\n  switchgear serve --sim --listen 127.0.0.1:9000",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			talk := c.ErrOrStderr()
			out, text, err := logTarget(log, c.OutOrStdout(), talk)
			if err != nil {
				return err
			}
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP)
			defer signal.Stop(hup)
			reload := make(chan struct{})
			go func() {
				for range hup {
					reload <- struct{}{}
				}
			}()
			return app.Run(c.Context(), app.Options{
				Source: source, Version: version, Log: out, Text: text, Reload: reload,
				Started: func(s *app.Started) { announce(c.OutOrStdout(), talk, s) },
				Say:     func(line string) { fmt.Fprintln(talk, line) },
			})
		},
	}
	sourceFlags(c, &source)
	c.Flags().StringVar(&source.Listen, "listen", "", "host:port of the data plane, over the configuration's (127.0.0.1:8080)")
	c.Flags().StringVar(&log, "log", "text", "the request log on stderr: text, json or off")
	return c
}

func logTarget(word string, _, talk io.Writer) (w io.Writer, text bool, err error) {
	switch word {
	case "text":
		return talk, true, nil
	case "json":
		return talk, false, nil
	case "off":
		return nil, false, nil
	default:
		return nil, false, fmt.Errorf("--log takes text, json or off, not %q", word)
	}
}

// announce says what runs and how to use it: the table to stdout, the talk to
// stderr.
func announce(out, talk io.Writer, s *app.Started) {
	for i := range s.Findings {
		fmt.Fprintln(talk, s.Findings[i].String())
	}
	if s.Simulated {
		fmt.Fprintln(talk, "no configuration file and no provider key: every answer is SIMULATED")
	}
	fmt.Fprintf(out, "routes (config %s)\n", s.Gateway.Generation())
	table(out, routeRows(s.Config))
	for _, line := range s.Gateway.Unusable() {
		fmt.Fprintln(talk, "unusable: "+line)
	}
	if line := app.Recording(s.Config); line != "" {
		fmt.Fprintln(talk, line)
	}
	fmt.Fprint(out, connectText(s))
	fmt.Fprintf(talk, "admin on http://%s (metrics at /metrics)%s\n", s.Admin, tokenText(s))
	fmt.Fprintf(talk, "listening on http://%s\n", s.Address)
}

func tokenText(s *app.Started) string {
	if s.TokenFile == "" {
		return ""
	}
	return ", token in " + s.TokenFile
}

// routeRows is the routing table as it reads.
func routeRows(cfg *config.Config) [][]string {
	rows := [][]string{{"  ROUTE", "STAKES", "SURFACE", "CHAIN"}}
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		rows = append(rows, []string{"  " + r.Name, r.Stakes.String(), string(r.Surface), chainText(cfg, r.Chain)})
		for k := range r.Rules {
			rows = append(rows, []string{"    rule " + strconv.Itoa(k+1), "", "", chainText(cfg, r.Rules[k].Chain)})
		}
	}
	return rows
}

func chainText(cfg *config.Config, chain []config.Step) string {
	words := make([]string, 0, len(chain))
	for i := range chain {
		step := &chain[i]
		word := step.Target.String()
		if step.WithText != "" {
			word += " (" + step.WithText + ")"
		}
		if p, ok := cfg.Provider(step.Target.Provider); ok && p.Disabled != "" {
			word += " [off]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " -> ")
}

// connectText shows a first request and the settings of two clients.
func connectText(s *app.Started) string {
	base := "http://" + s.Address
	route, key := firstRoute(s.Config), "any-key"
	if len(s.Config.Clients) > 0 {
		key = "$SWITCHGEAR_CLIENT_KEY"
	}
	auth := ""
	if len(s.Config.Clients) > 0 {
		auth = " -H 'authorization: Bearer " + key + "'"
	}
	return fmt.Sprintf(`
try it
  curl -si %s/v1/chat/completions%s -H 'content-type: application/json' \
    -d '{"model": "%s", "messages": [{"role": "user", "content": "Hello"}]}'

OpenAI clients       OPENAI_BASE_URL=%s/v1 OPENAI_API_KEY=%s   model: %s
Anthropic clients    ANTHROPIC_BASE_URL=%s ANTHROPIC_API_KEY=%s   model: %s

`, base, auth, route, base, key, route, base, key, route)
}

// firstRoute is the route to show: one that chats, "chat" if there is one.
func firstRoute(cfg *config.Config) string {
	if r, ok := cfg.Route("chat"); ok && r.Kind == config.KindChat {
		return r.Name
	}
	for i := range cfg.Routes {
		if cfg.Routes[i].Kind == config.KindChat {
			return cfg.Routes[i].Name
		}
	}
	return cfg.Routes[0].Name
}
