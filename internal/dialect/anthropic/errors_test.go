package anthropic

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

func said(kind, message string) string {
	return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q},"request_id":"req_1"}`, kind, message)
}

// TestError holds the class of every failure the provider is known to give.
func TestError(t *testing.T) {
	const page = "<!DOCTYPE html><html><head><title>x</title></head></html>"
	for _, tt := range []struct {
		name   string
		status int
		body   string
		class  switchgear.Class
		code   string
	}{
		{"prompt too long", 400, said("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"), switchgear.ClassContext, "invalid_request_error"},
		{"prompt and limit too long", 400, said("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 3"), switchgear.ClassContext, "invalid_request_error"},
		{"usage limits", 400, said("invalid_request_error", "You have reached your specified API usage limits."), switchgear.ClassQuota, "invalid_request_error"},
		{"workspace usage limits", 400, said("invalid_request_error", "You have reached your specified workspace API usage limits."), switchgear.ClassQuota, "invalid_request_error"},
		{"no credit", 400, said("invalid_request_error", "Your credit balance is too low to access the API."), switchgear.ClassQuota, "invalid_request_error"},
		{"prefill", 400, said("invalid_request_error", "This model does not support assistant message prefill."), switchgear.ClassInvalid, "prefill_unsupported"},
		{"content filter", 400, said("invalid_request_error", "Output blocked by content filtering policy"), switchgear.ClassPolicy, "invalid_request_error"},
		{"invalid", 400, said("invalid_request_error", "max_tokens: Field required"), switchgear.ClassInvalid, "invalid_request_error"},
		{"invalid, of no type", 400, `{"detail":"nope"}`, switchgear.ClassInvalid, ""},
		{"unprocessable", 422, `{}`, switchgear.ClassInvalid, ""},
		{"bad key", 401, said("authentication_error", "invalid x-api-key"), switchgear.ClassAuth, "authentication_error"},
		{"bad key, no body", 401, "", switchgear.ClassAuth, ""},
		{"no permission", 403, said("permission_error", "no"), switchgear.ClassAuth, "permission_error"},
		{"forbidden", 403, `{"error":{"type":"forbidden","message":"Request not allowed"}}`, switchgear.ClassAuth, "forbidden"},
		{"billing", 402, said("billing_error", "pay"), switchgear.ClassQuota, "billing_error"},
		{"payment, no body", 402, "", switchgear.ClassQuota, ""},
		{"no such model", 404, said("not_found_error", "model: x"), switchgear.ClassGone, "not_found_error"},
		{"no such address", 404, `{"detail":"Not Found"}`, switchgear.ClassConnect, "no_such_address"},
		{"too large", 413, said("request_too_large", "Request exceeds the maximum size"), switchgear.ClassInvalid, "request_too_large"},
		{"too large, says the CDN", 413, "<html>\r\n<head><title>413 Request Entity Too Large</title></head></html>", switchgear.ClassInvalid, "request_too_large"},
		{"conflict", 409, said("conflict_error", "again"), switchgear.ClassServer, "conflict_error"},
		{"rate limit", 429, said("rate_limit_error", "This request would exceed your account's rate limit."), switchgear.ClassRateLimited, "rate_limit_error"},
		{"rate limit, no body", 429, "", switchgear.ClassRateLimited, ""},
		{"rate limit under another type", 429, `{"error":{"code":"rate_limit_error","type":"invalid_request_error"}}`, switchgear.ClassRateLimited, "rate_limit_error"},
		{"acceleration", 429, said("rate_limit_error", "you have hit acceleration limits"), switchgear.ClassRateLimited, "acceleration_limit"},
		{"spend limit", 429, `{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}`, switchgear.ClassQuota, "enforced_spend_limit_reached"},
		{"failure", 500, said("api_error", "Internal server error"), switchgear.ClassServer, "api_error"},
		{"failure, no body", 500, "", switchgear.ClassServer, ""},
		{"timeout", 504, said("timeout_error", "x"), switchgear.ClassServer, "timeout_error"},
		{"overload", 529, said("overloaded_error", "Overloaded"), switchgear.ClassOverloaded, "overloaded_error"},
		{"overload under 500", 500, said("overloaded_error", "Overloaded"), switchgear.ClassOverloaded, "overloaded_error"},
		{"failure under 529", 529, said("api_error", "x"), switchgear.ClassOverloaded, "api_error"},
		{"unavailable", 503, "", switchgear.ClassOverloaded, ""},
		{"unknown type under 500", 500, said("new_error", "x"), switchgear.ClassServer, "new_error"},
		{"unknown type under 400", 400, said("new_error", "x"), switchgear.ClassInvalid, "new_error"},
		{"an error as a string", 400, `{"error":"nope"}`, switchgear.ClassInvalid, ""},
		{"a type that is no word", 400, said("quote of a prompt", "x"), switchgear.ClassInvalid, ""},
		{"challenge page", 403, page, switchgear.ClassConnect, "web_page"},
		{"login page", 401, page, switchgear.ClassConnect, "web_page"},
		{"gateway page", 502, page, switchgear.ClassServer, "web_page"},
		{"origin page", 520, page, switchgear.ClassServer, "web_page"},
		{"rate limit page", 429, page, switchgear.ClassConnect, "web_page"},
		{"page as an answer", 200, page, switchgear.ClassConnect, "web_page"},
		{"nothing as an answer", 200, "", switchgear.ClassMalformed, "empty_body"},
		{"error as an answer", 200, said("overloaded_error", "Overloaded"), switchgear.ClassOverloaded, "overloaded_error"},
		{"redirect", 302, page, switchgear.ClassServer, "redirect"},
		{"garbage", 500, "\x00\xff{", switchgear.ClassServer, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := New().Error(tt.status, http.Header{}, []byte(tt.body))
			if got.Class != tt.class || got.Code != tt.code {
				t.Errorf("%v %q, want %v %q", got.Class, got.Code, tt.class, tt.code)
			}
			if got.Message == "" || got.Dialect != "anthropic" || got.Status != tt.status {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestPrompts keeps the provider's words, which may quote a prompt, out of what
// is logged.
func TestPrompts(t *testing.T) {
	const secret = "my secret prompt"
	for _, body := range []string{
		said("invalid_request_error", secret), said(secret, "x"), `{"error":"` + secret + `"}`,
		`{"error":{"code":"` + secret + `"}}`, secret, "<html>" + secret,
	} {
		if got := New().Error(400, nil, []byte(body)).Error(); strings.Contains(got, secret) {
			t.Errorf("%s", got)
		}
	}
}

// TestRetryAfter: how long to wait stands in a header, in the text or in the
// calendar.
func TestRetryAfter(t *testing.T) {
	const spent = `{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}`
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   time.Duration
	}{
		{"in a header", 429, map[string]string{"Retry-After": "7"}, said("rate_limit_error", "x"), 7 * time.Second},
		{"of an overload", 529, map[string]string{"Retry-After": "2"}, said("overloaded_error", "x"), 2 * time.Second},
		{"of a failure", 500, map[string]string{"Retry-After-Ms": "1500"}, "", 1500 * time.Millisecond},
		{"not said", 429, nil, said("rate_limit_error", "x"), 0},
		{"a terminal error means nothing by it", 400, map[string]string{"Retry-After": "7"}, said("invalid_request_error", "x"), 0},
		{"a date in the text", 400, nil, said("invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2000-01-03 at 00:00 UTC."), 48 * time.Hour},
		{"a date that has passed", 400, nil, said("invalid_request_error", "You have reached your specified API usage limits. You will regain access on 1999-01-03 at 00:00 UTC."), 0},
		{"a date that is none", 400, nil, said("invalid_request_error", "You have reached your specified API usage limits on the API on some day at noon, not earlier."), 0},
		{"the end of the month", 429, nil, spent, 31 * 24 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // it is midnight, 1 January 2000, UTC
				h := http.Header{}
				for k, v := range tt.header {
					h.Set(k, v)
				}
				if got := New().Error(tt.status, h, []byte(tt.body)).RetryAfter; got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestBodiesAreCapped at 64 KiB.
func TestBodiesAreCapped(t *testing.T) {
	body := []byte(said("api_error", strings.Repeat("x", 100_000)))
	got := New().Error(500, nil, body)
	if len(got.Body) != 64<<10 || got.Class != switchgear.ClassServer {
		t.Errorf("%d bytes, %v", len(got.Body), got.Class)
	}
	body[0] = 'X'
	if got.Body[0] != '{' {
		t.Error("the body is not a copy")
	}
}

// TestDecodeRefuses what is no answer.
func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		class      switchgear.Class
	}{
		{"nothing", "", switchgear.ClassMalformed},
		{"space", " \n", switchgear.ClassMalformed},
		{"a web page", "\n<html></html>", switchgear.ClassConnect},
		{"garbage", "lorem", switchgear.ClassMalformed},
		{"cut", `{"type":"message","content":[{"type":"text","te`, switchgear.ClassMalformed},
		{"an array", `[]`, switchgear.ClassMalformed},
		{"an empty object", `{}`, switchgear.ClassMalformed},
		{"no content", `{"type":"message","usage":{}}`, switchgear.ClassMalformed},
		{"content that is no list", `{"type":"message","content":"hi"}`, switchgear.ClassMalformed},
		{"depth", strings.Repeat("[", 2000) + strings.Repeat("]", 2000), switchgear.ClassMalformed},
		{"an error", said("overloaded_error", "Overloaded"), switchgear.ClassOverloaded},
		{"an error without its envelope", `{"error":{"type":"api_error","message":"x"}}`, switchgear.ClassServer},
		{"another protocol's answer", `{"choices":[{"message":{"content":"x"}}]}`, switchgear.ClassMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New().Decode([]byte(tt.body))
			if err == nil {
				t.Fatalf("got %+v", got)
			}
			if class := classOf(t, err); class != tt.class {
				t.Errorf("%v, want %v", class, tt.class)
			}
			if _, err := New().DecodeCount([]byte(tt.body)); classOf(t, err) != tt.class {
				t.Errorf("count: %v, want %v", err, tt.class)
			}
		})
	}
}
