package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// pipes is a listener of connections in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (pipes) Close() error   { return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial serves one connection in the bubble it is called in.
func dial(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	door := make(pipes, 1)
	door <- far
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(door) }()
	t.Cleanup(func() { close(door); _ = near.Close(); _ = server.Close() })
	return near
}

// TestBodiesNobodyAskedFor: a body that is announced and never sent must not
// hold a connection open where no body is read at all.
func TestBodiesNobodyAskedFor(t *testing.T) {
	for _, line := range []string{"GET /healthz", "GET /readyz", "HEAD /", "GET /v1/models"} {
		t.Run(line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near := dial(t, plainHandler(&fakeGateway{}))
				start := time.Now()
				_ = near.SetDeadline(start.Add(time.Hour))
				go io.WriteString(near, line+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
				resp, err := http.ReadResponse(bufio.NewReader(near), &http.Request{Method: line[:4]})
				if err != nil {
					t.Fatal(err)
				}
				if d := time.Since(start); resp.StatusCode != http.StatusOK || d > 5*time.Second {
					t.Errorf("%d after %v", resp.StatusCode, d)
				}
			})
		})
	}
}

// TestClientThatDoesNotRead: a client that keeps its connection and reads
// nothing must not hold the request for ever.
func TestClientThatDoesNotRead(t *testing.T) {
	big := make([]byte, 1<<20)
	g := &fakeGateway{
		complete: func(*switchgear.Request) (*switchgear.Response, error) {
			return &switchgear.Response{Wire: &switchgear.Wire{Dialect: "openai", Body: big}}, nil
		},
		stream: func(*switchgear.Request) (switchgear.Stream, error) {
			return &fakeStream{events: []switchgear.Event{{Raw: big}}}, nil
		},
	}
	for _, body := range []string{`{"model":"chat"}`, `{"model":"chat","stream":true}`} {
		synctest.Test(t, func(t *testing.T) {
			done := make(chan switchgear.Record, 1)
			h := New(Options{Gateway: g, OpenAI: fakeCodec{"openai"}, Anthropic: fakeCodec{"anthropic"}, Observer: told(done)})
			near := dial(t, h)
			_, _ = io.WriteString(near, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
				"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body)
			select {
			case r := <-done:
				if r.Outcome != switchgear.OutcomeCanceled {
					t.Errorf("%s: outcome %s", body, r.Outcome)
				}
			case <-time.After(time.Hour):
				t.Errorf("%s: still held after an hour", body)
			}
		})
	}
}

type told chan switchgear.Record

func (c told) Requested(_ context.Context, r *switchgear.Record) { c <- *r }

func plainHandler(g *fakeGateway) *Handler { h, _ := newTest(g); return h }

// plainWriter is a ResponseWriter that can do no more than it must.
type plainWriter struct{ w *httptest.ResponseRecorder }

func (p plainWriter) Header() http.Header         { return p.w.Header() }
func (p plainWriter) WriteHeader(code int)        { p.w.WriteHeader(code) }
func (p plainWriter) Write(b []byte) (int, error) { return p.w.Write(b) }

// TestWriterThatCannotFlush: behind somebody's middleware a stream may come
// late, but not in part.
func TestWriterThatCannotFlush(t *testing.T) {
	h := plainHandler(&fakeGateway{stream: func(*switchgear.Request) (switchgear.Stream, error) {
		return &fakeStream{events: []switchgear.Event{{Raw: []byte("one ")}, {Raw: []byte("two")}}}, nil
	}})
	w := httptest.NewRecorder()
	h.ServeHTTP(plainWriter{w}, post("/v1/chat/completions", `{"model":"chat","stream":true}`))
	if w.Body.String() != "one two" {
		t.Errorf("%q", w.Body)
	}
}
