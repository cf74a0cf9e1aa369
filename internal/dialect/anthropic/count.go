package anthropic

import "github.com/switchgear-dev/switchgear/internal/jsonx"

// Count writes how many tokens a request would read, for a client that asked.
func (*Codec) Count(tokens int64) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("input_tokens")
	w.Int(tokens)
	w.End()
	return w.Buf()
}
