// Command agents lets Claude Code finish a small task through the built
// gateway, over upstreams that play a model by script and fail by script. It
// prints a line for each case that fails, and the sum.
//
//	go run ./agents -binary ../../bin/switchgear -agent PATH/claude
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// caseTime bounds one case: the agent takes a second or two when all is well,
// and goes on for minutes, ever more slowly, when it is answered with failures.
const caseTime = 45 * time.Second

func main() { os.Exit(run()) }

func run() int {
	binary := flag.String("binary", "../../bin/switchgear", "the gateway to test")
	agent := flag.String("agent", "", "the Claude Code binary")
	config := flag.String("config", "../agents/switchgear.yaml", "the gateway's configuration")
	only := flag.String("only", "", "the one case to run")
	verbose := flag.Bool("v", false, "print every case and every request")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d := driver{binary: abs(*binary), agent: abs(*agent), config: abs(*config), verbose: *verbose, out: os.Stdout}
	passed, failed := 0, 0
	for _, c := range cases() {
		if *only != "" && *only != c.name {
			continue
		}
		began := time.Now()
		if err := d.run(ctx, c); err != nil {
			failed++
			fmt.Fprintf(d.out, "FAIL agents %s: %s\n", c.name, strings.ReplaceAll(err.Error(), "\n", "\n    "))
			continue
		}
		passed++
		if d.verbose {
			fmt.Fprintf(d.out, "pass agents %s (%.1f s)\n", c.name, time.Since(began).Seconds())
		}
	}
	fmt.Fprintf(d.out, "agents: %d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 || ctx.Err() != nil {
		return 1
	}
	return 0
}

type driver struct {
	binary, agent, config string
	verbose               bool
	out                   io.Writer
}

func abs(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return full
}
