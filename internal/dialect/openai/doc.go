// Package openai is the chat-completions dialect, as OpenAI defines it and as
// some thirty other hosts speak it. [Dialect] is the provider's side of it:
// requests out, answers in. [Codec] is the client's side. Both are pure.
//
// Hosts differ in what they add and in what they leave out; the decoder takes
// all of it and fails only on what is no answer. Where hosts contradict each
// other the comments say whose habit a line is for.
package openai

// Name is the name of the dialect.
const Name = "openai"
