package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is what the lock beside a routing table is called.
const FileName = "switchgear.lock"

// Beside is the path of the lock that belongs to a routing table.
func Beside(config string) string { return filepath.Join(filepath.Dir(config), FileName) }

// Load reads the lock at a path. A file that is not there is a lock without
// entries. The error is that of reading.
func Load(path string) (*File, []Finding, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{Name: path}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	f, findings := Parse(path, text)
	return f, findings, nil
}

// ErrMoved is that a lock changed on disk after it was read.
var ErrMoved = errors.New("the lock changed while this was worked out. Run the command again")

// Save writes the lock, all of it or nothing, and not over what somebody else
// wrote since it was read.
func (f *File) Save(path string) error {
	if HasErrors(f.findings) {
		return fmt.Errorf("%s has errors and is left as it is. Mend it first: switchgear lock verify", path)
	}
	if behind, err := filepath.EvalSymlinks(path); err == nil {
		path = behind // the link stays
	}
	now, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if f.origin != "" {
			return ErrMoved
		}
	case err != nil:
		return err
	case f.origin != originOf(now):
		return ErrMoved
	}
	text := f.Text()
	if err := replace(path, text); err != nil {
		return err
	}
	f.origin = originOf(text)
	return nil
}

// replace puts a text in a file's place.
func replace(path string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // nothing is left of it once it was renamed
	_, err = temp.Write(text)
	// The file is committed, and holds nothing that is secret.
	err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
