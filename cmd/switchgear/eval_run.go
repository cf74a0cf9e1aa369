package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

// runFlags are what one says of a run.
type runFlags struct {
	setFlags

	out  outFlags
	lock lockFlags

	candidate, incumbent string
	with, incumbentWith  string
	maxCost              float64
	maxCalls             int
	margin, alpha        float64
	concurrency          int
	seed                 uint64
	diagnose             string
	fresh, dry           bool
}

func newEvalRun() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run ROUTE|FILE --candidate TARGET",
		Short: "Ask two models the cases of a set, and say whether the candidate may ship",
		Long: `Asks the incumbent (the route's first step, unless --incumbent names another) and the candidate the cases of a set, each through
its step of the route, without fallback. Every answer is stored as it comes: a run that is stopped, or killed, goes on where it was
when the same command is given again, and nothing is paid for twice. A provider's failure is tried again and never counts as a
wrong answer.

The candidate may be the incumbent itself with other levers: --candidate haiku --with 'effort: high'.

A candidate that is worse beyond doubt is not asked the rest; --diagnose full asks it all the same.`,
		Example: "  switchgear eval run chat --candidate openai/gpt-5.6-terra --dry-run\n  switchgear eval run evals/extract.yaml --candidate haiku --max-cost 2.00 --format md > report.md",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.candidate == "" {
				return errors.New("which model is to take the incumbent's place? Name it with --candidate")
			}
			if f.diagnose != "" && f.diagnose != "full" {
				return fmt.Errorf("--diagnose takes full, not %q", f.diagnose)
			}
			return f.run(c, args[0])
		},
	}
	f.register(c)
	f.out.register(c)
	f.lock.register(c)
	fl := c.Flags()
	fl.StringVar(&f.candidate, "candidate", "", "who is to be tried: provider/model, or a short name under models")
	fl.StringVar(&f.incumbent, "incumbent", "", "who it is set against (default: the first step of the route)")
	fl.StringVar(&f.with, "with", "", "what the candidate sets on its requests: 'effort: high', or none (default: what its step of the route sets)")
	fl.StringVar(&f.incumbentWith, "incumbent-with", "", "likewise for the incumbent")
	fl.Float64Var(&f.maxCost, "max-cost", 0, "the most the run may cost, in dollars: no call is made that could exceed it")
	fl.IntVar(&f.maxCalls, "max-calls", 0, "the most calls the run may make")
	fl.Float64Var(&f.margin, "margin", 0, "the drop that is too much, as a share: 0.05 is five points (default: the set's, else by the stakes)")
	fl.Float64Var(&f.alpha, "alpha", 0, "the accepted chance of shipping a candidate whose drop is the margin (default 0.05)")
	fl.IntVar(&f.concurrency, "concurrency", 8, "calls at once")
	fl.Uint64Var(&f.seed, "seed", 0, "of the order of the cases")
	fl.StringVar(&f.diagnose, "diagnose", "", "full: ask every case, even where the verdict is clear before")
	fl.BoolVar(&f.fresh, "fresh", false, "ask again what was answered in earlier runs")
	fl.BoolVar(&f.dry, "dry-run", false, "say what the run would take and what it could show, and ask nobody")
	return c
}

// bench is everything that a run needs.
type bench struct {
	cfg      *config.Config
	gateway  *gateway.Gateway
	set      *eval.Set
	store    *eval.Store
	judges   *pinnedJudges
	purse    *eval.Purse
	inc      eval.Contender
	cand     eval.Contender
	settings eval.Settings
}

func (f *runFlags) run(c *cobra.Command, name string) error {
	b, err := f.bench(c, name)
	if err != nil {
		return err
	}
	defer func() { _ = b.gateway.Close() }()
	defer func() { _ = b.store.Close() }()
	forecast, err := b.settings.Forecast(b.set, b.inc, b.cand)
	if err != nil {
		return err
	}
	if f.dry {
		return f.out.forecast(c.OutOrStdout(), forecast, b)
	}
	if err := forecast.Check(f.maxCost, f.maxCalls); err != nil {
		return err
	}
	bar := newEvalBar(c.ErrOrStderr())
	b.settings.Progress = bar.show
	run, err := eval.Compare(c.Context(), b.set, b.inc, b.cand, b.settings)
	bar.done()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return &badError{err: fmt.Errorf("stopped. %s are stored: the same command goes on from here", count(b.store.Len(), "answer"))}
		}
		return &badError{err: err}
	}
	verdict := f.out.finish(c, &f.setFlags, run, b.store)
	if f.lock.write {
		if err := f.lock.record(c, &f.setFlags, run); err != nil {
			return err
		}
	}
	return verdict
}

// bench opens what a run needs.
func (f *runFlags) bench(c *cobra.Command, name string) (*bench, error) {
	f.source.Ungated = true // what is to be proven may stand in the chain already
	loaded, err := f.source.Load()
	if err != nil {
		return nil, err
	}
	b := &bench{cfg: loaded.Config, judges: &pinnedJudges{}, purse: eval.NewPurse(f.maxCost, f.maxCalls)}
	cached := &eval.Cached{Models: b.judges}
	if b.set, err = loadSet(f.setOf(loaded, name), cached, c.ErrOrStderr()); err != nil {
		return nil, err
	}
	if b.gateway, err = gateway.New(c.Context(), b.cfg, gateway.WithoutGate()); err != nil {
		return nil, err
	}
	*b.judges = pinnedJudges{gateway: b.gateway, route: b.set.Route, purse: b.purse}
	if err := f.contenders(b); err != nil {
		return nil, errors.Join(err, b.gateway.Close())
	}
	if f.dry {
		b.store, err = eval.ReadStore(f.answers(b.set.Name))
	} else {
		b.store, err = eval.OpenStore(f.answers(b.set.Name))
	}
	if err != nil {
		return nil, errors.Join(err, b.gateway.Close())
	}
	cached.Store = b.store
	for _, note := range b.store.Notes() {
		fmt.Fprintln(c.ErrOrStderr(), note)
	}
	earlier, bad := eval.Runs(f.runs())
	for _, err := range bad {
		fmt.Fprintln(c.ErrOrStderr(), "passed over: "+err.Error())
	}
	b.settings = eval.Settings{
		Store: b.store, Purse: b.purse, Stakes: b.stakes(), Margin: f.margin, Alpha: f.alpha, Seed: f.seed,
		Concurrency: f.concurrency, Full: f.diagnose == "full", Fresh: f.fresh, Earlier: earlier,
	}
	return b, nil
}

// setOf is the file of a set: the one that the route names, or else the one that
// is named after it.
func (f *setFlags) setOf(loaded *app.Loaded, name string) string {
	if r, ok := loaded.Config.Route(name); ok && r.Eval != "" && loaded.Config.File != "" {
		return filepath.Join(filepath.Dir(loaded.From), filepath.FromSlash(r.Eval))
	}
	return f.setFile(name)
}

func (b *bench) stakes() switchgear.Stakes {
	if r, ok := b.cfg.Route(b.set.Route); ok && r.Stakes != switchgear.StakesUnset {
		return r.Stakes
	}
	return switchgear.StakesNormal
}

// contenders pins the two models.
func (f *runFlags) contenders(b *bench) error {
	incumbent := f.incumbent
	if incumbent == "" {
		r, ok := b.cfg.Route(b.set.Route)
		if !ok || len(r.Chain) == 0 {
			return fmt.Errorf("the configuration has no route %q, which %s judges. Name the incumbent with --incumbent, or mend route in the set", b.set.Route, b.set.File)
		}
		incumbent = r.Chain[0].Use
	}
	for _, side := range []struct {
		to   *eval.Contender
		use  string
		flag string
		with string
	}{{&b.inc, incumbent, "--incumbent-with", f.incumbentWith}, {&b.cand, f.candidate, "--with", f.with}} {
		p, err := pin(b.gateway, b.set.Route, side.use, side.with)
		if err != nil {
			if side.with != "" {
				return fmt.Errorf("%s %w", side.flag, plainError(err))
			}
			return plainError(err)
		}
		*side.to = eval.Contender{
			Target: p.Target().String(), Params: p.Fingerprint(), Models: p, Most: p.Most,
			Levers: gateway.ParamsHash(p.Levers()), With: config.LeversText(p.Levers()),
		}
	}
	if b.inc.Target == b.cand.Target && b.inc.Params == b.cand.Params {
		return fmt.Errorf("incumbent and candidate are the same: %s", b.inc.Target)
	}
	return nil
}

// pin finds a step of a route, with the levers it has there or with others.
func pin(g *gateway.Gateway, route, use, with string) (*gateway.Pinned, error) {
	if with == "" {
		return g.Pin(route, use)
	}
	levers, _, err := config.ParseLevers(with, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	return g.PinWith(route, use, levers)
}

// pinnedJudges asks the models of judges: a route, or provider/model.
type pinnedJudges struct {
	gateway *gateway.Gateway
	route   string
	purse   *eval.Purse
}

// Complete implements eval.Completer.
func (j *pinnedJudges) Complete(ctx context.Context, r *switchgear.Request) (*switchgear.Response, error) {
	name := r.Route
	if strings.Contains(name, "/") {
		p, err := j.gateway.Pin(j.route, name)
		if err != nil {
			return nil, err
		}
		metered := eval.Metered{Models: p, Most: p.Most, Purse: j.purse}
		return metered.Complete(ctx, r)
	}
	metered := eval.Metered{Models: j.gateway, Most: j.most(name), Purse: j.purse}
	return metered.Complete(ctx, r)
}

// most is the most that a request of a route can cost: that of its dearest
// step.
func (j *pinnedJudges) most(name string) func(r *switchgear.Request) switchgear.Cost {
	e, err := j.gateway.Explain(name, gateway.Query{})
	if err != nil {
		return nil
	}
	return func(r *switchgear.Request) switchgear.Cost {
		dearest := switchgear.Cost{Known: true}
		for _, step := range e.Steps {
			p, err := j.gateway.Pin(name, step.Target.String())
			if err != nil {
				continue // a step that cannot be asked costs nothing
			}
			cost := p.Most(r)
			dearest.Known = dearest.Known && cost.Known
			dearest.USD = max(dearest.USD, cost.USD)
		}
		return dearest
	}
}
