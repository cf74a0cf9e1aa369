package swap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Runner is the gateway that serves the file.
type Runner interface {
	// Reload makes it load the file again, and says which table it serves
	// then. A [RefusedError] is that it goes on with the old one.
	Reload(ctx context.Context) (generation string, err error)
}

// RefusedError is that a gateway loaded the file and would not serve it.
type RefusedError struct{ Err error }

// Error implements error.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap is what the gateway said.
func (e *RefusedError) Unwrap() error { return e.Err }

// StaleError is that a plan was made for another state of things.
type StaleError struct{ What string }

// Error implements error.
func (e *StaleError) Error() string {
	return "the plan is stale: " + e.What + ". Plan again, and look at it again"
}

// Site is where a plan is applied, and by whom.
type Site struct {
	File   File   // as it is now
	House  *House // as it is now
	Runner Runner // nil if nobody is to be told
	By     string
	Now    time.Time
}

// Parse reads a plan file.
func Parse(text []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&p); err != nil || p.Version == 0 {
		return nil, errors.New("this is no plan. Make one: switchgear swap plan ROUTE --to MODEL --out FILE")
	}
	if p.Version > planVersion {
		return nil, fmt.Errorf("this plan was made by a newer version of switchgear (format %d; this one reads %d)", p.Version, planVersion)
	}
	return &p, nil
}

// Renew thinks the plan's swap through again at a site, and reports whether the
// plan still holds. Nothing in the plan file is taken on trust: the new plan is
// the one to go by.
func (p *Plan) Renew(s *Site) (*Plan, error) {
	if got := Hash(s.File.Text); got != p.Bound.Config {
		return nil, &StaleError{s.File.Name + " has changed since it was made"}
	}
	lock := ""
	if s.House.Lock != nil {
		lock = Hash(s.House.Lock)
	}
	if lock != p.Bound.Lock {
		return nil, &StaleError{"the lock has changed since it was made"}
	}
	next, err := Make(s.File, &Wish{Place: p.Place, To: p.Use, With: p.With, Share: p.Share, Promote: p.Promote, Usage: p.Usage, Calls: p.Cost.Calls}, s.House, s.Now)
	if err != nil {
		return nil, err
	}
	switch {
	case next.Bound.Generation != p.Bound.Generation:
		return nil, &StaleError{s.File.Name + " is as it was, but a variable or file that it takes a value from is not"}
	case next.From != p.From || next.New != p.New || next.Line != p.Line || !slices.Equal(next.Before, p.Before) || !slices.Equal(next.After, p.After):
		return nil, &StaleError{"it shows another change than would be made"}
	}
	for _, b := range next.Breaks {
		if !slices.Contains(p.Breaks, b) {
			return nil, &StaleError{"more would break than it says (" + b + ")"}
		}
	}
	return next, nil
}

// Apply makes the swap: it notes the old text down, writes the new one, and
// tells the gateway. If the gateway refuses, the old text is put back. Reloaded
// is the table the gateway then serves; "" if none was told.
//
// An error of another kind from the gateway leaves the swap made: the entry is
// then not nil.
func (p *Plan) Apply(ctx context.Context, s *Site) (made *Entry, reloaded string, err error) {
	next, err := p.Renew(s)
	if err != nil {
		return nil, "", err
	}
	if err := next.Refusal(); err != nil {
		return nil, "", err
	}
	e := &Entry{
		Version: planVersion, Made: s.Now.UTC().Truncate(time.Second), By: s.By, File: filepath.Base(s.File.Name), Place: next.Place,
		From: next.From, To: next.To, Title: next.Title, Share: next.Share, Proof: next.Proof, Old: s.File.Text, OldHash: Hash(s.File.Text), NewHash: Hash(next.edit.Text),
	}
	e.unused(s.File.Name)
	if err := e.keep(s.File.Name); err != nil {
		return nil, "", err
	}
	if err := overwrite(s.File.Name, s.File.Text, next.edit.Text); err != nil {
		return nil, "", errors.Join(err, e.forget(s.File.Name))
	}
	if s.Runner == nil {
		return e, "", nil
	}
	reloaded, err = s.Runner.Reload(ctx)
	if _, refused := errors.AsType[*RefusedError](err); refused {
		if back := overwrite(s.File.Name, next.edit.Text, e.Old); back != nil {
			return e, "", fmt.Errorf("the gateway refused the new table, and the file could not be put back: %w", errors.Join(back, err))
		}
		return nil, "", errors.Join(fmt.Errorf("the gateway refused the new table, so the file was put back: %w", err), e.forget(s.File.Name))
	}
	return e, reloaded, err
}

// overwrite replaces a file's text, if it still is what it was taken for. A
// link is followed, and the file keeps its mode.
func overwrite(name string, was, text []byte) error {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	now, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, was) {
		return &StaleError{name + " has just been changed by somebody else"}
	}
	return writeFile(path, text, info.Mode().Perm())
}

// Revert takes the last swap of a file back: the file holds the bytes it held
// before. It refuses if somebody has edited the file since, because their work
// would be lost.
func Revert(ctx context.Context, s *Site) (undone *Entry, reloaded string, err error) {
	entries, err := History(s.File.Name)
	if err != nil {
		return nil, "", err
	}
	var last *Entry
	for _, e := range slices.Backward(entries) {
		if e.Reverted.IsZero() {
			last = e
			break
		}
	}
	switch {
	case last == nil:
		return nil, "", fmt.Errorf("no swap of %s is left to be reverted", s.File.Name)
	case last.NewHash != Hash(s.File.Text):
		return nil, "", fmt.Errorf("%s was edited after the last swap (%s, %s), and a revert would lose that. Take back the swap alone: %s",
			s.File.Name, last.Place, last.Made.Format(time.RFC3339), Command(last.Place, last.From))
	case Hash(last.Old) != last.OldHash:
		return nil, "", fmt.Errorf("the old text kept in %s is damaged. Take back the swap by hand: %s", last.ID, Command(last.Place, last.From))
	}
	if err := overwrite(s.File.Name, s.File.Text, last.Old); err != nil {
		return nil, "", err
	}
	last.Reverted = s.Now.UTC().Truncate(time.Second)
	if err := last.keep(s.File.Name); err != nil {
		return last, "", err
	}
	if s.Runner == nil {
		return last, "", nil
	}
	reloaded, err = s.Runner.Reload(ctx)
	if _, refused := errors.AsType[*RefusedError](err); refused {
		swapped := s.File.Text
		last.Reverted = time.Time{}
		back := errors.Join(overwrite(s.File.Name, last.Old, swapped), last.keep(s.File.Name))
		if back != nil {
			return last, "", fmt.Errorf("the gateway refused the old table, and the file could not be put back: %w", errors.Join(back, err))
		}
		return nil, "", fmt.Errorf("the gateway refused the old table, so the file stays as it was: %w", err)
	}
	return last, reloaded, err
}

// Command is the command that plans a swap.
func Command(at Place, to string) string {
	var b strings.Builder
	b.WriteString("switchgear swap plan " + at.Route)
	if at.Rule > 0 {
		fmt.Fprintf(&b, " --rule %d", at.Rule)
	}
	if at.Step > 1 {
		fmt.Fprintf(&b, " --step %d", at.Step)
	}
	b.WriteString(" --to " + to)
	return b.String()
}
