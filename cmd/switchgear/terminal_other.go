//go:build !unix

package main

import "io"

// screen is how many columns and lines a terminal has. Here nothing is known of
// terminals: what is written is plain.
func screen(io.Writer) (columns, lines int, ok bool) { return 0, 0, false }
