//go:build unix

package eval

import (
	"os"
	"syscall"
)

// lockFile keeps a second process out: both would pay for the same answers.
// The lock goes with the process, however it ends.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
