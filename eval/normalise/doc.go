// Package normalise undoes what models do to the form of an answer without
// touching what it says: a fence around the JSON, a raw newline in a string, a
// polite sentence in front.
//
// It is one ladder of rungs, cheapest first, and two ways to use it. Serving
// takes named rungs and acts only on answers that fail the declared format
// ([Apply]). The gate climbs the whole ladder for both models ([Climb]), to
// tell a candidate that is worse from one that merely writes differently. As
// both use the same rungs, what the gate proves holds for what is served.
//
// The rules of every rung: parse first, so that an answer that has the declared
// format is never changed to mend it; never look at what the right answer
// would have been; the same twice is the same as once (but for dropping a line); time linear in the length;
// nothing done to answers above [MaxBytes].
package normalise
