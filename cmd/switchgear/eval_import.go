package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/switchgear-dev/switchgear/eval"
	"github.com/switchgear-dev/switchgear/internal/app"
)

func newEvalImport() *cobra.Command {
	var route, judge, out string
	c := &cobra.Command{
		Use:   "import FILE --route ROUTE",
		Short: "Make an eval set of a promptfoo configuration",
		Long: `Makes an eval set of a promptfoo configuration: each prompt with each test becomes a case, each assertion a grader. What cannot
be carried over is named, with its place.`,
		Example: "  switchgear eval import promptfooconfig.yaml --route chat --out evals/chat.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if route == "" {
				return errors.New("which route is the set to judge? Name it with --route")
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("the file cannot be read: %w", err)
			}
			set, findings := eval.ImportPromptfoo(args[0], text, eval.ImportOptions{Route: route, Judge: judge})
			fmt.Fprint(c.ErrOrStderr(), app.Report(findings))
			if set == nil {
				return errSilent
			}
			return writeNew(out, set, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&route, "route", "", "the route that the set is to judge")
	c.Flags().StringVar(&judge, "judge", "", "the model that judges where an assertion names none: a route, or provider/model")
	c.Flags().StringVar(&out, "out", "", "the file to write (default: stdout); one that is there is left alone")
	return c
}

// writeNew writes a file that is not there yet.
func writeNew(file string, text []byte, stdout io.Writer) error {
	if file == "" {
		_, err := stdout.Write(text)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a set is committed beside the configuration
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already. Name another with --out, or remove it", file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
