package anthropic

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchgear-dev/switchgear"
)

const (
	started = `data: {"type":"message_start","message":{"id":"m","model":"x","usage":{"input_tokens":5,"output_tokens":1}}}` + "\n\n"
	stopped = `data: {"type":"message_stop"}` + "\n\n"
	turned  = `data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}` + "\n\n"
)

// frame writes one frame of a stream.
func frame(data string) string { return "data: " + data + "\n\n" }

func diff(want, got []switchgear.Event) string {
	return cmp.Diff(want, got, cmpopts.IgnoreFields(switchgear.Event{}, "Raw"))
}

// TestEvents holds the shapes that streams have, one by one.
func TestEvents(t *testing.T) {
	tool := func(index int, name string) switchgear.Event {
		return switchgear.Event{Kind: switchgear.EventPart, Index: index, Part: &switchgear.Part{
			Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "t", Name: name},
		}}
	}
	for _, tt := range []struct {
		name   string
		stream string
		want   []switchgear.Event // between message_start and the last message_delta
	}{
		{
			"a ping and a comment are signs of life", "event: ping\n" + frame(`{"type": "ping"   }`) + ": still here\n\n",
			[]switchgear.Event{{Kind: switchgear.EventPing}, {Kind: switchgear.EventPing}},
		},
		{
			"a broken ping is still a ping", "event: ping\ndata: {\n\n",
			[]switchgear.Event{{Kind: switchgear.EventPing}},
		},
		{
			"events of tomorrow pass", frame(`{"type":"message_note","note":{}}`) + "event: note\ndata: hello\n\n",
			[]switchgear.Event{{}, {}},
		},
		{
			"a call without deltas has its arguments from the start",
			frame(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a": 1}}}`) +
				frame(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}`) +
				frame(`{"type":"content_block_stop","index":0}`),
			[]switchgear.Event{
				tool(0, "f"),
				{},
				{Kind: switchgear.EventToolCall, Text: `{"a": 1}`},
				{Kind: switchgear.EventPartEnd},
			},
		},
		{
			"deltas win over the start",
			frame(`{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`) +
				frame(`{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}}`) +
				frame(`{"type":"content_block_stop","index":3}`),
			[]switchgear.Event{
				tool(3, "f"),
				{Kind: switchgear.EventToolCall, Index: 3, Text: "{}"},
				{Kind: switchgear.EventPartEnd, Index: 3},
			},
		},
		{
			"text and signature of a start are content",
			frame(`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"hm","signature":"s"}}`) +
				frame(`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"yes"}}`),
			[]switchgear.Event{
				{Kind: switchgear.EventPart, Part: &switchgear.Part{Kind: switchgear.PartThinking, Origin: "anthropic"}},
				{Kind: switchgear.EventThinking, Text: "hm"},
				{Kind: switchgear.EventSignature, Text: "s"},
				{Kind: switchgear.EventPart, Index: 1, Part: &switchgear.Part{}},
				{Kind: switchgear.EventText, Index: 1, Text: "yes"},
			},
		},
		{
			"redacted thinking is all in its start",
			frame(`{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"xyz"}}`),
			[]switchgear.Event{
				{Kind: switchgear.EventPart, Part: &switchgear.Part{Kind: switchgear.PartRedacted, Signature: "xyz", Origin: "anthropic"}},
			},
		},
		{
			"the input of a tool at the provider is no call",
			frame(`{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s"}}`) +
				frame(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}`),
			[]switchgear.Event{
				{Kind: switchgear.EventPart, Part: &switchgear.Part{Kind: switchgear.PartOther, Raw: []byte(`{"type":"server_tool_use","id":"s"}`), Origin: "anthropic"}},
				{Kind: switchgear.EventDelta, Text: "{"},
			},
		},
		{
			"citations, compactions and unknown deltas go on",
			frame(`{"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{}}}`) +
				frame(`{"type":"content_block_delta","index":2,"delta":{"type":"compaction_delta","content":"c"}}`) +
				frame(`{"type":"content_block_delta","index":2,"delta":{"type":"wave_delta","wave":1}}`),
			[]switchgear.Event{
				{Kind: switchgear.EventDelta, Index: 2},
				{Kind: switchgear.EventDelta, Index: 2, Text: "c"},
				{Kind: switchgear.EventDelta, Index: 2},
			},
		},
		{
			"an empty delta is no progress",
			frame(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}`),
			[]switchgear.Event{{}},
		},
		{
			"counts: the last one wins, a missing one stays",
			frame(`{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":9,"cache_read_input_tokens":100,"cache_creation":{"ephemeral_1h_input_tokens":4}}}`) +
				frame(`{"type":"message_delta","delta":{},"usage":{"input_tokens":7,"output_tokens":null,"cache_creation_input_tokens":10}}`) +
				frame(`{"type":"message_delta","delta":{}}`),
			[]switchgear.Event{
				{Kind: switchgear.EventFinish, Finish: switchgear.Finish{Kind: switchgear.FinishLength, Reason: "max_tokens"}},
				{Kind: switchgear.EventUsage, Usage: switchgear.Usage{
					Input: 105, Output: 9, CacheRead: 100, CacheWriteHour: 4,
					Known: switchgear.UsageInput | switchgear.UsageOutput | switchgear.UsageCacheRead | switchgear.UsageCacheWriteHour,
				}},
				{Kind: switchgear.EventUsage, Usage: switchgear.Usage{
					Input: 117, Output: 9, CacheRead: 100, CacheWrite: 10, CacheWriteHour: 4,
					Known: switchgear.UsageInput | switchgear.UsageOutput | switchgear.UsageCacheRead | switchgear.UsageCacheWrite | switchgear.UsageCacheWriteHour,
				}},
				{},
			},
		},
		{
			"a second start is no second answer", started, []switchgear.Event{{}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			read := drain(strings.NewReader(started + tt.stream + turned + stopped))
			if read.err != nil {
				t.Fatal(read.err)
			}
			got := read.events
			if len(got) < 3 || got[0].Kind != switchgear.EventStart || got[0].ID != "m" || got[0].Model != "x" || got[0].Usage.Input != 5 {
				t.Fatalf("the start is lost: %+v", got)
			}
			if d := diff(tt.want, got[1:len(got)-2]); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestNothingIsReadBehindTheEnd: an answer is whole at message_stop, whatever
// the connection does after it.
func TestNothingIsReadBehindTheEnd(t *testing.T) {
	whole := started + turned + stopped
	r := &pieces{rest: whole + frame(`{"type":"error","error":{"type":"api_error"}}`), n: len(whole)}
	got := drain(r)
	if got.err != nil || len(got.events) != 3 {
		t.Errorf("%d events, %v", len(got.events), got.err)
	}
}

// TestStreamFailures holds what ends a stream, and as what.
func TestStreamFailures(t *testing.T) {
	text := frame(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}`)
	for _, tt := range []struct {
		name, stream string
		class        switchgear.Class
		code         string
	}{
		{"nothing", "", switchgear.ClassMalformed, "empty_body"},
		{"only comments", ": hello\n\n: hello\n\n", switchgear.ClassMalformed, "not_stream"},
		{"a web page", "<html>\n<body>Bad gateway: no\n\n</body></html>", switchgear.ClassConnect, "web_page"},
		{"an error in plain JSON", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, switchgear.ClassOverloaded, "overloaded_error"},
		{"JSON that is no error", `{"type":"message","content":[]}`, switchgear.ClassMalformed, "not_stream"},
		{"garbage", "lorem ipsum", switchgear.ClassMalformed, "not_stream"},
		{"only a ping", "event: ping\n" + frame(`{"type":"ping"}`), switchgear.ClassInterrupted, ""},
		{"cut after the start", started, switchgear.ClassInterrupted, ""},
		{"cut after the text", started + text, switchgear.ClassInterrupted, ""},
		{"cut after the stop reason", started + text + frame(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`), switchgear.ClassInterrupted, ""},
		{"cut inside the end", started + text + strings.TrimSuffix(stopped, "\n"), switchgear.ClassInterrupted, ""},
		{"an end without a stop reason", started + text + stopped, switchgear.ClassInterrupted, ""},
		{"an end with a stop reason of null", started + text + frame(`{"type":"message_delta","delta":{"stop_reason":null}}`) + stopped, switchgear.ClassInterrupted, ""},
		{"an end without a start", stopped, switchgear.ClassMalformed, ""},
		{"overload at once", "event: error\n" + frame(`{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}`), switchgear.ClassOverloaded, "overloaded_error"},
		{"overload in mid-answer", started + text + "event: error\n" + frame(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), switchgear.ClassOverloaded, "overloaded_error"},
		{"a failure", started + frame(`{"type":"error","error":{"type":"api_error","message":"oops"}}`), switchgear.ClassServer, "api_error"},
		{"a rate limit", started + frame(`{"type":"error","error":{"type":"rate_limit_error"}}`), switchgear.ClassRateLimited, "rate_limit_error"},
		{"an invalid request", frame(`{"type":"error","error":{"type":"invalid_request_error"}}`), switchgear.ClassInvalid, "invalid_request_error"},
		{"an error of no type", started + frame(`{"error":{"message":"x"}}`), switchgear.ClassServer, ""},
		{"an error by its name only", started + "event: error\n" + frame(`{"message":"x"}`), switchgear.ClassServer, ""},
		{"an unreadable error", started + "event: error\ndata: oops\n\n", switchgear.ClassServer, ""},
		{"an error as last words", started + `data: {"type":"error","error":{"type":"api_error"}}`, switchgear.ClassServer, "api_error"},
		{"an unreadable delta", started + "event: content_block_delta\ndata: {\"type\":\n\n" + stopped, switchgear.ClassMalformed, ""},
		{"an unreadable event without a name", started + "data: {\"type\":\n\n" + stopped, switchgear.ClassMalformed, ""},
		{"data that is no object", started + "data: [DONE]\n\n", switchgear.ClassMalformed, ""},
		{"depth", started + "data: " + strings.Repeat("[", 5000) + "\n\n", switchgear.ClassMalformed, ""},
		{"an endless event", started + "data: " + strings.Repeat("x", frameLimit+10), switchgear.ClassMalformed, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := drain(strings.NewReader(tt.stream))
			e, ok := errors.AsType[*switchgear.Error](got.err)
			if !ok {
				t.Fatalf("no error, but %d events", len(got.events))
			}
			if e.Class != tt.class || e.Code != tt.code || e.Dialect != "anthropic" || e.Message == "" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// TestClose ends a stream for good, and keeps a proper end what it is.
func TestClose(t *testing.T) {
	s := New().Events(strings.NewReader(started + turned + stopped))
	if !s.Next() || s.Close() != nil || s.Next() || s.Close() != nil {
		t.Fatal("a closed stream goes on")
	}
	if classOf(t, s.Err()) != switchgear.ClassCanceled {
		t.Errorf("got %v", s.Err())
	}
	s = New().Events(strings.NewReader(started + turned + stopped))
	for s.Next() {
		_ = s.Event() // only the end matters
	}
	if err := s.Close(); err != nil || s.Err() != nil {
		t.Errorf("got %v, %v", err, s.Err())
	}
}

// TestForeignErrors lets an error of ours that a reader returns through.
func TestForeignErrors(t *testing.T) {
	want := &switchgear.Error{Class: switchgear.ClassTimeout}
	s := New().Events(failing{want})
	if s.Next() || !errors.Is(s.Err(), want) {
		t.Errorf("got %v", s.Err())
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
