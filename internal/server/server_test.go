package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// fakeGateway answers what a test says.
type fakeGateway struct {
	complete func(req *switchgear.Request) (*switchgear.Response, error)
	stream   func(req *switchgear.Request) (switchgear.Stream, error)
	count    *switchgear.TokenCount
	calls    int
	settings Settings
}

func (f *fakeGateway) Now() Gateway { return f }

func (f *fakeGateway) Complete(_ context.Context, req *switchgear.Request) (*switchgear.Response, error) {
	f.calls++
	return f.complete(req)
}

func (f *fakeGateway) Stream(_ context.Context, req *switchgear.Request) (switchgear.Stream, error) {
	f.calls++
	return f.stream(req)
}

func (f *fakeGateway) Embed(context.Context, *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error) {
	f.calls++
	return nil, errors.New("not in this test")
}

func (f *fakeGateway) CountTokens(context.Context, *switchgear.Request) (*switchgear.TokenCount, error) {
	f.calls++
	return f.count, nil
}

func (f *fakeGateway) Admit(key string) (*Client, error) {
	if key == "bad" {
		return nil, &switchgear.Error{Class: switchgear.ClassAuth, Status: 401, Code: "bad_client_key", Message: "The gateway does not know this client key."}
	}
	return &Client{Name: "tester", Labels: map[string]string{"tenant": "from-key"}}, nil
}

func (f *fakeGateway) Resolve(_ *Client, name string) (string, error) {
	if name != "chat" {
		return "", own(404, switchgear.CodeUnknownRoute, "There is no such route.")
	}
	return name, nil
}

func (f *fakeGateway) Models(*Client) []switchgear.ModelInfo {
	return []switchgear.ModelInfo{{Name: "chat"}}
}
func (f *fakeGateway) Settings() *Settings { return &f.settings }
func (f *fakeGateway) Ready() error        { return nil }

// fakeCodec is a protocol just rich enough to see what the data plane does.
type fakeCodec struct{ name string }

func (c fakeCodec) Dialect() string { return c.name }

func (c fakeCodec) Scan(body []byte) (switchgear.Envelope, error) {
	var e struct {
		Model  string `json:"model"`
		Stream bool   `json:"stream"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return switchgear.Envelope{}, own(400, "bad_json", "The body is not JSON.")
	}
	return switchgear.Envelope{Model: e.Model, Stream: e.Stream}, nil
}

func (c fakeCodec) Error(e *switchgear.Error, id string) (int, []byte) {
	status := e.Status
	if status == 0 {
		status = 503
	}
	return status, []byte(c.name + " error " + e.Code + " " + e.Message + " " + id)
}

func (c fakeCodec) StreamError(e *switchgear.Error, _ string) []byte {
	return []byte("event: error\ndata: " + e.Code + "\n\n")
}
func (c fakeCodec) Decode([]byte) (*switchgear.Request, error) { return &switchgear.Request{}, nil }

func (c fakeCodec) Answer(_ *switchgear.Request, r *switchgear.Response) ([]byte, []string, error) {
	return []byte(c.name + " says " + r.Text()), []string{"answer.citations"}, nil
}
func (c fakeCodec) Stream(*switchgear.Request) switchgear.Encoder { return &fakeEncoder{} }

// fakeEncoder writes texts in capitals, and nothing for other events.
type fakeEncoder struct{}

func (*fakeEncoder) Event(dst []byte, e *switchgear.Event) []byte {
	if e.Kind != switchgear.EventText {
		return dst
	}
	return append(dst, strings.ToUpper(e.Text)...)
}

func (*fakeEncoder) End(dst []byte, u *switchgear.Usage) []byte {
	return append(dst, " END "+strconv.FormatInt(u.Output, 10)...)
}

func (c fakeCodec) Count(tokens int64) []byte {
	return []byte(c.name + " counts " + strconv.FormatInt(tokens, 10))
}

func (c fakeCodec) Models([]switchgear.ModelInfo) []byte { return []byte(c.name + " models") }

// fakeStream gives its events, then its error.
type fakeStream struct {
	events []switchgear.Event
	err    error
	trace  switchgear.Trace
	at     int
	closed bool
	fail   func()
}

func (s *fakeStream) Next() bool {
	if s.at == len(s.events) {
		if s.fail != nil {
			s.fail()
		}
		return false
	}
	s.at++
	return true
}
func (s *fakeStream) Event() switchgear.Event  { return s.events[s.at-1] }
func (s *fakeStream) Err() error               { return s.err }
func (s *fakeStream) Close() error             { s.closed = true; return nil }
func (s *fakeStream) Trace() *switchgear.Trace { return &s.trace }

type recorder struct{ records []switchgear.Record }

func (r *recorder) Requested(_ context.Context, rec *switchgear.Record) {
	r.records = append(r.records, *rec)
}

func answerWith(body string) func(*switchgear.Request) (*switchgear.Response, error) {
	return func(req *switchgear.Request) (*switchgear.Response, error) {
		return &switchgear.Response{
			Wire:  &switchgear.Wire{Dialect: req.Wire.Dialect, Body: []byte(body), Header: http.Header{"Openai-Version": {"x"}, "X-Request-Id": {"theirs"}}},
			Cost:  switchgear.Cost{USD: 0.00412, Known: true},
			Trace: &switchgear.Trace{Route: "chat", Target: switchgear.Target{Provider: "p", Model: "m"}, Step: 1, Steps: 2, Attempts: []switchgear.Attempt{{Step: 1}}},
		}, nil
	}
}

func newTest(g *fakeGateway) (*Handler, *recorder) {
	seen := &recorder{}
	g.settings.Loopback = true
	g.settings.Full = true
	return New(Options{
		Gateway: g, OpenAI: fakeCodec{"openai"}, Anthropic: fakeCodec{"anthropic"}, Observer: seen,
		Headers: func(name string) bool { return strings.HasPrefix(name, "Openai-") },
	}), seen
}

func post(path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	return r
}

const hello = `{"model":"chat","messages":[]}`

// Everything that is refused is refused in the client's own shape, without an
// upstream call.
func TestRefusals(t *testing.T) {
	g := &fakeGateway{}
	h, _ := newTest(g)
	f := func(r *http.Request, status int, contains ...string) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s %s: status %d, want %d: %s", r.Method, r.URL, w.Code, status, w.Body)
		}
		for _, word := range contains {
			if !strings.Contains(w.Body.String(), word) {
				t.Errorf("%s %s: %q lacks %q", r.Method, r.URL, w.Body, word)
			}
		}
		if w.Header().Get("X-Should-Retry") != "false" || w.Header().Get("X-Switchgear-Request-Id") == "" {
			t.Errorf("%s %s: headers %v", r.Method, r.URL, w.Header())
		}
	}
	chat := "/v1/chat/completions"
	f(post(chat, "{"), 400, "openai error")
	f(post("/v1/messages", "{"), 400, "anthropic error")
	f(post("/anthropic/v1/messages", "{"), 400, "anthropic error")
	f(post("/openai/v1/chat/completions", "{"), 400, "openai error")
	f(post(chat, `{"model":"caht"}`), 404, "unknown_route")
	f(post(chat, hello, "Authorization", "Bearer bad"), 401, "bad_client_key")
	f(post(chat, hello, "X-Api-Key", "bad"), 401, "bad_client_key")
	f(post(chat, hello, "Content-Type", "text/plain"), 415, "content-type")
	f(post(chat, hello, "Content-Encoding", "gzip"), 415, "content-encoding")
	f(post(chat, hello, "Upgrade", "websocket", "Connection", "Upgrade"), 426, "HTTP only")
	f(post(chat, hello, "Origin", "https://evil.example"), 403, "another origin")
	f(post(chat, hello, "Sec-Fetch-Site", "cross-site"), 403, "other web sites")
	f(post(chat, hello, "Host", "rebound.example"), 421, "loopback")
	f(post(chat, hello, "X-Big", strings.Repeat("x", 70<<10)), 431, "64 KiB")
	f(post(chat, hello, "X-Switchgear-Stakes", "huge"), 400, "low, normal or high")
	f(post(chat, hello, "X-Switchgear-No-Fallback", "maybe"), 400, "1 or 0")
	f(post("/v1/v1/chat/completions", hello), 404, "You probably mean /v1/chat/completions")
	f(post("/v1/v1/messages", hello), 404, "anthropic error", "/v1/messages")
	f(post("/chat/completions", hello), 404, "/v1/chat/completions")
	f(post("/v1/chat/completions/chat/completions", hello), 404, "probably mean /v1/chat/completions")
	f(post("/v1/responses", hello), 404, "not serve /v1/responses yet")
	f(post("/v1/nothing", hello), 404, "The gateway serves")
	f(httptest.NewRequest(http.MethodGet, "http://localhost/v1/chat/completions", nil), 405, "POST")
	f(post("/v1/models", hello), 405, "GET")
	big := post(chat, "")
	big.ContentLength = maxBody + 1
	f(big, 413, "32 MiB")
	endless := post(chat, "")
	endless.Body, endless.ContentLength = io.NopCloser(io.LimitReader(zeros{}, maxBody+10)), -1
	f(endless, 413, "32 MiB")
	short := post(chat, "{}")
	short.ContentLength = 10
	f(short, 400, "broke off")
	if g.calls != 0 {
		t.Errorf("%d upstream calls were made for requests that were refused", g.calls)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAnswer(t *testing.T) {
	var got *switchgear.Request
	answer := answerWith(`{"ok": 1 }`)
	g := &fakeGateway{complete: func(req *switchgear.Request) (*switchgear.Response, error) {
		got = req
		return answer(req)
	}}
	h, seen := newTest(g)
	w := httptest.NewRecorder()
	r := post("/v1/chat/completions?beta=true&key=secret", hello,
		"Openai-Beta", "x=1", "Cookie", "c", "X-Switchgear-Label-Task", "sum", "X-Switchgear-Label-Tenant", "forged",
		"X-Switchgear-Stakes", "high", "X-Switchgear-No-Fallback", "1", "X-Stainless-Retry-Count", "2")
	h.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != `{"ok": 1 }` {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"X-Switchgear-Route": "chat", "X-Switchgear-Served-By": "p/m", "X-Switchgear-Step": "1/2", "X-Switchgear-Attempts": "1",
		"X-Switchgear-Degraded": "0", "X-Switchgear-Cost-Usd": "0.00412", "Openai-Version": "x",
		"X-Request-Id": w.Header().Get("X-Switchgear-Request-Id"),
	} {
		if w.Header().Get(name) != want {
			t.Errorf("%s is %q, want %q", name, w.Header().Get(name), want)
		}
	}
	if got.Labels["task"] != "sum" || got.Labels["tenant"] != "from-key" {
		t.Errorf("labels %v: the key's must win", got.Labels)
	}
	if got.Limits != (switchgear.Limits{Stakes: switchgear.StakesHigh, NoFallback: true, Client: "tester", Retry: 2}) {
		t.Errorf("limits %+v", got.Limits)
	}
	if len(got.Wire.Header) != 1 || got.Wire.Header.Get("Openai-Beta") != "x=1" || got.Wire.Query != "beta=true" {
		t.Errorf("upstream would see %v and %q", got.Wire.Header, got.Wire.Query)
	}
	rec := seen.records[0]
	if rec.Outcome != switchgear.OutcomeOK || rec.Retry != 2 || rec.Client != "tester" || rec.Status != 200 {
		t.Errorf("record %+v", rec)
	}
}

// Clients that may not know what stands behind the gateway are told what
// concerns them only.
func TestMinimalHeaders(t *testing.T) {
	g := &fakeGateway{complete: answerWith(`{}`)}
	h, _ := newTest(g)
	g.settings.Full = false
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("/v1/chat/completions", hello))
	for _, name := range []string{"X-Switchgear-Served-By", "X-Switchgear-Step", "X-Switchgear-Fallback", "X-Switchgear-Cost-Usd", "X-Switchgear-Config", "Openai-Version"} {
		if w.Header().Get(name) != "" {
			t.Errorf("%s is shown: %q", name, w.Header().Get(name))
		}
	}
	if w.Header().Get("X-Switchgear-Route") != "chat" || w.Header().Get("X-Switchgear-Degraded") != "0" {
		t.Errorf("headers %v", w.Header())
	}
}

// A stream that breaks ends in an error event, and then without the proper end
// of the connection.
func TestStreamBreaks(t *testing.T) {
	broken := &switchgear.Error{Class: switchgear.ClassInterrupted, Code: switchgear.CodeStreamInterrupted}
	stream := &fakeStream{
		events: []switchgear.Event{
			{Kind: switchgear.EventText, Raw: []byte("data: one\n\n")},
			{Kind: switchgear.EventUsage},
			{Kind: switchgear.EventText, Raw: []byte("data: two\n\n")},
		},
		err: broken,
	}
	g := &fakeGateway{stream: func(*switchgear.Request) (switchgear.Stream, error) { return stream, nil }}
	h, seen := newTest(g)
	srv := httptest.NewServer(h)
	resp, err := srv.Client().Post(srv.URL+"/v1/messages", "application/json", strings.NewReader(`{"model":"chat","stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if want := "data: one\n\ndata: two\n\nevent: error\ndata: stream_interrupted\n\n"; string(body) != want {
		t.Errorf("got %q, want %q", body, want)
	}
	if err == nil {
		t.Error("the connection ended as if the answer were whole")
	}
	srv.Close() // waits for the handler
	if !stream.closed || seen.records[0].Outcome != switchgear.OutcomeFailed || seen.records[0].Status != 200 {
		t.Errorf("closed %v, record %+v", stream.closed, seen.records[0])
	}
}

func TestStreamEnds(t *testing.T) {
	stream := &fakeStream{events: []switchgear.Event{{Kind: switchgear.EventText, Raw: []byte("data: one\n\n")}, {Kind: switchgear.EventFinish, Raw: []byte("data: [DONE]\n\n")}}}
	g := &fakeGateway{stream: func(*switchgear.Request) (switchgear.Stream, error) { return stream, nil }}
	h, seen := newTest(g)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("/v1/chat/completions", `{"model":"chat","stream":true}`))
	if w.Body.String() != "data: one\n\ndata: [DONE]\n\n" || w.Header().Get("Content-Type") != "text/event-stream" || !w.Flushed {
		t.Errorf("%q %v", w.Body, w.Header())
	}
	if !stream.closed || seen.records[0].Outcome != switchgear.OutcomeOK || !seen.records[0].Stream {
		t.Errorf("closed %v, record %+v", stream.closed, seen.records[0])
	}
}

// A panic is an answer with a request id, and what it said is not repeated.
func TestPanic(t *testing.T) {
	g := &fakeGateway{complete: func(*switchgear.Request) (*switchgear.Response, error) { panic("the prompt was: hush") }}
	h, seen := newTest(g)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("/v1/chat/completions", hello))
	if w.Code != 500 || !strings.Contains(w.Body.String(), "sg_") || strings.Contains(w.Body.String(), "hush") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !seen.records[0].Panicked || strings.Contains(seen.records[0].Err.Error(), "hush") {
		t.Errorf("record %+v", seen.records[0])
	}
}

// A client may be told to come back only for a short wait; a longer one would
// be slept whole by some.
func TestRetryAdvice(t *testing.T) {
	f := func(e *switchgear.Error, retryAfter, shouldRetry string) {
		t.Helper()
		h := http.Header{}
		advise(h, e)
		if h.Get("Retry-After") != retryAfter || h.Get("X-Should-Retry") != shouldRetry {
			t.Errorf("%v: %v", e.RetryAfter, h)
		}
	}
	f(&switchgear.Error{RetryAfter: 1500e6}, "2", "")
	f(&switchgear.Error{RetryAfter: 10e9}, "10", "")
	f(&switchgear.Error{RetryAfter: 11e9}, "", "false")
	f(&switchgear.Error{}, "", "false")
}

func TestProbesAndModels(t *testing.T) {
	h, _ := newTest(&fakeGateway{})
	f := func(method, path string, status int, contains string, header ...string) {
		t.Helper()
		r := httptest.NewRequest(method, "http://localhost"+path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || !bytes.Contains(w.Body.Bytes(), []byte(contains)) {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	f("HEAD", "/", 200, "")
	f("GET", "/healthz", 200, "up")
	f("GET", "/readyz", 200, "ready")
	f("GET", "/v1/models", 200, "openai models")
	f("GET", "/v1/models", 200, "anthropic models", "Anthropic-Version", "2023-06-01")
	f("GET", "/anthropic/v1/models", 200, "anthropic models")
	f("GET", "/v1/models/other", 404, "There is no")
}
