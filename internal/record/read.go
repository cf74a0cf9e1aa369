package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Read calls each for every record of a folder since a time, oldest first. It
// returns how many lines it could not read: those that a killed process cut
// short.
func Read(dir string, since time.Time, each func(*Entry)) (unread int, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	files, err := (&Folder{root: root}).files()
	if err != nil {
		return 0, err
	}
	for i := range files {
		bad, err := readFile(root, files[i].name, since, each)
		unread += bad
		if err != nil && !errors.Is(err, os.ErrNotExist) { // swept meanwhile
			return unread, fmt.Errorf("cannot read %s: %w", files[i].name, err)
		}
	}
	return unread, nil
}

func readFile(root *os.Root, name string, since time.Time, each func(*Entry)) (unread int, err error) {
	file, err := root.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	in := bufio.NewReader(file)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return unread, err
		}
		if len(line) > 0 {
			var e Entry
			switch {
			case json.Unmarshal(line, &e) != nil || len(e.Body) == 0:
				unread++
			case !e.Time.Before(since):
				each(&e)
			}
		}
		if err != nil {
			return unread, nil
		}
	}
}
