//go:build unix

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// screen is how many columns and lines a terminal has; ok is false if w is
// none.
func screen(w io.Writer) (columns, lines int, ok bool) {
	file, isFile := w.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	if size.Col == 0 || size.Row == 0 { // it does not say
		return 80, 24, true
	}
	return int(size.Col), int(size.Row), true
}
