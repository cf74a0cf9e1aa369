package capability

// Need is a word of a route's `needs`.
type Need struct {
	Word  string
	Means string // completes "the route needs ..."
}

// needs are the words a route may need. This table is the only list of them.
var needs = [...]Need{ //nolint:gochecknoglobals // a constant table
	{"tools", "tool calls"},
	{"json_schema", "answers held to a JSON Schema"},
	{"thinking", "thinking before the answer"},
	{"effort", "an effort dial"},
	{"image", "images in the request"},
	{"pdf", "PDF documents in the request"},
	{"prompt_caching", "prompt caching"},
}

// Needs are the words a route may need, in the order they are documented.
func Needs() []Need { return needs[:] }

// IsNeed reports whether a word is one of [Needs].
func IsNeed(word string) bool {
	for i := range needs {
		if needs[i].Word == word {
			return true
		}
	}
	return false
}
