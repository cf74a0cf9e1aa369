package openai

import (
	"bytes"
	"net/http"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// chunk turns a chat.completion.chunk, which has been checked, into events.
func (s *stream) chunk(data []byte) {
	var id, model string
	var spare counts
	var use counts
	bare := true // without choices
	r := jsonx.NewReader(data)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "id":
			if !s.started {
				id = r.Str()
			}
		case "model":
			if !s.started {
				model = r.Str()
			}
		case "choices":
			bare = !s.pieces(&r)
		case "usage":
			if r.Kind() == jsonx.Object {
				use = readUsage(&r)
			}
		case "x_groq":
			if r.Kind() == jsonx.Object {
				spare = groqUsage(r.Raw())
			}
		case "error":
			if holds(&r) {
				s.fail(classify(http.StatusOK, nil, data))
				return
			}
		case "object":
			if bytes.Equal(r.Raw(), []byte(`"error"`)) {
				s.fail(classify(http.StatusOK, nil, data))
				return
			}
		}
		if s.err != nil {
			return
		}
	}
	if !s.started && (id != "" || len(s.choices) > 0) {
		s.started = true
		s.queue = append(s.queue, switchgear.Event{})
		copy(s.queue[1:], s.queue)
		s.queue[0] = switchgear.Event{Kind: switchgear.EventStart, ID: id, Model: model}
	}
	if !use.any {
		use = spare
	}
	if use.any {
		s.counted = bare && s.spoken
		s.push(switchgear.Event{Kind: switchgear.EventUsage, Usage: use.usage()})
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
	s.choices = append(s.choices, choice{index: index, open: -1})
	return &s.choices[len(s.choices)-1]
}
