package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// suite is the clients of one language.
type suite struct {
	name    string
	dir     string
	install func(ctx context.Context) error // an error: it cannot run here
	build   func(ctx context.Context) error // an error: it is broken
	command []string
	guides  guides
}

// result is what a suite reports of a case; why is "" if it passed.
type result struct{ name, why string }

func suites(root string) []suite {
	js, gomod, python := filepath.Join(root, "js"), filepath.Join(root, "go"), filepath.Join(root, "python")
	venv, bin := filepath.Join(python, ".venv"), filepath.Join(gomod, ".bin", "suite")
	return []suite{
		{
			name: "js", dir: js, command: []string{"node", "suite.mjs"},
			install: steps(js, []string{"node", "--version"}, []string{"npm", "ci"}),
			guides:  guides{"node", "guide.mjs", []string{"node"}, asItStands},
		},
		{
			name: "go", dir: gomod, command: []string{bin},
			install: steps(gomod, []string{"go", "mod", "download"}),
			build:   steps(gomod, []string{"go", "build", "-o", bin, "./suite"}),
			guides:  guides{"go", filepath.Join(".bin", "guide.go"), []string{"go", "run"}, inMain},
		},
		{
			name: "python", dir: python, command: []string{filepath.Join(venv, "bin", "python"), "suite.py"},
			install: steps(python,
				[]string{"python3", "-m", "venv", venv},
				[]string{filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "-r", "requirements.txt"}),
			guides: guides{"python", "guide.py", []string{filepath.Join(venv, "bin", "python")}, asItStands},
		},
	}
}

// steps runs commands one after the other, and says which of them failed.
func steps(dir string, commands ...[]string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		for _, c := range commands {
			cmd := exec.CommandContext(ctx, c[0], c[1:]...) //nolint:gosec // from the table above
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if errors.Is(err, exec.ErrNotFound) {
				return fmt.Errorf("there is no %s", c[0])
			}
			if err != nil {
				return fmt.Errorf("%s failed: %w: %s", strings.Join(c, " "), err, lastLine(out))
			}
		}
		return nil
	}
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// cases runs the suite and reads a line for each case: "pass NAME" or
// "fail NAME: why". Its environment holds nothing that is not meant for it.
func (s suite) cases(ctx context.Context, env []string) ([]result, error) {
	home, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(home) }()
	var out, talk bytes.Buffer
	cmd := exec.CommandContext(ctx, s.command[0], s.command[1:]...) //nolint:gosec // from the table above
	cmd.Dir = s.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "NO_PROXY=127.0.0.1"}, env...)
	cmd.Stdout, cmd.Stderr = &out, &talk
	err = cmd.Run()
	var results []result
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "pass":
			results = append(results, result{name: rest})
		case "fail":
			name, why, _ := strings.Cut(rest, ": ")
			results = append(results, result{name, why + " "})
		default:
			err = errors.Join(err, fmt.Errorf("the suite said %q", lines.Text()))
		}
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, lastLine(talk.Bytes()))
	}
	return results, errors.Join(err, lines.Err())
}
