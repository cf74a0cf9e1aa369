// Command driver runs the official clients of three languages against the
// built gateway, and prints a line for each case that fails, one for each
// suite that cannot run where it stands, and the sum.
//
//	go run ./driver -binary ../../bin/switchgear
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// suiteTime is how long one suite may take, retries and waits included.
const suiteTime = 5 * time.Minute

func main() {
	binary := flag.String("binary", "../../bin/switchgear", "the gateway to test")
	root := flag.String("root", "..", "the conformance folder")
	only := flag.String("only", "js,go,python", "the suites to run")
	verbose := flag.Bool("v", false, "print every case")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d := driver{binary: abs(*binary), root: abs(*root), verbose: *verbose, out: os.Stdout}
	for _, s := range suites(d.root) {
		if slices.Contains(strings.Split(*only, ","), s.name) {
			d.run(ctx, s)
		}
	}
	fmt.Fprintf(d.out, "conformance: %d passed, %d failed, %d skipped\n", d.passed, d.failed, d.skipped)
	if d.failed > 0 || ctx.Err() != nil {
		os.Exit(1)
	}
}

func abs(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return full
}

type driver struct {
	binary, root            string
	verbose                 bool
	out                     io.Writer
	passed, failed, skipped int
}

// run installs what a suite needs, starts fresh processes for it, and counts
// its cases. What it needs and cannot be had is said; anything else that goes
// wrong is a failure.
func (d *driver) run(ctx context.Context, s suite) {
	ctx, cancel := context.WithTimeout(ctx, suiteTime)
	defer cancel()
	expected := cases()
	if err := s.install(ctx); err != nil {
		d.skipped += len(expected)
		fmt.Fprintf(d.out, "conformance/%s: not run: %v\n", s.name, err)
		return
	}
	if s.build != nil {
		if err := s.build(ctx); err != nil {
			d.fail(s.name, "build", err.Error())
			return
		}
	}
	stage, err := d.start(ctx)
	if err != nil {
		d.fail(s.name, "start", err.Error())
		return
	}
	defer stage.stop()
	results, err := s.cases(ctx, stage.env())
	if err != nil {
		d.fail(s.name, "suite", err.Error())
	}
	before := d.failed
	d.count(s.name, expected, results)
	if d.failed > before || err != nil {
		fmt.Fprintf(d.out, "conformance/%s: the last the gateway said:\n%s", s.name, stage.gateway.tail(20))
	}
}

// count holds what a suite reported against what it was to report: a case that
// vanishes has failed.
func (d *driver) count(suite string, expected []string, results []result) {
	seen := map[string]bool{}
	for _, r := range results {
		switch {
		case seen[r.name]:
			d.fail(suite, r.name, "reported twice")
		case !slices.Contains(expected, r.name):
			d.fail(suite, r.name, "is not on the list of cases")
		case r.why != "":
			d.fail(suite, r.name, r.why)
		default:
			d.passed++
			if d.verbose {
				fmt.Fprintf(d.out, "pass conformance/%s %s\n", suite, r.name)
			}
		}
		seen[r.name] = true
	}
	for _, name := range expected {
		if !seen[name] {
			d.fail(suite, name, "was not reported")
		}
	}
}

func (d *driver) fail(suite, name, why string) {
	d.failed++
	fmt.Fprintf(d.out, "FAIL conformance/%s %s: %s\n", suite, name, why)
}
