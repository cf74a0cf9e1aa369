package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func fixed() *Codec { return &Codec{now: func() time.Time { return time.Unix(1700000000, 0) }} }

// told is what a client learns of a choice, however it came.
type toldChoice struct {
	Text, Refusal, Thinking string
	Calls                   []switchgear.ToolCall
	Finish                  switchgear.FinishKind
}

func (c *toldChoice) take(p *switchgear.Part) {
	switch p.Kind {
	case switchgear.PartText:
		c.Text += p.Text
	case switchgear.PartRefusal:
		c.Refusal += p.Text
	case switchgear.PartThinking:
		c.Thinking += p.Text
	case switchgear.PartToolCall:
		call := *p.Call
		if call.Arguments == "" {
			call.Arguments = "{}"
		}
		c.Calls = append(c.Calls, call)
	default:
	}
}

func toldWhole(r *switchgear.Response) map[int]toldChoice {
	out := map[int]toldChoice{}
	for _, c := range r.Choices {
		t := toldChoice{Finish: c.Finish.Kind}
		for i := range c.Parts {
			t.take(&c.Parts[i])
		}
		out[c.Index] = t
	}
	return out
}

func toldStream(events []switchgear.Event) (map[int]toldChoice, switchgear.Usage) {
	type place struct{ choice, index int }
	parts, order := map[place]*switchgear.Part{}, []place{}
	out, usage := map[int]toldChoice{}, switchgear.Usage{}
	finish := map[int]switchgear.FinishKind{}
	for i := range events {
		e := &events[i]
		at := place{e.Choice, e.Index}
		switch e.Kind {
		case switchgear.EventPart:
			if parts[at] == nil {
				p := *e.Part
				if p.Call != nil {
					call := *p.Call
					p.Call = &call
				}
				parts[at], order = &p, append(order, at)
			}
		case switchgear.EventText, switchgear.EventThinking, switchgear.EventRefusal:
			parts[at].Text += e.Text
		case switchgear.EventToolCall:
			parts[at].Call.Arguments += e.Text
		case switchgear.EventFinish:
			finish[e.Choice] = e.Finish.Kind
		case switchgear.EventUsage:
			usage.Merge(&e.Usage)
		default:
		}
	}
	for choice, kind := range finish {
		c := toldChoice{Finish: kind}
		for _, at := range order {
			if at.choice == choice {
				c.take(parts[at])
			}
		}
		out[choice] = c
	}
	return out, usage
}

// TestRecordedAnswersSayTheSame writes every recorded answer anew, from what was
// read of it: a client reads the same in it.
func TestRecordedAnswersSayTheSame(t *testing.T) {
	wholes, streams := 0, 0
	for _, r := range chats(t) {
		if r.Status >= 300 || r.Has("in_stream_error") || r.Has("error_in_200") || unfinished[r.ID] {
			continue
		}
		switch {
		case r.Stream:
			streams++
			streamAgain(t, r.ID, r.ResponseText)
		case len(r.ResponseBody) > 0 && string(r.ResponseBody) != "null":
			wholes++
			was, err := New().Decode(r.ResponseBody)
			if err != nil {
				t.Fatalf("%s: %v", r.ID, err)
			}
			body, dropped, err := NewCodec().Answer(nil, was)
			if err != nil {
				t.Errorf("%s: %v", r.ID, err)
				continue
			}
			is, err := New().Decode(body)
			if err != nil {
				t.Errorf("%s: %v\n%s", r.ID, err, body)
				continue
			}
			before := toldWhole(was)
			for i, c := range before {
				if c.Finish == switchgear.FinishNone || c.Finish == switchgear.FinishOther { // it must say something, and names the loss
					c.Finish = toldWhole(is)[i].Finish
					before[i] = c
					if !slices.ContainsFunc(dropped, func(d string) bool { return strings.Contains(d, ".finish") }) {
						t.Errorf("%s: the finish reason is lost without a word: %v", r.ID, dropped)
					}
				}
			}
			if diff := cmp.Diff(before, toldWhole(is)) + cmp.Diff(was.Usage, is.Usage); diff != "" || was.ID != is.ID && was.ID != "" || was.Model != is.Model {
				t.Errorf("%s: -was +is\n%s", r.ID, diff)
			}
		}
	}
	if wholes < 500 || streams < 260 {
		t.Errorf("only %d whole answers and %d streams were written", wholes, streams)
	}
}

func streamAgain(t *testing.T, id, text string) {
	t.Helper()
	events, err := New().read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	was, usage := toldStream(events)
	if len(was) == 0 {
		return // Snowflake gives no finish reason, so there is nothing to pass on
	}
	wire := written(events, &switchgear.Request{Options: map[string]json.RawMessage{Name: json.RawMessage(`{"stream_options":{"include_usage":true}}`)}}, &usage)
	again, err := New().read(bytes.NewReader(wire))
	if err != nil {
		t.Errorf("%s: %v\n%s", id, err, wire)
		return
	}
	is, usageNow := toldStream(again)
	if diff := cmp.Diff(was, is) + cmp.Diff(usage, usageNow); diff != "" {
		t.Errorf("%s: -was +is\n%s", id, diff)
	}
}

func written(events []switchgear.Event, req *switchgear.Request, usage *switchgear.Usage) []byte {
	x := fixed().Stream(req)
	var wire []byte
	for i := range events {
		wire = x.Event(wire, &events[i])
	}
	return x.End(wire, usage)
}

// foreignAnswer is an answer of another maker's model, with what chat
// completions have no member for.
func foreignAnswer() *switchgear.Response {
	r := &switchgear.Response{
		ID: "msg_1", Model: "claude",
		Choices: []switchgear.Choice{{
			Parts: []switchgear.Part{
				{Kind: switchgear.PartThinking, Text: "hm", Signature: "S1", Origin: "anthropic"},
				{Kind: switchgear.PartRedacted, Signature: "D1", Origin: "anthropic"},
				{Text: "I will look."},
				{Kind: switchgear.PartOther, Raw: json.RawMessage(`{"type":"server_tool_use","id":"x"}`), Origin: "anthropic"},
				{Text: " Two things.", Origin: "anthropic", Extra: map[string]json.RawMessage{"citations": json.RawMessage(`[1]`)}},
				{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "toolu_1", Name: "f", Arguments: `{"x":1}`}},
				{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "toolu_2", Name: "g"}},
			},
			Finish: switchgear.Finish{Kind: switchgear.FinishToolCall, Reason: "tool_use"},
		}},
		Extra: map[string]json.RawMessage{"container": json.RawMessage(`{"id":"container_1"}`)},
	}
	r.Usage.Set(switchgear.UsageInput, 100)
	r.Usage.Set(switchgear.UsageOutput, 20)
	r.Usage.Set(switchgear.UsageCacheRead, 60)
	r.Usage.Set(switchgear.UsageCacheWrite, 10)
	r.Usage.Set(switchgear.UsageCacheWriteHour, 4)
	r.Usage.Set(switchgear.UsageReasoning, 5)
	return r
}

// TestForeignAnswer shows what a client reads of another maker's answer; see
// testdata/answer. UPDATE=1 writes the files anew.
func TestForeignAnswer(t *testing.T) {
	functions := &switchgear.Request{Tools: []switchgear.Tool{{Name: "f", Origin: legacy}}}
	for _, c := range []struct {
		name string
		req  *switchgear.Request
	}{{"tools", nil}, {"functions", functions}} {
		body, dropped, err := fixed().Answer(c.req, foreignAnswer())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := json.Indent(&out, body, "", "  "); err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		golden(t, c.name+".golden", out.String()+"\ndropped: "+strings.Join(dropped, "\ndropped: ")+"\n")
		frames := written(foreignEvents(), c.req, nil)
		golden(t, c.name+"-stream.golden", string(frames))
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "answer", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

// foreignEvents are an answer of another maker's as it streams: a thought that
// is signed, a text with a citation, two calls, one without arguments.
func foreignEvents() []switchgear.Event {
	call := func(id, name string) *switchgear.Part {
		return &switchgear.Part{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: id, Name: name}}
	}
	return []switchgear.Event{
		{Kind: switchgear.EventStart, ID: "msg_1", Model: "claude"},
		{Kind: switchgear.EventPart, Index: 0, Part: &switchgear.Part{Kind: switchgear.PartThinking, Origin: "anthropic"}},
		{Kind: switchgear.EventThinking, Index: 0, Text: "h"},
		{Kind: switchgear.EventPing},
		{Kind: switchgear.EventThinking, Index: 0, Text: "m"},
		{Kind: switchgear.EventSignature, Index: 0, Text: "S1"},
		{Kind: switchgear.EventPartEnd, Index: 0},
		{Kind: switchgear.EventPart, Index: 1, Part: &switchgear.Part{Kind: switchgear.PartRedacted, Signature: "D1", Origin: "anthropic"}},
		{Kind: switchgear.EventPartEnd, Index: 1},
		{Kind: switchgear.EventPart, Index: 2, Part: &switchgear.Part{}},
		{Kind: switchgear.EventDelta, Index: 2},
		{Kind: switchgear.EventText, Index: 2, Text: "I \"will\"\n"},
		{Kind: switchgear.EventPartEnd, Index: 2},
		{Kind: switchgear.EventPart, Index: 3, Part: call("toolu_1", "f")},
		{Kind: switchgear.EventToolCall, Index: 3, Text: `{"x":`},
		{Kind: switchgear.EventToolCall, Index: 3, Text: `1}`},
		{Kind: switchgear.EventPartEnd, Index: 3},
		{Kind: switchgear.EventPart, Index: 4, Part: call("toolu_2", "g")},
		{Kind: switchgear.EventPartEnd, Index: 4},
		{Kind: switchgear.EventFinish, Finish: switchgear.Finish{Kind: switchgear.FinishToolCall}},
		{Kind: switchgear.EventOther},
	}
}

// TestSignaturesComeBack sends an answer through a client and back: what another
// maker signed is signed again.
func TestSignaturesComeBack(t *testing.T) {
	body, _, err := NewCodec().Answer(nil, foreignAnswer())
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Choices []struct {
			Message json.RawMessage `json:"message"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatal(err)
	}
	req, err := NewCodec().Decode([]byte(`{"messages":[` + string(said.Choices[0].Message) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []switchgear.Part{
		{Kind: switchgear.PartThinking, Text: "hm", Signature: "S1", Origin: "anthropic"},
		{Kind: switchgear.PartRedacted, Signature: "D1", Origin: "anthropic"},
		{Text: "I will look. Two things."},
	}
	if diff := cmp.Diff(want, req.Messages[0].Parts[:3]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// A target of this dialect is not sent what it would refuse.
	enc, err := New().Encode(&switchgear.Call{Request: req}, false)
	if diff := cmp.Diff([]string{"messages[0].parts[0] (thinking)", "messages[0].parts[1] (redacted thinking)"}, enc.Dropped); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestFinishReasons(t *testing.T) {
	for _, c := range []struct {
		finish  switchgear.Finish
		part    switchgear.Part
		want    string
		dropped []string
	}{
		{switchgear.Finish{Kind: switchgear.FinishStop}, switchgear.Part{Text: "a"}, "stop", nil},
		{switchgear.Finish{Kind: switchgear.FinishStop, Sequence: "END"}, switchgear.Part{Text: "a"}, "stop", []string{"choices[0].finish.sequence"}},
		{switchgear.Finish{Kind: switchgear.FinishLength}, switchgear.Part{Text: "a"}, "length", nil},
		{switchgear.Finish{Kind: switchgear.FinishFilter}, switchgear.Part{Text: "a"}, "content_filter", nil},
		{switchgear.Finish{Kind: switchgear.FinishFilter}, switchgear.Part{Kind: switchgear.PartRefusal, Text: "no"}, "stop", nil},
		{switchgear.Finish{Kind: switchgear.FinishPause, Reason: "pause_turn"}, switchgear.Part{Text: "a"}, "stop", []string{"choices[0].finish (pause_turn)"}},
	} {
		body, dropped, err := NewCodec().Answer(nil, &switchgear.Response{Choices: []switchgear.Choice{{Parts: []switchgear.Part{c.part}, Finish: c.finish}}})
		if err != nil || !bytes.Contains(body, []byte(`"finish_reason":"`+c.want+`"`)) || !bytes.Contains(body, []byte(`"id":"chatcmpl-`)) {
			t.Errorf("%+v: %s %v", c.finish, body, err)
		}
		if diff := cmp.Diff(c.dropped, dropped); diff != "" {
			t.Errorf("%+v: %s", c.finish, diff)
		}
		if bytes.Contains(body, []byte("usage")) {
			t.Errorf("usage nobody gave: %s", body)
		}
	}
	var e *switchgear.Error
	if _, _, err := NewCodec().Answer(nil, &switchgear.Response{}); !errors.As(err, &e) {
		t.Errorf("an answer of nothing: %v", err)
	}
}

func TestUsageOnlyIfAskedFor(t *testing.T) {
	usage := foreignAnswer().Usage
	for body, want := range map[string]bool{
		`{"messages":[]}`: false,
		`{"messages":[],"stream_options":{"include_usage":true}}`:                             true,
		`{"messages":[],"stream_options":{"include_usage":false,"include_obfuscation":true}}`: false,
		`{"messages":[],"usage":{"include":true}}`:                                            true,
	} {
		req, err := NewCodec().Decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		wire := &switchgear.Request{Wire: &switchgear.Wire{Dialect: Name, Body: []byte(body)}}
		for _, req := range []*switchgear.Request{req, wire} {
			got := string(written(foreignEvents(), req, &usage))
			if strings.Contains(got, `"choices":[],"usage":{"prompt_tokens":100,`) != want || !strings.HasSuffix(got, "data: [DONE]\n\n") {
				t.Errorf("%s: %s", body, got[len(got)-300:])
			}
		}
	}
}

// TestCallersOfTools leaves the caller out where it is the model, and names any
// other.
func TestCallersOfTools(t *testing.T) {
	for caller, want := range map[string][]string{
		`{"type":"direct"}`:                         nil,
		`{"type":"direct","since":1}`:               {"choices[0].parts[0].extra.caller"},
		`{"type":"code_execution","tool_id":"x_1"}`: {"choices[0].parts[0].extra.caller"},
		`"direct"`: {"choices[0].parts[0].extra.caller"},
	} {
		call := switchgear.Part{
			Kind: switchgear.PartToolCall, Origin: "anthropic", Extra: map[string]json.RawMessage{"caller": json.RawMessage(caller)},
			Call: &switchgear.ToolCall{ID: "toolu_1", Name: "f", Arguments: "{}"},
		}
		_, dropped, err := fixed().Answer(nil, &switchgear.Response{Choices: []switchgear.Choice{{
			Parts: []switchgear.Part{call}, Finish: switchgear.Finish{Kind: switchgear.FinishToolCall},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(dropped, want) {
			t.Errorf("%s: dropped %q, want %q", caller, dropped, want)
		}
	}
}
