// Package classtest holds the dialects to one labelled file of what providers
// say when they fail: testdata/failures.txtar. It is tests alone; the labels
// were written before the code that is held to them, and docs/failures.md is
// made from them.
package classtest
