// Package eval holds the cases a route is judged by: what is asked, what is
// expected, and who grades the answers.
//
// A [Set] is a file beside the routing table (evals/NAME.yaml), its cases inline
// or in a JSONL file next to it. A [Loader] reads it, given the table of
// graders that may stand in it, and says everything that is wrong with it in
// one pass, each with its place. What is loaded has content hashes, which stay
// the same when a file is only formatted anew.
package eval
