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
// # Translation
//
// A request of a client's becomes a typed one by [Codec.Decode], and an answer
// of another dialect this protocol's by [Codec.Answer] and [Codec.Stream]. In
// the other direction [Dialect.Encode] writes what came in another dialect, and
// fits it to the model: see the comments on effort, fitThinking and draw for the
// tables. It keeps books of each leaf that it says; the rest is in Dropped.
//
//   - Thinking goes back only to who did it. In an answer it bears a mark in
//     place of a signature, which carries the other's signature if there is one.
//     A conversation that comes back to this protocol's provider is sent without
//     it, which is the one change ever made to the messages of a request that
//     passes through; it is named.
//   - Instructions in mid-conversation stand with the system text, by name,
//     unless the model takes them where they are.
//   - The name of an answer's schema is its title. JSON without a schema cannot
//     be asked for.
//   - max_tokens is [DefaultMaxTokens], and the budget for thinking on top,
//     where the request names no limit.
//   - The service tiers "auto" and "default" are "auto" and "standard_only"; the
//     others have no word.
//   - Documents are PDF or text; files that another provider keeps, and sounds,
//     cannot be told.
//   - Arguments of a tool call that are no JSON object are an empty one, by name.
//   - Ids of tool calls stay, but for letters the protocol does not allow.
//   - Counting tokens is for targets that can: the estimate is the gateway's.
//
// # The end of a stream
//
// Only message_stop ends an answer, and nothing is read after it. A stream that
// stops earlier is an error, even if a stop reason has been seen: what a
// connection lost is not for us to guess.
package anthropic
