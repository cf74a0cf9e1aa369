package swap

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is a swap that was made: enough to take it back.
type Entry struct {
	Version  int       `json:"version"`
	ID       string    `json:"id"`
	Made     time.Time `json:"made"`
	By       string    `json:"by,omitempty"`
	File     string    `json:"file"` // its base name: the history lies beside it
	Place    Place     `json:"place"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Title    string    `json:"title,omitempty"`
	Share    float64   `json:"share,omitempty"` // of the requests, if it was a canary
	Proof    Proof     `json:"proof"`
	Old      []byte    `json:"old_text"` // the whole file, byte for byte
	OldHash  string    `json:"old_hash"`
	NewHash  string    `json:"new_hash"`
	Reverted time.Time `json:"reverted,omitzero"`
}

// Told is what was done, in a line.
func (e *Entry) Told() string {
	if e.Title != "" {
		return e.Title
	}
	return fmt.Sprintf("%s: %s -> %s", e.Place, e.From, e.To)
}

// Undone is that it was taken back, in a line.
func (e *Entry) Undone() string {
	made := e.Made.Format(time.RFC3339)
	if e.Title == "" || e.Title == fmt.Sprintf("%s: %s -> %s", e.Place, e.From, e.To) {
		return fmt.Sprintf("%s: %s -> %s, as before %s", e.Place, e.To, e.From, made)
	}
	return "taken back, as before " + made + ": " + e.Title
}

// historyDir is where the history of a routing file lies. It holds the file's
// old text, which is why nobody else may read it.
func historyDir(file string) string {
	return filepath.Join(filepath.Dir(file), ".switchgear", "swaps")
}

// keep writes an entry. It must be on the disk before the file changes.
func (e *Entry) keep(file string) error {
	dir := historyDir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the swap could not be noted down for a later revert: %w", err)
	}
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, e.ID+".json"), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("the swap could not be noted down for a later revert: %w", err)
	}
	return nil
}

// forget removes an entry whose swap did not come about.
func (e *Entry) forget(file string) error {
	return os.Remove(filepath.Join(historyDir(file), e.ID+".json"))
}

// History is the swaps of a routing file that were made here, oldest first.
func History(file string) ([]*Entry, error) {
	names, err := filepath.Glob(filepath.Join(historyDir(file), "*.json"))
	if err != nil {
		return nil, err
	}
	var out []*Entry
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var e Entry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("%s is no swap of this program: %w", name, err)
		}
		if e.Version > planVersion {
			return nil, fmt.Errorf("%s was written by a newer version of switchgear", name)
		}
		if e.File == filepath.Base(file) {
			out = append(out, &e)
		}
	}
	slices.SortStableFunc(out, func(a, b *Entry) int {
		if c := a.Made.Compare(b.Made); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// unused finds a name for an entry that no other has.
func (e *Entry) unused(file string) {
	safe := strings.Map(func(r rune) rune {
		if r > 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, e.Place.Route)
	base := e.Made.Format("20060102T150405Z") + "-" + safe
	for e.ID = base; ; e.ID += "+" {
		if _, err := os.Lstat(filepath.Join(historyDir(file), e.ID+".json")); errors.Is(err, os.ErrNotExist) {
			return
		}
	}
}

// writeFile replaces a file in one step: whoever reads it finds the old text or
// the new one, never half of either, and a crash leaves one of the two.
func writeFile(name string, text []byte, mode os.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // not every file system can
	return d.Close()
}
