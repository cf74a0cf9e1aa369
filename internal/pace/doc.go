// Package pace knows how fast one target answers while nothing is wrong with it.
//
// It is what an adaptive deadline is made of (a target that is silent for three
// times its usual is ill), what a slow target is told by, and when a race begins. All of
// these go wrong if bad weather is learned as normal: so it learns in calm
// only, and late.
//
// # What is measured
//
// Two spans, each as median and 95th percentile: First, from the call to the first
// content of a stream, and Whole, from the call to the end of an answer in one
// piece. The first depends on how much is read, the second on how much is
// written too:
//
//	input    below 1k, 4k, 16k, 64k, 256k tokens, and more
//	output   asked for: not said, at most 256, 1k, 4k tokens, and more (Whole only)
//
// Where k is 1,024. Each of the 36 buckets has a histogram whose bins grow by 8 %
// from 1 ms to 20 minutes; between the edges of a bin it is read off in proportion. An
// error of more than 8 % is not possible, one of 2 % is usual. A target takes 57
// KiB, all of it at the start; nothing is allocated afterwards.
//
// # Learning in calm
//
// A window is 60 seconds long. Its samples are put by when it has ended, and become
// part of the baseline when the window after it has ended too, and nothing came up in
// either. Spoil throws both windows away, and what is measured in the 60 seconds after it.
// So trouble that is noticed within a minute of its beginning leaves no trace,
// wherever in a window it began.
//
// While no bucket is known it is done faster: a window goes into the baseline
// the moment it ends, and may end after 20 seconds if that makes 20 samples.
//
// Windows end when somebody learns or spoils: there is no timer and no clock.
//
// # Forgetting
//
// What is old counts half after 10 minutes, so that a pace that
// drifts is followed: one that doubles within an hour is reported up to 20 % too short on the way.
// But no more is forgotten than leaves a bucket the weight of 100 samples: a target
// that is seldom called would never be known otherwise.
//
// One thing would be unbearable: a target that became slower for good, is called
// suspicious for it by its baseline, and so never gets to change that baseline.
// When suspicion has come up for an hour, every ten minutes at least, and no window
// was calm in between, that is no weather but the climate: everything is forgotten, and the
// first knowledge after that is taken from whatever is taught, suspicion or
// not. The same helps a busy target that is suspected every few seconds for the
// few failures everybody has.
//
// # When little is known
//
// A bucket is known from 20 samples on. One that is not borrows, but only from above:
// more input or more output never makes an answer usually faster, so what is usual for
// a larger request is too long rather than too short, and nobody is cut off by it. It borrows
// from the next larger only, in input, output or both, and takes the shortest of these; two
// steps away, a span would be too long to tell anything. Of smaller requests it borrows
// nothing. An output that was not said is neither larger nor smaller than any other:
// it lends and borrows among its own kind. A bucket that is known says what it saw, even if
// that is longer than what a larger one saw.
//
// From 8 samples on a bucket that can borrow nothing says its median, and no percentile: too
// rough for a deadline, good enough to tell whether the next step is faster than one that
// has become slow. Races count for that too, and for nothing else: in them the slow are cut
// short. They are all that is known of a fallback that is hardly ever needed.
//
// # Where this comes from
//
// That timeouts should be a percentile of what was measured is the advice of
// Amazon's Builders' Library; that the reference must be taken in a calm state,
// and again from time to time, is the insight of Envoy's adaptive concurrency,
// which thins out its load now and then to measure. We need no such thing: a
// circuit that is closed, with nothing suspected, is calm.
package pace
