package gateway

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/server"
)

// The protocols clients speak, as the data plane wants them: its encoder of
// streams is an interface, and a dialect knows no server.
type (
	openaiCodec    struct{ *openai.Codec }
	anthropicCodec struct{ *anthropic.Codec }
)

// Stream implements [server.Codec].
func (c openaiCodec) Stream(req *switchgear.Request) server.Encoder { return c.Codec.Stream(req) }

// Stream implements [server.Codec].
func (c anthropicCodec) Stream(req *switchgear.Request) server.Encoder { return c.Codec.Stream(req) }

// codecs are the protocols clients speak.
func codecs() []server.Codec {
	return []server.Codec{openaiCodec{openai.NewCodec()}, anthropicCodec{anthropic.NewCodec()}}
}

// decode reads the values of a request that came over the wire, for a target
// that does not speak its protocol.
func decode(w *switchgear.Wire) (*switchgear.Request, error) {
	for _, c := range codecs() {
		if c.Dialect() == w.Dialect {
			return c.Decode(w.Body)
		}
	}
	return nil, &switchgear.Error{
		Class: switchgear.ClassInvalid, Message: "the gateway knows no protocol " + quote(w.Dialect),
	}
}
