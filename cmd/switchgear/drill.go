package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/drill"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// drillFlags are what a drill is asked for.
type drillFlags struct {
	source  app.Source
	scripts []string // files
	strike  string
	rate    float64
	limits  []string
	without []string
	html    string
	asJSON  bool
	quick   bool
	seed    uint64
	jobs    int
	real    bool
	shorter float64
	calm    time.Duration
	after   time.Duration
}

func newDrill() *cobra.Command {
	f := drillFlags{source: app.Source{Bare: true, Ungated: true}}
	c := &cobra.Command{
		Use:   "drill [SCRIPT...]",
		Short: "Play outages against your configuration, and see what your users would have seen",
		Long: `Plays scripted outages over the real runtime with your configuration: users ask twenty times a second, a provider has its ten
bad minutes, and what counts is what the users got. Providers are simulated and time is virtual: nothing leaves this
process, no key is needed, and ten minutes take some seconds.

` + drillScripts() + `
Each outage strikes the provider that most of your routes try first; --strike names another. Beside each result stands what
the same users would have seen with the retries of the provider's own SDK and no gateway.

With --real the same is played over loopback sockets and in real time. The gateway's clocks are not touched; the outage is
played in a tenth of its time (--shorter), all outages at once. docs/drill.md says which figures are others for that.

Exit codes: 0 all figures are within their limits; 1 some are not; 2 the command line, the configuration or a script is wrong;
130 it was stopped, and reports nothing.`,
		Example: `  switchgear drill
  switchgear drill A D --strike openai
  switchgear drill --script friday.yaml --limit ok=99.9% --limit p99=1s --html friday.html
  switchgear drill A --real`,
		RunE: f.run,
	}
	sourceFlags(c, &f.source)
	c.Flags().StringArrayVar(&f.scripts, "script", nil, "an outage of your own, in a file (docs/simulator.md has the format); may be repeated")
	c.Flags().StringVar(&f.strike, "strike", "", "who is struck: a provider, or provider/model")
	c.Flags().Float64Var(&f.rate, "rate", drill.DefaultRate, "requests a second, over all routes")
	c.Flags().StringArrayVar(&f.limits, "limit", nil, "the most, or the least, a figure may be: ok=99.9%, p99=1s, calls=1.1; may be repeated")
	c.Flags().StringSliceVar(&f.without, "without", nil, "switch mechanisms off, to see what they are worth: "+strings.Join(mechanismNames(), ", "))
	c.Flags().StringVar(&f.html, "html", "", "write a page with a picture of every outage to this file")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the results as JSON")
	c.Flags().BoolVar(&f.quick, "no-sdk", false, "do not play each outage once more with SDK retries only")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "of everything that is drawn")
	c.Flags().IntVar(&f.jobs, "jobs", 0, "how many outages are played at once (default: one for each processor; all of them with --real, which is mostly waiting)")
	c.Flags().DurationVar(&f.calm, "calm", 0, "how long it is calm before the outage (default 3m; 30s with --real)")
	c.Flags().DurationVar(&f.after, "after", 0, "how long the way back is watched (default 2m; 55s with --real)")
	c.Flags().BoolVar(&f.real, "real", false, "play over loopback sockets and in real time, the outage shorter than its script has it")
	c.Flags().Float64Var(&f.shorter, "shorter", drill.DefaultShorter, "with --real: how many times shorter the outage is")
	return c
}

// drillScripts lists the outages there are.
func drillScripts() string {
	all, err := sim.Outages()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "  %s  %s\n", s.Name(), s.Title())
	}
	return b.String()
}

func mechanismNames() []string {
	var names []string
	for _, m := range gateway.Mechanisms() {
		names = append(names, string(m))
	}
	return names
}

// run plays every outage that was asked for, and reports.
func (f *drillFlags) run(c *cobra.Command, args []string) error {
	jobs, err := f.prepare(c, args)
	if err != nil {
		return err
	}
	if f.real {
		if err := sayReal(c, &jobs[0]); err != nil {
			return err
		}
	}
	results, err := playAll(c, jobs, f.atOnce(len(jobs)))
	if err != nil {
		return err
	}
	if f.html != "" {
		if err := f.writePage(results); err != nil {
			return err
		}
		fmt.Fprintln(c.ErrOrStderr(), "wrote "+f.html)
	}
	if f.asJSON {
		if err := printJSON(c.OutOrStdout(), drillJSON(jobs[0].File, results)); err != nil {
			return err
		}
	} else {
		printDrill(c, jobs[0].File, results)
	}
	for _, r := range results {
		if len(r.Missed()) > 0 {
			return &badError{errSilent}
		}
	}
	return nil
}

func (f *drillFlags) writePage(results []*drill.Outcome) error {
	file, err := os.OpenFile(f.html, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	if err := drill.WritePage(file, results); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}

// prepare finds every mistake before anything is played.
func (f *drillFlags) prepare(c *cobra.Command, args []string) ([]drillJob, error) {
	base, err := f.base(c)
	if err != nil {
		return nil, err
	}
	var jobs []drillJob
	for _, name := range args {
		s, err := sim.Outage(name)
		if err != nil {
			return nil, err
		}
		job := base
		job.Script = s.Name()
		jobs = append(jobs, job)
	}
	for _, file := range f.scripts {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot read the script: %w", err)
		}
		if _, err := sim.ParseOutage(file, text); err != nil {
			return nil, err
		}
		job := base
		job.ScriptFile, job.ScriptText = file, string(text)
		jobs = append(jobs, job)
	}
	if len(jobs) == 0 {
		all, err := sim.Outages()
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			job := base
			job.Script = s.Name()
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// base is what all outages have in common.
func (f *drillFlags) base(c *cobra.Command) (drillJob, error) {
	loaded, err := f.source.Load()
	if err != nil {
		return drillJob{}, err
	}
	text, err := sourceText(loaded)
	if err != nil {
		return drillJob{}, err
	}
	if f.rate < config.LeastDrillRate || f.rate > config.MostDrillRate {
		return drillJob{}, fmt.Errorf("--rate takes 0.1 to 1000 requests a second, not %g", f.rate)
	}
	limits := f.configured(c, loaded.Config)
	for _, l := range f.limits {
		if err := limits.Parse(l); err != nil {
			return drillJob{}, fmt.Errorf("--limit: %w", err)
		}
	}
	if err := f.realFlags(); err != nil {
		return drillJob{}, err
	}
	for _, m := range f.without {
		if !slices.Contains(mechanismNames(), m) {
			return drillJob{}, fmt.Errorf("--without: there is no mechanism %q. There are %s", m, strings.Join(mechanismNames(), ", "))
		}
	}
	job := drillJob{
		File: loaded.From, Config: text, Strike: f.strike, Rate: f.rate, Seed: f.seed, Limits: limits, Without: f.without,
		Alone: !f.quick, Now: time.Now(),
	}
	if f.real {
		job.Shorter = f.shorter
	}
	job.Calm, job.After = f.calm, f.after
	o, err := job.options(nil)
	if err != nil {
		return job, err
	}
	if _, err := drill.Check(o); err != nil {
		return job, plainError(err)
	}
	return job, nil
}

// configured takes what the configuration says of drills where the command line
// says nothing.
func (f *drillFlags) configured(c *cobra.Command, cfg *config.Config) drill.Limits {
	if d := &cfg.Drill; d.Rate > 0 && !c.Flags().Changed("rate") {
		f.rate = d.Rate
	}
	if f.strike == "" {
		f.strike = cfg.Drill.Strike
	}
	limits := drill.Limits{}
	maps.Copy(limits, cfg.Drill.Limits)
	return limits
}

// sourceText is the text that a configuration was read from.
func sourceText(l *app.Loaded) (string, error) {
	switch {
	case l.Config.File != "":
		text, err := os.ReadFile(l.Config.File)
		return string(text), err
	case l.Simulated:
		return app.Simulated, nil
	default:
		text, _ := config.EnvironmentText(os.LookupEnv)
		return text, nil
	}
}
