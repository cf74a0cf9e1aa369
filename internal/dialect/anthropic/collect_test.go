package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// everything is every file with answers in this dialect, clouds' included.
var everything = []string{"anthropic-messages.jsonl", "local-messages.jsonl", "vertex-anthropic_*.jsonl"}

// collected is a stream put together again.
type collected struct {
	response switchgear.Response
	events   []switchgear.Event
	raw      []byte
	err      error
}

// builder puts one part together.
type builder struct {
	part             switchgear.Part
	text, sign, args strings.Builder
	more             strings.Builder
	citations        []json.RawMessage
}

// drain reads a stream to its end.
func drain(r io.Reader) *collected {
	c := &collected{}
	s := New().Events(r)
	for s.Next() {
		e := s.Event()
		e.Raw = bytes.Clone(e.Raw)
		c.raw = append(c.raw, e.Raw...)
		c.events = append(c.events, e)
	}
	c.err = s.Err()
	return c
}

// collect reads a stream to its end, the way a consumer that wants the whole
// answer would.
func collect(t testing.TB, r io.Reader) *collected {
	t.Helper()
	c := drain(r)
	parts := map[int]*builder{}
	var order []int
	choice := switchgear.Choice{}
	for _, e := range c.events {
		b := parts[e.Index]
		switch e.Kind {
		case switchgear.EventStart:
			c.response.ID, c.response.Model = e.ID, e.Model
			c.response.Usage.Merge(&e.Usage)
		case switchgear.EventPart:
			parts[e.Index] = &builder{part: *e.Part}
			order = append(order, e.Index)
		case switchgear.EventText, switchgear.EventThinking:
			b.text.WriteString(e.Text)
		case switchgear.EventSignature:
			b.sign.WriteString(e.Text)
		case switchgear.EventToolCall:
			b.args.WriteString(e.Text)
		case switchgear.EventDelta:
			b.more.WriteString(e.Text)
			if cited := citation(e.Raw); cited != nil {
				b.citations = append(b.citations, cited)
			}
		case switchgear.EventFinish:
			choice.Finish = e.Finish
		case switchgear.EventUsage:
			c.response.Usage.Merge(&e.Usage)
		case switchgear.EventOther, switchgear.EventPing, switchgear.EventPartEnd, switchgear.EventRefusal:
		}
	}
	for _, i := range order {
		choice.Parts = append(choice.Parts, parts[i].whole(t))
	}
	c.response.Choices = []switchgear.Choice{choice}
	return c
}

func citation(raw []byte) json.RawMessage {
	_, data, _ := bytes.Cut(raw, []byte("data:"))
	var e struct {
		Delta struct {
			Citation json.RawMessage `json:"citation"`
		} `json:"delta"`
	}
	if json.Unmarshal(data, &e) != nil {
		return nil
	}
	return e.Delta.Citation
}

func (b *builder) whole(t testing.TB) switchgear.Part {
	t.Helper()
	p := b.part
	switch p.Kind {
	case switchgear.PartToolCall:
		call := *p.Call
		call.Arguments += b.args.String()
		p.Call = &call
	case switchgear.PartOther:
		p.Raw = b.other(t)
	default:
		p.Text += b.text.String()
		p.Signature += b.sign.String()
	}
	if len(b.citations) > 0 {
		list, err := json.Marshal(b.citations)
		if err != nil {
			t.Fatal(err)
		}
		p.Extra = map[string]json.RawMessage{"citations": list}
		p.Origin = name
	}
	return p
}

// other puts what came after the start of an unnamed block into it.
func (b *builder) other(t testing.TB) json.RawMessage {
	t.Helper()
	more := b.more.String()
	if more == "" {
		return b.part.Raw
	}
	var block map[string]any
	if err := json.Unmarshal(b.part.Raw, &block); err != nil {
		t.Fatal(err)
	}
	if block["type"] == "compaction" {
		block["content"] = more
	} else {
		block["input"] = json.RawMessage(more)
	}
	raw, err := json.Marshal(block)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// answer decodes a record, stream or not.
func answer(t testing.TB, r *corpus.Record) *switchgear.Response {
	t.Helper()
	if !streamed(r) {
		got, err := New().Decode(r.ResponseBody)
		if err != nil {
			t.Fatalf("record %s: %v", r.ID, err)
		}
		return got
	}
	c := collect(t, strings.NewReader(r.ResponseText))
	if c.err != nil {
		t.Fatalf("record %s: %v", r.ID, c.err)
	}
	return &c.response
}

func streamed(r *corpus.Record) bool { return r.Stream && r.ResponseText != "" }

// pieces is a reader that gives n bytes at a time.
type pieces struct {
	rest string
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.n, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// classOf is the class of an error that must be one of ours.
func classOf(t testing.TB, err error) switchgear.Class {
	t.Helper()
	e, ok := errors.AsType[*switchgear.Error](err)
	if !ok {
		t.Fatalf("%v is no *switchgear.Error", err)
	}
	return e.Class
}
