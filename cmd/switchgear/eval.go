package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/eval/grade"
	"github.com/switchgear-dev/switchgear/internal/app"
)

// defaultEvals is where answers and runs are kept, beside the configuration.
const defaultEvals = ".switchgear/evals"

func newEval() *cobra.Command {
	c := &cobra.Command{
		Use:   "eval",
		Short: "Set a candidate against the incumbent on your own cases",
		Long: `An eval set is a file of cases and graders for a route (evals/ROUTE.yaml). A run asks two models its cases, through the
routing table, and says whether the candidate may take the incumbent's place: by a test against a margin, on the answers as
your application reads them, and on the same answers with their form ironed out.

  switchgear eval init chat --from-traffic               a set to begin with, of what users asked
  switchgear eval check chat                             is the set sound, and large enough?
  switchgear eval run chat --candidate openai/gpt-5.6    ask, grade, decide
  switchgear eval regrade RUN --normalise strip_fence    grade the stored answers again, for nothing
  switchgear eval report RUN --html report.html          show it

Exit codes: 0 it ships; 1 regression; 2 the command line, the configuration or the set is wrong; 3 inconclusive;
4 harness mismatch; 5 invalid run.`,
	}
	c.AddCommand(newEvalInit(), newEvalCheck(), newEvalRun(), newEvalRegrade(), newEvalReport(), newEvalDiff(), newEvalImport())
	return c
}

// gateError is a verdict that does not ship: it was said already.
type gateError struct{ code int }

func (e *gateError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// setFlags say where sets and runs are.
type setFlags struct {
	source app.Source
	store  string
}

func (f *setFlags) register(c *cobra.Command) {
	sourceFlags(c, &f.source)
	c.Flags().StringVar(&f.store, "store", defaultEvals, "the folder of the stored answers and runs")
}

func (f *setFlags) answers(set string) string { return filepath.Join(f.store, set+".answers.jsonl") }
func (f *setFlags) runs() string              { return filepath.Join(f.store, "runs") }

// setFile finds the set of a route, or the file that is named.
func (f *setFlags) setFile(name string) string {
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		return name
	}
	dir := "."
	if f.source.File != "" {
		dir = filepath.Dir(f.source.File)
	}
	return filepath.Join(dir, "evals", name+".yaml")
}

// loadSet reads a set and says what is wrong with it.
func loadSet(file string, judges eval.Completer, talk io.Writer) (*eval.Set, error) {
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no eval set %s. Name a route that has one (evals/ROUTE.yaml), or a file", file)
	}
	loader := eval.Loader{Graders: grade.Builtin(judges)}
	set, findings := loader.Load(file)
	fmt.Fprint(talk, app.Report(findings))
	if set == nil {
		return nil, errSilent
	}
	return set, nil
}

// faults counts errors among findings.
func faults(findings []config.Finding) int {
	n := 0
	for i := range findings {
		if findings[i].Severity == config.Error {
			n++
		}
	}
	return n
}

// findRun reads a run by its file, its id, or the beginning of its id.
func (f *setFlags) findRun(name string) (*eval.Run, error) {
	if strings.HasSuffix(name, ".json") {
		return eval.ReadRun(name)
	}
	if name == "" || strings.ContainsAny(name, `/\*?[`) {
		return nil, fmt.Errorf("%q is neither a run's id nor a run file", name)
	}
	matches, err := filepath.Glob(filepath.Join(f.runs(), name+"*.json"))
	if err != nil {
		return nil, err
	}
	switch len(matches) {
	case 0:
		return nil, fmt.Errorf("there is no run %s in %s", name, f.runs())
	case 1:
		return eval.ReadRun(matches[0])
	default:
		return nil, fmt.Errorf("%d runs begin with %s: say more of the id", len(matches), name)
	}
}
