package anthropic

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func TestScan(t *testing.T) {
	body := []byte(`{"max_tokens":1,"model": "ch\u0061t","stream":true,"messages":[],"metadata":{"user_id":"u1"},"new":{"model":1}}`)
	got, err := NewCodec().Scan(body)
	want := switchgear.Envelope{Model: "chat", Span: switchgear.Span{Start: 25, End: 36}, Stream: true, User: "u1"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if s := string(body[got.Span.Start:got.Span.End]); s != `"ch\u0061t"` {
		t.Errorf("the model's place is that of %s", s)
	}
	got, err = NewCodec().Scan([]byte(`{"messages":[1],"model":"m","stream":null,"metadata":7}`))
	if err != nil || got.Stream || got.User != "" || got.Model != "m" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestScanRefuses bodies in one clear sentence that never quotes them.
func TestScanRefuses(t *testing.T) {
	for _, tt := range []struct{ name, body, say, param, code string }{
		{"nothing", "", "no body", "", "invalid_json"},
		{"not JSON", `{"model":"m",}`, "at byte 13", "", "invalid_json"},
		{"trailing", `{"model":"m","messages":[]} {}`, "at byte 28", "", "invalid_json"},
		{"a byte order mark", "\ufeff{}", "byte order mark", "", "invalid_json"},
		{"an array", `[]`, "must be an object", "", "invalid_json"},
		{"depth", strings.Repeat("[", 100_000), "deeper than 1000", "", "invalid_json"},
		{"no model", `{"messages":[]}`, "names no model", "model", "missing_required_parameter"},
		{"an empty model", `{"model":"","messages":[]}`, "empty", "model", "missing_required_parameter"},
		{"a number as model", `{"model":1,"messages":[]}`, "must be a string", "model", "invalid_type"},
		{"two models", `{"model":"a","model":"b"}`, "appears twice", "model", "ambiguous_member"},
		{"an escaped model", `{"mod\u0065l":"a"}`, "escapes", "model", "ambiguous_member"},
		{"a model in capitals", `{"Model":"a"}`, "upper and lower case", "model", "ambiguous_member"},
		{"two streams", `{"stream":true,"stream":false}`, "appears twice", "stream", "ambiguous_member"},
		{"a stream that is no flag", `{"model":"a","stream":"yes","messages":[]}`, "true or false", "stream", "invalid_type"},
		{"no messages", `{"model":"a"}`, `no "messages"`, "messages", "missing_required_parameter"},
		{"messages that are no list", `{"model":"a","messages":"secret prompt"}`, "must be an array", "messages", "invalid_type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewCodec().Scan([]byte(tt.body))
			e, ok := errors.AsType[*switchgear.Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if e.Class != switchgear.ClassInvalid || !strings.Contains(e.Message, tt.say) || e.Param != tt.param || e.Code != tt.code || strings.Contains(e.Error(), "secret") {
				t.Errorf("got %+v", e)
			}
			status, body := NewCodec().Error(e, "r")
			if status != 400 || !json.Valid(body) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

func attempts(classes ...switchgear.Class) *switchgear.Trace {
	trace := &switchgear.Trace{}
	for _, c := range classes {
		trace.Attempts = append(trace.Attempts, switchgear.Attempt{Err: &switchgear.Error{Class: c, Provider: "p"}})
	}
	return trace
}

// TestClientErrors holds what a client gets for every failure.
func TestClientErrors(t *testing.T) {
	const upstream = `{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: Field required"},"request_id":"req_theirs"}`
	skipped := attempts(switchgear.ClassOverloaded)
	skipped.Attempts = append([]switchgear.Attempt{{Skipped: "breaker open"}}, skipped.Attempts...)
	for _, tt := range []struct {
		name   string
		err    switchgear.Error
		status int
		body   string
	}{
		{
			"a chain that failed",
			switchgear.Error{Class: switchgear.ClassExhausted, Code: "chain_exhausted", Message: "no step", Trace: attempts(switchgear.ClassServer, switchgear.ClassOverloaded)},
			503, `{"type":"error","error":{"type":"api_error","message":"no step","code":"chain_exhausted"},"request_id":"r1"}`,
		},
		{
			"a chain that is overloaded",
			switchgear.Error{Class: switchgear.ClassExhausted, Code: "chain_exhausted", Message: "no step", Trace: attempts(switchgear.ClassOverloaded, switchgear.ClassAuth)},
			529, `{"type":"error","error":{"type":"overloaded_error","message":"no step","code":"chain_exhausted"},"request_id":"r1"}`,
		},
		{
			"steps that were not called do not count",
			switchgear.Error{Class: switchgear.ClassExhausted, Message: "no step", Trace: skipped},
			529, `{"type":"error","error":{"type":"overloaded_error","message":"no step"},"request_id":"r1"}`,
		},
		{
			"overload as the cause",
			switchgear.Error{Class: switchgear.ClassExhausted, Message: "no step", Err: &switchgear.Error{Class: switchgear.ClassOverloaded}},
			529, `{"type":"error","error":{"type":"overloaded_error","message":"no step"},"request_id":"r1"}`,
		},
		{
			"a floor",
			switchgear.Error{Class: switchgear.ClassRefused, Code: "floor_refused", Message: "floor"},
			503, `{"type":"error","error":{"type":"api_error","message":"floor","code":"floor_refused"},"request_id":"r1"}`,
		},
		{
			"a spend limit",
			switchgear.Error{Class: switchgear.ClassRefused, Code: "spend_limit", Message: "spent"},
			429, `{"type":"error","error":{"type":"rate_limit_error","message":"spent","code":"spend_limit"},"request_id":"r1"}`,
		},
		{
			"our rate limit",
			switchgear.Error{Class: switchgear.ClassRateLimited, Code: "rate_limit", Message: "slow"},
			429, `{"type":"error","error":{"type":"rate_limit_error","message":"slow","code":"rate_limit"},"request_id":"r1"}`,
		},
		{
			"a bad client key",
			switchgear.Error{Class: switchgear.ClassAuth, Message: "key"},
			401, `{"type":"error","error":{"type":"authentication_error","message":"key"},"request_id":"r1"}`,
		},
		{
			"a bad credential of ours",
			switchgear.Error{Class: switchgear.ClassAuth, Provider: "p", Status: 401, Dialect: "anthropic", Body: []byte(upstream), Message: "the provider refuses the key"},
			503, `{"type":"error","error":{"type":"api_error","message":"p: the provider refuses the key"},"request_id":"r1"}`,
		},
		{
			"a provider's bill",
			switchgear.Error{Class: switchgear.ClassQuota, Provider: "p", Status: 402, Message: "spent"},
			503, `{"type":"error","error":{"type":"api_error","message":"p: spent"},"request_id":"r1"}`,
		},
		{
			"a route that is not allowed",
			switchgear.Error{Class: switchgear.ClassRefused, Status: 403, Message: "not for this key"},
			403, `{"type":"error","error":{"type":"permission_error","message":"not for this key"},"request_id":"r1"}`,
		},
		{
			"an unknown route",
			switchgear.Error{Class: switchgear.ClassInvalid, Code: "unknown_route", Message: "which?"},
			404, `{"type":"error","error":{"type":"not_found_error","message":"which?","code":"unknown_route"},"request_id":"r1"}`,
		},
		{
			"too large",
			switchgear.Error{Class: switchgear.ClassInvalid, Status: 413, Message: "too large"},
			413, `{"type":"error","error":{"type":"request_too_large","message":"too large"},"request_id":"r1"}`,
		},
		{
			"a fault of ours",
			switchgear.Error{Class: switchgear.ClassInternal, Message: "oops"},
			500, `{"type":"error","error":{"type":"api_error","message":"oops"},"request_id":"r1"}`,
		},
		{
			"what the provider says about the request",
			switchgear.Error{Class: switchgear.ClassInvalid, Provider: "p", Status: 400, Dialect: "anthropic", Body: []byte(upstream)},
			400, upstream,
		},
		{
			"the same in another dialect",
			switchgear.Error{Class: switchgear.ClassInvalid, Provider: "p", Status: 422, Dialect: "openai", Body: []byte(`{"error":{}}`), Message: "invalid", Detail: "n must be 1"},
			422, `{"type":"error","error":{"type":"invalid_request_error","message":"p: n must be 1"},"request_id":"r1"}`,
		},
		{
			"a page is never passed",
			switchgear.Error{Class: switchgear.ClassInvalid, Provider: "p", Status: 413, Dialect: "anthropic", Body: []byte("<html>"), Message: "too large"},
			413, `{"type":"error","error":{"type":"request_too_large","message":"p: too large"},"request_id":"r1"}`,
		},
		{
			"an error without words",
			switchgear.Error{Class: switchgear.ClassTimeout, Provider: "p"},
			503, `{"type":"error","error":{"type":"api_error","message":"p: timeout"},"request_id":"r1"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body := NewCodec().Error(&tt.err, "r1")
			if status != tt.status || string(body) != tt.body {
				t.Errorf("%d %s\nwant %d %s", status, body, tt.status, tt.body)
			}
		})
	}
}

// TestStreamError is a frame that our own reader, and so a client's, takes for
// the failure it is.
func TestStreamError(t *testing.T) {
	e := &switchgear.Error{Class: switchgear.ClassInterrupted, Code: switchgear.CodeStreamInterrupted, Message: "cut\noff"}
	got := string(NewCodec().StreamError(e, "r1"))
	const want = "event: error\n" + `data: {"type":"error","error":{"type":"api_error","message":"cut\noff","code":"stream_interrupted"},"request_id":"r1"}` + "\n\n"
	if got != want {
		t.Errorf("%q", got)
	}
	read := drain(strings.NewReader(started + got))
	if classOf(t, read.err) != switchgear.ClassServer {
		t.Errorf("got %v", read.err)
	}
	busy := string(NewCodec().StreamError(&switchgear.Error{Class: switchgear.ClassOverloaded, Provider: "p", Message: "busy"}, ""))
	if !strings.Contains(busy, `"overloaded_error"`) || strings.Contains(busy, "request_id") {
		t.Errorf("%q", busy)
	}
}

func TestModels(t *testing.T) {
	got := string(NewCodec().Models([]switchgear.ModelInfo{{Name: "chat", Created: 1_700_000_000}, {Name: "claude-x", Display: "X", Alias: true}}))
	const want = `{"data":[{"type":"model","id":"chat","display_name":"chat","created_at":"2023-11-14T22:13:20Z"},` +
		`{"type":"model","id":"claude-x","display_name":"X","created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"chat","last_id":"claude-x"}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := string(NewCodec().Models(nil)); got != `{"data":[],"has_more":false,"first_id":null,"last_id":null}` {
		t.Error(got)
	}
}
