//go:build race

package sim

// raced says that the race detector watches, which makes everything ten times
// slower.
const raced = true
