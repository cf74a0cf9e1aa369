// Package switchgear is the language the rest of Switchgear speaks: requests,
// answers, streams, targets, attempts, usage and errors. It imports the
// standard library only and does nothing by itself.
//
// Programs that want to call models through a routing table import
// [github.com/switchgear-dev/switchgear/gateway] as well; programs that bring
// a provider of their own implement [Provider] and need nothing else.
//
// # One request
//
// A [Request] names a route, not a model. The gateway turns it into a plan: an
// ordered chain of targets, each a provider and a model. Each try at one target
// is an attempt, and goes out as a [Call] through a [Provider]. What comes back
// is a [Response] or a [Stream], and how it came about is a [Trace].
//
// # Errors
//
// Every failure is an [*Error] with a [Class]. The class is decided once, by
// the dialect that knows the provider's words, and everything above decides by
// class alone: whether to try the same target again, whether to go on to the
// next, what to hold against the target and what against the key.
package switchgear
