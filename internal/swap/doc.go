// Package swap changes which model serves a step of a route, and says before it
// does what that changes.
//
// [File.Replace] rewrites one scalar of a routing file and nothing else.
// [Make] turns a wish into a [Plan]: the old and the new chain, what would
// break, what it costs, and what the gate says of it. [Plan.Apply] writes the
// file if nothing has moved since, tells the running gateway, and leaves an
// [Entry] behind that [Revert] puts the old bytes back from. [Tune] looks for
// the cheapest target that measured evidence lets serve. [Changed] names the
// routes that two versions of a file differ in. A [Canary] lets a candidate answer
// a share of the requests, and withdraws it as soon as it is shown to do worse.
package swap
