// Package sim is a provider that does not exist: a server that speaks the
// OpenAI and the Anthropic protocol as the real ones do, answers with text that
// says it is simulated, and fails on cue.
//
// It writes every byte from templates of its own and shares no code with the
// dialects that read them, so that a test against it is no mirror.
//
// A [Server] can be reached in three ways: over a socket ([Server.Serve],
// [Server.ListenAndServe]), as an [net/http.Handler] ([Server.Handler]), and
// over connections in memory ([Server.Transport]), which need no port and live
// inside a bubble of testing/synctest.
//
// # Failing on cue
//
// A fault is asked for by the name of the model ("sim-503x2",
// "claude-sonnet-5+stall-20"), by the header x-sim-fault, by
// [Server.SetFault], or by a [Script] that runs over time. [Faults] lists what
// there is; docs/simulator.md tells the whole grammar.
//
// # Determinism
//
// The body of an answer depends on the request and on [Options.Seed] only;
// [Options.Echo] and prompt caching aside, the same request is answered with
// the same bytes. Headers that carry the time or count calls differ, as they do
// at a real provider.
package sim
