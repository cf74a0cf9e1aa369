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
