package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newLockBaseline() *cobra.Command {
	var source app.Source
	var who author
	var by string
	var asJSON bool
	c := &cobra.Command{
		Use:   "baseline ROUTE",
		Short: "Declare what serves a route today",
		Long: `Declares that the models a route can reach today serve it rightly, without evidence. It is the start: what comes later is
compared with it. A route has its baseline once; a model that is added to it afterwards is proven by "switchgear eval run".`,
		Example: "  switchgear lock baseline extract",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := loadForLock(source)
			if err != nil {
				return err
			}
			r, wanted, err := claimsOf(loaded.Config, args[0])
			if err != nil {
				return err
			}
			signer, err := who.signer(loaded.Config)
			if err != nil {
				return err
			}
			// What is on trial does not serve yet: it is to be proven.
			wanted = slices.DeleteFunc(wanted, func(c gateway.Claim) bool { return c.Canary })
			if err := declare(loaded, r, wanted, by, signer); err != nil {
				return err
			}
			rows := standings(loaded, wanted, time.Now())
			if asJSON {
				return printJSON(c.OutOrStdout(), rows)
			}
			sayStandings(c.OutOrStdout(), rows)
			fmt.Fprintf(c.ErrOrStderr(), "wrote %s. Commit it\n", loaded.Lock.Name)
			return nil
		},
	}
	sourceFlags(c, &source)
	who.flags(c)
	c.Flags().StringVar(&by, "by", os.Getenv("USER"), "who declares it")
	c.Flags().BoolVar(&asJSON, "json", false, "print what each model stands on as JSON")
	return c
}

func declare(loaded *app.Loaded, r *config.Route, wanted []gateway.Claim, by string, signer *lock.Signer) error {
	if err := sound(loaded); err != nil {
		return err
	}
	plain := make([]lock.Claim, 0, len(wanted))
	for i := range wanted {
		plain = append(plain, wanted[i].Claim)
	}
	err := loaded.Lock.Declare(plain, by, time.Now(), signer)
	switch {
	case errors.Is(err, lock.ErrKnown):
		return &lockError{err: fmt.Errorf("route %s has its entries in %s, and a baseline is declared once. Prove what is new: switchgear eval run %s --candidate PROVIDER/MODEL; or answer for it for a while: switchgear lock override %s PROVIDER/MODEL",
			r.Name, loaded.Lock.Name, r.Name, r.Name)}
	case err != nil:
		return &lockError{err: err}
	default:
		return save(loaded)
	}
}

func newLockOverride() *cobra.Command {
	var source app.Source
	var who author
	var by []string
	var reason, expires string
	var asJSON, fresh bool
	c := &cobra.Command{
		Use:   "override ROUTE PROVIDER/MODEL",
		Short: "Answer for a model without evidence, for a while",
		Long: `Lets a model serve a route without evidence until a time at most 30 days away. It says who answers for it and why, and check,
serve and explain show it wherever the route shows. Where stakes are high it takes two people: with --by twice, or by one override each.

The route need not reach the model yet: an override comes before the swap to it, or the gate would refuse that.`,
		Example: "  switchgear lock override extract openai/gpt-5.4-mini --by ann --reason 'the old model retires tonight' --expires 72h",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := loadForLock(source)
			if err != nil {
				return err
			}
			_, wanted, err := claimsOf(loaded.Config, args[0])
			if err != nil {
				return err
			}
			claim, err := reached(loaded.Config, wanted, args[0], args[1])
			if err != nil {
				near := err
				if strings.Contains(near.Error(), "Did you mean") && !fresh {
					return fmt.Errorf("%w If you mean another, which the route is to be swapped to: --new", near)
				}
				if claim, err = toCome(loaded.Config, args[0], args[1]); err != nil {
					return err
				}
				fmt.Fprintln(c.ErrOrStderr(), near.Error()+". The override is for a swap to it: switchgear swap plan "+claim.Route+" --to "+claim.Target)
			}
			now := time.Now()
			until, err := expiry(expires, now)
			if err != nil {
				return err
			}
			signer, err := who.signer(loaded.Config)
			if err != nil {
				return err
			}
			if err := sound(loaded); err != nil {
				return err
			}
			if err := loaded.Lock.Excuse(claim.Route, claim.Target, lock.Override{By: by, Reason: reason, Date: now, Expires: until}, signer); err != nil {
				return err
			}
			if err := save(loaded); err != nil {
				return err
			}
			return sayOverride(c, loaded, claim, asJSON)
		},
	}
	sourceFlags(c, &source)
	who.flags(c)
	c.Flags().StringSliceVar(&by, "by", nil, "who answers for it; twice where stakes are high")
	c.Flags().StringVar(&reason, "reason", "", "why it is to serve without evidence")
	c.Flags().BoolVar(&fresh, "new", false, "the route does not reach the model yet, although its name is like one that it does")
	c.Flags().StringVar(&expires, "expires", "", "how long it holds (72h, 7d), or until when (2026-12-01)")
	c.Flags().BoolVar(&asJSON, "json", false, "print what the model stands on as JSON")
	for _, name := range []string{"by", "reason", "expires"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is three lines above
		}
	}
	return c
}

// reached finds the claim of a route on a target, by its name or a short one.
func reached(cfg *config.Config, wanted []gateway.Claim, route, name string) (*gateway.Claim, error) {
	if m, ok := cfg.Model(name); ok {
		name = m.Target.String()
	}
	var names []string
	for i := range wanted {
		if wanted[i].Target == name {
			return &wanted[i], nil
		}
		names = append(names, wanted[i].Target)
	}
	says := fmt.Sprintf("route %s does not reach %s", route, name)
	if near := config.DidYouMean(name, names); near != "" {
		return nil, errors.New(says + ". " + near)
	}
	return nil, errors.New(says + ". It reaches: " + strings.Join(names, ", "))
}

// toCome is what a target would claim that a route does not reach yet, in the
// place of its first step.
func toCome(cfg *config.Config, route, name string) (*gateway.Claim, error) {
	r, ok := cfg.Route(route)
	if !ok {
		return nil, fmt.Errorf("there is no route %q", route)
	}
	step := config.Step{Use: name}
	if m, ok := cfg.Model(name); ok {
		step.Target, step.Model = m.Target, m
	} else {
		var models, providers []string
		for i := range cfg.Models {
			models = append(models, cfg.Models[i].Name)
		}
		for i := range cfg.Providers {
			providers = append(providers, cfg.Providers[i].Name)
		}
		target, err := switchgear.ParseTarget(name)
		if err != nil {
			return nil, errors.New(strings.TrimSuffix(fmt.Sprintf("there is no model %q. Write provider/model, or a short name of models. %s", name, config.DidYouMean(name, models)), " "))
		}
		if _, ok := cfg.Provider(target.Provider); !ok {
			return nil, errors.New(strings.TrimSuffix(fmt.Sprintf("there is no provider %q. %s", target.Provider, config.DidYouMean(target.Provider, providers)), " "))
		}
		step.Target = target
	}
	if len(r.Chain) > 0 {
		step.With, step.WithText = r.Chain[0].With, r.Chain[0].WithText // as a swap of the first step leaves them
	}
	return &gateway.Claim{Claim: lock.Claim{Route: r.Name, Target: step.Target.String(), Stakes: r.Stakes.String(), Bound: gateway.StepBound(cfg, r, &step)}, Step: &step}, nil
}

// expiry reads a length of time or a date.
func expiry(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d), nil
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		if count, err := strconv.Atoi(n); err == nil {
			return now.AddDate(0, 0, count), nil
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--expires takes a length of time (72h, 7d) or a date (2026-12-01), not %q", s)
}

// sayOverride says what holds now, and what is missing if that is not enough.
func sayOverride(c *cobra.Command, loaded *app.Loaded, claim *gateway.Claim, asJSON bool) error {
	rows := standings(loaded, []gateway.Claim{*claim}, time.Now())
	if asJSON {
		return printJSON(c.OutOrStdout(), rows[0])
	}
	sayStandings(c.OutOrStdout(), rows)
	if rows[0].Ground == string(lock.Unproven) {
		fmt.Fprintln(c.ErrOrStderr(), "it does not serve yet: "+rows[0].Why)
	}
	fmt.Fprintf(c.ErrOrStderr(), "wrote %s. Commit it\n", loaded.Lock.Name)
	return nil
}
