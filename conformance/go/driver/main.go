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

const (
	installTime = 12 * time.Minute // the Go clients alone take minutes to compile on a small machine
	suiteTime   = 5 * time.Minute  // retries and waits included
)

func main() { os.Exit(run()) }

func run() int {
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
		return 1
	}
	return 0
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
	expected := cases()
	if why, err := d.prepare(ctx, s); err != nil {
		d.fail(s.name, "build", err.Error())
		return
	} else if why != "" {
		d.skipped += len(expected)
		fmt.Fprintf(d.out, "conformance/%s: not run: %s\n", s.name, why)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, suiteTime)
	defer cancel()
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
	results = append(results, s.guides.run(ctx, d, s, stage.url)...)
	before := d.failed
	d.count(s.name, expected, results)
	if d.failed > before || err != nil {
		fmt.Fprintf(d.out, "conformance/%s: the last the gateway said:\n%s", s.name, stage.gateway.Tail(20))
	}
}

// prepare installs what a suite needs and builds it. Why is the reason it
// cannot run here; an error says that it is broken.
func (d *driver) prepare(ctx context.Context, s suite) (why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	if err := s.install(ctx); err != nil {
		return err.Error(), nil
	}
	if s.build == nil {
		return "", nil
	}
	return "", s.build(ctx)
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
