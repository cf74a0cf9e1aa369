// Package anthropic speaks the messages protocol, from both sides: [Dialect]
// calls a provider that speaks it, [Codec] answers a client that does.
//
// # What passes through
//
// A request that came in this dialect leaves as it came: only the value of
// "model" and what a step of the chain sets are patched. Answers and the frames
// of a stream are read, never rewritten.
//
// # Usage
//
// The provider counts what it read from a cache and what it wrote to one beside
// input_tokens, not in it. Here Input is the sum of the three. In a stream the
// last count of each kind is the right one, and a count that a later event
// leaves out stays as it was. The counts are those of the top level: what the
// "iterations" of a compaction or of an advisor add on the bill is not in them.
//
// # The end of a stream
//
// Only message_stop ends an answer, and nothing is read after it. A stream that
// stops earlier is an error, even if a stop reason has been seen: what a
// connection lost is not for us to guess.
package anthropic
