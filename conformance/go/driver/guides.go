package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// guides are the texts of switchgear connect that a suite runs as they stand.
type guides struct {
	suffix  string   // of their names: openai-python
	file    string   // where a text is written, in the suite's folder
	command []string // what runs it there
	around  func(vendor, text string) string
}

// run pastes each text into a file and runs it: it must print the simulator's
// answer.
func (g guides) run(ctx context.Context, d *driver, s suite, url string) []result {
	var results []result
	for _, vendor := range []string{"openai", "anthropic"} {
		r := result{name: "connect/" + vendor}
		if err := g.one(ctx, d, s, vendor, url); err != nil {
			r.why = err.Error() + " "
		}
		results = append(results, r)
	}
	return results
}

func (g guides) one(ctx context.Context, d *driver, s suite, vendor, url string) error {
	name := vendor + "-" + g.suffix
	said := exec.CommandContext(ctx, d.binary, "connect", name, "--sim", "--url", url, "--key", clientKey, "--route", "chat") //nolint:gosec // the binary under test
	text, err := said.Output()
	if err != nil {
		return fmt.Errorf("switchgear connect %s: %w", name, err)
	}
	file := filepath.Join(s.dir, g.file)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(g.around(vendor, string(text))), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }()
	cmd := exec.CommandContext(ctx, g.command[0], append(g.command[1:], g.file)...) //nolint:gosec // from the table of suites
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the text for %s ended with %w: %s", name, err, lastLine(out))
	}
	if !strings.Contains(string(out), "[simulated]") {
		return fmt.Errorf("the text for %s printed %q, without the simulator's answer", name, lastLine(out))
	}
	return nil
}

func asItStands(_, text string) string { return text }

// inMain puts the fragment for Go where it can be run.
func inMain(vendor, text string) string {
	path, answer := "github.com/openai/openai-go/v3", "answer.Choices[0].Message.Content"
	if vendor == "anthropic" {
		path, answer = "github.com/anthropics/anthropic-sdk-go", "answer.Content[0].Text"
	}
	return "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\n\t\"" + path + "\"\n\t\"" + path + "/option\"\n)\n\nfunc main() {\n\tctx := context.Background()\n" +
		text + "\tif err != nil {\n\t\tpanic(err)\n\t}\n\tfmt.Println(" + answer + ")\n}\n"
}
