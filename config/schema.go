package config

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of the file, for editors. It knows the keys, types
// and words; references and substitutions are only checked by [Parse].
func Schema() []byte { return slices.Clone(schema) }
