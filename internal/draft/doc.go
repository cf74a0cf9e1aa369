// Package draft makes eval sets to begin with: of recorded traffic, or of
// nothing but a route. What it makes runs, and says what a person must still do:
// an answer that was recorded is what a model said, and not the truth.
package draft
