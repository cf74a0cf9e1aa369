package gateway

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// labelConversation is the label by which a client says itself which requests
// belong together.
const labelConversation = "conversation"

// conversation is a hash of what a request has in common with the others of its
// conversation: what the user said before the model answered first. It is what a
// canary goes by, so that a conversation stays with one model, and a request
// that is sent again meets the same one. Instructions are left out, for they may
// hold the time; so is everything beside the words, such as cache marks, which
// wander.
func conversation(req *switchgear.Request) uint64 {
	h := fnvStart
	if said := req.Labels[labelConversation]; said != "" {
		return uint64(h.text([]byte(said)))
	}
	if req.Wire != nil {
		return uint64(h.wire(req.Wire.Body))
	}
	for i := range req.Messages {
		m := &req.Messages[i]
		if m.Role == switchgear.RoleAssistant {
			break
		}
		if m.Role == switchgear.RoleSystem {
			continue
		}
		for k := range m.Parts {
			if p := &m.Parts[k]; p.Kind == switchgear.PartText {
				h = h.text([]byte(p.Text))
			}
		}
	}
	return uint64(h)
}

// fnv is a hash on its way: FNV-1a, 64 bits. It must be the same in every
// process, which maphash is not.
type fnv uint64

const (
	fnvStart fnv = 14695981039346656037
	fnvPrime fnv = 1099511628211
)

// headBytes is how much of one text is hashed, besides its length: documents
// that are the same so far and as long go the same way, which does no harm.
const headBytes = 4 << 10

func (h fnv) text(b []byte) fnv {
	for n := len(b); n > 0; n >>= 8 {
		h = (h ^ fnv(n&0xff)) * fnvPrime
	}
	for _, c := range b[:min(len(b), headBytes)] {
		h = (h ^ fnv(c)) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime // where one text ends and the next begins counts
}

// wire hashes the opening of a conversation that came over the wire, or the
// whole body if it has none.
func (h fnv) wire(body []byte) fnv {
	r := jsonx.NewReader(body)
	r.Object()
	for r.More() {
		if string(r.Key()) != "messages" {
			continue
		}
		list := r.Raw()
		if opened := h.opening(list); opened != h {
			return opened
		}
		return h.text(list)
	}
	return h.text(body)
}

// opening hashes what the user says in some messages before the model does.
func (h fnv) opening(messages []byte) fnv {
	r := jsonx.NewReader(messages)
	r.Array()
	for r.More() {
		role, content := turn(r.Raw())
		if role == "assistant" {
			break
		}
		if role == "user" {
			h = h.content(content)
		}
	}
	return h
}

// turn takes a message apart.
func turn(message []byte) (role string, content []byte) {
	m := jsonx.NewReader(message)
	m.Object()
	for m.More() {
		switch string(m.Key()) {
		case "role":
			role = m.Str()
		case "content":
			content = m.Raw()
		}
	}
	return role, content
}

// content hashes the texts of a message, which is one or a list of parts.
func (h fnv) content(raw []byte) fnv {
	c := jsonx.NewReader(raw)
	if c.Kind() == jsonx.String {
		return h.text([]byte(c.Str()))
	}
	c.Array()
	for c.More() {
		part := jsonx.NewReader(c.Raw())
		part.Object()
		for part.More() {
			if string(part.Key()) == "text" {
				h = h.text([]byte(part.Str()))
			}
		}
	}
	return h
}
