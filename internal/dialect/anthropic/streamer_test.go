package anthropic

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// told writes events and gives back the data of the frames, in short.
func told(t *testing.T, events ...switchgear.Event) []string {
	t.Helper()
	enc := NewCodec().Stream(&switchgear.Request{})
	out := enc.Event(nil, &switchgear.Event{Kind: switchgear.EventStart, ID: "chatcmpl-1", Model: "gpt-x"})
	for i := range events {
		out = enc.Event(out, &events[i])
	}
	out = enc.End(out, nil)
	if again := enc.End(nil, nil); len(again) > 0 {
		t.Errorf("it ends twice: %s", again)
	}
	if late := enc.Event(nil, &switchgear.Event{Kind: switchgear.EventText, Text: "late"}); len(late) > 0 {
		t.Errorf("something comes behind the end: %s", late)
	}
	if got := drain(strings.NewReader(string(out))); got.err != nil {
		t.Fatal(got.err)
	}
	var lines []string
	for frame := range strings.SplitSeq(strings.TrimSuffix(string(out), "\n\n"), "\n\n") {
		event, data, ok := strings.Cut(frame, "\ndata: ")
		kind := strings.TrimPrefix(event, "event: ")
		if !ok || !strings.HasPrefix(data, `{"type":"`+kind+`"`) {
			t.Fatalf("a frame reads %q", frame)
		}
		if kind == "message_start" || kind == "message_stop" || kind == "message_delta" {
			continue
		}
		data = strings.TrimSuffix(strings.TrimPrefix(data, `{"type":"`+kind+`",`), "}")
		lines = append(lines, strings.TrimPrefix(kind, "content_block_")+" "+strings.TrimPrefix(data, `"index":`))
	}
	return lines
}

func part(index int, p switchgear.Part) switchgear.Event {
	return switchgear.Event{Kind: switchgear.EventPart, Index: index, Part: &p}
}

func call(index int, id, name string) switchgear.Event {
	return part(index, switchgear.Part{Kind: switchgear.PartToolCall, Origin: "openai", Call: &switchgear.ToolCall{ID: id, Name: name}})
}

func says(kind switchgear.EventKind, index int, text string) switchgear.Event {
	return switchgear.Event{Kind: kind, Index: index, Text: text}
}

func over(index int) switchgear.Event {
	return switchgear.Event{Kind: switchgear.EventPartEnd, Index: index}
}

// TestBlocksNeverOverlap whatever order the parts come in.
func TestBlocksNeverOverlap(t *testing.T) {
	const text, args = switchgear.EventText, switchgear.EventToolCall
	for _, tt := range []struct {
		name   string
		events []switchgear.Event
		want   []string
	}{
		{
			"calls side by side",
			[]switchgear.Event{
				call(0, "a", "f"), says(args, 0, `{"x":`), call(1, "b", "g"), says(args, 1, `{"y":`), says(args, 0, `1`), says(args, 1, `2`), says(args, 0, `}`), says(args, 1, `}`), over(0), over(1),
			},
			[]string{
				`start 0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}`,
				`delta 0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}`,
				`delta 0,"delta":{"type":"input_json_delta","partial_json":"1"}`,
				`delta 0,"delta":{"type":"input_json_delta","partial_json":"}"}`,
				`stop 0`,
				`start 1,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}`,
				`delta 1,"delta":{"type":"input_json_delta","partial_json":"{\"y\":2"}`,
				`delta 1,"delta":{"type":"input_json_delta","partial_json":"}"}`,
				`stop 1`,
			},
		},
		{
			"a whole call makes way at once, one without arguments when it ends",
			[]switchgear.Event{call(0, "a", "f"), says(args, 0, `{}`), call(1, "b", "g"), call(2, "c", "h"), says(args, 2, "{}")},
			[]string{
				`start 0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}`,
				`delta 0,"delta":{"type":"input_json_delta","partial_json":"{}"}`, `stop 0`,
				`start 1,"content_block":{"type":"tool_use","id":"b","name":"g","input":{}}`, `stop 1`,
				`start 2,"content_block":{"type":"tool_use","id":"c","name":"h","input":{}}`,
				`delta 2,"delta":{"type":"input_json_delta","partial_json":"{}"}`, `stop 2`,
			},
		},
		{
			"text goes on behind a call",
			[]switchgear.Event{part(0, switchgear.Part{}), says(text, 0, "a"), call(1, "", "f"), says(args, 1, `{"x"`), says(text, 0, "b"), says(args, 1, `:1}`), says(text, 0, "c")},
			[]string{
				`start 0,"content_block":{"type":"text","text":""}`, `delta 0,"delta":{"type":"text_delta","text":"a"}`, `stop 0`,
				`start 1,"content_block":{"type":"tool_use","id":"toolu_chatcmpl-1_1","name":"f","input":{}}`,
				`delta 1,"delta":{"type":"input_json_delta","partial_json":"{\"x\""}`, `delta 1,"delta":{"type":"input_json_delta","partial_json":":1}"}`, `stop 1`,
				`start 2,"content_block":{"type":"text","text":""}`, `delta 2,"delta":{"type":"text_delta","text":"b"}`, `delta 2,"delta":{"type":"text_delta","text":"c"}`, `stop 2`,
			},
		},
		{
			"thinking of others is marked, and empty parts are not begun",
			[]switchgear.Event{
				part(0, switchgear.Part{Kind: switchgear.PartThinking, Origin: "openai"}), says(switchgear.EventThinking, 0, "hm"), says(switchgear.EventSignature, 0, "s1"),
				part(1, switchgear.Part{}), over(1),
				part(2, switchgear.Part{Kind: switchgear.PartRedacted, Origin: "openai", Signature: "d"}), over(2),
				part(3, switchgear.Part{Kind: switchgear.PartThinking, Origin: "openai"}), part(4, switchgear.Part{Kind: switchgear.PartAudio}), says(text, 5, ""), says(text, 5, "x"),
			},
			[]string{
				`start 0,"content_block":{"type":"thinking","thinking":"","signature":""}`, `delta 0,"delta":{"type":"thinking_delta","thinking":"hm"}`,
				`delta 0,"delta":{"type":"signature_delta","signature":"switchgear:openai:s1"}`, `stop 0`,
				`start 1,"content_block":{"type":"redacted_thinking","data":"switchgear:openai:d"}`, `stop 1`,
				`start 2,"content_block":{"type":"text","text":""}`, `delta 2,"delta":{"type":"text_delta","text":"x"}`, `stop 2`,
			},
		},
		{
			"further choices, calls nobody named, blocks of others",
			[]switchgear.Event{
				{Kind: text, Choice: 1, Text: "no"},
				says(args, 3, "{}"), part(0, switchgear.Part{Kind: switchgear.PartOther, Raw: []byte(`{}`), Origin: "openai"}),
				{Kind: switchgear.EventDelta, Index: 0, Raw: []byte("data: {}\n\n")},
				{Kind: switchgear.EventPing},
				{Kind: switchgear.EventOther},
				over(9),
			},
			[]string{"ping "},
		},
		{
			"a refusal is text",
			[]switchgear.Event{says(switchgear.EventRefusal, 0, "no")},
			[]string{`start 0,"content_block":{"type":"text","text":""}`, `delta 0,"delta":{"type":"text_delta","text":"no"}`, `stop 0`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := told(t, tt.events...)
			for i := range got {
				got[i] = strings.Replace(got[i], `ping {"type":"ping"`, "ping ", 1)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStreamFrames holds the frames around the blocks.
func TestStreamFrames(t *testing.T) {
	start := switchgear.Event{Kind: switchgear.EventStart, ID: "msg_1", Model: "m"}
	start.Usage.Set(switchgear.UsageInput, 9)
	later := switchgear.Event{Kind: switchgear.EventUsage}
	later.Usage.Set(switchgear.UsageOutput, 3)
	enc := NewCodec().Stream(nil)
	var out []byte
	for _, e := range []switchgear.Event{
		{Kind: switchgear.EventPing},
		start, start, call(0, "a", "f"), says(switchgear.EventToolCall, 0, "{}"),
		{Kind: switchgear.EventFinish, Finish: switchgear.Finish{Kind: switchgear.FinishStop, Reason: "stop"}},
		later,
	} {
		out = enc.Event(out, &e)
	}
	last := switchgear.Usage{}
	last.Set(switchgear.UsageCacheRead, 4)
	out = enc.End(out, &last)
	const want = "event: message_start\n" + `data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,` +
		`"usage":{"input_tokens":9,"cache_creation_input_tokens":null,"cache_read_input_tokens":null,"output_tokens":0}}}` + "\n\n" +
		"event: content_block_start\n" + `data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}` + "\n\n" +
		"event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}` + "\n\n" +
		"event: content_block_stop\n" + `data: {"type":"content_block_stop","index":0}` + "\n\n" +
		"event: message_delta\n" + `data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},` +
		`"usage":{"input_tokens":5,"cache_creation_input_tokens":null,"cache_read_input_tokens":4,"output_tokens":3}}` + "\n\n" +
		"event: message_stop\n" + `data: {"type":"message_stop"}` + "\n\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
	empty := string(NewCodec().Stream(nil).End(nil, nil))
	if got := drain(strings.NewReader(empty)); got.err != nil || len(got.events) < 3 {
		t.Errorf("an answer without events reads %q: %v", empty, got.err)
	}
}

func BenchmarkWriteEvent(b *testing.B) {
	enc := NewCodec().Stream(nil)
	buf := enc.Event(nil, &switchgear.Event{Kind: switchgear.EventStart, ID: "chatcmpl-1", Model: "gpt-x"})
	delta := says(switchgear.EventText, 0, "hello world, how")
	b.ReportAllocs()
	for b.Loop() {
		buf = enc.Event(buf[:0], &delta)
	}
}
