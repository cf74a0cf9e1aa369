package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/draft"
	"github.com/switchgear-dev/switchgear/internal/record"
)

// initFlags are what one says of a set to be made.
type initFlags struct {
	setFlags

	traffic bool
	n       int
	since   string
	seed    uint64
	judge   string
	out     string
	records string
	asJSON  bool
}

// begun is what was written, for programs.
type begun struct {
	Set    string        `json:"set"`
	Files  []string      `json:"files"`
	Route  string        `json:"route"`
	Cases  int           `json:"cases"`
	Looks  string        `json:"looks,omitempty"`
	Todo   []string      `json:"todo"`
	Passed *draft.Passed `json:"passed_over,omitempty"`
	Next   []string      `json:"next"`
}

func newEvalInit() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init ROUTE",
		Short: "Begin an eval set: by hand, or of recorded traffic",
		Long: `Writes evals/ROUTE.yaml, a set that runs, to begin with. Nothing that is there is ever written over.

With --from-traffic its cases are requests that were recorded (record: {bodies: sampled} in the configuration) and answered by the
route's first model: each conversation once, spread over labels, lengths and time. The graders are guessed from what the answers
look like. What is expected is what that model said, which need not be right: the file says what a person must still do.`,
		Example: "  switchgear eval init extract\n  switchgear eval init chat --from-traffic --n 200 --since 7d",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	sourceFlags(c, &f.source)
	fl := c.Flags()
	fl.BoolVar(&f.traffic, "from-traffic", false, "make the cases of recorded requests")
	fl.IntVar(&f.n, "n", 250, "how many cases, at most")
	fl.StringVar(&f.since, "since", "", "only requests of this long: 7d, 12h (default: all that are kept)")
	fl.Uint64Var(&f.seed, "seed", 0, "of the choice among the requests")
	fl.StringVar(&f.judge, "judge", "", "who judges answers that are prose: a route, or provider/model; none for graders that only see refusals and rambling")
	fl.StringVar(&f.out, "out", "", "the file to write (default: evals/ROUTE.yaml)")
	fl.StringVar(&f.records, "records", "", "the folder of the records (default: the configuration's record.folder)")
	fl.BoolVar(&f.asJSON, "json", false, "print what was written as JSON")
	return c
}

func (f *initFlags) run(c *cobra.Command, name string) error {
	if err := f.sound(c); err != nil {
		return err
	}
	f.source.Bare, f.source.Ungated = true, true
	loaded, err := f.source.Load()
	if err != nil {
		return err
	}
	route, ok := loaded.Config.Route(name)
	if !ok {
		return fmt.Errorf("the configuration has no route %q. %s", name, cmp.Or(config.DidYouMean(name, routeNames(loaded.Config)), "There are: "+strings.Join(routeNames(loaded.Config), ", ")+"."))
	}
	if route.Kind == config.KindEmbedding {
		return fmt.Errorf("%s is asked for vectors, which no grader can judge. Name a chat route", route.Name)
	}
	files := f.files(route.Name)
	if err := files.free(); err != nil {
		return err
	}
	d, err := f.draft(c, loaded.Config, route, &files)
	if err != nil {
		return err
	}
	if err := files.write(d); err != nil {
		return err
	}
	b := begun{Set: files.set, Files: files.of(d), Route: route.Name, Cases: d.N, Looks: d.Looks, Todo: d.Todo, Next: f.next(route, &files)}
	if f.traffic {
		b.Passed = &d.Passed
	}
	if f.asJSON {
		return printJSON(c.OutOrStdout(), b)
	}
	b.say(c.OutOrStdout())
	return nil
}

// sound looks at flags that say nothing together.
func (f *initFlags) sound(c *cobra.Command) error {
	if f.n < 1 {
		return fmt.Errorf("--n takes a number from 1 on, not %d", f.n)
	}
	for _, name := range []string{"n", "since", "seed", "judge", "records"} {
		if !f.traffic && c.Flags().Changed(name) {
			return fmt.Errorf("--%s says something of recorded requests. Add --from-traffic, or leave it out", name)
		}
	}
	return nil
}

func (f *initFlags) draft(c *cobra.Command, cfg *config.Config, route *config.Route, files *initFiles) (*draft.Draft, error) {
	normalise := config.Texts(route.Normalise)
	if !f.traffic {
		needs := config.Texts(route.Needs)
		return draft.ByHand(draft.Start{
			Route: route.Name, Margin: eval.DefaultMargin(route.Stakes), Normalise: normalise,
			JSON: slices.Contains(needs, "json_schema"), Tools: slices.Contains(needs, "tools"),
		}), nil
	}
	if err := f.soundJudge(cfg); err != nil {
		return nil, err
	}
	entries, err := f.entries(c.ErrOrStderr(), cfg)
	if err != nil {
		return nil, err
	}
	d, err := draft.FromTraffic(entries, draft.Options{
		Choice: draft.Choice{Route: route.Name, Target: route.Chain[0].Target.String(), N: f.n, Seed: f.seed},
		Name:   files.name, Judge: f.judge, Normalise: normalise,
	})
	if errors.Is(err, draft.ErrNothing) {
		return nil, fmt.Errorf("there are %s, and none of them can be a case for route %s: %s. %s",
			count(len(entries), "record"), route.Name, passedText(d.Passed, route.Chain[0].Target.String()), recordHint(cfg, route))
	}
	if errors.Is(err, draft.ErrProse) {
		return nil, fmt.Errorf("%w. Name a model that you trust and that is neither of those to be compared: --judge provider/model, or a route; or --judge none for graders that only see refusals and rambling, and prove nothing", err)
	}
	if err == nil {
		fmt.Fprintln(c.ErrOrStderr(), "passed over: "+passedText(d.Passed, route.Chain[0].Target.String()))
	}
	return d, err
}

// soundJudge looks whether there is such a judge.
func (f *initFlags) soundJudge(cfg *config.Config) error {
	if f.judge == "" || f.judge == draft.NoJudge {
		return nil
	}
	if _, ok := cfg.Route(f.judge); ok {
		return nil
	}
	t, err := switchgear.ParseTarget(f.judge)
	if err != nil {
		return fmt.Errorf("--judge takes a route, provider/model or none, not %q", f.judge)
	}
	if _, ok := cfg.Provider(t.Provider); !ok {
		return fmt.Errorf("--judge names the provider %q, which the configuration does not have", t.Provider)
	}
	return nil
}

// recordHint says how there come to be records.
func recordHint(cfg *config.Config, route *config.Route) string {
	switch {
	case !cfg.Record.On:
		return "Nothing is recorded: add record: {bodies: sampled} to the configuration, and let users ask for a while"
	case !route.Recorded():
		return "The route has record: off"
	default:
		return "Let users ask for a while, or raise record.rate"
	}
}

// entries reads the records.
func (f *initFlags) entries(talk io.Writer, cfg *config.Config) ([]record.Entry, error) {
	var since time.Time
	if f.since != "" {
		d, err := daysOrDuration(f.since)
		if err != nil {
			return nil, err
		}
		since = time.Now().Add(-d)
	}
	folder := cmp.Or(f.records, cfg.Record.Folder)
	var entries []record.Entry
	unread, err := record.Read(folder, since, func(e *record.Entry) { entries = append(entries, *e) })
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there are no records: %s is not there. Add record: {bodies: sampled} to the configuration, and let users ask for a while; or name a folder with --records", folder)
	}
	if err != nil {
		return nil, fmt.Errorf("the records cannot be read: %w", err)
	}
	if unread > 0 {
		fmt.Fprintf(talk, "%s of the records could not be read: they were cut short\n", count(unread, "line"))
	}
	return entries, nil
}

func daysOrDuration(s string) (time.Duration, error) {
	if whole, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(whole); err == nil && n > 0 && n <= 3650 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("--since takes a length of time such as 7d or 12h, not %q", s)
}

// passedText says why records are no cases.
func passedText(p draft.Passed, target string) string {
	var out []string
	for _, c := range []struct {
		n   int
		why string
	}{
		{p.Route, "of other routes"},
		{p.Model, "answered by another model than " + target},
		{p.Media, "with pictures or the like, which are not recorded"},
		{p.Refused, "refused"},
		{p.Cut, "cut at their limit"},
		{p.Nothing, "without an answer"},
		{p.Again, "asked before"},
		{p.Earlier, "earlier turns of a conversation that is in"},
		{p.Remaining, "more than were asked for (--n)"},
	} {
		if c.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", c.n, c.why))
		}
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, ", ")
}

// next are the commands to type next.
func (f *initFlags) next(route *config.Route, files *initFiles) []string {
	candidate := "PROVIDER/MODEL"
	if len(route.Chain) > 1 {
		candidate = route.Chain[1].Use
	}
	named := files.set
	if files.set == f.setFile(route.Name) {
		named = route.Name
	}
	with := ""
	if f.source.File != "" {
		with = " --config " + f.source.File
	}
	return []string{
		fmt.Sprintf("switchgear eval check %s%s", named, with),
		fmt.Sprintf("switchgear eval run %s --candidate %s --dry-run%s", named, candidate, with),
	}
}

// say tells what was written, what is to be done, and what to type next.
func (b *begun) say(out io.Writer) {
	fmt.Fprintf(out, "%s: %s for route %s", b.Set, count(b.Cases, "case"), b.Route)
	if b.Looks != "" {
		fmt.Fprintf(out, "; %s", b.Looks)
	}
	fmt.Fprintln(out, "\n\nWhat a person must still do:")
	for i, t := range b.Todo {
		fmt.Fprintf(out, "  %d. %s\n", i+1, t)
	}
	fmt.Fprintln(out, "\nnext")
	for _, command := range b.Next {
		fmt.Fprintln(out, "  "+command)
	}
}

// initFiles are the files of a set.
type initFiles struct{ name, set, cases, schema string }

func (f *initFlags) files(route string) initFiles {
	set := cmp.Or(f.out, f.setFile(route))
	name := strings.TrimSuffix(filepath.Base(set), filepath.Ext(set))
	beside := func(ending string) string { return filepath.Join(filepath.Dir(set), name+ending) }
	return initFiles{name: name, set: set, cases: beside(".jsonl"), schema: beside(".schema.json")}
}

// of are the files that a draft is written to.
func (f *initFiles) of(d *draft.Draft) []string {
	out := []string{f.set}
	if d.Cases != nil {
		out = append(out, f.cases)
	}
	if d.Schema != nil {
		out = append(out, f.schema)
	}
	return out
}

// free refuses to write over what is there.
func (f *initFiles) free() error {
	if ext := filepath.Ext(f.set); ext != ".yaml" && ext != ".yml" {
		return fmt.Errorf("--out takes the name of a YAML file, not %q", f.set)
	}
	for _, file := range []string{f.set, f.cases, f.schema} {
		if _, err := os.Lstat(file); err == nil {
			return fmt.Errorf("%s is there already. Name another set with --out, or remove it", file)
		}
	}
	return nil
}

// write writes the files, the set last. What users asked is for the owner alone,
// however well it was redacted: whoever commits it decides so.
func (f *initFiles) write(d *draft.Draft) error {
	if err := os.MkdirAll(filepath.Dir(f.set), 0o755); err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		text []byte
		mode os.FileMode
	}{{f.cases, d.Cases, 0o600}, {f.schema, d.Schema, 0o644}, {f.set, d.Set, 0o644}} {
		if file.text == nil {
			continue
		}
		to, err := os.OpenFile(file.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, file.mode)
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s is there already. Name another set with --out, or remove it", file.name)
		}
		if err != nil {
			return err
		}
		if _, err := to.Write(file.text); err != nil {
			return errors.Join(err, to.Close())
		}
		if err := to.Close(); err != nil {
			return err
		}
	}
	return nil
}
