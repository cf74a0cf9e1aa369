package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newCheck() *cobra.Command {
	var source app.Source
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find every mistake in the configuration",
		Long: `Reads the configuration and reports everything that is wrong with it, in one pass, each as

  file:line:col path: what is wrong. How to mend it.

It needs none of the secrets and calls no provider. Exits with 2 if the file is wrong, and with 6 if nothing is wrong but that
a model is not proven for its route by switchgear.lock.`,
		Example: "  switchgear check\n  switchgear check prod.yaml --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				source.File = args[0]
			}
			source.Bare = true
			loaded, err := source.Load()
			if loaded == nil {
				return err
			}
			broken, isConfig := errors.AsType[*gateway.ConfigError](err)
			if err != nil && !isConfig {
				return err
			}
			findings := loaded.Findings
			if isConfig {
				findings = broken.Findings
			}
			return sayFindings(c, loaded, findings, asJSON)
		},
	}
	sourceFlags(c, &source)
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}

func sayFindings(c *cobra.Command, loaded *app.Loaded, findings []config.Finding, asJSON bool) error {
	faults := 0
	for i := range findings {
		if findings[i].Severity == config.Error {
			faults++
		}
	}
	if asJSON {
		if findings == nil {
			findings = []config.Finding{}
		}
		if err := printJSON(c.OutOrStdout(), findings); err != nil {
			return err
		}
	} else {
		fmt.Fprint(c.OutOrStdout(), app.Report(findings))
		sayCanaries(c.ErrOrStderr(), loaded.Config)
		fmt.Fprintf(c.ErrOrStderr(), "%s: %s, %s\n", loaded.From, count(faults, "error"), count(len(findings)-faults, "warning"))
	}
	return verdictOf(findings)
}

// sayCanaries names who is on trial: it is easy to forget.
func sayCanaries(w io.Writer, cfg *config.Config) {
	if cfg == nil {
		return
	}
	say := func(route string, chain []config.Step) {
		for i := range chain {
			if k := chain[i].Canary; k != nil {
				fmt.Fprintf(w, "route %s: %s answers %s of the requests of %s on trial\n", route, k.Step.Target, config.ShareText(k.Share), chain[i].Target)
			}
		}
	}
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		say(r.Name, r.Chain)
		for k := range r.Rules {
			say(r.Name, r.Rules[k].Chain)
		}
	}
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the configuration, for editors",
		Example: "  switchgear schema > switchgear.schema.json\n  # then, as the first line of switchgear.yaml:\n  # yaml-language-server: $schema=switchgear.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(config.Schema())
			return err
		},
	}
}
