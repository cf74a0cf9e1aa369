// Package crossing holds no code: its tests take requests, answers and streams
// from each dialect to the other and back, over every recorded exchange, and
// want every value back or named as lost. It may know both dialects, which may
// not know each other.
package crossing
