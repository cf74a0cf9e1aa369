// Package providertest shows whether a [switchgear.Provider] keeps the promises
// that type makes. It is for everyone who writes a provider: hand [Run] a
// function that makes yours, and a folder of cases.
//
// # Cases
//
// A case is one exchange, in a txtar file named after it: what the provider is
// asked, what it must send, what it is answered, what it must make of that.
//
//	An answer in one piece.
//	-- call --
//	op: complete
//	dialect: openai
//	model: gpt-x
//	header: Openai-Beta: assistants=v2
//	-- body --
//	{"model":"chat","messages":[{"role":"user","content":"Hi"}]}
//	-- upstream --
//	POST /chat/completions
//	Accept: application/json
//	Authorization: Bearer providertest-key
//	Content-Type: application/json
//	Openai-Beta: assistants=v2
//
//	{"model":"gpt-x","messages":[{"role":"user","content":"Hi"}]}
//	-- reply --
//	200
//	Content-Type: application/json
//
//	{"id":"c1","model":"gpt-x","choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}
//	-- want --
//	id: c1
//	model: gpt-x
//	part: text "Hello"
//	finish: stop "stop"
//
// The call's op is complete, stream, embed or count. With a dialect, body is
// what came over the wire in it, and its "model" is what the provider must
// replace; a query stands in "query". Without a dialect the call has an "ask"
// instead, and the request is a typed one of that one message.
//
// In upstream, the path is that after the base URL. All headers are listed but
// User-Agent, Accept-Encoding and Content-Length. The credential is [Key].
//
// A reply whose status line reads "200 cut" breaks off at its end, without a
// proper end of the connection.
//
// Want has a line for all that is known of the answer; run a case to see it. Of
// a stream it is the sum of the events. The last line of a section's file ends
// at its newline, which is not part of the section.
//
// # What is checked besides
//
// Every case is answered at once and byte by byte. The provider must make
// exactly one request, close what it opened, keep the bytes of an answer (and
// the Raw of every event) as they came, never show a cookie the upstream sets,
// and never let the credential into an error. Then, with the first case, it
// meets an upstream that cannot be reached, one that redirects, and callers who
// leave.
package providertest
