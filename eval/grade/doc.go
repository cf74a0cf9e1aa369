// Package grade holds the graders that come with Switchgear, one file each.
//
// [Builtin] is the one list of them. A grader is made of its settings, which it
// checks when the set is loaded, and can then be called for many cases at once.
// What it says about a failure is one sentence that names the place.
package grade
