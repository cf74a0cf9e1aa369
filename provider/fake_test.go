package provider_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

const canary = "sk-canary-0123456789"

// talk is a dialect of few words, so that these tests are about the endpoint.
// A whole answer is {"text":...} or {"error":...}; a stream is data lines up to
// [DONE].
type talk struct{}

func (talk) Name() string { return "talk" }

func (talk) Encode(call *switchgear.Call, stream bool) (provider.Encoded, error) {
	w := call.Request.Wire
	if w == nil {
		return provider.Encoded{}, &switchgear.Error{Class: switchgear.ClassInvalid, Message: "nothing to say"}
	}
	half := len(w.Body) / 2
	return provider.Encoded{
		Path: "/talk", Query: w.Query, Header: w.Header,
		Body: [][]byte{w.Body[:half], w.Body[half:]}, Dropped: call.Request.Stop,
	}, nil
}

func (talk) Decode(body []byte) (*switchgear.Response, error) {
	var answer struct {
		Text  string `json:"text"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, &switchgear.Error{Class: switchgear.ClassOverloaded, Code: answer.Error, Body: body}
	}
	return &switchgear.Response{Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: answer.Text}}}}}, nil
}

func (talk) Error(status int, _ http.Header, body []byte) *switchgear.Error {
	class, code := switchgear.ClassServer, ""
	switch {
	case status < 300:
		class, code = switchgear.ClassMalformed, "nonsense"
	case status < 400:
		class = switchgear.ClassGone
	case status < 500:
		class = switchgear.ClassInvalid
	}
	return &switchgear.Error{Class: class, Code: code, Status: status, Body: body, Detail: string(body)}
}

func (talk) Events(r io.Reader) switchgear.Stream { return &talkStream{lines: bufio.NewReader(r)} }

type talkStream struct {
	lines *bufio.Reader
	event switchgear.Event
	err   error
}

func (s *talkStream) Next() bool {
	for {
		line, err := s.lines.ReadString('\n')
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		switch {
		case ok && data == "[DONE]":
			return false
		case ok && strings.HasPrefix(data, "!"):
			s.err = &switchgear.Error{Class: switchgear.ClassOverloaded, Code: data[1:]}
			return false
		case ok:
			s.event = switchgear.Event{Kind: switchgear.EventText, Text: data, Raw: []byte(line)}
			return true
		case err != nil:
			if errors.Is(err, io.EOF) {
				err = &switchgear.Error{Class: switchgear.ClassInterrupted, Message: "the stream stopped"}
			}
			s.err = err
			return false
		}
	}
}

func (s *talkStream) Event() switchgear.Event { return s.event }
func (s *talkStream) Err() error              { return s.err }
func (*talkStream) Close() error              { return nil }

// network is a place without wires: what it dials, its server accepts. Being in
// memory, it can stand in a bubble of virtual time.
type network struct {
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
	mu     sync.Mutex
	dials  int
}

func newNetwork() *network { return &network{accept: make(chan net.Conn), done: make(chan struct{})} }

func (n *network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.accept <- server:
		n.mu.Lock()
		n.dials++
		n.mu.Unlock()
		return client, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.accept:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { n.once.Do(func() { close(n.done) }); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (n *network) connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// serve answers on an in-memory network and gives the provider in front of it.
// Both are gone when the test, or its bubble, ends.
func serve(t *testing.T, h http.HandlerFunc) (switchgear.Provider, *network) {
	t.Helper()
	n := newNetwork()
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(n) }()
	p, transport := dial(t, n)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		_ = n.Close()
	})
	return p, n
}

func dial(t *testing.T, n *network) (switchgear.Provider, *http.Transport) {
	t.Helper()
	transport := provider.NewTransport()
	transport.DialContext = n.DialContext
	return newTalk(t, "http://upstream.test/v9", transport), transport
}

func newTalk(t *testing.T, base string, rt http.RoundTripper) switchgear.Provider {
	t.Helper()
	p, err := provider.New(provider.Config{
		Name: "acme", BaseURL: base, Dialect: talk{}, Authorize: provider.Bearer(), Transport: rt,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// roundTrip makes a transport of a function.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func call(body string) *switchgear.Call {
	return &switchgear.Call{
		Request: &switchgear.Request{Wire: &switchgear.Wire{Dialect: "talk", Body: []byte(body)}},
		Target:  switchgear.Target{Provider: "acme", Model: "parrot"},
		Credential: switchgear.Credential{
			ID: "acme#1", Secret: switchgear.NewSecret(canary),
		},
	}
}

// failure checks what is true of every error a provider returns, and gives it
// back as what it must be.
func failure(t *testing.T, err error) *switchgear.Error {
	t.Helper()
	var e *switchgear.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v (%T), want a *switchgear.Error", err, err)
	}
	if e.Provider != "acme" {
		t.Errorf("the error names provider %q, want acme", e.Provider)
	}
	for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(cause.Error(), canary) || strings.Contains(cause.Error(), "secret=") {
			t.Errorf("the error tells a secret: %v", cause)
		}
	}
	return e
}

// expect compares an error's class and code.
func expect(t *testing.T, err error, class switchgear.Class, code string) *switchgear.Error {
	t.Helper()
	e := failure(t, err)
	if e.Class != class || e.Code != code {
		t.Errorf("error is %q with class %v, code %q; want class %v, code %q", e, e.Class, e.Code, class, code)
	}
	return e
}

func texts(s switchgear.Stream) (all []string) {
	for s.Next() {
		all = append(all, s.Event().Text)
	}
	return all
}
