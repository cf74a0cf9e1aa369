package provider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

const (
	acceptStream = "text/event-stream"
	// firstLook is how much, in bytes, is read at once to tell what a body is
	// that does not say so.
	firstLook = 512
	// drainTime and drainBytes bound how far a stream is read past its last
	// event: its connection can be used again only if it is read to the end,
	// which comes with the last event or just behind it.
	drainTime  = 20 * time.Millisecond
	drainBytes = 4 << 10
)

// Stream implements [switchgear.Provider].
func (e *endpoint) Stream(ctx context.Context, call *switchgear.Call) (_ switchgear.Stream, err error) {
	defer func() { err = hush(err, call.Credential) }()
	enc, err := e.encode(call, true)
	if err != nil {
		return nil, e.fail(err)
	}
	resp, err := e.send(ctx, &enc, call.Credential, acceptStream)
	if err != nil {
		return nil, err
	}
	s := &stream{endpoint: e, ctx: ctx, credential: call.Credential, trace: traceOf(&enc), body: tail{body: resp.Body}}
	var from io.Reader = &s.body
	if !isEventStream(resp.Header) {
		if from, err = e.lookInto(ctx, resp, &s.body); err != nil {
			_ = resp.Body.Close()
			return nil, err
		}
	}
	s.header = pruned(resp.Header)
	s.events = e.dialect.Events(from)
	return s, nil
}

func isEventStream(h http.Header) bool {
	values := h["Content-Type"]
	return len(values) > 0 && len(values[0]) >= len(acceptStream) && strings.EqualFold(values[0][:len(acceptStream)], acceptStream)
}

// lookInto decides whether a body that does not call itself an event stream is
// one all the same, and reads what it is if not: mostly an error.
func (e *endpoint) lookInto(ctx context.Context, resp *http.Response, body io.Reader) (io.Reader, error) {
	var head []byte
	for len(bytes.TrimSpace(head)) == 0 && len(head) < maxErrorBody {
		chunk := make([]byte, firstLook)
		n, err := body.Read(chunk)
		head = append(head, chunk[:n]...)
		if n == 0 && err != nil {
			if !errors.Is(err, io.EOF) {
				return nil, e.brokeOff(ctx, err)
			}
			break
		}
	}
	if start := bytes.TrimSpace(head); len(start) > 0 && !bytes.ContainsAny(start[:1], "{[<") {
		return io.MultiReader(bytes.NewReader(head), body), nil
	}
	rest, err := readAtMost(body, maxErrorBody-int64(len(head)))
	if err != nil {
		return nil, e.brokeOff(ctx, err)
	}
	return nil, e.notAStream(resp, append(head, rest...))
}

// notAStream is the error of a body that came in place of a stream.
func (e *endpoint) notAStream(resp *http.Response, body []byte) *switchgear.Error {
	if jsonx.Check(body) != nil {
		return e.notAnAnswer(resp, body)
	}
	if _, err := e.dialect.Decode(body); err != nil {
		return e.fail(err)
	}
	return e.fail(&switchgear.Error{
		Class: switchgear.ClassMalformed, Status: resp.StatusCode, Code: "not_a_stream", Body: body,
		Message: "the provider was asked for a stream and answered in one piece",
	})
}

// stream is an answer that is coming in over a connection, which it owns.
type stream struct {
	endpoint   *endpoint
	ctx        context.Context
	events     switchgear.Stream
	body       tail
	header     http.Header
	trace      *switchgear.Trace
	credential switchgear.Credential
	closed     atomic.Bool
	done       bool
	err        error
}

// Next implements [switchgear.Stream].
func (s *stream) Next() bool {
	if s.done {
		return false
	}
	if !s.closed.Load() && s.events.Next() {
		return true
	}
	s.done = true
	s.err = hush(s.verdict(), s.credential)
	_ = s.events.Close() // here and not in Close: it may not be called while its Next runs
	s.body.complete.Store(s.err == nil)
	return false
}

// Event implements [switchgear.Stream].
func (s *stream) Event() switchgear.Event { return s.events.Event() }

// Err implements [switchgear.Stream].
func (s *stream) Err() error { return s.err }

// Header implements [switchgear.Headed].
func (s *stream) Header() http.Header { return s.header }

// Trace implements [switchgear.Traced]: what the request could not say, or
// nil. The gateway makes the whole trace.
func (s *stream) Trace() *switchgear.Trace { return s.trace }

// Close implements [switchgear.Stream]. It may be called while Next waits.
func (s *stream) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.body.release()
}

// verdict says why there are no more events: nil if the answer is complete.
func (s *stream) verdict() error {
	err := s.events.Err()
	if err == nil && !s.closed.Load() {
		return nil
	}
	known, ok := errors.AsType[*switchgear.Error](err)
	switch {
	case s.ctx.Err() != nil && s.body.err != nil:
		return s.endpoint.ended(s.ctx)
	case s.closed.Load():
		return &switchgear.Error{
			Class: switchgear.ClassCanceled, Provider: s.endpoint.name, Code: "canceled",
			Message: "the stream was closed before its end",
		}
	case errors.Is(s.body.err, errCorrupt), s.body.err != nil && !ok:
		return s.endpoint.brokeOff(s.ctx, s.body.err)
	case !ok:
		return s.endpoint.brokeOff(s.ctx, err)
	default:
		if known.Code == "" && s.body.err != nil {
			known.Code = diagnose(s.body.err).code
		}
		return s.endpoint.fail(known)
	}
}

// tail is the body of a stream, and remembers how it ended.
type tail struct {
	body     io.ReadCloser
	err      error       // the error that ended it, unless that was its end
	ended    atomic.Bool // it was read to its end
	complete atomic.Bool // the answer was complete: what may still come is the end
}

// Read reads from the body.
func (t *tail) Read(b []byte) (int, error) {
	n, err := t.body.Read(b)
	if err != nil {
		if errors.Is(err, io.EOF) {
			t.ended.Store(true)
		} else {
			t.err = err
		}
	}
	return n, err
}

// release closes the body, so that its connection can be used again where that
// is cheap.
func (t *tail) release() error {
	if t.complete.Load() && !t.ended.Load() {
		late := time.AfterFunc(drainTime, func() { _ = t.body.Close() })
		_, _ = io.CopyN(io.Discard, t.body, drainBytes)
		late.Stop()
	}
	return t.body.Close()
}
