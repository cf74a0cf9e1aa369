package openai

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// most is how many choices a stream may have, and tool calls a choice: far more
// than any, and few enough to look through.
const most = 1024

// outside is what stands around the choices of a chunk.
type outside struct {
	id, model string
	usage     counts
	spare     counts // of Groq, which sometimes gives no other
	bare      bool   // there are no choices
	failed    bool   // it holds an error
}

// chunk turns a chat.completion.chunk, which has been checked, into events.
func (s *stream) chunk(data []byte) {
	o := outside{bare: true}
	r := jsonx.NewReader(data)
	for r.Object(); r.More(); {
		s.member(&r, &o)
	}
	switch {
	case s.err != nil:
		return
	case o.failed:
		s.fail(classify(http.StatusOK, nil, data))
		return
	}
	if !s.started && (o.id != "" || len(s.choices) > 0) {
		s.started = true
		s.queue = slices.Insert(s.queue, 0, switchgear.Event{Kind: switchgear.EventStart, ID: o.id, Model: o.model})
	}
	if !o.usage.any {
		o.usage = o.spare
	}
	if o.usage.any {
		s.counted = o.bare && s.spoken
		s.push(switchgear.Event{Kind: switchgear.EventUsage, Usage: o.usage.usage()})
	}
}

func (s *stream) member(r *jsonx.Reader, o *outside) {
	switch string(r.Key()) {
	case "id":
		if !s.started {
			o.id = r.Str()
		}
	case "model":
		if !s.started {
			o.model = r.Str()
		}
	case "choices":
		o.bare = !s.pieces(r)
	case "usage":
		if r.Kind() == jsonx.Object {
			o.usage = readUsage(r)
		}
	case "x_groq":
		if r.Kind() == jsonx.Object {
			o.spare = groqUsage(r.Raw())
		}
	case "error":
		o.failed = o.failed || holds(r)
	case "object":
		o.failed = o.failed || bytes.Equal(r.Raw(), []byte(`"error"`))
	}
}

// pieces reads the choices of a chunk and reports whether there are any.
func (s *stream) pieces(r *jsonx.Reader) (some bool) {
	for r.Array(); r.More(); {
		if r.Kind() != jsonx.Object {
			continue
		}
		s.piece(r)
		some = true
	}
	return some
}

// piece reads one choice of a chunk. The choice's number may stand behind what
// belongs to it, so the delta is read first and used later.
func (s *stream) piece(r *jsonx.Reader) {
	var m message
	var word string
	var reason []byte
	index := 0
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "index":
			n, _ := r.Int()
			index = int(n)
		case "delta", "message": // a whole message in a stream: some local servers
			readMessage(r, &m, nil)
		case "finish_reason":
			s.reasoned = true
			word = r.Str()
		case "error":
			reason = only(r, jsonx.Object)
		}
	}
	if s.err != nil {
		return // another choice failed: nothing of this event counts
	}
	if class, ok := finishFailures[word]; ok {
		s.fail(failedFinish(class, word, reason))
		return
	}
	c := s.choice(index)
	c.delta(s, &m)
	if word != "" {
		c.finish(s, word)
	}
}

// choice finds the state of a choice. There is mostly one.
func (s *stream) choice(index int) *choice {
	for i := range s.choices {
		if s.choices[i].index == index {
			return &s.choices[i]
		}
	}
	if len(s.choices) == most {
		s.fail(broken(switchgear.ClassMalformed, "the provider sent more than 1024 choices", nil))
		return &choice{open: -1}
	}
	s.choices = append(s.choices, choice{index: index, open: -1})
	return &s.choices[len(s.choices)-1]
}
