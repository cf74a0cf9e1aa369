//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// wantFiles is room for 2,000 streams: a socket each way, and some.
const wantFiles = 8192

func diagnoseFiles() diagnosis {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return diagnosis{"warn", "open files", "the limit cannot be read", ""}
	}
	d := diagnosis{"ok", "open files", fmt.Sprintf("limit %d", limit.Cur), ""}
	if limit.Cur < wantFiles {
		d.Mark, d.Fix = "warn", fmt.Sprintf("Every open stream takes two: raise it to %d (ulimit -n)", wantFiles)
	}
	return d
}
