package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// runVersion is the version of the run files that this program writes.
const runVersion = 1

// WriteRun writes a run into a folder, under its id, and says where. The file
// is whole or not there.
func WriteRun(dir string, run *Run) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("the folder of the runs cannot be made: %w", err)
	}
	text, err := json.Marshal(run)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, run.ID+".json")
	tmp, err := os.CreateTemp(dir, ".run-*") // 0600
	if err != nil {
		return "", fmt.Errorf("the run cannot be written: %w", err)
	}
	_, err = tmp.Write(append(text, '\n'))
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("the run cannot be written: %w", err), os.Remove(tmp.Name()))
	}
	return name, nil
}

// ReadRun reads a run file.
func ReadRun(file string) (*Run, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the run cannot be read: %w", err)
	}
	run := &Run{}
	if err := json.Unmarshal(text, run); err != nil {
		if !json.Valid(text) {
			return nil, fmt.Errorf("%s is cut short or no run file (%w). Its answers are stored apart: run the same command again, at no cost", file, err)
		}
		return nil, fmt.Errorf("%s is no run file: %w", file, err)
	}
	switch {
	case run.Version != runVersion:
		return nil, fmt.Errorf("%s is a run of version %d; this program reads version %d", file, run.Version, runVersion)
	case run.ID == "" || run.Verdict.Word == "":
		return nil, fmt.Errorf("%s is no run file: it has no id or no verdict", file)
	}
	for i := range run.Cases {
		for _, j := range []*Judged{&run.Cases[i].Incumbent, &run.Cases[i].Candidate} {
			if j.Missing == "" && (len(j.Strict) < len(run.Metrics) || len(j.Lenient) != len(j.Strict) || len(j.Gains) != len(j.Rungs)) {
				return nil, fmt.Errorf("%s: case %s: its scores do not fit the metrics of the run", file, run.Cases[i].ID)
			}
		}
	}
	return run, nil
}

// Runs reads the runs of a folder, oldest first. Files that cannot be read are
// passed over, and said.
func Runs(dir string) ([]*Run, []error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{err}
	}
	var runs []*Run
	var bad []error
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		run, err := ReadRun(filepath.Join(dir, e.Name()))
		if err != nil {
			bad = append(bad, err)
			continue
		}
		runs = append(runs, run)
	}
	slices.SortStableFunc(runs, func(a, b *Run) int { return a.At.Compare(b.At) })
	return runs, bad
}
