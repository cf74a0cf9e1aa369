package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"time"
)

// Settings say where records are kept and for how long.
type Settings struct {
	Folder  string
	Keep    time.Duration
	MaxSize int64 // bytes, over all files
	// Owned reports whether a folder belongs to this user; nil if there is no
	// way to tell.
	Owned func(fs.FileInfo) bool
}

// Folder is where records are kept. A file holds the records of a short time and
// goes as a whole when the first of them is too old, so that none is ever kept
// for longer than was said.
type Folder struct {
	settings Settings
	root     *os.Root
	file     *os.File // written to; nil until there is something to write
	name     string
	opened   time.Time
	size     int64 // of the file
	total    int64 // of all files
	number   int
}

// Open makes the folder if need be, and finds out whether it is fit for what
// nobody else may read.
func Open(s Settings) (*Folder, error) {
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder for records: %w. Set record.folder to one that can be written to", err)
	}
	f, err := open(s)
	if err != nil {
		return nil, err
	}
	return f, f.ignore()
}

// Path is where the folder is.
func (f *Folder) Path() string { return f.settings.Folder }

// Sweep takes away what is too old by now, or will be before it is swept again.
func (f *Folder) Sweep(now time.Time) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	var errs []error
	f.total = 0
	for i := range files {
		if now.Sub(files[i].at)+f.every() >= f.settings.Keep {
			errs = append(errs, f.remove(&files[i]))
			continue
		}
		f.total += files[i].size
	}
	return errors.Join(errs...)
}

// Close ends writing.
func (f *Folder) Close() error {
	f.shut()
	return f.root.Close()
}

// ignore keeps version control away from what users asked: the folder is often
// beside files that are under it.
func (f *Folder) ignore() error {
	file, err := f.root.OpenFile(".gitignore", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot write to record.folder: %w", err)
	}
	_, err = file.WriteString("*\n")
	return errors.Join(err, file.Close())
}

// OpenIfThere is [Open] for a folder that nothing is to be written to: one that
// is not there is no error, and nil.
func OpenIfThere(s Settings) (*Folder, error) {
	if _, err := os.Lstat(s.Folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is no folder, and that is fine
	}
	return open(s)
}

func open(s Settings) (*Folder, error) {
	info, err := os.Lstat(s.Folder)
	if err != nil {
		return nil, fmt.Errorf("cannot look at record.folder: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || (s.Owned != nil && !s.Owned(info)) {
		return nil, fmt.Errorf("%s must be a folder of yours that only you can enter, since it holds what users asked. Run chmod 700 on it, or set record.folder to another", s.Folder)
	}
	root, err := os.OpenRoot(s.Folder)
	if err != nil {
		return nil, fmt.Errorf("cannot open record.folder: %w", err)
	}
	f := &Folder{settings: s, root: root}
	return f, f.Sweep(time.Now())
}

// span is how long a file is written to: a day, or a part of what is kept that
// is short enough.
func (f *Folder) span() time.Duration {
	const parts = 12
	return min(24*time.Hour, f.settings.Keep/parts)
}

// every is how often the folder is to be swept.
func (f *Folder) every() time.Duration { return min(time.Hour, f.span()/2) }

// most is how large a file may become.
func (f *Folder) most() int64 {
	const parts, largest = 8, 64 << 20
	return min(largest, f.settings.MaxSize/parts)
}

// fits reports whether a line can be kept at all.
func (f *Folder) fits(line []byte) bool { return int64(len(line)) <= f.most() }

// write adds a line to the newest file, in one piece, so that a process that is
// killed leaves whole lines.
func (f *Folder) write(line []byte, now time.Time) error {
	if f.file != nil && (f.size+int64(len(line)) > f.most() || now.Sub(f.opened) >= f.span()) {
		f.shut()
	}
	if f.total+int64(len(line)) > f.settings.MaxSize {
		if err := f.shrink(f.settings.MaxSize - int64(len(line))); err != nil {
			return err
		}
	}
	if f.file == nil {
		if err := f.create(now); err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size, f.total = f.size+int64(n), f.total+int64(n)
	if err != nil && n > 0 {
		f.shut() // what follows half a line would be lost with it
	}
	return err
}

const stamp = "20060102T150405Z"

// nameOf are the files of this package: others in the folder are left alone.
var nameOf = regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z)-[0-9]+-[0-9]+\.jsonl$`)

// create begins a file. Its name says when.
func (f *Folder) create(now time.Time) error {
	for {
		f.number++
		name := fmt.Sprintf("%s-%d-%06d.jsonl", now.UTC().Format(stamp), os.Getpid(), f.number)
		file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		f.file, f.name, f.opened, f.size = file, name, now, 0
		return nil
	}
}

// shut ends the file that is written to.
func (f *Folder) shut() {
	if f.file != nil {
		_ = f.file.Close()
	}
	f.file, f.name = nil, ""
}

// kept is a file with records.
type kept struct {
	name string
	at   time.Time
	size int64
}

// files are those with records, oldest first.
func (f *Folder) files() ([]kept, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var out []kept
	for _, e := range entries {
		parts := nameOf.FindStringSubmatch(e.Name())
		if parts == nil {
			continue
		}
		at, err := time.Parse(stamp, parts[1])
		info, gone := e.Info()
		if err == nil && gone == nil && info.Mode().IsRegular() {
			out = append(out, kept{e.Name(), at, info.Size()})
		}
	}
	slices.SortStableFunc(out, func(a, b kept) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	return out, nil
}

func (f *Folder) remove(k *kept) error {
	if k.name == f.name {
		f.shut()
	}
	if err := f.root.Remove(k.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove old records: %w", err)
	}
	return nil
}

// shrink takes the oldest files away until no more than some bytes are left.
func (f *Folder) shrink(to int64) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	total := int64(0)
	for i := range files {
		total += files[i].size
	}
	for i := 0; i < len(files) && total > to; i++ {
		if err := f.remove(&files[i]); err != nil {
			return err
		}
		total -= files[i].size
	}
	f.total = total
	return nil
}
