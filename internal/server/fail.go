package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// fail tells the client what went wrong: as an answer of its own if none has
// begun, as the last event of a stream if one has.
func (x *exchange) fail(err error) {
	e := asError(err)
	x.record.Err = e
	if e.Trace != nil {
		x.record.Trace = e.Trace
	}
	if x.wrote {
		x.interrupt(e)
		return
	}
	if e.Class == switchgear.ClassCanceled {
		x.record.Status = statusClientClosed
		x.abort = true
		return
	}
	if x.req == nil {
		hurry(x.w, x.r)
	}
	status, body := x.codec.Error(e, x.record.ID)
	x.describe(x.record.Trace, nil)
	h := x.w.Header()
	advise(h, e)
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	x.status(status)
	_, _ = x.w.Write(body)
}

// statusClientClosed is what logs show for a client that went away: the number
// nginx gave it.
const statusClientClosed = 499

// interrupt ends a stream that has begun.
func (x *exchange) interrupt(e *switchgear.Error) {
	if e.Class == switchgear.ClassCanceled || !x.record.Stream {
		x.abort = true
		return
	}
	if _, err := x.w.Write(x.codec.StreamError(e, x.record.ID)); err != nil {
		return
	}
	x.abort = true
	if http.NewResponseController(x.w).Flush() != nil {
		return
	}
	grace := time.NewTimer(interruptGrace)
	defer grace.Stop()
	select {
	case <-x.r.Context().Done():
	case <-grace.C:
	}
}

// models answers the list of models, or one of them.
func (x *exchange) models(p place) error {
	hurry(x.w, x.r)
	all := x.gw.Models(x.client)
	body := x.codec.Models(all)
	if p.model != "" {
		single, err := x.oneModel(all, p.model)
		if err != nil {
			return err
		}
		body = single
	}
	x.describe(nil, nil)
	h := x.w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	x.status(http.StatusOK)
	_, _ = x.w.Write(body)
	return nil
}

// oneModel is the list's entry for one name, taken out of the list.
func (x *exchange) oneModel(all []switchgear.ModelInfo, name string) ([]byte, error) {
	for _, m := range all {
		if m.Name != name {
			continue
		}
		if single, ok := x.codec.(interface {
			Model(m switchgear.ModelInfo) []byte
		}); ok {
			return single.Model(m), nil
		}
	}
	_, err := x.gw.Resolve(x.client, name)
	if err == nil {
		err = own(http.StatusNotFound, switchgear.CodeUnknownRoute, "There is no model of that name.")
	}
	return nil, err
}
