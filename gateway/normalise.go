package gateway

import (
	"encoding/json"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/normalise"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// needSchema is the need by which a route says that its answers are JSON.
const needSchema = "json_schema"

// mender brings the answers of a route into the form that was declared for
// them, with the rungs the route names. The gate uses the same rungs.
type mender struct {
	names    []string
	declared bool // the route says that its answers are JSON, so that requests need not
}

// menderOf is what mends a route's answers; nil if nothing does.
func menderOf(r *config.Route) failover.Mender {
	if len(r.Normalise) == 0 || r.Kind == config.KindEmbedding {
		return nil
	}
	return &mender{names: config.Texts(r.Normalise), declared: declaresJSON(r)}
}

// declaresJSON reports whether a route says that its answers are JSON.
func declaresJSON(r *config.Route) bool {
	for _, need := range r.Needs {
		if need.Text == needSchema {
			return true
		}
	}
	return false
}

// Wants implements [failover.Mender]. JSON is the one form that can be
// declared: tool calls come apart from the text.
func (*mender) Wants(text string) bool {
	return len(text) <= normalise.MaxBytes && !normalise.Format{Kind: normalise.JSON}.Parses(text)
}

// Mend implements [failover.Mender].
func (m *mender) Mend(req *switchgear.Request, text string) (string, []string) {
	object, declared := m.declares(req)
	if !declared {
		return text, nil
	}
	mended, by := normalise.Apply(text, normalise.Format{Kind: normalise.JSON}, m.names)
	if object && !strings.HasPrefix(strings.TrimSpace(mended), "{") {
		return text, nil // a list found in the prose is not the object that was asked for
	}
	return mended, by
}

// declares reports whether the answer to a request is to be JSON, and whether
// to be an object: by the request's own word, or else by the route's. The
// route's word does not hold where tools are offered, since a model may ask
// back there. An answer that goes on from what the request has put into the
// model's mouth has no form of its own.
func (m *mender) declares(req *switchgear.Request) (object, declared bool) {
	if n := len(req.Messages); n > 0 && req.Messages[n-1].Role == switchgear.RoleAssistant {
		return false, false
	}
	if req.Output != nil {
		return holds(req.Output.Schema)
	}
	_, other := req.Extra["response_format"] // a grammar and the like
	return false, m.declared && !other && len(req.Tools) == 0
}

// holds reports whether what a schema describes can be JSON as the ladder
// knows it, an object or a list, and whether it must be an object. No schema is
// any object.
func holds(schema json.RawMessage) (object, declared bool) {
	if len(schema) == 0 {
		return true, true
	}
	var root struct {
		Type any `json:"type"`
	}
	if json.Unmarshal(schema, &root) != nil {
		return false, false
	}
	word, said := root.Type.(string)
	return word == "object", !said || word == "object" || word == "array"
}
