package drill

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// door brings a user's request to the gateway and its answer back. It stands
// for the connection between them: what is written is seen by the user when it
// is flushed, and a handler that aborts breaks the connection.
type door struct {
	handler http.Handler
}

func (d *door) serve(q *question, a *answer) {
	body := q.body(q.route.name)
	r := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: "/v1" + q.path()}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Host: "127.0.0.1:8080", RemoteAddr: "127.0.0.1:40000",
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	w := &wire{answer: a, header: http.Header{}}
	defer func() {
		if said := recover(); said != nil {
			if err, ok := said.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(said)
			}
			a.cut = true
		} else {
			w.WriteHeader(http.StatusOK)
			_ = w.FlushError()
		}
		a.over(time.Since(q.at))
	}()
	d.handler.ServeHTTP(w, r)
}

// wire is the connection of one user.
type wire struct {
	answer *answer
	header http.Header
	buffer []byte
}

// Header implements [http.ResponseWriter].
func (w *wire) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *wire) WriteHeader(status int) {
	if w.answer.status == 0 {
		w.answer.status = status
		w.answer.server = w.header.Get("X-Switchgear-Served-By")
	}
}

// Write implements [http.ResponseWriter].
func (w *wire) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.buffer = append(w.buffer, p...)
	return len(p), nil
}

// FlushError is what [http.ResponseController] calls.
func (w *wire) FlushError() error {
	if len(w.buffer) > 0 {
		w.answer.take(w.buffer, time.Since(w.answer.question.at))
		w.buffer = w.buffer[:0]
	}
	return nil
}
