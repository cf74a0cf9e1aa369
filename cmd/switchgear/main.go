// Command switchgear stands between a product and the models it calls: any
// OpenAI or Anthropic client points its base URL at it, names a route as the
// model, and is answered by the first target of the route's chain that can.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/app"
)

// version is set when the binary is built.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes. They are part of what the commands promise.
const (
	exitFine  = 0
	exitBad   = 1 // it ran, and the answer is bad
	exitUsage = 2 // the command line or the configuration is wrong
	exitLock  = 6 // a target that is not proven would serve

	exitStopped = 130 // interrupted before it had come to its end: 128 and the number of the signal, as shells have it
)

// run is the whole program but for the process.
func run(args []string, in io.Reader, out, talk io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(talk)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitFine
	}
	return codeOf(talk, err)
}

// badError is a failure of what was asked, not of how.
type badError struct{ err error }

func (e *badError) Error() string { return e.err.Error() }
func (e *badError) Unwrap() error { return e.err }

// lockError is a violation of the gate.
type lockError struct{ err error }

func (e *lockError) Error() string { return e.err.Error() }
func (e *lockError) Unwrap() error { return e.err }

// stoppedError is the end of what somebody stopped.
type stoppedError struct{ said string }

func (e *stoppedError) Error() string { return e.said }

var errSilent = errors.New("already said")

// codeOf says what went wrong, and gives the exit code.
func codeOf(talk io.Writer, err error) int {
	if gate, ok := errors.AsType[*gateError](err); ok {
		return gate.code
	}
	cfg, isConfig := errors.AsType[*gateway.ConfigError](err)
	switch {
	case errors.Is(err, errSilent), err.Error() == "": // all is said
	case isConfig:
		fmt.Fprint(talk, app.Report(cfg.Findings))
	default:
		fmt.Fprintln(talk, "switchgear: "+err.Error())
	}
	if bad, ok := errors.AsType[*badError](err); ok && bad != nil {
		return exitBad
	}
	if _, ok := errors.AsType[*stoppedError](err); ok {
		return exitStopped
	}
	if violated, ok := errors.AsType[*lockError](err); (ok && violated != nil) || (isConfig && cfg.GateOnly()) {
		return exitLock
	}
	return exitUsage
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "switchgear",
		Short: "One interface in front of every model provider, with routes, fallbacks and breakers",
		Long: `Switchgear stands between a product and the models it calls.

  switchgear demo                        a provider's ten bad minutes in sixty seconds, and what users see of them
  switchgear serve                       the routes of switchgear.yaml, or of the provider keys in the environment, or of the simulator
  switchgear check                       find every mistake in switchgear.yaml
  switchgear call chat "Hello"           ask a route one question

Exit codes: 0 fine; 1 it ran, and the answer is bad; 2 the command line or the configuration is wrong; of eval alone
3 inconclusive, 4 harness mismatch, 5 invalid run; 6 a model that is not proven would serve; 130 a demo or a drill was stopped.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("switchgear {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w. See %s --help", err, c.CommandPath())
	})
	root.AddCommand(newServe(), newCheck(), newExplain(), newCall(), newSim(), newModels(), newSchema(), newDoctor(), newConnect(), newCircuit(), newDrill(), newDemo(), newBubble(), newAlerts(), newLock(), newEval(), newSwap(), newTune())
	return root
}
