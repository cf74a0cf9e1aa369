package gateway

import (
	"encoding/json"

	"github.com/switchgear-dev/switchgear"
)

// alone reports whether a request must not be at two providers at once: it
// leaves something behind there, or has a tool run there that may act on the
// world. It is asked only when a race is about to begin.
func alone(req *switchgear.Request) bool {
	values := req
	if w := req.Wire; w != nil {
		values = w.Values
		if values == nil {
			read, err := decode(w)
			if err != nil {
				return true // what cannot be read cannot be known to be harmless
			}
			values = read
		}
	}
	for i := range values.Tools {
		if values.Tools[i].Raw != nil {
			return true
		}
	}
	if leaves(values.Extra) {
		return true
	}
	for _, text := range values.Options {
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) != nil || leaves(members) {
			return true
		}
	}
	return false
}

// leaves reports whether a request of these members leaves something behind at
// the provider.
func leaves(members map[string]json.RawMessage) bool {
	return string(members["store"]) == "true" || string(members["background"]) == "true"
}
