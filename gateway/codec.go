package gateway

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/server"
)

// codecs are the protocols clients speak.
func codecs() []server.Codec {
	return []server.Codec{openai.NewCodec(), anthropic.NewCodec()}
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

// reword gives the bytes of an answer other texts, in whatever protocol they
// are.
func reword(w *switchgear.Wire, texts map[int]string) ([]byte, bool) {
	for _, c := range codecs() {
		if r, ok := c.(interface {
			Reword(body []byte, texts map[int]string) ([]byte, bool)
		}); ok && c.Dialect() == w.Dialect {
			return r.Reword(w.Body, texts)
		}
	}
	return nil, false
}
