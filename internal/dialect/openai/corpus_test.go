package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// chats are the recorded exchanges of every host that speaks this dialect.
func chats(t corpus.TB) []*corpus.Record {
	var out []*corpus.Record
	for _, r := range corpus.Load(t, "*-chat.jsonl") {
		if r.Path != "/api/chat" { // Ollama's own protocol
			out = append(out, r)
		}
	}
	return out
}

func (*Dialect) read(r io.Reader) ([]switchgear.Event, error) {
	s := New().Events(r)
	var events []switchgear.Event
	for s.Next() {
		e := s.Event()
		e.Raw = bytes.Clone(e.Raw)
		events = append(events, e)
	}
	return events, s.Err()
}

// unfinished are recordings that their source edited (they are marked suspect)
// and that have "finish_reason": null to the end: those are answers cut short.
var unfinished = map[string]bool{"ed765c71bbbd993a": true, "d7229492cb48dda5": true}

func TestRecordedAnswersDecode(t *testing.T) {
	wholes, streams := 0, 0
	for _, r := range chats(t) {
		if r.Status >= 300 || r.Has("in_stream_error") || r.Has("error_in_200") {
			continue
		}
		switch {
		case r.Stream:
			streams++
			events, err := New().read(strings.NewReader(r.ResponseText))
			if unfinished[r.ID] {
				var e *switchgear.Error
				if !errors.As(err, &e) || e.Class != switchgear.ClassInterrupted {
					t.Errorf("%s: %v, but it has no finish reason", r.ID, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %s: %v", r.API, r.ID, err)
			}
			checkStream(t, r, events)
		case len(r.ResponseBody) > 0 && string(r.ResponseBody) != "null":
			wholes++
			resp, err := New().Decode(r.ResponseBody)
			if err != nil {
				t.Errorf("%s %s: %v", r.API, r.ID, err)
				continue
			}
			if resp.Model == "" && r.Provider != "snowflake" || len(resp.Choices) == 0 {
				t.Errorf("%s %s: no model or choice", r.API, r.ID)
			}
			if r.Has("usage") && !resp.Usage.Has(switchgear.UsageInput|switchgear.UsageOutput) {
				t.Errorf("%s %s: usage was lost", r.API, r.ID)
			}
			checkUsage(t, r.ID, &resp.Usage)
			if r.Has("tool_call") != (len(resp.ToolCalls()) > 0) && !r.Has("fin:function_call") {
				t.Errorf("%s %s: tool calls were lost", r.API, r.ID)
			}
		}
	}
	if wholes < 500 || streams < 260 {
		t.Errorf("only %d whole answers and %d streams were read", wholes, streams)
	}
}

func checkUsage(t *testing.T, id string, u *switchgear.Usage) {
	t.Helper()
	if u.CacheRead+u.CacheWrite > u.Input && u.Has(switchgear.UsageInput) || u.Reasoning > u.Output && u.Has(switchgear.UsageOutput) {
		t.Errorf("%s: parts are larger than the whole: %+v", id, *u)
	}
}

// checkStream checks what holds of every whole stream.
func checkStream(t *testing.T, r *corpus.Record, events []switchgear.Event) {
	t.Helper()
	starts, tools, usage := 0, 0, switchgear.Usage{}
	type part struct{ choice, index int }
	begun, ended := map[part]bool{}, map[part]bool{}
	for _, e := range events {
		at := part{e.Choice, e.Index}
		switch e.Kind {
		case switchgear.EventStart:
			starts++
		case switchgear.EventPart:
			begun[at] = true
			if e.Part.Kind == switchgear.PartToolCall {
				tools++
			}
		case switchgear.EventPartEnd:
			if !begun[at] || ended[at] {
				t.Errorf("%s: part %v ended out of turn", r.ID, at)
			}
			ended[at] = true
		case switchgear.EventText, switchgear.EventThinking, switchgear.EventToolCall, switchgear.EventSignature, switchgear.EventRefusal:
			if !begun[at] || ended[at] {
				t.Errorf("%s: %v of part %v, which is not open", r.ID, e.Kind, at)
			}
		case switchgear.EventUsage:
			usage = e.Usage
		default:
		}
	}
	if starts != 1 || len(begun) != len(ended) && r.Provider != "snowflake" {
		t.Errorf("%s: %d starts, %d parts begun, %d ended", r.ID, starts, len(begun), len(ended))
	}
	if r.Has("tool_call") != (tools > 0) || r.Has("usage") != usage.Has(switchgear.UsageInput) {
		t.Errorf("%s: %d tool calls, usage %+v, but the record has %v", r.ID, tools, usage, r.Features)
	}
	checkUsage(t, r.ID, &usage)
}

// TestRecordedStreamsRecut reads every stream whole, by 7 bytes and byte by
// byte: the events are the same, and their bytes are what came.
func TestRecordedStreamsRecut(t *testing.T) {
	for _, r := range chats(t) {
		if !r.Stream || r.Status >= 300 {
			continue
		}
		want, wantErr := New().read(strings.NewReader(r.ResponseText))
		for _, n := range []int{7, 1} {
			got, err := New().read(&chopped{text: r.ResponseText, n: n})
			if !reflect.DeepEqual(want, got) || !sameError(wantErr, err) {
				t.Fatalf("%s by %d bytes: %v, want %v\n%s", r.ID, n, err, wantErr, cmp.Diff(want, got))
			}
		}
		var raw strings.Builder
		for i := range want {
			raw.Write(want[i].Raw)
		}
		rest, ok := strings.CutPrefix(r.ResponseText, raw.String())
		if !ok || wantErr == nil && strings.TrimSpace(rest) != "" {
			t.Errorf("%s: the events' bytes are not what came; %d bytes are missing", r.ID, len(rest))
		}
	}
}

func sameError(a, b error) bool {
	var x, y *switchgear.Error
	if !errors.As(a, &x) || !errors.As(b, &y) {
		return a == nil && b == nil
	}
	return x.Class == y.Class && x.Error() == y.Error()
}

// chopped gives n bytes at a time.
type chopped struct {
	text string
	n    int
}

func (c *chopped) Read(p []byte) (int, error) {
	if c.text == "" {
		return 0, io.EOF
	}
	n := copy(p, c.text[:min(c.n, len(c.text))])
	c.text = c.text[n:]
	return n, nil
}

// TestCutStreamsNeverLookWhole cuts every stream at every event: before the
// finish reason it is an error.
func TestCutStreamsNeverLookWhole(t *testing.T) {
	for _, r := range chats(t) {
		if !r.Stream || r.Status >= 300 || r.Has("in_stream_error") {
			continue
		}
		events, _ := New().read(strings.NewReader(r.ResponseText))
		finished := len(events)
		for i := range events {
			if k := events[i].Kind; k == switchgear.EventFinish || k == switchgear.EventUsage && r.Provider == "snowflake" {
				finished = i
				break
			}
		}
		length, step := 0, max(1, len(events)/40)
		for i := range events[:max(0, finished-1)] {
			length += len(events[i].Raw)
			if i%step != 0 || len(events[i+1].Raw) == 0 {
				continue
			}
			for _, end := range []string{"", "data: [DONE]\n\n", "data: {\"choi"} {
				got, err := New().read(strings.NewReader(r.ResponseText[:length] + end))
				if err == nil {
					t.Fatalf("%s: cut after %d of %d events and ended with %q it looks whole", r.ID, i+1, len(events), end)
				}
				for _, e := range got {
					if bytes.Contains(e.Raw, []byte("[DONE]")) || bytes.Contains(e.Raw, []byte("data: {\"choi\n")) {
						t.Fatalf("%s: the end of a cut stream was passed on", r.ID)
					}
				}
			}
		}
	}
}

// TestRecordedRequestsPassThrough sends every recorded request: what goes out is
// what came but for the model.
func TestRecordedRequestsPassThrough(t *testing.T) {
	seen := 0
	for _, r := range chats(t) {
		env, err := NewCodec().Scan(r.RequestBody)
		if len(r.RequestBody) == 0 || string(r.RequestBody) == "null" {
			continue
		}
		if err != nil {
			if !strings.Contains(r.API, "azure") && !bytes.Contains(r.RequestBody, []byte(`"model"`)) {
				t.Errorf("%s: %v", r.ID, err)
			}
			continue
		}
		seen++
		wire := &switchgear.Wire{Dialect: Name, Body: r.RequestBody, Model: env.Span, Stream: env.Stream}
		for _, span := range []switchgear.Span{env.Span, {}} {
			wire.Model = span
			got := encode(t, wire, "another/\"model\"", nil)
			if back := encode(t, &switchgear.Wire{Dialect: Name, Body: got, Stream: env.Stream}, env.Model, nil); !bytes.Equal(back, r.RequestBody) {
				t.Fatalf("%s: the request changed on its way:\n%s", r.ID, cmp.Diff(string(r.RequestBody), string(back)))
			}
			var members map[string]json.RawMessage
			if err := json.Unmarshal(got, &members); err != nil || string(members["model"]) != `"another/\"model\""` {
				t.Fatalf("%s: model is %s, %v", r.ID, members["model"], err)
			}
		}
	}
	if seen < 600 {
		t.Errorf("only %d requests were sent", seen)
	}
}

func encode(t *testing.T, wire *switchgear.Wire, model string, levers *switchgear.Levers) []byte {
	t.Helper()
	call := &switchgear.Call{Request: &switchgear.Request{Wire: wire}, Target: switchgear.Target{Provider: "p", Model: model}, Levers: levers}
	enc, err := New().Encode(call, wire.Stream)
	if err != nil {
		t.Fatal(err)
	}
	return jsonx.Join(enc.Body)
}

func TestRecordedErrors(t *testing.T) {
	records := map[string]*corpus.Record{}
	for _, r := range corpus.Load(t, "*-chat.jsonl", "*-embeddings.jsonl", "openai-*.jsonl") {
		records[r.ID] = r
	}
	labelled := map[string]bool{}
	for _, line := range readLines(t, "testdata/errors.txt") {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] == "#" {
			continue
		}
		labelled[f[1]] = true
		r := records[f[1]]
		if r == nil {
			t.Errorf("%s: no such record", f[1])
			continue
		}
		e := recordedError(t, r)
		code := e.Code
		if code == "" {
			code = "-"
		}
		if e.Class.String() != f[2] || code != f[3] {
			t.Errorf("%s %s: class %s, code %s; want %s, %s", r.API, r.ID, e.Class, code, f[2], f[3])
		}
		if e.Dialect != Name || e.Message == "" || e.Detail != "" && strings.Contains(e.Error(), e.Detail) {
			t.Errorf("%s: %+v", r.ID, e)
		}
	}
	for _, r := range chats(t) {
		if r.Status >= 300 && !labelled[r.ID] {
			t.Errorf("%s %s has no label", r.API, r.ID)
		}
	}
}

func recordedError(t *testing.T, r *corpus.Record) *switchgear.Error {
	t.Helper()
	var err error
	switch {
	case r.Stream && r.Status < 300:
		_, err = New().read(strings.NewReader(r.ResponseText))
	case r.Status < 300:
		_, err = New().Decode(r.ResponseBody)
	default:
		return New().Error(r.Status, nil, r.ResponseBody)
	}
	var e *switchgear.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: no error", r.ID)
	}
	return e
}

func TestRecordedVectors(t *testing.T) {
	seen := 0
	for _, r := range corpus.Load(t, "openai-embeddings.jsonl", "azure-openai-embeddings.jsonl", "local-embeddings.jsonl", "mistral-embeddings.jsonl", "voyage-embeddings.jsonl") {
		if r.Status >= 300 {
			continue
		}
		seen++
		resp, err := New().DecodeEmbed(r.ResponseBody)
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		if !resp.Usage.Has(switchgear.UsageInput) || len(resp.Vectors) == 0 || len(resp.Vectors[0]) < 100 {
			t.Errorf("%s: %d vectors, usage %+v", r.ID, len(resp.Vectors), resp.Usage)
		}
		env, err := NewCodec().ScanEmbed(r.RequestBody)
		if err != nil {
			continue // Azure names the model in the path
		}
		wire := &switchgear.Wire{Dialect: Name, Body: r.RequestBody, Model: env.Span}
		enc, err := New().EncodeEmbed(&switchgear.EmbedCall{Request: &switchgear.EmbedRequest{Wire: wire}, Target: switchgear.Target{Model: env.Model}})
		if got := jsonx.Join(enc.Body); err != nil || !bytes.Equal(got, r.RequestBody) || enc.Path != "/embeddings" {
			t.Errorf("%s: %v, the request changed on its way", r.ID, err)
		}
	}
	if seen < 15 {
		t.Errorf("only %d answers were read", seen)
	}
}
