package server

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// maxBody is the largest request body that is read: Anthropic's own limit.
const maxBody = 32 << 20

// Options say what a data plane is made of.
type Options struct {
	Gateway   Source
	OpenAI    Codec
	Anthropic Codec
	Observer  Observer     // nil for none
	Headers   HeaderFilter // which headers of a client's request a provider may see
}

// HeaderFilter reports whether a client's header, in canonical spelling, may go
// upstream.
type HeaderFilter func(name string) bool

// Handler is the data plane.
type Handler struct {
	gateway   Source
	openai    Codec
	anthropic Codec
	observer  Observer
	headers   HeaderFilter
}

// New makes a data plane.
func New(o Options) *Handler {
	return &Handler{gateway: o.Gateway, openai: o.OpenAI, anthropic: o.Anthropic, observer: o.Observer, headers: o.Headers}
}

// exchange is one request on its way through the data plane.
type exchange struct {
	h      *Handler
	gw     Gateway
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context
	codec  Codec
	set    *Settings
	client *Client
	req    *switchgear.Request
	wrote  bool // the status line is out
	abort  bool // the connection must not end cleanly
	record switchgear.Record
	values [20]string // of headers of the answer
	used   int        // of values
}

// ServeHTTP answers one request. A panic anywhere below is a 500 with a request
// id, never a dead process.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.probe(w, r) {
		return
	}
	gw := h.gateway.Now()
	x := &exchange{h: h, gw: gw, w: w, r: r, ctx: r.Context(), set: gw.Settings()}
	x.record.Start = time.Now()
	x.record.ID = newRequestID(x.record.Start)
	x.record.Retry = retryCount(r.Header)
	defer x.finish()
	place := locate(r.URL.Path)
	x.codec = h.openai
	if place.anthropic || (place.models && r.Header.Get("Anthropic-Version") != "") {
		x.codec = h.anthropic
	}
	x.record.Dialect, x.record.Operation = x.codec.Dialect(), place.operation()
	if err := x.serve(place); err != nil {
		x.fail(err)
	}
}

func (x *exchange) serve(p place) error {
	if err := x.guard(p); err != nil {
		return err
	}
	client, err := x.gw.Admit(clientKey(x.r.Header))
	if err != nil {
		return err
	}
	x.client, x.record.Client = client, client.Name
	if p.models {
		return x.models(p)
	}
	body, err := readBody(x.w, x.r)
	if err != nil {
		return err
	}
	envelope, err := x.scan(p, body)
	if err != nil {
		return err
	}
	if err := x.prepare(envelope, body); err != nil {
		return err
	}
	defer x.deadline()()
	switch {
	case p.embeddings:
		return x.embed()
	case p.count:
		return x.count()
	case envelope.Stream:
		x.record.Stream = true
		return x.stream()
	default:
		return x.complete()
	}
}

func (x *exchange) scan(p place, body []byte) (switchgear.Envelope, error) {
	if p.embeddings {
		if codec, ok := x.codec.(embedCodec); ok {
			return codec.ScanEmbed(body)
		}
	}
	return x.codec.Scan(body)
}

// finish turns a panic into a failure and tells the observer.
func (x *exchange) finish() {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		x.abort = true
	default:
		x.record.Panicked = true
		x.fail(&switchgear.Error{
			Class: switchgear.ClassInternal, Status: http.StatusInternalServerError, Code: "internal_error",
			Message: "The gateway met a fault of its own while serving this request.",
			Err:     &panicError{stack: debug.Stack()},
		})
	}
	x.record.Duration = time.Since(x.record.Start)
	x.record.Outcome = switchgear.OutcomeOf(x.record.Trace, x.record.Err)
	x.record.Overhead = overhead(x.record.Trace, x.record.Duration)
	if x.h.observer != nil {
		x.h.observer.Requested(x.ctx, &x.record)
	}
	if x.abort {
		panic(http.ErrAbortHandler) // net/http's own way to cut a connection
	}
}

// panicError keeps where a panic came from, not what it said: the value may
// quote a request.
type panicError struct{ stack []byte }

func (*panicError) Error() string { return "panic in a handler" }

// Stack is where the panic was raised.
func (e *panicError) Stack() []byte { return e.stack }

// overhead is what of a request's time was not spent waiting for providers.
func overhead(t *switchgear.Trace, whole time.Duration) time.Duration {
	if t == nil {
		return whole
	}
	for i := range t.Attempts {
		whole -= t.Attempts[i].Duration
	}
	return max(whole, 0)
}

// asError gives every failure its one type.
func asError(err error) *switchgear.Error {
	if e, ok := errors.AsType[*switchgear.Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return &switchgear.Error{Class: switchgear.ClassCanceled, Err: err}
	}
	return &switchgear.Error{
		Class: switchgear.ClassInternal, Status: http.StatusInternalServerError, Code: "internal_error",
		Message: "The gateway met a fault of its own while serving this request.", Err: err,
	}
}
