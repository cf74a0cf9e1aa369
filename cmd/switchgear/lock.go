package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newLock() *cobra.Command {
	c := &cobra.Command{
		Use:   "lock",
		Short: "See what switchgear.lock proves, and answer for what it does not",
		Long: `A route with an eval serves only models that switchgear.lock, beside the configuration, proves for it.

  verify     hold every model the routes can reach against the lock, and the eval sets against their evidence
  baseline   declare what serves a route today, once, so that there is something to compare with
  override   answer for a model without evidence, with a name, a reason and an end

Evidence comes from "switchgear eval run". docs/gate.md says how it hangs together.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLockVerify(), newLockBaseline(), newLockOverride())
	return c
}

// loadForLock reads a configuration whose models may still be unproven.
func loadForLock(source app.Source) (*app.Loaded, error) {
	source.Bare, source.Ungated = true, true
	loaded, err := source.Load()
	if err != nil {
		return nil, err
	}
	if loaded.Lock == nil {
		return nil, fmt.Errorf("there is no configuration file, and so no %s beside it. Name one with --config", lock.FileName)
	}
	return loaded, nil
}

func newLockVerify() *cobra.Command {
	var source app.Source
	var asJSON, configOnly bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that the lock proves every model the routes can reach",
		Long: `Checks that switchgear.lock proves every model that a route with an eval can reach: by its chain, its fallbacks and the chains
of its rules, and that the cases and graders of the eval sets are still those of the evidence. Exits with 6 if it does not and
the gate enforces it, and with 2 if the configuration or an eval set is wrong.`,
		Example: "  switchgear lock verify\n  switchgear lock verify --config prod.yaml --config-only --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := loadForLock(source)
			if err != nil {
				return err
			}
			now := time.Now()
			wanted := gateway.Claims(loaded.Config)
			var findings []config.Finding
			if !configOnly {
				findings = loaded.BindSets(wanted)
			}
			findings = append(findings, gateway.Unproven(loaded.Config, loaded.Lock, wanted, now)...)
			rows := standings(loaded, wanted, now)
			if asJSON {
				err = printJSON(c.OutOrStdout(), verified{Standings: rows, Findings: findings})
			} else {
				sayStandings(c.OutOrStdout(), rows)
				fmt.Fprint(c.OutOrStdout(), app.Report(findings))
				fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", loaded.Lock.Name, summary(rows, loaded.Config.Gate.Mode))
			}
			if err != nil {
				return err
			}
			return verdictOf(findings)
		},
	}
	sourceFlags(c, &source)
	c.Flags().BoolVar(&configOnly, "config-only", false, "leave the eval sets alone, as serve does where they are not deployed")
	c.Flags().BoolVar(&asJSON, "json", false, "print what each model stands on, and the findings, as JSON")
	return c
}

// verdictOf is the error that findings amount to, which have been printed.
func verdictOf(findings []config.Finding) error {
	switch broken := (&gateway.ConfigError{Findings: findings}); {
	case broken.GateOnly():
		return &lockError{err: errSilent}
	case config.HasErrors(findings):
		return errSilent
	default:
		return nil
	}
}

// verified is what verify prints for programs.
type verified struct {
	Standings []standing       `json:"standings"`
	Findings  []config.Finding `json:"findings"` // null if there are none
}

// standing is what a model stands on.
type standing struct {
	Route   string  `json:"route"`
	Path    string  `json:"path"`
	Target  string  `json:"target"`
	Ground  string  `json:"ground"` // evidence, baseline, override or none
	Says    string  `json:"says"`
	Run     string  `json:"run,omitempty"`
	Until   *string `json:"until,omitempty"` // when an override ends
	Why     string  `json:"why,omitempty"`   // why there is no evidence
	Command string  `json:"command,omitempty"`
}

func standings(loaded *app.Loaded, wanted []gateway.Claim, now time.Time) []standing {
	plain := make([]lock.Claim, 0, len(wanted))
	for i := range wanted {
		plain = append(plain, wanted[i].Claim)
	}
	all := lock.Stand(loaded.Lock, plain, gateway.Terms(loaded.Config, now))
	out := make([]standing, 0, len(all))
	for i := range wanted {
		s := &all[i]
		row := standing{Route: s.Claim.Route, Path: wanted[i].Path, Target: s.Claim.Target, Ground: string(s.Ground), Says: s.String(), Why: s.Why}
		switch s.Ground {
		case lock.Proven:
			row.Run = s.Evidence.Run
		case lock.Overridden:
			until := s.Until.Format(time.RFC3339)
			row.Until, row.Command = &until, s.Command()
		case lock.Unproven:
			row.Command = s.Command()
		case lock.Declared:
		}
		out = append(out, row)
	}
	return out
}

func sayStandings(out io.Writer, rows []standing) {
	if len(rows) == 0 {
		return
	}
	text := [][]string{{"ROUTE", "MODEL", "STANDS ON"}}
	for i := range rows {
		text = append(text, []string{rows[i].Route, rows[i].Target, rows[i].Says})
	}
	table(out, text)
}

func summary(rows []standing, mode config.GateMode) string {
	if len(rows) == 0 {
		return "no route has an eval, so nothing is asked of it"
	}
	short := 0
	for i := range rows {
		if rows[i].Ground == string(lock.Unproven) {
			short++
		}
	}
	says := strconv.Itoa(len(rows)-short) + " of " + count(len(rows), "step") + " stand on something"
	if mode == config.GateOff || mode == config.GateWarn {
		says += "; the gate is on " + string(mode) + ", so it stops nothing"
	}
	return says
}

// author says who makes an entry, and with which key it is signed.
type author struct {
	keyFile string
}

func (a *author) flags(c *cobra.Command) {
	c.Flags().StringVar(&a.keyFile, "sign-with", os.Getenv(envLockKey), "a file with the Ed25519 private key (PEM) that signs the entry (default: $"+envLockKey+")")
}

// envLockKey names the variable that stands for --sign-with.
const envLockKey = "SWITCHGEAR_LOCK_KEY"

// signer is the key to sign with; nil if there is none and none is asked for.
func (a *author) signer(cfg *config.Config) (*lock.Signer, error) {
	if a.keyFile == "" {
		if len(cfg.Gate.Trusted) > 0 {
			return nil, errors.New("the gate has trusted keys, so an entry without a signature would not count. Name the private key with --sign-with")
		}
		return nil, nil //nolint:nilnil // no signer is a signer that signs nothing
	}
	text, err := os.ReadFile(a.keyFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key: %w", err)
	}
	s, err := lock.ParseSigner(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.keyFile, err)
	}
	trusted := gateway.Terms(cfg, time.Time{}).Trusted
	if len(trusted) > 0 && !slices.ContainsFunc(trusted, func(k lock.Key) bool { return k.String() == s.Key().String() }) {
		return nil, fmt.Errorf("the gate does not trust the key in %s. Its public half is %s; add it to gate.trusted_keys if it should", a.keyFile, s.Key())
	}
	return s, nil
}

// claimsOf are the claims of one route.
func claimsOf(cfg *config.Config, name string) (*config.Route, []gateway.Claim, error) {
	r, ok := cfg.Route(name)
	if !ok {
		var names []string
		for i := range cfg.Routes {
			names = append(names, cfg.Routes[i].Name)
		}
		says := fmt.Sprintf("there is no route %q", name)
		if near := config.DidYouMean(name, names); near != "" {
			return nil, nil, errors.New(says + ". " + near)
		}
		return nil, nil, errors.New(says + ". There are: " + strings.Join(names, ", "))
	}
	if r.Eval == "" {
		return nil, nil, fmt.Errorf("route %s has no eval, so the lock is not asked about it. Add eval: evals/%s.yaml first", r.Name, r.Name)
	}
	all := gateway.Claims(cfg)
	return r, slices.DeleteFunc(all, func(c gateway.Claim) bool { return c.Route != r.Name }), nil
}

// save writes a lock, or says what is wrong with it.
func save(loaded *app.Loaded) error {
	path := lock.Beside(loaded.From)
	if err := loaded.Lock.Save(path); err != nil {
		return &badError{err: err}
	}
	return nil
}

// sound refuses to go on with a lock that cannot be read.
func sound(loaded *app.Loaded) error {
	var lines []string
	for _, f := range lock.Verify(loaded.Lock, nil, lock.Terms{}) {
		lines = append(lines, f.String())
	}
	if len(lines) > 0 {
		return &lockError{err: errors.New(strings.Join(lines, "\n"))}
	}
	return nil
}
