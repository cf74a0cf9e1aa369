// Package jury judges refusals in words nobody knows: is the request wrong, or
// is the target?
//
// A 400 is not always the client's fault. Once, for twenty hours, a large
// provider answered good requests to one model with 400 and 429; who believed it
// had an outage that no breaker saw. Who never believes a 400, on the other
// hand, sends every malformed request down the whole chain. So there is a second
// opinion, and a bound on how many: for a refusal whose words are not known (and
// only for such) the next target is asked the same. If it takes the request, the first
// was wrong, and failed; if it refuses as well, so was the request, and the caller
// gets the refusal.
//
// # The three opinions
//
//	ask      the next target decides, and [Jury.Judge] is told. Takes a token: 10
//	         at first and at most, one more every 5 seconds (0.2 a second)
//	believe  there is no token: the refusal goes to the caller, as it would
//	         without a jury
//	doubt    two refusals were overruled within 60 seconds: from now on a refusal
//	         is a failure at once, that counts for the breaker, and falls over
//
// At most 10 + 0.2*t requests are asked about in any time t, whatever clients
// send. A storm of wrong refusals is in doubt as soon as two of its first ten
// were overruled, which takes as long as two answers of the next target.
//
// # How doubt ends
//
// By one refusal that both targets share: then the words may mean what they say after
// all. In doubt nobody would notice, for a refused request falls over without being
// judged. Therefore one in 5 seconds is asked about even then. It costs no call
// that doubt would not make, since the request goes to the next target either way; the
// difference is that the next target's refusal is final, and is told. It needs a token like any
// other, and as many tokens come as are needed: the bound holds, and doubt cannot starve.
//
// Or by silence: when no refusal in unknown words has come for 60 seconds,
// the storm is over, and the next is judged afresh. A storm that goes on is not
// silence: while the second target has troubles of its own and judges nothing,
// doubt stays.
//
// A client that sends malformed requests into a storm ends doubt for a moment, and the
// next two that are overruled bring it back.
//
// # Where this comes from
//
// The incident is Azure's of March 2026, in its status history. Nothing like
// it is in the failure handling we know of; the bucket is the usual one, and its size is a
// compromise: one question every 5 seconds without a burst would need ten seconds
// to see a storm, which a burst of ten sees within one.
package jury
