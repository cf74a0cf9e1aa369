package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const doorConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
routes:
  chat:  {chain: [one/m1], single_point: ok, aliases: [chat-alias]}
  other: {chain: [one/m1], single_point: ok}
clients:
  app: {hash: "sha256:HASH", routes: [chat]}
`

const clientKey = "sk-sg-test-client-key"

// doorHouse asks for client keys.
func doorHouse(t *testing.T, p protocol) *house {
	t.Helper()
	sum := sha256.Sum256([]byte(clientKey))
	return open(t, strings.NewReplacer("KIND", p.name, "HASH", hex.EncodeToString(sum[:])).Replace(doorConfig))
}

// bad is a request that must not be served.
type bad struct {
	name    string
	path    string // the protocol's own if empty
	body    string
	headers []string
	status  int
	code    string
	words   string
}

// badBodies lists what is wrong with a body; rest is what a request of the
// protocol has besides model and stream.
func badBodies(rest string) []bad {
	deep := strings.Repeat("[", 1100) + strings.Repeat("]", 1100)
	return []bad{
		{name: "nothing", body: "", status: 400, code: "invalid_json"},
		{name: "no JSON", body: "hello", status: 400, code: "invalid_json", words: "at byte 0"},
		{name: "cut", body: `{"model":"chat",` + rest, status: 400, code: "invalid_json", words: "ends too early"},
		{name: "an array", body: `[]`, status: 400, code: "invalid_json", words: "must be an object"},
		{name: "32 MiB of [", body: strings.Repeat("[", 32<<20), status: 400, code: "invalid_json", words: "1000"},
		{name: "a deep member", body: `{"model":"chat","deep":` + deep + `,` + rest + `}`, status: 400, code: "invalid_json", words: "1000"},
		{name: "trailing data", body: `{"model":"chat",` + rest + `} {}`, status: 400, code: "invalid_json", words: "at byte"},
		{name: "a byte order mark", body: "\xef\xbb\xbf" + `{"model":"chat",` + rest + `}`, status: 400, code: "invalid_json", words: "byte order mark"},
		{name: "a bare control character", body: "{\"model\":\"ch\nat\"," + rest + "}", status: 400, code: "invalid_json"},
		{name: "no UTF-8", body: "{\"model\":\"chat\",\"user\":\"caf\xff\"," + rest + "}", status: 400, code: "invalid_json"},
		{name: "no model", body: `{` + rest + `}`, status: 400, code: "missing_required_parameter", words: "model"},
		{name: "a model that is a number", body: `{"model":5,` + rest + `}`, status: 400, code: "invalid_type", words: "must be a string"},
		{name: "a model that is null", body: `{"model":null,` + rest + `}`, status: 400, code: "invalid_type", words: "must be a string"},
		{name: "an empty model", body: `{"model":"",` + rest + `}`, status: 400, code: "missing_required_parameter", words: "empty"},
		{name: "two models", body: `{"model":"chat",` + rest + `,"model":"other"}`, status: 400, code: "ambiguous_member", words: "twice"},
		{name: "an escaped model", body: `{"\u006dodel":"chat",` + rest + `}`, status: 400, code: "ambiguous_member", words: "escapes"},
		{name: "a second, escaped model", body: `{"model":"chat","mode\u006c":"other",` + rest + `}`, status: 400, code: "ambiguous_member", words: "escapes"},
		{name: "a model in capitals", body: `{"MODEL":"chat",` + rest + `}`, status: 400, code: "ambiguous_member", words: "case"},
		{name: "a second model in capitals", body: `{"model":"chat","Model":"other",` + rest + `}`, status: 400, code: "ambiguous_member", words: "case"},
		{name: "two streams", body: `{"model":"chat","stream":false,"stream":true,` + rest + `}`, status: 400, code: "ambiguous_member", words: "twice"},
		{name: "a stream that is a word", body: `{"model":"chat","stream":"yes",` + rest + `}`, status: 400, code: "invalid_type", words: "stream"},
		{name: "no messages", body: `{"model":"chat"}`, status: 400, code: "missing_required_parameter", words: "messages"},
		{name: "messages that are a text", body: `{"model":"chat","messages":"hello"}`, status: 400, code: "invalid_type", words: "messages"},
		{name: "an unknown route", body: `{"model":"chta",` + rest + `}`, status: 404, code: "unknown_route", words: `There is no route "chta". Did you mean "chat"`},
		{name: "a route that is like nothing", body: `{"model":"gpt-9-ultra",` + rest + `}`, status: 404, code: "unknown_route", words: "/v1/models"},
		{name: "a target, without direct access", body: `{"model":"one/m1",` + rest + `}`, status: 404, code: "unknown_route"},
		{name: "a route of somebody else's", body: `{"model":"other",` + rest + `}`, status: 403, code: "route_not_allowed", words: `"other"`},
	}
}

// badRequests lists what is wrong with everything but the body, which is fine.
func badRequests(p protocol) []bad {
	bearer := func(key string) []string { return []string{"Authorization", "Bearer " + key} }
	return []bad{
		{name: "no client key", headers: []string{"Authorization", ""}, status: 401, code: "no_client_key", words: "client key"},
		{name: "a bad client key", headers: bearer("sk-sg-wrong"), status: 401, code: "bad_client_key"},
		{name: "a client key with something behind it", headers: bearer(clientKey + "x"), status: 401, code: "bad_client_key"},
		{name: "a provider's key", headers: bearer(secrets["KEY_1"]), status: 401, code: "bad_client_key"},
		{name: "huge headers", headers: []string{"X-Padding", strings.Repeat("p", 70<<10)}, status: 431, code: "headers_too_large"},
		{name: "an upgrade", headers: []string{"Connection", "Upgrade", "Upgrade", "websocket"}, status: 426, code: "no_upgrade"},
		{name: "a page of another site", headers: []string{"Origin", "https://evil.example"}, status: 403, code: "cross_site"},
		{name: "a page without an origin", headers: []string{"Origin", "null"}, status: 403, code: "cross_site"},
		{name: "a cross-site fetch", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, code: "cross_site"},
		{name: "a name rebound to loopback", headers: []string{"Host", "evil.example"}, status: 421, code: "wrong_host"},
		{name: "a form", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "content_type"},
		{name: "plain text", headers: []string{"Content-Type", "text/plain"}, status: 415, code: "content_type"},
		{name: "gzip", headers: []string{"Content-Encoding", "gzip"}, status: 415, code: "content_encoding"},
		{name: "brotli", headers: []string{"Content-Encoding", "br"}, status: 415, code: "content_encoding"},
		{name: "a doubled version", path: "/v1" + p.path, status: 404, code: "not_found", words: "You probably mean " + p.path},
		{name: "no version", path: strings.TrimPrefix(p.path, "/v1"), status: 404, code: "not_found", words: "You probably mean " + p.path},
		{name: "the endpoint twice", path: p.path + strings.TrimPrefix(p.path, "/v1"), status: 404, code: "not_found", words: "You probably mean " + p.path},
		{name: "a slash too many", path: p.path + "/", status: 404, code: "not_found"},
	}
}

// TestBadInput: what must not be served is refused in the client's own shape,
// with one clear sentence, and costs no upstream call.
func TestBadInput(t *testing.T) {
	for _, p := range bothSides {
		rest := strings.ReplaceAll(p.rest, "PROMPT", "hello")
		fine := mode{p, false}.body("chat", "hello")
		for _, c := range append(badBodies(rest), badRequests(p)...) {
			t.Run(p.name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { refuse(t, p, c, fine) })
			})
		}
	}
}

func refuse(t *testing.T, p protocol, c bad, fine string) {
	h := doorHouse(t, p)
	path, body := p.path, c.body
	if c.path != "" {
		path = c.path
	}
	if body == "" && c.name != "nothing" {
		body = fine
	}
	got := h.post(path, body, append([]string{"Authorization", "Bearer " + clientKey}, c.headers...)...)
	if got.status != c.status {
		t.Fatalf("status %d, want %d: %.300s", got.status, c.status, got.body)
	}
	shape := p
	if p.name == "anthropic" && !strings.Contains(path, "/messages") {
		shape = openaiSide
	}
	e := readError(t, shape, got.body)
	if e.Code != c.code {
		t.Errorf("code %q, want %q", e.Code, c.code)
	}
	if !strings.Contains(e.Message, c.words) {
		t.Errorf("the message lacks %q: %s", c.words, e.Message)
	}
	if len(e.Message) > 400 || strings.Contains(got.body, clientKey) || strings.Contains(got.body, secrets["KEY_1"]) {
		t.Errorf("an error that says too much: %.500s", got.body)
	}
	if id := got.own("Request-Id"); id == "" || !strings.Contains(got.body, id) {
		t.Errorf("request id %q in the header, %s", id, got.body)
	}
	if got.header.Get("X-Should-Retry") != "false" {
		t.Errorf("a client may try this again: %v", got.header)
	}
	if n := len(h.sim.Log()); n != 0 {
		t.Errorf("%d upstream calls", n)
	}
	// The house still stands.
	if got := h.post(p.path, fine, "X-Api-Key", clientKey); got.status != 200 {
		t.Errorf("the next request: %d: %s", got.status, got.body)
	}
}

// TestOddInput: what looks odd and is right is served.
func TestOddInput(t *testing.T) {
	for _, p := range bothSides {
		rest := strings.ReplaceAll(p.rest, "PROMPT", "hello")
		for name, c := range map[string]bad{
			"an alias":               {body: `{"model":"chat-alias",` + rest + `}`},
			"an escaped name":        {body: `{"model":"ch\u0061t",` + rest + `}`},
			"white space":            {body: " \n{ \"model\" : \"chat\" ,\t" + rest + "}\r\n"},
			"model at the end":       {body: `{` + rest + `,"model":"chat"}`},
			"a model deeper down":    {body: `{"metadata":{"model":"other","stream":7},"model":"chat",` + rest + `}`},
			"another letter case":    {body: `{"model":"chat",` + rest + `}`, headers: []string{"Content-Type", "Application/JSON; charset=utf-8"}},
			"the same origin":        {body: `{"model":"chat",` + rest + `}`, headers: []string{"Origin", "http://127.0.0.1:8080"}},
			"localhost":              {body: `{"model":"chat",` + rest + `}`, headers: []string{"Host", "localhost:8080"}},
			"identity":               {body: `{"model":"chat",` + rest + `}`, headers: []string{"Content-Encoding", "identity"}},
			"under the dialect":      {path: "/" + p.name + p.path, body: `{"model":"chat",` + rest + `}`},
			"stream that is null":    {body: `{"model":"chat","stream":null,` + rest + `}`},
			"numbers as they please": {body: `{"model":"chat","temperature":1.0000000000000000001e0,` + rest + `}`},
		} {
			t.Run(p.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := doorHouse(t, p)
					path := p.path
					if c.path != "" {
						path = c.path
					}
					got := h.post(path, c.body, append([]string{"X-Api-Key", clientKey}, c.headers...)...)
					if got.status != 200 || h.calls("m1") != 1 {
						t.Fatalf("%d, %d calls: %s", got.status, h.calls("m1"), got.body)
					}
					sent := h.sim.Log()[0].Body
					want := strings.NewReplacer(`"chat-alias"`, `"m1"`, `"ch\u0061t"`, `"m1"`, `"chat"`, `"m1"`).Replace(c.body)
					if string(sent) != want {
						t.Errorf("the provider was sent %s", sent)
					}
				})
			})
		}
	}
}

// slowBody gives a piece of a body at a time, and waits between.
type slowBody struct {
	rest  io.Reader
	every time.Duration
}

func (s *slowBody) Read(b []byte) (int, error) {
	time.Sleep(s.every)
	return s.rest.Read(b[:min(len(b), 1000)])
}

// converse sends a request and reads its answer on one connection of its own,
// both at the same time: http.Transport gives up an answer when it comes before
// the request is through and the connection is closed behind it.
func (h *house) converse(r *http.Request, start time.Time) reply {
	h.t.Helper()
	conn, err := h.client.DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		h.t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = r.Write(conn) // cut short where the gateway has heard enough
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		h.t.Fatalf("no answer after %v: %v", time.Since(start), err)
	}
	got := read(resp, start)
	_ = conn.Close()
	<-sent
	return got
}

// TestSlowSender: a body that comes too slowly is given up after a minute, and
// one that comes slowly is served.
func TestSlowSender(t *testing.T) {
	for _, p := range bothSides {
		for _, c := range []struct {
			name   string
			every  time.Duration // 1,000 bytes
			size   int
			known  bool // the length is said beforehand
			status int
		}{
			{"in pieces of unknown number", 3 * time.Second, 100_000, false, 408},
			{"of known length", 3 * time.Second, 100_000, true, 408},
			{"small, of unknown length", 40 * time.Second, 3000, false, 408},
			{"small, of known length", 40 * time.Second, 3000, true, 408},
			{"in time", time.Second, 40_000, true, 200},
		} {
			t.Run(p.name+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := doorHouse(t, p)
					body := mode{p, false}.body("chat", strings.Repeat("x", c.size))
					r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080"+p.path,
						&slowBody{bytes.NewReader([]byte(body)), c.every})
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("X-Api-Key", clientKey)
					if c.known {
						r.ContentLength = int64(len(body))
					}
					start := time.Now()
					got := h.converse(r, start)
					if got.status != c.status {
						t.Fatalf("%d after %v: %s", got.status, got.took, got.body)
					}
					if c.status == 200 {
						return
					}
					if e := readError(t, p, got.body); e.Code != "slow_body" || len(h.sim.Log()) != 0 || got.took > 63*time.Second {
						t.Errorf("%+v after %v, %d upstream calls", e, got.took, len(h.sim.Log()))
					}
				})
			})
		}
	}
}

// TestMethods: a path is asked for in one way only.
func TestMethods(t *testing.T) {
	for _, p := range bothSides {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := doorHouse(t, p)
				for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch} {
					r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080"+p.path, http.NoBody)
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("X-Api-Key", clientKey)
					resp, err := h.client.RoundTrip(r)
					if err != nil {
						t.Fatal(err)
					}
					got := read(resp, time.Now())
					if got.status != 405 || got.header.Get("Allow") != "POST" || readError(t, p, got.body).Code != "method_not_allowed" {
						t.Errorf("%s: %d, allow %q: %s", method, got.status, got.header.Get("Allow"), got.body)
					}
				}
			})
		})
	}
}

// endless is a body that says it is long and never comes.
type endless struct{ gone <-chan struct{} }

func (e endless) Read([]byte) (int, error) {
	<-e.gone
	return 0, io.ErrUnexpectedEOF
}

// TestTooLarge: a body over 32 MiB is refused: at once if it says so, and as
// soon as it is over if it does not.
func TestTooLarge(t *testing.T) {
	for _, p := range bothSides {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%t", p.name, known), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := doorHouse(t, p)
					gone := make(chan struct{})
					var body io.Reader = endless{gone}
					if !known {
						fine := mode{p, false}.body("chat", "hello")
						body = io.MultiReader(strings.NewReader(fine+strings.Repeat(" ", 32<<20)), strings.NewReader(""))
					}
					r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080"+p.path, body)
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("X-Api-Key", clientKey)
					if known {
						r.ContentLength = 32<<20 + 1
					}
					start := time.Now()
					resp, err := h.client.RoundTrip(r)
					if err != nil {
						t.Fatal(err)
					}
					got := read(resp, start)
					close(gone)
					e := readError(t, p, got.body)
					if got.status != 413 || e.Code != "body_too_large" || !strings.Contains(e.Message, "32 MiB") || got.took != 0 || len(h.sim.Log()) != 0 {
						t.Errorf("%d after %v: %+v", got.status, got.took, e)
					}
				})
			})
		}
	}
}
