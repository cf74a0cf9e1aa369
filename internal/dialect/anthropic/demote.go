package anthropic

import (
	"bytes"
	"strconv"

	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// demotes reports whether a body may hold thinking that this protocol's
// provider has not signed and would refuse: what a client was given by an answer
// of another dialect, and sends back. It looks at every byte, at the speed of
// memory.
func demotes(body []byte) bool {
	return bytes.Contains(body, []byte(`"`+markPrefix))
}

func overrides(members []jsonx.Member, name string) bool {
	for i := range members {
		if members[i].Name == name {
			return true
		}
	}
	return false
}

// demote writes the messages of a body without marked thinking, and names what
// it left out. It is nil if there is none: the words may stand in a text.
func demote(body []byte, dropped []string) (messages []byte, names []string) {
	found := false
	var w jsonx.Writer
	w.Grow(len(body))
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		if string(r.Key()) != "messages" {
			continue
		}
		w.Array()
		i := 0
		for r.Array(); r.More(); i++ {
			raw := r.Raw()
			left, places := demoteMessage(raw)
			for _, place := range places {
				found = true
				dropped = append(dropped, "messages["+strconv.Itoa(i)+"].parts["+strconv.Itoa(place)+"] (thinking)")
			}
			if left != nil {
				w.Raw(left)
			}
		}
		w.End()
	}
	if !found {
		return nil, dropped
	}
	return w.Buf(), dropped
}

// demoteMessage is a message without marked thinking: nil if nothing else is in
// it, because the provider refuses empty ones.
func demoteMessage(raw []byte) (left []byte, places []int) {
	if !demotes(raw) {
		return raw, nil
	}
	kept := 0
	var w jsonx.Writer
	w.Object()
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		key := string(r.Key())
		w.Key(key)
		if key != "content" || r.Kind() != jsonx.Array {
			w.Raw(r.Raw())
			continue
		}
		w.Array()
		i := 0
		for r.Array(); r.More(); i++ {
			block := r.Raw()
			if foreignThinking(block) {
				places = append(places, i)
				continue
			}
			kept++
			w.Raw(block)
		}
		w.End()
	}
	w.End()
	switch {
	case len(places) == 0:
		return raw, nil
	case kept == 0:
		return nil, places
	default:
		return w.Buf(), places
	}
}

// foreignThinking reports whether a block is thinking with a mark for a signature.
func foreignThinking(block []byte) bool {
	if !demotes(block) {
		return false
	}
	kind, signature, data := "", "", ""
	r := jsonx.NewReader(block)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			kind = r.Str()
		case "signature":
			signature = r.Str()
		case "data":
			data = r.Str()
		}
	}
	origin := name
	switch kind {
	case "thinking":
		origin, _ = unmark(signature)
	case "redacted_thinking":
		origin, _ = unmark(data)
	}
	return origin != name
}
