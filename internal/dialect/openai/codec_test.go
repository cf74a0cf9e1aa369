package openai

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func TestScan(t *testing.T) {
	body := []byte(` {"messages":[{"role":"user","content":"\u0048i","model":"not this"}], "model" : "cha\u0074", "stream":true,"user":"u-1"}`)
	env, err := NewCodec().Scan(body)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(body[env.Span.Start:env.Span.End]); got != `"cha\u0074"` {
		t.Errorf("the span holds %s", got)
	}
	env.Span = switchgear.Span{}
	if diff := cmp.Diff(switchgear.Envelope{Model: "chat", Stream: true, User: "u-1"}, env); diff != "" {
		t.Error(diff)
	}
	for _, off := range []string{`{"model":"r","messages":[]}`, `{"model":"r","messages":[],"stream":false,"user":7}`, `{"model":"r","messages":[],"stream":null}`} {
		if env, err := NewCodec().Scan([]byte(off)); err != nil || env.Stream || env.User != "" {
			t.Errorf("%s: %+v, %v", off, env, err)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	for _, c := range []struct{ body, param, message string }{
		{``, "", "ends too early"},
		{`{"model":"r","messages":[]`, "", "at byte 26"},
		{`{"model":"r","messages":[]}{}`, "", "at byte 27"},
		{`[]`, "", "must be an object"},
		{"\xef\xbb\xbf{}", "", "byte order mark"},
		{strings.Repeat("[", 1<<20), "", "1000"},
		{`{"model":"r","messages":` + strings.Repeat("[", 1200) + strings.Repeat("]", 1200) + `}`, "", "1000"},
		{`{"messages":[]}`, "model", `no "model"`},
		{`{"model":7,"messages":[]}`, "model", "must be a string"},
		{`{"model":null,"messages":[]}`, "model", "must be a string"},
		{`{"model":"","messages":[]}`, "model", "empty"},
		{`{"model":"a","messages":[],"model":"b"}`, "model", "twice"},
		{`{"\u006dodel":"a","messages":[]}`, "model", "escapes"},
		{`{"Model":"a","messages":[]}`, "model", "case"},
		{`{"model":"a","messages":[],"Stream":true}`, "stream", "case"},
		{`{"model":"r","messages":[],"stream":"true"}`, "stream", "true or false"},
		{`{"model":"r","messages":[],"stream":1}`, "stream", "true or false"},
		{`{"model":"r"}`, "messages", `no "messages"`},
		{`{"model":"r","messages":"hi"}`, "messages", "array"},
	} {
		_, err := NewCodec().Scan([]byte(c.body))
		var e *switchgear.Error
		if !errors.As(err, &e) || e.Class != switchgear.ClassInvalid || e.Status != 400 || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%.60s: %+v; want %q about %q", c.body, e, c.message, c.param)
		}
	}
}

func TestScanEmbed(t *testing.T) {
	env, err := NewCodec().ScanEmbed([]byte(`{"input":["a"],"model":"e"}`))
	if err != nil || env.Model != "e" || env.Stream {
		t.Errorf("%+v, %v", env, err)
	}
	for _, body := range []string{`{"model":"e"}`, `{"input":"a"}`, `{"input":"a","input":"b","model":"e"}`, `nul`} {
		if _, err := NewCodec().ScanEmbed([]byte(body)); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}

func TestReplies(t *testing.T) {
	own := `{"error":{"message":"Invalid 'messages[3]'.","type":"invalid_request_error","param":"messages[3]","code":"invalid_value"}}`
	mine := func(class switchgear.Class, status int, code string) *switchgear.Error {
		return &switchgear.Error{Class: class, Status: status, Code: code, Message: "m"}
	}
	theirs := func(class switchgear.Class, status int, code string) *switchgear.Error {
		e := mine(class, status, code)
		e.Provider, e.Dialect, e.Detail, e.Body = "openai", Name, "their words", []byte(own)
		return e
	}
	foreignBody := theirs(switchgear.ClassInvalid, 422, "x_error")
	foreignBody.Dialect = "anthropic"
	brokenBody := theirs(switchgear.ClassInvalid, 400, "x_error")
	brokenBody.Body = []byte("Bad Request")
	for _, c := range []struct {
		name   string
		e      *switchgear.Error
		status int
		body   string
	}{
		{"a bad client key", mine(switchgear.ClassAuth, 401, "invalid_api_key"), 401, `{"error":{"message":"m (request sg_1)","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`},
		{"a route not allowed", mine(switchgear.ClassInvalid, 403, "route_not_allowed"), 403, `{"error":{"message":"m (request sg_1)","type":"permission_error","param":null,"code":"route_not_allowed"}}`},
		{"unknown route", mine(switchgear.ClassInvalid, 0, switchgear.CodeUnknownRoute), 404, `{"error":{"message":"m (request sg_1)","type":"invalid_request_error","param":null,"code":"unknown_route"}}`},
		{"exhausted", mine(switchgear.ClassExhausted, 0, switchgear.CodeChainExhausted), 503, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"chain_exhausted"}}`},
		{"floor", mine(switchgear.ClassRefused, 0, switchgear.CodeFloorRefused), 503, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"floor_refused"}}`},
		{"our rate limit", mine(switchgear.ClassRateLimited, 0, switchgear.CodeRateLimit), 429, `{"error":{"message":"m (request sg_1)","type":"rate_limit_error","param":null,"code":"rate_limit"}}`},
		{"spend limit", mine(switchgear.ClassRefused, 0, switchgear.CodeSpendLimit), 429, `{"error":{"message":"m (request sg_1)","type":"insufficient_quota","param":null,"code":"spend_limit"}}`},
		{"a fault of our own", mine(switchgear.ClassInternal, 0, ""), 500, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"internal"}}`},
		{"too slow", mine(switchgear.ClassTimeout, 0, ""), 504, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"timeout"}}`},
		{"the caller's fault, in the provider's words", theirs(switchgear.ClassInvalid, 400, "invalid_value"), 400, own},
		{"a policy in a 200", theirs(switchgear.ClassPolicy, 200, "content_filter"), 400, own},
		{"too long", theirs(switchgear.ClassContext, 413, ""), 413, own},
		{"another dialect's words", foreignBody, 422, `{"error":{"message":"m: their words (request sg_1)","type":"invalid_request_error","param":null,"code":"x_error"}}`},
		{"no JSON", brokenBody, 400, `{"error":{"message":"m: their words (request sg_1)","type":"invalid_request_error","param":null,"code":"x_error"}}`},
		{"our credential", theirs(switchgear.ClassAuth, 401, "invalid_api_key"), 503, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"terminal_upstream"}}`},
		{"our money", theirs(switchgear.ClassQuota, 402, "insufficient_quota"), 503, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"terminal_upstream"}}`},
		{"a model that is gone", theirs(switchgear.ClassGone, 404, "model_not_found"), 503, `{"error":{"message":"m (request sg_1)","type":"server_error","param":null,"code":"terminal_upstream"}}`},
		{"every key over its limit", theirs(switchgear.ClassRateLimited, 429, "x"), 429, `{"error":{"message":"m (request sg_1)","type":"rate_limit_error","param":null,"code":"rate_limit"}}`},
	} {
		status, body := NewCodec().Error(c.e, "sg_1")
		if status != c.status || string(body) != c.body {
			t.Errorf("%s: %d %s; want %d %s", c.name, status, body, c.status, c.body)
		}
	}
}

// TestNoCredentialIsBlamedOnTheClient goes through every class and status: a
// provider's failure never looks like a bad client key.
func TestNoCredentialIsBlamedOnTheClient(t *testing.T) {
	for class := switchgear.ClassUnknown; class <= switchgear.ClassInternal; class++ {
		for _, status := range []int{0, 200, 400, 401, 402, 403, 404, 407, 429, 500, 503} {
			e := &switchgear.Error{Class: class, Status: status, Provider: "p", Dialect: Name}
			if got, body := NewCodec().Error(e, "sg_1"); got == 401 || got == 403 || got == 407 || got < 400 || !json.Valid(body) {
				t.Errorf("%s (%d) is a %d: %s", class, status, got, body)
			}
		}
	}
}

func TestStreamError(t *testing.T) {
	got := string(NewCodec().StreamError(&switchgear.Error{Class: switchgear.ClassInterrupted, Provider: "p", Message: "broke \"off\"\nthere", Detail: "secret"}, "sg_1"))
	const want = `data: {"error":{"message":"broke \"off\"\nthere (request sg_1)","type":"server_error","param":null,"code":"stream_interrupted"}}` + "\n\n"
	if got != want {
		t.Errorf("%q", got)
	}
	if _, err := New().read(strings.NewReader(lines(hello) + got)); err == nil {
		t.Error("a client of this dialect takes it for an answer")
	}
}

func TestModels(t *testing.T) {
	got := string(NewCodec().Models([]switchgear.ModelInfo{{Name: "chat", Created: 9}, {Name: "a\"b", Alias: true}}))
	const want = `{"object":"list","data":[{"id":"chat","object":"model","created":9,"owned_by":"switchgear"},{"id":"a\"b","object":"model","created":0,"owned_by":"switchgear"}]}`
	if got != want || string(NewCodec().Models(nil)) != `{"object":"list","data":[]}` {
		t.Errorf("%s", got)
	}
}
