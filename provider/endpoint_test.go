package provider_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

func TestWhatGoesUpstream(t *testing.T) {
	var got *http.Request
	var body []byte
	p, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		answer(w, `{"text":"hi"}`)
	})
	c := call(`{"model":"parrot","say":"hi"}`)
	c.Request.Wire.Query = "beta=true"
	c.Request.Wire.Header = http.Header{
		"Anthropic-Beta":      {"a", "b"},
		"Openai-Beta":         {"c"},
		"Anthropic-Version":   {"2023-06-01"},
		"Idempotency-Key":     {"once"},
		"Cookie":              {"session=1"},
		"X-Forwarded-For":     {"10.0.0.1"},
		"Openai-Organization": {"org"},
		"Openai-Project":      {"proj"},
		"Authorization":       {"Bearer client"},
		"X-Api-Key":           {"client"},
		"Anthropic-Dangerous-Direct-Browser-Access": {"true"},
		"X-Stainless-Os": {"Linux"},
	}
	resp, err := p.Complete(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Text() != "hi" {
		t.Errorf("text is %q, want hi", resp.Text())
	}
	version := got.Header.Get("User-Agent")
	if !strings.HasPrefix(version, "switchgear/") || len(version) == len("switchgear/") {
		t.Errorf("user agent is %q, want switchgear/ and a version", version)
	}
	got.Header.Del("User-Agent")
	want := http.Header{
		"Accept":            {"application/json"},
		"Accept-Encoding":   {"identity"},
		"Anthropic-Beta":    {"a", "b"},
		"Anthropic-Version": {"2023-06-01"},
		"Authorization":     {"Bearer " + canary},
		"Content-Length":    {"29"},
		"Content-Type":      {"application/json"},
		"Idempotency-Key":   {"once"},
		"Openai-Beta":       {"c"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("headers upstream (-want +got):\n%s", diff)
	}
	if line := got.Method + " " + got.Host + " " + got.RequestURI; line != "POST upstream.test /v9/talk?beta=true" {
		t.Errorf("request is %q", line)
	}
	if string(body) != string(c.Request.Wire.Body) || got.ContentLength != int64(len(body)) {
		t.Errorf("body is %q with length %d, want %q", body, got.ContentLength, c.Request.Wire.Body)
	}
}

func TestLargeBodyOfPieces(t *testing.T) {
	p, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
			t.Errorf("content-length %d, transfer-encoding %v for %d bytes", r.ContentLength, r.TransferEncoding, len(body))
		}
		answer(w, string(body))
	})
	body := `{"text":"` + strings.Repeat("0123456789", 30_000) + `"}`
	resp, err := p.Complete(t.Context(), call(body))
	if err != nil {
		t.Fatal(err)
	}
	if string(resp.Wire.Body) != body {
		t.Error("the body did not come through byte for byte")
	}
}

// TestBodiesOnSockets sends bodies over real connections, where they take other
// ways than in memory: none may lose or double a byte.
func TestBodiesOnSockets(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(body)) {
			t.Errorf("content-length %d for %d bytes: %v", r.ContentLength, len(body), err)
		}
		answer(w, string(body))
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	transport := trusting(secure)
	defer transport.CloseIdleConnections()
	for _, base := range []string{plain.URL, secure.URL} {
		for _, size := range []int{1, 3000, 3100, 5000, 20_000, 300_000, 8 << 20} {
			for _, dialect := range []provider.Dialect{talk{}, whole{}} {
				p, err := provider.New(provider.Config{Name: "acme", BaseURL: base, Dialect: dialect, Transport: transport})
				if err != nil {
					t.Fatal(err)
				}
				body := `{"text":"` + strings.Repeat("0123456789", size/10) + `"}`
				resp, err := p.Complete(t.Context(), call(body))
				if err != nil {
					t.Fatal(err)
				}
				if string(resp.Wire.Body) != body {
					t.Errorf("%d bytes to %s by %T did not come through byte for byte", size, base, dialect)
				}
			}
		}
	}
}

// whole is talk that leaves a body in one piece.
type whole struct{ talk }

func (whole) Encode(call *switchgear.Call, _ bool) (provider.Encoded, error) {
	return provider.Encoded{Path: "/talk", Body: [][]byte{call.Request.Wire.Body}}, nil
}

func TestFixedHeaders(t *testing.T) {
	var got http.Header
	p, err := provider.New(provider.Config{
		Name: "acme", BaseURL: "http://upstream.test/?api-version=1", Dialect: talk{},
		Header: http.Header{"anthropic-beta": {"fixed"}, "Anthropic-Version": {"old"}, "Openai-Organization": {"ours"}},
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got = r.Header
			if r.URL.String() != "http://upstream.test/talk?api-version=1&beta=true" {
				t.Errorf("URL is %s", r.URL)
			}
			return reply(200, "application/json", `{}`), nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := call(`{}`)
	c.Request.Wire.Query = "beta=true"
	c.Request.Wire.Header = http.Header{"Anthropic-Beta": {"asked"}, "Anthropic-Version": {"new"}}
	for range 2 { // twice: the first request must leave no trace in the second
		if _, err := p.Complete(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]string{
			"Anthropic-Beta": {"fixed", "asked"}, "Anthropic-Version": {"new"}, "Openai-Organization": {"ours"}, "Authorization": nil,
		} {
			if diff := cmp.Diff(want, got[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func reply(status int, contentType, body string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
}

func TestWhatComesBack(t *testing.T) {
	p, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for _, name := range []string{
			"Set-Cookie", "Openai-Processing-Ms", "Openai-Organization", "X-Ratelimit-Remaining-Tokens", "Retry-After",
			"Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Organization-Id", "Cf-Ray", "Server", "Via", "X-Request-Id", "Anthropic-Fast",
		} {
			h.Set(name, "value")
		}
		answer(w, ` {"text" : "hi"} `)
	})
	c := call(`{}`)
	c.Request.Stop = []string{"stop[0]"}
	resp, err := p.Complete(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := &switchgear.Wire{
		Dialect: "talk",
		Body:    []byte(` {"text" : "hi"} `),
		Header: http.Header{
			"Content-Type":          {"application/json"},
			"Openai-Processing-Ms":  {"value"},
			"Anthropic-Fast":        {"value"},
			"X-Upstream-Request-Id": {"value"},
		},
	}
	if diff := cmp.Diff(want, resp.Wire); diff != "" {
		t.Errorf("wire (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&switchgear.Trace{Dropped: []string{"stop[0]"}}, resp.Trace); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	requests := 0
	p, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/elsewhere?secret=1", http.StatusTemporaryRedirect)
	})
	_, err := p.Complete(t.Context(), call(`{}`))
	if e := failure(t, err); e.Status != 307 || e.Class != switchgear.ClassGone {
		t.Errorf("error is %v, want the dialect's for 307", e)
	}
	if requests != 1 {
		t.Errorf("%d requests were made, want 1", requests)
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	p, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		if string(body) == `"long"` {
			_, _ = io.WriteString(w, long)
			return
		}
		_, _ = io.WriteString(w, `{"error":"teapot"}`)
	})
	for range 2 {
		_, err := p.Complete(t.Context(), call(`{}`))
		e := failure(t, err)
		if e.Status != 418 || e.Dialect != "talk" || string(e.Body) != `{"error":"teapot"}` {
			t.Errorf("error is %+v", e)
		}
		_, err = p.Stream(t.Context(), call(`{}`))
		if e := failure(t, err); e.Status != 418 {
			t.Errorf("error of the stream is %+v", e)
		}
	}
	if n.connections() != 1 {
		t.Errorf("%d connections were made for 4 refusals, want 1", n.connections())
	}
	_, err := p.Complete(t.Context(), call(`"long"`))
	if e := failure(t, err); len(e.Body) != 64<<10 || e.Status != 418 {
		t.Errorf("%d bytes of the body were kept with status %d, want 65536 and 418", len(e.Body), e.Status)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		header http.Header
		body   io.Reader
		class  switchgear.Class
		code   string
	}{
		"empty":          {nil, strings.NewReader(""), switchgear.ClassMalformed, "nonsense"},
		"page":           {http.Header{"Content-Type": {"text/html"}}, strings.NewReader("<html>busy</html>"), switchgear.ClassMalformed, "nonsense"},
		"deep":           {nil, strings.NewReader(`{"text":"hi","deep":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}"), switchgear.ClassMalformed, "nonsense"},
		"error in a 200": {nil, strings.NewReader(`{"error":"busy"}`), switchgear.ClassOverloaded, "busy"},
		"endless":        {nil, endless{}, switchgear.ClassMalformed, "too_large"},
		"brotli":         {http.Header{"Content-Encoding": {"br"}}, strings.NewReader("{}"), switchgear.ClassMalformed, "encoding"},
		"bomb":           {http.Header{"Content-Encoding": {"gzip"}}, bomb(t), switchgear.ClassMalformed, "too_large"},
		"bad gzip":       {http.Header{"Content-Encoding": {"gzip"}}, strings.NewReader("these are plain words"), switchgear.ClassMalformed, "encoding"},
		"cut gzip":       {http.Header{"Content-Encoding": {"gzip"}}, bytes.NewReader(zipped(t, `{"text":"hi"}`)[:20]), switchgear.ClassInterrupted, "closed"},
		"empty gzip":     {http.Header{"Content-Encoding": {"gzip"}}, strings.NewReader(""), switchgear.ClassMalformed, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			closed := false
			p := newTalk(t, "https://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) {
				h := test.header
				if h == nil {
					h = http.Header{}
				}
				return &http.Response{StatusCode: http.StatusOK, Header: h, Body: noting{test.body, &closed}, ContentLength: -1}, nil
			}))
			_, err := p.Complete(t.Context(), call(`{}`))
			expect(t, err, test.class, test.code)
			if !closed {
				t.Error("the body was not closed")
			}
		})
	}
}

func TestLengthThatIsTooLong(t *testing.T) {
	p := newTalk(t, "https://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), ContentLength: 1 << 40}, nil
	}))
	_, err := p.Complete(t.Context(), call(`{}`))
	expect(t, err, switchgear.ClassMalformed, "too_large")
}

func TestGzipThatWasNotAskedFor(t *testing.T) {
	p, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zipped(t, `{"text":"hi"}`))
	})
	resp, err := p.Complete(t.Context(), call(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if string(resp.Wire.Body) != `{"text":"hi"}` || resp.Wire.Header.Get("Content-Encoding") != "" {
		t.Errorf("answer is %q with header %v", resp.Wire.Body, resp.Wire.Header)
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a few kilobytes that unpack to 65 MiB.
func bomb(t *testing.T) io.Reader {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 1<<20))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(bytes.Repeat(b.Bytes(), 65))
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

type noting struct {
	io.Reader

	closed *bool
}

func (n noting) Close() error { *n.closed = true; return nil }

func TestConfigurationMistakes(t *testing.T) {
	fine := provider.Config{Name: "acme", BaseURL: "https://upstream.test", Dialect: talk{}}
	for want, change := range map[string]func(*provider.Config){
		`provider "": a provider needs a name`:                                            func(c *provider.Config) { c.Name = "" },
		`provider "acme": no dialect is given`:                                            func(c *provider.Config) { c.Dialect = nil },
		`provider "acme": the base URL is missing`:                                        func(c *provider.Config) { c.BaseURL = "" },
		`provider "acme": the base URL cannot be parsed as a URL`:                         func(c *provider.Config) { c.BaseURL = "https://[" + canary },
		`provider "acme": the base URL must begin with "https://" or "http://"`:           func(c *provider.Config) { c.BaseURL = "api.test/v1" },
		`provider "acme": the base URL names no host`:                                     func(c *provider.Config) { c.BaseURL = "https:///v1" },
		`provider "acme": the base URL holds a fragment (#...), which is never sent`:      func(c *provider.Config) { c.BaseURL = "https://api.test/#x" },
		`provider "acme": the header Host is set by the gateway and cannot be configured`: func(c *provider.Config) { c.Header = http.Header{"host": {"x"}} },
		`provider "acme": the base URL holds a user name or password: give the key as the provider's key instead`: func(c *provider.Config) {
			c.BaseURL = "https://user:" + canary + "@api.test"
		},
	} {
		c := fine
		change(&c)
		_, err := provider.New(c)
		if err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if _, err := provider.New(fine); err != nil {
		t.Errorf("the configuration without a mistake: %v", err)
	}
}

func TestPathCannotLeaveTheHost(t *testing.T) {
	p, err := provider.New(provider.Config{
		Name: "acme", BaseURL: "https://upstream.test", Dialect: astray{},
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			t.Errorf("a request went to %s", r.URL)
			return reply(200, "", "{}"), nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Complete(t.Context(), call(`{}`))
	expect(t, err, switchgear.ClassInternal, "path")
}

type astray struct{ talk }

func (astray) Encode(*switchgear.Call, bool) (provider.Encoded, error) {
	return provider.Encoded{Path: "@elsewhere.test/"}, nil
}

func TestKeyThatNoHeaderCarries(t *testing.T) {
	p := newTalk(t, "https://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return reply(200, "", "{}"), nil
	}))
	c := call(`{}`)
	c.Credential.Secret = switchgear.NewSecret(canary + "\n")
	_, err := p.Complete(t.Context(), c)
	expect(t, err, switchgear.ClassAuth, "credential")
}

func TestHeaderKey(t *testing.T) {
	r := &http.Request{Header: http.Header{}}
	authorize := provider.HeaderKey("x-api-key")
	if err := authorize(context.Background(), r, switchgear.Credential{}); err != nil || len(r.Header) != 0 {
		t.Errorf("without a key: %v, %v", err, r.Header)
	}
	if err := authorize(context.Background(), r, switchgear.Credential{Secret: switchgear.NewSecret("k")}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(http.Header{"X-Api-Key": {"k"}}, r.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

// TestRequestAllocations bounds what an attempt costs before the transport.
func TestRequestAllocations(t *testing.T) {
	resp := reply(500, "", "")
	p := newTalk(t, "https://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) { return resp, nil }))
	c := call(`{"model":"parrot"}`)
	n := testing.AllocsPerRun(100, func() { _, _ = p.Complete(context.Background(), c) })
	if n > 22 {
		t.Errorf("%.0f allocations to send a request and read an empty refusal, want at most 22", n)
	}
}
