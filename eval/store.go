package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Store keeps answers in a file of JSON lines that only ever grows. An answer
// is in the file when Put returns: a process that is killed loses none that it
// had got. It is safe for concurrent use, by one process at a time.
type Store struct {
	mu      sync.Mutex
	file    *os.File // nil if it was opened to be read, or is in memory
	memory  bool
	answers map[string]*Answer
	notes   []string
}

// OpenStore opens a store to read and add to, making the file (0600) and its
// folder (0700) if they are not there. What is wrong with the file but can be
// lived with is in [Store.Notes]: a last line that was cut short, by a kill or
// a full disk, is taken off.
func OpenStore(file string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("the folder of the stored answers cannot be made: %w", err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the stored answers cannot be opened: %w", err)
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use: another run of this set is under way. Wait for it, or give this one another --store", file), f.Close())
	}
	s := &Store{file: f, answers: map[string]*Answer{}}
	whole, torn, err := s.read(f)
	if err == nil && torn > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%s: its last line was cut short (%d bytes) and is taken off; that answer is asked for again", file, torn))
		err = f.Truncate(whole)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file, err), f.Close())
	}
	return s, nil
}

// ReadStore opens a store to be read. A file that is not there is an empty
// store.
func ReadStore(file string) (*Store, error) {
	s := &Store{answers: map[string]*Answer{}}
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the stored answers cannot be opened: %w", err)
	}
	_, torn, err := s.read(f)
	if torn > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%s: its last line is cut short (%d bytes) and passed over", file, torn))
	}
	return s, errors.Join(err, f.Close())
}

// NewStore is a store in memory, for tests and programs that keep nothing.
func NewStore() *Store { return &Store{memory: true, answers: map[string]*Answer{}} }

// Notes say what was wrong with the file.
func (s *Store) Notes() []string { return s.notes }

// Len is the number of answers.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.answers)
}

// Get finds an answer by its key.
func (s *Store) Get(key string) (*Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.answers[key]
	return a, ok
}

// Put adds an answer, in one write.
func (s *Store) Put(a *Answer) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.memory:
	case s.file == nil:
		return errors.New("the store was opened to be read")
	default:
		if _, err := s.file.Write(append(line, '\n')); err != nil {
			return &storeError{err}
		}
	}
	s.answers[a.Key] = a
	return nil
}

// storeError ends a run: what cannot be stored would be paid for again.
type storeError struct{ err error }

func (e *storeError) Error() string { return "an answer cannot be stored: " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// Close closes the file.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// read takes in the file: how long it is up to the end of its last whole line,
// and how many bytes stand after that.
func (s *Store) read(r io.Reader) (whole int64, torn int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	bad := 0
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if bad > 0 {
				s.notes = append(s.notes, fmt.Sprintf("%d lines of the stored answers cannot be read; those answers are asked for again", bad))
			}
			return whole, len(line), nil
		}
		if err != nil {
			return whole, 0, err
		}
		whole += int64(len(line))
		a := &Answer{}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if json.Unmarshal(line, a) != nil || a.Key == "" {
			bad++
			continue
		}
		s.answers[a.Key] = a // of two, the later: it was asked for afresh
	}
}
