package switchgear

// Envelope is what the gateway must know of a request that came over the wire,
// before anything else of it is read.
type Envelope struct {
	Model  string // unescaped
	Span   Span   // where the value of "model" stands in the body
	Stream bool
	User   string // the end user's opaque id, where the client sent one
}

// ModelInfo is a name a client may use as the model: an entry of the list of
// models.
type ModelInfo struct {
	Name    string
	Alias   bool
	Created int64  // unix seconds; 0 if unknown
	Display string // a name for people; "" if there is none
}

// Encoder writes a streamed answer in a client's dialect, one for each stream:
// it knows what it has begun. It never writes an end of its own accord: after a
// failure there is none.
type Encoder interface {
	// Event appends the frames that say an event; there may be none.
	Event(dst []byte, e *Event) []byte
	// End appends the frames of the answer's proper end. Usage are the last
	// counts known; nil if there are none.
	End(dst []byte, usage *Usage) []byte
}
