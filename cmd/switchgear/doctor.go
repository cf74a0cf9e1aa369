package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/provider/all"
)

// diagnosis is one line of the doctor's.
type diagnosis struct {
	Mark string `json:"mark"` // "ok", "warn" or "fail"
	What string `json:"what"`
	Says string `json:"says"`
	Fix  string `json:"fix,omitempty"`
}

func newDoctor() *cobra.Command {
	var source app.Source
	var asJSON, offline bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what could keep the gateway from working on this machine",
		Long: `Checks the configuration, the keys (that they are there, never what they are), the ports, the limits of the process, the age
of the catalogue, a round trip through the simulator, and whether each provider can be reached: DNS, TLS and the clock. It
sends no request that costs money. Each line is ok, warn or fail, and says how to mend it.`,
		Example: "  switchgear doctor\n  switchgear doctor --offline --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			found := examine(c.Context(), source, offline)
			if asJSON {
				if err := printJSON(c.OutOrStdout(), found); err != nil {
					return err
				}
			} else {
				printDiagnoses(c, found)
			}
			for _, d := range found {
				if d.Mark == "fail" {
					return &badError{err: errSilent}
				}
			}
			return nil
		},
	}
	sourceFlags(c, &source)
	c.Flags().BoolVar(&asJSON, "json", false, "print the lines as JSON")
	c.Flags().BoolVar(&offline, "offline", false, "leave out what needs the network")
	return c
}

func printDiagnoses(c *cobra.Command, found []diagnosis) {
	rows := make([][]string, 0, len(found))
	for _, d := range found {
		says := d.Says
		if d.Fix != "" {
			says += ". " + d.Fix
		}
		rows = append(rows, []string{d.Mark, d.What, says})
	}
	table(c.OutOrStdout(), rows)
}

func examine(ctx context.Context, source app.Source, offline bool) []diagnosis {
	loaded, err := source.Load()
	found := []diagnosis{diagnoseConfig(loaded, err)}
	var cfg *config.Config
	if loaded != nil {
		cfg = loaded.Config
	}
	if cfg != nil {
		found = append(found, diagnoseKeys(cfg)...)
		found = append(found, diagnosePort(ctx, "data plane", cfg.Listen), diagnosePort(ctx, "admin port", cfg.Admin.Listen))
	}
	found = append(found, diagnoseFiles(), diagnoseProxy(), diagnoseCatalogue(time.Now()), diagnoseRoundTrip(ctx))
	if cfg != nil && !offline {
		found = append(found, diagnoseProviders(ctx, cfg)...)
	}
	return found
}

func diagnoseConfig(loaded *app.Loaded, err error) diagnosis {
	d := diagnosis{Mark: "ok", What: "configuration"}
	if broken, ok := errors.AsType[*gateway.ConfigError](err); ok {
		return diagnosis{"fail", d.What, count(len(broken.Findings), "finding"), "Run switchgear check"}
	}
	if err != nil {
		return diagnosis{"fail", d.What, err.Error(), ""}
	}
	d.Says = fmt.Sprintf("%s: %s", loaded.From, count(len(loaded.Config.Routes), "route"))
	if n := len(loaded.Findings); n > 0 {
		d.Mark, d.Fix = "warn", "Run switchgear check: "+count(n, "warning")
	}
	if loaded.Simulated {
		d.Mark, d.Fix = "warn", "Answers are simulated: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or write a switchgear.yaml"
	}
	return d
}

func diagnoseKeys(cfg *config.Config) []diagnosis {
	var found []diagnosis
	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		d := diagnosis{"ok", "keys of " + p.Name, count(len(p.Keys), "key"), ""}
		switch {
		case p.Disabled != "":
			d.Mark, d.Says, d.Fix = "warn", p.Disabled, "Its steps are passed over until it is"
		case len(p.Keys) == 0 && needsKey(p.Kind):
			d.Mark, d.Fix = "warn", "The provider will refuse requests without one"
		}
		for _, key := range p.Keys {
			if strings.TrimSpace(key.Reveal()) != key.Reveal() {
				d.Mark, d.Fix = "fail", "A key has white space around it: remove it where it is set"
			}
		}
		found = append(found, d)
	}
	return found
}

func needsKey(kind string) bool {
	for _, k := range all.Kinds() {
		if k.Name == kind {
			return k.NeedsKey
		}
	}
	return false
}

func diagnosePort(ctx context.Context, what, address string) diagnosis {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return diagnosis{"warn", what, address + " cannot be listened on: " + err.Error(), "Is a gateway running already?"}
	}
	_ = l.Close()
	return diagnosis{"ok", what, address + " is free", ""}
}

func diagnoseProxy() diagnosis {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		if os.Getenv(name) != "" {
			return diagnosis{"warn", "proxy", name + " is set: requests to providers go through it", "Set NO_PROXY for hosts that should not"}
		}
	}
	return diagnosis{"ok", "proxy", "none", ""}
}

func diagnoseCatalogue(now time.Time) diagnosis {
	d := diagnosis{"ok", "catalogue", "prices and capabilities as of " + capability.AsOf(), ""}
	if capability.Stale(capability.AsOf(), now) {
		d.Mark, d.Fix = "warn", "It is older than 60 days: use a newer release, or set price: on the models you rely on"
	}
	return d
}

// diagnoseRoundTrip asks the simulator one question through a gateway of its
// own: everything but the network.
func diagnoseRoundTrip(ctx context.Context) diagnosis {
	d := diagnosis{"fail", "round trip", "", "This is a fault of the gateway: please report it"}
	loaded, err := app.Source{Sim: true}.Load()
	if err != nil {
		d.Says = err.Error()
		return d
	}
	g, err := gateway.New(ctx, loaded.Config, gateway.WithLock(loaded.Lock))
	if err != nil {
		d.Says = err.Error()
		return d
	}
	defer func() { _ = g.Close() }()
	start := time.Now()
	if _, err := g.Complete(ctx, switchgear.Ask("chat", "Hello")); err != nil {
		d.Says = err.Error()
		return d
	}
	return diagnosis{"ok", "round trip", "the simulator answered in " + round(time.Since(start)).String(), ""}
}

func diagnoseProviders(ctx context.Context, cfg *config.Config) []diagnosis {
	var found []diagnosis
	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		base := p.BaseURL
		for _, k := range all.Kinds() {
			if base == "" && k.Name == p.Kind {
				base = k.BaseURL
			}
		}
		if base == "" || p.Disabled != "" {
			continue
		}
		found = append(found, reach(ctx, p.Name, base))
	}
	return found
}

// reach opens a connection to a provider and compares clocks. It asks for the
// bare host, which costs nothing and needs no key.
func reach(ctx context.Context, name, base string) diagnosis {
	d := diagnosis{"fail", "reach " + name, "", ""}
	u, err := url.Parse(base)
	if err != nil {
		d.Says = "base_url is no URL"
		return d
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.Scheme+"://"+u.Host+"/", http.NoBody)
	if err != nil {
		d.Says = "base_url is no URL"
		return d
	}
	start := time.Now()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return unreachable(d, u.Host, err)
	}
	_ = resp.Body.Close()
	d.Mark, d.Says = "ok", fmt.Sprintf("%s answers in %s", u.Host, time.Since(start).Round(time.Millisecond))
	if server, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if skew := time.Since(server).Abs(); skew > 30*time.Second {
			d.Mark, d.Fix = "warn", fmt.Sprintf("This machine's clock is off by %s: signatures and waits will be wrong", skew.Round(time.Second))
		}
	}
	return d
}

func unreachable(d diagnosis, host string, err error) diagnosis {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isDNS:
		d.Says, d.Fix = "DNS knows no "+dns.Name, "Check the name, the resolver and any proxy"
	case isCert:
		d.Says, d.Fix = host+" shows a certificate that is not trusted", "Check the clock and whether something intercepts TLS"
	case errors.Is(err, context.DeadlineExceeded):
		d.Says, d.Fix = host+" did not answer within 10 s", "Check the firewall and any proxy"
	default:
		d.Says, d.Fix = host+" cannot be reached: "+err.Error(), "Check the firewall and any proxy"
	}
	return d
}
