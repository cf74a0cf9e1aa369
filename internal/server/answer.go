package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// interruptGrace is how long a client that was sent an error event is given to
// close by itself. Then the connection is cut without its proper end, so that
// not even a client that knows no error events takes half an answer for a
// whole one. Cutting at once could destroy the event on its way.
const interruptGrace = 250 * time.Millisecond

func (x *exchange) complete() error {
	resp, err := x.gw.Complete(x.ctx, x.req)
	if err != nil {
		return err
	}
	x.record.Trace, x.record.Usage, x.record.Cost = resp.Trace, resp.Usage, resp.Cost
	worded := resp.Wire != nil && len(resp.Wire.Body) > 0 && resp.Wire.Dialect == x.codec.Dialect()
	if !rewritten(resp.Trace) || (worded && !resp.Trace.Translated) {
		return x.body(resp.Wire, resp.Trace, &resp.Cost)
	}
	body, dropped, err := x.codec.Answer(x.req.Wire.Values, resp)
	if err != nil {
		return err
	}
	resp.Trace.Dropped = append(resp.Trace.Dropped, dropped...)
	wire := &switchgear.Wire{Dialect: x.codec.Dialect(), Body: body}
	if resp.Wire != nil && !resp.Trace.Translated {
		wire.Header = resp.Wire.Header
	}
	return x.body(wire, resp.Trace, &resp.Cost)
}

// rewritten reports whether the bytes of an answer are not what the client is
// to read: they are in another protocol, or the answer was changed since.
func rewritten(t *switchgear.Trace) bool { return t != nil && (t.Translated || len(t.Normalised) > 0) }

func (x *exchange) embed() error {
	resp, err := x.gw.Embed(x.ctx, &switchgear.EmbedRequest{
		Route: x.req.Route, Wire: x.req.Wire, Labels: x.req.Labels, Limits: x.req.Limits,
	})
	if err != nil {
		return err
	}
	x.record.Trace, x.record.Usage, x.record.Cost = resp.Trace, resp.Usage, resp.Cost
	return x.body(resp.Wire, resp.Trace, &resp.Cost)
}

func (x *exchange) count() error {
	resp, err := x.gw.CountTokens(x.ctx, x.req)
	if err != nil {
		return err
	}
	x.record.Trace = resp.Trace
	if codec, ok := x.codec.(countCodec); ok && resp.Estimated {
		x.w.Header()["X-Switchgear-Estimated"] = []string{"1"}
		resp.Wire = &switchgear.Wire{Dialect: x.codec.Dialect(), Body: codec.Count(resp.Input)}
	}
	return x.body(resp.Wire, resp.Trace, nil)
}

// body sends a whole answer as it came.
func (x *exchange) body(wire *switchgear.Wire, t *switchgear.Trace, cost *switchgear.Cost) error {
	if wire == nil || wire.Dialect != x.codec.Dialect() {
		return &switchgear.Error{
			Class: switchgear.ClassInternal, Status: http.StatusInternalServerError, Code: "internal_error", Trace: t,
			Message: "The answer came in another protocol than the client speaks.",
		}
	}
	x.describe(t, cost)
	x.relay(wire.Header)
	h := x.w.Header()
	h["Content-Type"] = jsonType
	x.header("Content-Length", strconv.Itoa(len(wire.Body)))
	x.status(http.StatusOK)
	return x.sendWhole(wire.Body)
}

var (
	jsonType   = []string{"application/json"}  //nolint:gochecknoglobals // constant header values, shared so as not to allocate
	streamType = []string{"text/event-stream"} //nolint:gochecknoglobals // the same
	noCache    = []string{"no-cache"}          //nolint:gochecknoglobals // the same
	unbuffered = []string{"no"}                //nolint:gochecknoglobals // the same
)

// relay passes on the headers of the provider's answer that a client may see.
// They tell who the provider is, so that a client which may not know gets none.
func (x *exchange) relay(from http.Header) {
	if !x.set.Full {
		return
	}
	h := x.w.Header()
	for name, values := range from {
		if _, taken := h[name]; !taken {
			h[name] = values
		}
	}
}

func (x *exchange) status(code int) {
	x.wrote = true
	x.record.Status = code
	x.w.WriteHeader(code)
}

func (x *exchange) stream() error {
	s, err := x.gw.Stream(x.ctx, x.req)
	if err != nil {
		return err
	}
	defer func() {
		_ = s.Close()
		x.record.Usage, x.record.Cost = served(x.record.Trace)
	}()
	if traced, ok := s.(switchgear.Traced); ok {
		x.record.Trace = traced.Trace()
	}
	x.describe(x.record.Trace, nil)
	if headed, ok := s.(switchgear.Headed); ok {
		x.relay(headed.Header())
	}
	h := x.w.Header()
	h["Content-Type"] = streamType
	h["Cache-Control"] = noCache
	h["X-Accel-Buffering"] = unbuffered // tells nginx in front of us not to hold events back
	x.status(http.StatusOK)
	if rewritten(x.record.Trace) {
		return x.translate(s)
	}
	return x.forward(s)
}

// translate sends the events of a stream in the client's protocol.
func (x *exchange) translate(s switchgear.Stream) error {
	control := http.NewResponseController(x.w)
	encoder := x.codec.Stream(x.req.Wire.Values)
	var frames []byte
	var usage switchgear.Usage
	for s.Next() {
		event := s.Event()
		usage.Merge(&event.Usage)
		frames = encoder.Event(frames[:0], &event)
		if len(frames) == 0 {
			continue
		}
		if err := send(x.w, control, frames); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	return send(x.w, control, encoder.End(frames[:0], &usage))
}

// served is what the attempt that served has used; it is the last one.
func served(t *switchgear.Trace) (switchgear.Usage, switchgear.Cost) {
	if t == nil || len(t.Attempts) == 0 {
		return switchgear.Usage{}, switchgear.Cost{}
	}
	last := &t.Attempts[len(t.Attempts)-1]
	return last.Usage, last.Cost
}

// forward sends the events of a stream as they come.
func (x *exchange) forward(s switchgear.Stream) error {
	control := http.NewResponseController(x.w)
	for s.Next() {
		raw := s.Event().Raw
		if len(raw) == 0 {
			continue
		}
		if err := send(x.w, control, raw); err != nil {
			return err
		}
	}
	return s.Err()
}
