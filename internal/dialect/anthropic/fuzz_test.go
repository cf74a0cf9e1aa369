package anthropic

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"m","type":"message","content":[{"type":"text","text":"a"},{"type":"tool_use","input":{}}],"stop_reason":"end_turn","usage":{"input_tokens":1}}`))
	f.Add([]byte(`{"content":[{"type":"thinking","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"new"},7,null]}`))
	f.Add([]byte(`{"type":"error","error":{"type":"overloaded_error"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		got, err := New().Decode(body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was written to")
		}
		if err != nil {
			if _, ok := errors.AsType[*switchgear.Error](err); !ok {
				t.Fatalf("%v is no *switchgear.Error", err)
			}
			return
		}
		call := &switchgear.Call{Request: &switchgear.Request{Messages: []switchgear.Message{{Role: switchgear.RoleAssistant, Parts: got.Choices[0].Parts}}}}
		out, err := New().Encode(call, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := jsonx.Check(jsonx.Join(out.Body)); err != nil {
			t.Fatalf("what was decoded cannot be sent back: %v", err)
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add(started+frame(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}`)+stopped, 3)
	f.Add(started+"event: ping\r\ndata: {}\r\n\r\n: c\n\n"+frame(`{"type":"message_delta","delta":{"stop_reason":"x"},"usage":{}}`), 1)
	f.Add("event: error\ndata: x\n\n", 2)
	f.Fuzz(func(t *testing.T, text string, size int) {
		whole := drain(strings.NewReader(text))
		if !strings.HasPrefix(text, string(whole.raw)) {
			t.Fatal("the frames are not the stream")
		}
		if whole.err == nil && !strings.Contains(text, "message_stop") && !strings.Contains(text, `\u`) {
			t.Fatal("a stream without an end looks complete")
		}
		cut := drain(&pieces{rest: text, n: max(1, size%64)})
		if (whole.err == nil) != (cut.err == nil) {
			t.Fatalf("whole: %v, in pieces: %v", whole.err, cut.err)
		}
		if strings.Contains(text, "\r") {
			return // a line feed behind a carriage return may belong to either frame
		}
		if diff := cmp.Diff(whole.events, cut.events); diff != "" {
			t.Fatalf("(-whole +pieces)\n%s", diff)
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"model":"m","stream":true,"messages":[],"metadata":{"user_id":"u"}}`))
	f.Add([]byte(`{"model":"m","model":"n"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := NewCodec().Scan(body)
		if err != nil {
			if classOf(t, err) != switchgear.ClassInvalid {
				t.Fatal(err)
			}
			return
		}
		if s, ok := jsonx.Unquote(body[env.Span.Start:env.Span.End]); !ok || s != env.Model || s == "" {
			t.Fatalf("%+v", env)
		}
		wire := &switchgear.Wire{Dialect: "anthropic", Body: body, Model: env.Span, Stream: env.Stream}
		out, err := New().Encode(&switchgear.Call{Request: &switchgear.Request{Wire: wire}, Target: switchgear.Target{Model: "x"}}, env.Stream)
		if err != nil {
			t.Fatal(err)
		}
		again, err := NewCodec().Scan(jsonx.Join(out.Body))
		if err != nil || again.Model != "x" || again.Stream != env.Stream || again.User != env.User {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}

func FuzzError(f *testing.F) {
	f.Add(400, "text/html", []byte(`<html>`))
	f.Add(529, "application/json", []byte(said("overloaded_error", "Overloaded")))
	f.Add(400, "", []byte(said("invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2025-08-01 at 00:00 UTC.")))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		e := New().Error(status, http.Header{"Content-Type": {kind}}, body)
		if e.Message == "" || e.Dialect != "anthropic" || len(e.Body) > bodyLimit || e.RetryAfter < 0 {
			t.Fatalf("%+v", e)
		}
		e.Provider = "p"
		got, out := NewCodec().Error(e, "r")
		if got < 400 || got > 599 || jsonx.Check(out) != nil {
			t.Fatalf("%d %q", got, out)
		}
	})
}

// FuzzRequest: what is read can be written, means the same to a second reading,
// and every leaf is said or named.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","max_tokens":5,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":"a"},` +
		`{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"i","name":"f","input":{"x":1}},{"type":"new"}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":[{"type":"image","source":{"type":"url","url":"u"}}],"is_error":true}]}]}`))
	f.Add([]byte(`{"tools":[{"name":"f","input_schema":{},"strict":true},{"type":"bash_1","name":"b"}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"thinking":{"type":"enabled","budget_tokens":9},` +
		`"output_config":{"effort":"low","format":{"type":"json_schema","schema":{}},"x":1},"metadata":{"user_id":"u","y":2},"messages":[{"role":"system","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"title":"t"}]}]}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":"0"},{"role":"assistant"},{"role":"user","content":[{"type":"0"}]}]}`))
	f.Add([]byte(`{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"switchgear:openai:x"},{"type":"redacted_thinking","data":"switchgear::"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		if jsonx.Check(body) != nil {
			_, _ = NewCodec().Decode(body) // must not panic
			return
		}
		req, err := NewCodec().Decode(body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was written to")
		}
		if err != nil {
			if classOf(t, err) != switchgear.ClassInvalid {
				t.Fatal(err)
			}
			return
		}
		for _, origin := range []string{name, "openai"} {
			req.Origin = origin
			out, err := New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: "claude-haiku-4-5"}}, true)
			if err != nil {
				t.Fatal(err)
			}
			sent := jsonx.Join(out.Body)
			if err := jsonx.Check(sent); err != nil {
				t.Fatalf("%v in %s", err, sent)
			}
			again, err := NewCodec().Decode(sent)
			if err != nil {
				t.Fatalf("%v in %s", err, sent)
			}
			if origin != name {
				continue
			}
			twice, err := New().Encode(&switchgear.Call{Request: again, Target: switchgear.Target{Model: "claude-haiku-4-5"}}, true)
			if err != nil {
				t.Fatal(err)
			}
			if got := jsonx.Join(twice.Body); !bytes.Equal(sent, got) {
				t.Fatalf("once %s\ntwice %s", sent, got)
			}
		}
	})
}

// FuzzStreamer: whatever order events come in, the blocks stand one after the
// other, no word of the answer is lost, and each call's arguments stay together.
func FuzzStreamer(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 4, 1, 0, 0, 4, 1, 5, 1})
	f.Add([]byte{2, 0, 3, 0, 1, 0, 1, 1, 4, 0, 4, 1, 4, 0, 6, 0, 6, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		enc := NewCodec().Stream(nil)
		var out []byte
		begun := map[int]bool{} // calls are begun once, as their sources do
		args := map[string]string{}
		words := 0
		for i := 0; i+1 < len(ops); i += 2 {
			index := int(ops[i+1] % 4)
			e := switchgear.Event{Index: index, Text: string(rune('a' + i%26))}
			switch ops[i] % 7 {
			case 0:
				e.Kind = switchgear.EventText
				words++
			case 1:
				index += 10
				if begun[index] {
					continue
				}
				begun[index] = true
				e = call(index, "id"+string(rune('0'+index)), "f")
			case 2:
				e = part(index, switchgear.Part{Kind: switchgear.PartThinking, Origin: "openai"})
			case 3:
				e.Kind = switchgear.EventThinking
				words++
			case 4:
				e.Kind, e.Index = switchgear.EventToolCall, index+10
				if !begun[e.Index] {
					continue
				}
				args["id"+string(rune('0'+e.Index))] += e.Text
			case 5:
				e = over(index)
			case 6:
				e.Kind = switchgear.EventSignature
			}
			out = enc.Event(out, &e)
		}
		out = enc.End(out, nil)
		got := drain(bytes.NewReader(out))
		if got.err != nil {
			t.Fatal(got.err)
		}
		said, open, id := map[string]string{}, false, ""
		for _, e := range got.events {
			switch e.Kind {
			case switchgear.EventPart:
				if open {
					t.Fatalf("blocks overlap in %s", out)
				}
				if open, id = true, ""; e.Part.Call != nil {
					id = e.Part.Call.ID
				}
			case switchgear.EventPartEnd:
				open = false
			case switchgear.EventText, switchgear.EventThinking:
				words -= len(e.Text)
			case switchgear.EventToolCall:
				if e.Text != "{}" { // of a call that has none
					said[id] += e.Text
				}
			default:
			}
		}
		if diff := cmp.Diff(args, said); diff != "" || words != 0 || open {
			t.Fatalf("%d words are lost, arguments (-came +said) %s\n%s", words, diff, out)
		}
	})
}
