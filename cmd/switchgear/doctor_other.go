//go:build !unix

package main

func diagnoseFiles() diagnosis {
	return diagnosis{"ok", "open files", "no limit on this system", ""}
}
