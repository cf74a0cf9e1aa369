// Package lock reads, writes and verifies switchgear.lock: the file, committed
// beside the routing table, that says which model may serve which route, and on
// what evidence.
//
// A route that has an eval serves only targets that the lock has an entry for.
// There are three kinds: evidence, which a run of the eval gathered; a
// baseline, which declares what served before there was any evidence; and an
// override, by which somebody answers for a target with a name, for a while.
//
// Evidence is bound to what it was gathered with: the cases, the graders, the
// parameters of the step, the provider's endpoint, the normalisers. When one of
// them changes, it no longer holds. Every entry carries a seal, a hash over all
// of it and over the route and the target it stands under, so that an entry
// that was edited or copied is found out. A seal catches accidents, not
// somebody who computes it anew: for that there are signatures.
//
// Every try is kept. Who tries five times gets lucky more often than who tries
// once, so the k-th try over the same cases must pass at [Alpha]/k. What is
// counted together is every try of one target for one route over the same
// cases, whatever its graders, parameters and normalisers were: a change of
// those is no fresh sample.
//
// Verification is pure: it reads no file, no clock and no network.
package lock
