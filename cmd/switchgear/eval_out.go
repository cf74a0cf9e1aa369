package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/report"
)

// outFlags say how a run is shown.
type outFlags struct {
	format string
	asJSON bool
	html   string
}

func (f *outFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.format, "format", "text", "text, json, md for a pull request, or junit for the test report of a CI system")
	c.Flags().BoolVar(&f.asJSON, "json", false, "the same as --format json")
	c.Flags().StringVar(&f.html, "html", "", "also write a page with all answers to this file (0600: it holds prompts and answers)")
}

// finish keeps a run, shows it, and ends with its verdict's code.
func (f *outFlags) finish(c *cobra.Command, flags *setFlags, run *eval.Run, store *eval.Store) error {
	file, err := eval.WriteRun(flags.runs(), run)
	if err != nil {
		return &badError{err: err}
	}
	if err := f.show(c.OutOrStdout(), run); err != nil {
		return err
	}
	fmt.Fprintln(c.ErrOrStderr(), "written to "+file)
	if f.html != "" {
		if err := f.page(run, store, flags, c.ErrOrStderr()); err != nil {
			return err
		}
	}
	if run.Verdict.Exit != 0 {
		return &gateError{code: run.Verdict.Exit}
	}
	return nil
}

func (f *outFlags) show(w io.Writer, run *eval.Run) error {
	format := f.format
	if f.asJSON {
		format = "json"
	}
	switch format {
	case "text":
		return report.Text(w, run)
	case "json":
		return printJSON(w, run)
	case "md", "markdown":
		return report.Markdown(w, run)
	case "junit":
		return report.JUnit(w, run)
	default:
		return fmt.Errorf("--format is text, json, md or junit, not %q", format)
	}
}

// page writes the HTML page. The questions are in it if the set still loads.
func (f *outFlags) page(run *eval.Run, store *eval.Store, flags *setFlags, talk io.Writer) error {
	set, err := loadSet(run.File, nil, io.Discard)
	if err != nil {
		fmt.Fprintf(talk, "%s does not load any more: the page has no questions\n", run.File)
	}
	if store == nil {
		if store, err = eval.ReadStore(flags.answers(run.Set)); err != nil {
			return err
		}
	}
	if dir := filepath.Dir(f.html); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(f.html, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("the page cannot be written: %w", err)
	}
	if err := report.HTML(file, run, report.Material{Set: set, Store: store}); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// forecast shows what a run would take.
func (f *outFlags) forecast(w io.Writer, forecast *eval.Forecast, b *bench) error {
	if f.asJSON || f.format == "json" {
		return printJSON(w, forecast)
	}
	fmt.Fprintf(w, "set     %s: %s x%d, margin %g points\n", b.set.File, count(forecast.Cases, "case"), b.set.Repeats, 100*forecast.Margin)
	fmt.Fprintf(w, "models  %s -> %s\n", b.inc.Target, b.cand.Target)
	fmt.Fprintf(w, "calls   %d to pay for, %d answers stored", forecast.Calls, forecast.Stored)
	if forecast.Judged > 0 {
		fmt.Fprintf(w, ", and about %d calls of judges", forecast.Judged)
	}
	fmt.Fprintln(w)
	output := "as long as they get"
	if forecast.Output > 0 {
		output = fmt.Sprint("about ", forecast.Output)
	}
	fmt.Fprintf(w, "tokens  about %d in, out %s\n", forecast.Input, output)
	switch {
	case forecast.Calls == 0:
		fmt.Fprintln(w, "cost    $0")
	case !forecast.MostKnown:
		fmt.Fprintln(w, "cost    unknown: give the models a price, or limit the calls with --max-calls")
	case forecast.USDKnown:
		fmt.Fprintf(w, "cost    about $%.4f, as the stored answers go; $%.4f at the very most\n", forecast.USD, forecast.Most)
	default:
		fmt.Fprintf(w, "cost    $%.4f at the very most: every byte a token, every answer as long as it may be\n", forecast.Most)
	}
	fmt.Fprintln(w, "shows   "+forecast.Foresight.Says)
	return nil
}

// evalBar is a line that is written over on a terminal; elsewhere, a line for each
// tenth of the way.
type evalBar struct {
	w        io.Writer
	terminal bool
	last     time.Time
	tenth    int
}

func newEvalBar(talk io.Writer) *evalBar {
	b := &evalBar{w: talk}
	if file, ok := talk.(*os.File); ok {
		info, err := file.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return b
}

// barEvery is how often the bar is drawn anew: as fast as one can read.
const barEvery = 100 * time.Millisecond

func (b *evalBar) show(p eval.Progress) {
	if !b.terminal {
		if tenth := 10 * p.Done / max(1, p.Total); tenth > b.tenth && p.Asked > 0 {
			b.tenth = tenth
			fmt.Fprintf(b.w, "%d of %d answers, %d paid for, $%.4f\n", p.Done, p.Total, p.Asked, p.USD)
		}
		return
	}
	if time.Since(b.last) < barEvery && p.Done < p.Total {
		return
	}
	b.last = time.Now()
	fmt.Fprint(b.w, "\r\x1b[K"+barText(p))
}

// barText is one line: how far, the scores, the dollars, the time left.
func barText(p eval.Progress) string {
	const width = 24
	full := 0
	if p.Total > 0 {
		full = width * p.Done / p.Total
	}
	text := make([]rune, width)
	for i := range text {
		text[i] = '░'
		if i < full {
			text[i] = '█'
		}
	}
	line := fmt.Sprintf("%s %d/%d", string(text), p.Done, p.Total)
	if p.Cases > 0 {
		line += fmt.Sprintf("  inc %.1f%% cand %.1f%%", 100*p.Incumbent, 100*p.Candidate)
	}
	line += fmt.Sprintf("  $%.4f", p.USD)
	if p.Missing > 0 {
		line += fmt.Sprintf("  %d missing", p.Missing)
	}
	if p.Left > 0 {
		line += "  " + p.Left.Round(time.Second).String() + " left"
	}
	return line
}

func (b *evalBar) done() {
	if b.terminal && !b.last.IsZero() {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}
