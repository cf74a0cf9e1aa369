package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func lines(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

const (
	hello  = `{"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}`
	halt   = `{"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	tokens = `{"id":"c1","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`
)

func TestStreamEnds(t *testing.T) {
	second := strings.Replace(hello, `"index":0`, `"index":1`, 1)
	for _, c := range []struct {
		name, text string
		class      switchgear.Class
		whole      bool
	}{
		{"finish, usage, done", lines(hello, halt, tokens, "[DONE]"), 0, true},
		{"no done", lines(hello, halt), 0, true},
		{"done without its blank line", lines(hello, halt) + "data: [DONE]", 0, true},
		{"finish without its blank line", lines(hello) + "data: " + halt, 0, true},
		{"a broken event behind the finish", lines(hello, halt) + "data: {\"usa", 0, true},
		{"no finish", lines(hello), switchgear.ClassInterrupted, false},
		{"done without finish", lines(hello, "[DONE]"), switchgear.ClassInterrupted, false},
		{"done and usage without finish", lines(hello, tokens, "[DONE]"), switchgear.ClassInterrupted, false},
		{"one of two choices finished", lines(hello, second, halt, "[DONE]"), switchgear.ClassInterrupted, false},
		{"two choices without done", lines(hello, second, halt, strings.Replace(halt, `"index":0`, `"index":1`, 1)), switchgear.ClassInterrupted, false},
		{"cut within an event", lines(hello) + "data: {\"id\":", switchgear.ClassInterrupted, false},
		{"empty", "", switchgear.ClassMalformed, false},
		{"comments only", ": a\n\n: b\n\n", switchgear.ClassMalformed, false},
		{"done only", lines("[DONE]"), switchgear.ClassMalformed, false},
		{"garbage", lines("{oops", "<>", "[DONE]"), switchgear.ClassMalformed, false},
		{"garbage within an answer", lines(hello, "{oops", halt, "[DONE]"), 0, true},
		{"a page", "<html><body>\n\nno</body></html>", switchgear.ClassConnect, false},
		{"an error without events", "{\n \"error\": {\"code\": 404, \"message\": \"models/x is not found\"}\n}\n", switchgear.ClassGone, false},
		{"an error in the stream", lines(hello, `{"error":{"message":"x","code":"server_is_overloaded"}}`), switchgear.ClassOverloaded, false},
		{"an error event", lines(hello) + "event: error\ndata: {\"message\":\"x\",\"code\":\"rate_limit_exceeded\"}\n\n", switchgear.ClassRateLimited, false},
		{"an error event in plain words", lines(hello) + "event: error\ndata: out of memory\n\n", switchgear.ClassServer, false},
		{"a flat error", lines(`{"object":"error","message":"maximum context length is 8","code":400}`), switchgear.ClassContext, false},
		{"an error of null", lines(strings.Replace(hello, `"id"`, `"error":null,"id"`, 1), halt), 0, true},
		{"finish reason error", lines(hello, strings.Replace(halt, "stop", "error", 1), "[DONE]"), switchgear.ClassServer, false},
		{"finish reason error, explained", lines(hello, `{"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":429,"message":"x"}}]}`), switchgear.ClassRateLimited, false},
		{"no resources", lines(hello, strings.Replace(halt, "stop", "insufficient_system_resource", 1)), switchgear.ClassOverloaded, false},
		{"endless choices", lines(manyChoices(), halt, "[DONE]"), switchgear.ClassMalformed, false},
		{"endless calls", lines(manyCalls(), halt, "[DONE]"), switchgear.ClassMalformed, false},
		{"deep", lines(strings.Repeat("[", 2000) + strings.Repeat("]", 2000)), switchgear.ClassMalformed, false},
	} {
		events, err := New().read(strings.NewReader(c.text))
		var e *switchgear.Error
		if errors.As(err, &e) == c.whole || e != nil && e.Class != c.class {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.whole {
			continue
		}
		for i := range events {
			if strings.Contains(string(events[i].Raw), "[DONE]") || strings.Contains(string(events[i].Raw), `"error":{`) {
				t.Errorf("%s: %q was passed on", c.name, events[i].Raw)
			}
		}
	}
}

func manyChoices() string {
	var b strings.Builder
	for i := range most + 2 {
		fmt.Fprintf(&b, `,{"index":%d,"delta":{"content":"x"}}`, i)
	}
	return `{"id":"c","choices":[` + b.String()[1:] + `]}`
}

func manyCalls() string {
	return `{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[` +
		strings.Repeat(`{"id":"","function":{"name":"f"}},`, most+1) + `{}]}}]}`
}

// failing gives a text and then an error.
type failing struct {
	text io.Reader
	err  error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.text.Read(p)
	if errors.Is(err, io.EOF) {
		err = f.err
	}
	return n, err
}

func TestStreamOverABrokenConnection(t *testing.T) {
	own := &switchgear.Error{Class: switchgear.ClassTimeout, Code: "idle"}
	for _, c := range []struct {
		name, text string
		err        error
		class      switchgear.Class
	}{
		{"reset before anything", "", errors.New("reset"), switchgear.ClassInterrupted},
		{"reset", lines(hello), errors.New("reset"), switchgear.ClassInterrupted},
		{"the caller went", lines(hello), context.Canceled, switchgear.ClassCanceled},
		{"too slow", lines(hello), context.DeadlineExceeded, switchgear.ClassTimeout},
		{"classified already", lines(hello), own, switchgear.ClassTimeout},
	} {
		_, err := New().read(failing{strings.NewReader(c.text), c.err})
		var e *switchgear.Error
		if !errors.As(err, &e) || e.Class != c.class || !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := New().read(failing{strings.NewReader(lines(hello, halt)), errors.New("reset")}); err != nil {
		t.Errorf("the answer was whole before the reset: %v", err)
	}
}

func TestStreamClose(t *testing.T) {
	s := New().Events(strings.NewReader(lines(hello, halt, "[DONE]")))
	if !s.Next() || s.Close() != nil || s.Next() || s.Err() == nil {
		t.Errorf("a closed stream goes on, or ends well: %v", s.Err())
	}
	if s.Close() != nil || s.Event().Kind != switchgear.EventOther {
		t.Error("closing twice is not allowed")
	}
	s = New().Events(strings.NewReader(lines(hello, halt, "[DONE]")))
	for s.Next() {
	}
	if s.Close() != nil || s.Err() != nil {
		t.Errorf("closing an answer that ended makes it an error: %v", s.Err())
	}
}

// TestStreamParts shows what becomes of the odd pieces hosts send.
func TestStreamParts(t *testing.T) {
	delta := func(d string) string { return `{"id":"c","model":"m","choices":[{"index":0,"delta":` + d + `}]}` }
	call := func(d string) string { return delta(`{"tool_calls":[` + d + `]}`) }
	for _, c := range []struct {
		name string
		in   []string
		want []switchgear.Part
	}{
		{
			"every call numbered 0",
			[]string{
				call(`{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}`),
				call(`{"index":0,"id":"b","function":{"name":"g","arguments":"{\"x\":"}}`), call(`{"index":0,"id":"b","function":{"arguments":"1}"}}`),
			},
			[]switchgear.Part{tool("a", "f", "{}"), tool("b", "g", `{"x":1}`)},
		},
		{
			"no numbers",
			[]string{
				call(`{"id":"a","function":{"name":"f","arguments":"{"}}`), call(`{"function":{"arguments":"}"}}`),
				call(`{"id":"b","function":{"name":"f","arguments":"[]"}}`),
			},
			[]switchgear.Part{tool("a", "f", "{}"), tool("b", "f", "[]")},
		},
		{
			"side by side",
			[]string{
				call(`{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g","arguments":"["}}`),
				call(`{"index":0,"function":{"arguments":"{}"}}`), call(`{"index":1,"function":{"arguments":"]"}}`),
			},
			[]switchgear.Part{tool("a", "f", "{}"), tool("b", "g", "[]")},
		},
		{
			"the name comes late",
			[]string{call(`{"index":0,"id":"a","function":{"arguments":"{"}}`), call(`{"index":0,"function":{"name":"f","arguments":"}"}}`)},
			[]switchgear.Part{tool("a", "f", "{}")},
		},
		{
			"arguments that are an object",
			[]string{call(`{"index":0,"id":"a","function":{"name":"f","arguments":{"x": 1}}}`)},
			[]switchgear.Part{tool("a", "f", `{"x": 1}`)},
		},
		{
			"the call of the time before tools",
			[]string{delta(`{"function_call":{"name":"f","arguments":""}}`), delta(`{"function_call":{"arguments":"{}"}}`)},
			[]switchgear.Part{tool("", "f", "{}")},
		},
		{
			"the same thought in two spellings",
			[]string{delta(`{"reasoning":"a","reasoning_content":"a","reasoning_details":[{"type":"reasoning.text","text":"a","signature":"S"}]}`), delta(`{"content":"b"}`)},
			[]switchgear.Part{{Kind: switchgear.PartThinking, Text: "a", Signature: "S", Origin: Name}, {Text: "b"}},
		},
		{
			"thoughts that are hidden",
			[]string{delta(`{"reasoning_encrypted":"E"}`), delta(`{"reasoning_details":[{"type":"reasoning.encrypted","data":"F"}]}`)},
			[]switchgear.Part{{Kind: switchgear.PartRedacted, Signature: "E", Origin: Name}, {Kind: switchgear.PartRedacted, Signature: "F", Origin: Name}},
		},
		{
			"a block nobody knows",
			[]string{delta(`{"content":[{"type":"reference","reference_ids":[1]},{"type":"text","text":"a"}]}`)},
			[]switchgear.Part{{Kind: switchgear.PartOther, Raw: []byte(`{"type":"reference","reference_ids":[1]}`), Origin: Name}, {Text: "a"}},
		},
		{
			"speech",
			[]string{delta(`{"audio":{"id":"au","transcript":"Hi"}}`), delta(`{"audio":{"data":"QUJD"}}`), delta(`{"audio":{"transcript":"!"}}`)},
			[]switchgear.Part{{Kind: switchgear.PartAudio, Text: "Hi!", Media: &switchgear.Media{FileID: "au"}}},
		},
	} {
		events, err := New().read(strings.NewReader(lines(append(c.in, halt, "[DONE]")...)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, assemble(events).Choices[0].Parts); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}

func tool(id, name, args string) switchgear.Part {
	return switchgear.Part{
		Kind: switchgear.PartToolCall, Origin: Name,
		Call: &switchgear.ToolCall{ID: id, Name: name, Arguments: args},
	}
}
