package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func within(t *testing.T, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("took %v, want %v to %v", took, least, most)
	}
}

// checkHeaders holds the gateway's headers on an answer of a chain.
func checkHeaders(t *testing.T, got *reply, route string, want must, attempts int) {
	t.Helper()
	status, fallback, by := 200, "", "one/m1"
	switch want.end {
	case terminal:
		status, by = want.status, ""
		fallback = "one/m1: " + want.class
	case moved:
		by = "two/m2"
		fallback = "one/m1: " + want.class
	}
	if got.status != status {
		t.Fatalf("status %d, want %d: %.300s", got.status, status, got.body)
	}
	for name, value := range map[string]string{
		"Route": route, "Attempts": strconv.Itoa(attempts), "Fallback": fallback, "Served-By": by, "Degraded": "0", "Dropped": "",
	} {
		if have := got.own(name); have != value {
			t.Errorf("x-switchgear-%s is %q, want %q", strings.ToLower(name), have, value)
		}
	}
	if id := got.own("Request-Id"); id == "" || (got.header.Get("X-Request-ID") != id && got.header.Get("Request-Id") != id) {
		t.Errorf("request id %q in %v", id, got.headerNames())
	}
	for _, name := range []string{"Set-Cookie", "Retry-After", "X-Ratelimit-Remaining-Tokens", "Anthropic-Ratelimit-Tokens-Remaining", "Cf-Ray", "Server"} {
		if value := got.header.Get(name); value != "" {
			t.Errorf("the provider's %s: %s reached the client", name, value)
		}
	}
}

// checkClasses holds how the attempts were judged.
func checkClasses(t *testing.T, h *house, want must) {
	t.Helper()
	for i := range want.calls {
		a := h.records.attempts[i]
		class := ""
		if a.Err != nil {
			class = a.Err.Class.String()
		}
		if class != want.class {
			t.Errorf("attempt %d is %q, want %q (%v)", i+1, class, want.class, a.Err)
		}
	}
}

// checkBroken holds the end of a stream that broke after it had begun: what
// came before it is the provider's, to the byte; the end is an error event; and
// nothing makes it look like an answer that is whole.
func checkBroken(t *testing.T, m mode, got *reply, direct reply) {
	t.Helper()
	mark := map[string]string{"openai": `data: {"error":`, "anthropic": "event: error\n"}[m.name]
	said, event, ok := strings.Cut(got.body, mark)
	if !ok {
		t.Fatalf("no error event at the end of %.300s", got.body[max(0, len(got.body)-300):])
	}
	if said == "" || !strings.HasPrefix(direct.body, said) {
		t.Errorf("what came before the error is not what the provider sent: %d bytes of %d", len(said), len(direct.body))
	}
	if strings.Contains(got.body, "[DONE]") || strings.Contains(got.body, "message_stop") {
		t.Error("a broken answer has the end of a whole one")
	}
	if got.err == nil {
		t.Error("the connection ended cleanly")
	}
	if !strings.HasSuffix(event, "}\n\n") || strings.Count(event, "\n\n") != 1 {
		t.Errorf("the error event is not one whole frame: %q", event)
	}
	_, data, _ := strings.Cut(strings.TrimSuffix(mark, "\n")+event, "data: ")
	if m.name == "anthropic" {
		_, data, _ = strings.Cut(event, "data: ")
	}
	e := readError(t, m.protocol, data)
	if e.Code != "stream_interrupted" || !strings.Contains(e.Message, `"`+got.own("Route")+`": one/m1 `) || strings.HasPrefix(e.Message, "one") {
		t.Errorf("the error event says %+v", e)
	}
	if id := got.own("Request-Id"); id == "" || !strings.Contains(event, id) {
		t.Errorf("the request id %q is not in the error event: %s", id, event)
	}
}

// problem is an error in either protocol's shape.
type problem struct{ Kind, Code, Message, RequestID string }

func readError(t *testing.T, p protocol, body string) problem {
	t.Helper()
	var whole struct {
		Type  string `json:"type"`
		Error struct {
			Message string  `json:"message"`
			Type    string  `json:"type"`
			Code    *string `json:"code"`
		} `json:"error"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(body), &whole); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if p.name == "anthropic" && whole.Type != "error" {
		t.Errorf("not the shape of an Anthropic error: %s", body)
	}
	if whole.Error.Message == "" || whole.Error.Type == "" {
		t.Errorf("an error without words or type: %s", body)
	}
	e := problem{Kind: whole.Error.Type, Message: whole.Error.Message, RequestID: whole.RequestID}
	if whole.Error.Code != nil {
		e.Code = *whole.Error.Code
	}
	return e
}

// checkRefusal holds the body of an error of the gateway's own: the client's
// shape, the kind that goes with the status, and a message that says it all.
func checkRefusal(t *testing.T, m mode, got *reply, words string) {
	t.Helper()
	e := readError(t, m.protocol, got.body)
	code := map[int]string{429: "rate_limit", 503: "chain_exhausted", 529: "chain_exhausted"}[got.status]
	kind := map[int]string{429: "rate_limit_error", 503: "api_error", 529: "overloaded_error"}[got.status]
	if m.name == "openai" && got.status == 503 {
		kind = "server_error"
	}
	if e.Code != code || e.Kind != kind {
		t.Errorf("code %s, type %s; want %s and %s", e.Code, e.Kind, code, kind)
	}
	for _, part := range []string{`"alone"`, "one/m1", words} {
		if !strings.Contains(e.Message, part) {
			t.Errorf("the message lacks %q: %s", part, e.Message)
		}
	}
	id := got.own("Request-Id")
	if id == "" || (!strings.Contains(e.Message, id) && e.RequestID != id) {
		t.Errorf("the request id %q is not in the body: %s", id, got.body)
	}
	for _, secret := range []string{"simulated.", "sk-", "org-", "Cloudflare", "cloudflare", "platform.openai"} {
		if strings.Contains(got.body, secret) {
			t.Errorf("the provider's own words are in an error of ours: %s", got.body)
		}
	}
}

// checkAdvice holds what a client is told about trying again.
func checkAdvice(t *testing.T, got *reply, after time.Duration) {
	t.Helper()
	seconds, ms, should := got.header.Get("Retry-After"), got.header.Get("Retry-After-Ms"), got.header.Get("X-Should-Retry")
	if after == 0 {
		if seconds != "" || ms != "" || should != "false" {
			t.Errorf("retry-after %q, ms %q, x-should-retry %q", seconds, ms, should)
		}
		return
	}
	wantSeconds := strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)
	if seconds != wantSeconds || ms != strconv.FormatInt(after.Milliseconds(), 10) || should != "" {
		t.Errorf("retry-after %q, ms %q, x-should-retry %q; want %v", seconds, ms, should, after)
	}
}

// direct is what a client would have got from a model without the gateway.
func (h *house) direct(m mode, model string) reply {
	h.t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Hour)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sim.test"+m.path, strings.NewReader(m.body(model, "hello")))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+secrets["KEY_1"])
	if m.name == "anthropic" {
		r.Header.Set("Anthropic-Version", "2023-06-01")
	}
	resp, err := h.sim.Transport().RoundTrip(r)
	if err != nil {
		return reply{err: err}
	}
	got := read(resp, start)
	_, _ = io.Copy(io.Discard, resp.Body)
	return got
}

// requestIDs are the one thing in an error's body that differs from call to
// call.
var requestIDs = regexp.MustCompile(`req_[A-Za-z0-9]+`)

// same holds an answer that came through the gateway against one that did not.
func (r *reply) same(t *testing.T, direct reply) {
	t.Helper()
	if r.status != direct.status || r.err != nil {
		t.Errorf("status %d (%v), directly %d", r.status, r.err, direct.status)
	}
	if a, b := requestIDs.ReplaceAllString(r.body, ""), requestIDs.ReplaceAllString(direct.body, ""); a != b {
		t.Errorf("%d bytes, directly %d: %.200q\n%.200q", len(a), len(b), a, b)
	}
}
