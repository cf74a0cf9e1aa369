// Package record keeps requests and their answers in files, for eval sets: what
// identifies people or opens doors is taken out before a byte reaches the disk,
// the files are for their owner alone, and nothing is kept for longer than was
// said.
//
// A [Recorder] takes exchanges without ever holding up a request: they wait in
// a bounded queue, and what does not fit is dropped and counted. One goroutine
// redacts and writes.
package record
