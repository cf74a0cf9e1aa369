// Package canary guards a candidate that answers a part of a step's requests on
// trial: it draws the requests, compares what the candidate does with what the
// incumbent does in the same hours, and withdraws it as soon as it is shown to
// do worse.
package canary
