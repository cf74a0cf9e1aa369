package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/switchgear-dev/switchgear"
)

const (
	// readTime is how long a client may take nothing of what it is sent. Then
	// it counts as gone: a connection that is kept and not read would hold the
	// request, and what it holds, for ever.
	readTime = 2 * time.Minute
	// pieceSize is how much a client must take within readTime, in bytes.
	pieceSize = 256 << 10
	// smallAnswer is the size, in bytes, up to which an answer fits into the
	// buffers of a connection, and its writing waits for nobody.
	smallAnswer = 16 << 10
)

// send writes a piece of an answer and sees it out. The error, if there is one,
// means that the client is gone.
func send(w http.ResponseWriter, control *http.ResponseController, piece []byte) error {
	timed := control.SetWriteDeadline(time.Now().Add(readTime)) == nil
	_, err := w.Write(piece)
	if err == nil {
		// What cannot be flushed is sent later, and whole.
		if err = control.Flush(); errors.Is(err, http.ErrNotSupported) {
			err = nil
		}
	}
	if err != nil {
		return &switchgear.Error{Class: switchgear.ClassCanceled, Code: "client_gone", Message: "the client no longer takes the answer", Err: err}
	}
	if timed {
		_ = control.SetWriteDeadline(time.Time{}) // the wait for the next piece is no fault of the client's
	}
	return nil
}

// sendWhole writes an answer whose length was announced.
func (x *exchange) sendWhole(body []byte) error {
	if len(body) <= smallAnswer {
		_, _ = x.w.Write(body)
		return nil
	}
	control := http.NewResponseController(x.w)
	for len(body) > 0 {
		n := min(len(body), pieceSize)
		if err := send(x.w, control, body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}
