// Package stat decides, from paired scores of an incumbent and a candidate on
// the same cases, whether the candidate is shown to be at most a declared margin
// worse, and says beforehand what a set of cases can show at all.
//
// Everything here is a pure function of its arguments: no input or output, no
// clock, and chance only from a seed the caller names. Scores, differences and
// margins are in parts of 1 (0.05 is five points), differences are candidate
// less incumbent, so that below zero is worse.
//
//   - [NonInferiority] is the test: [Exact] for scores of 0 or 1, [Clustered]
//     for graded scores, repeats, clusters and weights.
//   - [EProcess] and [LossPath] stop a candidate early that loses; they can
//     never ship one. [CanStillShip] stops what cannot ship any more.
//   - [Intersection] joins metrics that must all pass, [Holm] looks at slices.
//   - [Plan] and [Power] say what a set can show before money is spent.
//
// docs/statistics.md explains all of it to somebody who has to defend a verdict.
package stat
