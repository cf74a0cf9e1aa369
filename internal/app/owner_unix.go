//go:build unix

package app

import (
	"io/fs"
	"os"
	"syscall"
)

// ours reports whether a file belongs to this user.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(s.Uid) == os.Getuid()
}

// runs reports whether a process of this user, or one it may send signals to,
// has a number.
func runs(pid int) bool { return syscall.Kill(pid, 0) == nil }
