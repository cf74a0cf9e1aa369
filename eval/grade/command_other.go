//go:build !unix

package grade

import "os/exec"

// ownGroup does nothing where there are no process groups: the command itself
// is ended, its children are not.
func ownGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
