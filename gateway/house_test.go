package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// house is a whole gateway in memory: clients reach it over HTTP/1.1, and it
// reaches simulated providers in the same way. It stands in a bubble of
// testing/synctest, so that its time is virtual.
type house struct {
	t       *testing.T
	sim     *sim.Server
	gateway *gateway.Gateway
	client  *http.Transport
	records *recorder

	prompted atomic.Int64 // requests that were made up so far
}

// secrets are what the variables of test configurations hold.
var secrets = map[string]string{"KEY_1": "sk-test-first-0001", "KEY_2": "sk-test-second-0002"}

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	cfg, findings := config.Parse("test.yaml", []byte(text), func(name string) (string, bool) {
		value, ok := secrets[name]
		return value, ok
	})
	for _, f := range findings {
		if f.Severity == config.Error {
			t.Fatalf("%s", f.String())
		}
	}
	return cfg
}

// open builds a house over a configuration. Its simulated providers accept both
// keys.
func open(t *testing.T, text string) *house {
	t.Helper()
	up := sim.New(sim.Options{KeepBodies: true, Keys: []string{secrets["KEY_1"], secrets["KEY_2"]}})
	return build(t, text, up, up.Transport())
}

func build(t *testing.T, text string, up *sim.Server, upstream http.RoundTripper, opts ...gateway.Option) *house {
	t.Helper()
	h := &house{t: t, sim: up, records: &recorder{}}
	opts = append(opts, gateway.WithTransport(upstream), gateway.WithObserver(h.records), gateway.WithEvents(h.records.event))
	gw, err := gateway.New(t.Context(), parse(t, text), opts...)
	if err != nil {
		t.Fatal(err)
	}
	h.gateway = gw
	door := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: gw.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go server.Serve(door)
	h.client = &http.Transport{DialContext: door.dial, DisableKeepAlives: true, DisableCompression: true}
	t.Cleanup(func() {
		if time.Now().Year() < 2020 { // a bubble's clock, which begins in 2000
			time.Sleep(time.Minute) // trials that nobody waits for come to their end
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := gw.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// listener gives a server connections that never see a socket.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error { l.once.Do(func() { close(l.done) }); return nil }
func (*listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// recorder keeps what the gateway says of its requests and attempts.
type recorder struct {
	mu       sync.Mutex
	requests []switchgear.Record
	attempts []switchgear.Attempt
	events   []gateway.Event
}

func (r *recorder) Attempted(_ context.Context, _ string, a *switchgear.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, *a)
}

func (r *recorder) Requested(_ context.Context, rec *switchgear.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, *rec)
}

func (r *recorder) event(e gateway.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) last() switchgear.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) == 0 {
		return switchgear.Record{}
	}
	return r.requests[len(r.requests)-1]
}

// fault makes calls for a model fail from now on; no spec clears it.
func (h *house) fault(model, spec string) {
	h.t.Helper()
	if spec == "" {
		h.sim.SetFault(model)
		return
	}
	faults, err := sim.ParseFaults(spec)
	if err != nil {
		h.t.Fatal(err)
	}
	h.sim.SetFault(model, faults...)
}

// calls counts the upstream calls for a model.
func (h *house) calls(model string) int {
	n := 0
	for _, e := range h.sim.Log() {
		if e.Model == model {
			n++
		}
	}
	return n
}

// protocol is one of the two languages clients speak.
type protocol struct {
	name string
	path string
	rest string // members of a request after model and stream
}

var (
	openaiSide    = protocol{"openai", "/v1/chat/completions", `"messages":[{"role":"user","content":"PROMPT"}]`}
	anthropicSide = protocol{"anthropic", "/v1/messages", `"max_tokens":400,"messages":[{"role":"user","content":"PROMPT"}]`}
	bothSides     = []protocol{openaiSide, anthropicSide}
)

// mode is a protocol, streamed or not.
type mode struct {
	protocol

	stream bool
}

func (m mode) String() string {
	if m.stream {
		return m.name + "/stream"
	}
	return m.name + "/whole"
}

var allModes = []mode{{openaiSide, false}, {openaiSide, true}, {anthropicSide, false}, {anthropicSide, true}}

// body is a request of a mode.
func (m mode) body(model, prompt string) string {
	text := `{"model":"` + model + `",`
	if m.stream {
		text += `"stream":true,`
	}
	return text + strings.ReplaceAll(m.rest, "PROMPT", prompt) + "}"
}

// reply is what a client got.
type reply struct {
	status int
	header http.Header
	body   string
	err    error         // of reading the body
	took   time.Duration // until the end of the body, in virtual time
}

// ask sends a request for the route "chat" and reads the whole answer. Headers
// are given as name, value, name, value.
func (h *house) ask(m mode, headers ...string) reply {
	return h.post(m.path, m.body("chat", "hello"), headers...)
}

func (h *house) post(path, body string, headers ...string) reply {
	h.t.Helper()
	start := time.Now()
	resp := h.send(h.t.Context(), path, strings.NewReader(body), headers...)
	if resp == nil {
		return reply{took: time.Since(start), err: errors.New("no answer")}
	}
	return read(resp, start)
}

// send sends a request and returns when the headers of the answer are there;
// nil if there is no answer.
func (h *house) send(ctx context.Context, path string, body io.Reader, headers ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:8080"+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.client.RoundTrip(r)
	if err != nil {
		return nil
	}
	return resp
}

func read(resp *http.Response, start time.Time) reply {
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err := b.ReadFrom(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, body: b.String(), err: err, took: time.Since(start)}
}

// own are the headers of the gateway's, by their short names.
func (r *reply) own(short string) string { return r.header.Get("X-Switchgear-" + short) }

// headerNames lists the headers of an answer, for failures of tests.
func (r *reply) headerNames() []string { return slices.Sorted(maps.Keys(r.header)) }
