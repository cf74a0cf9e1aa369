package eval

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of an eval set, for editors. It knows the keys,
// types and words of the set and the names of the built-in graders; their
// settings, and what only holds across a set, are checked by [Loader] alone.
func Schema() []byte { return slices.Clone(schema) }
