package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// bodyTime is how long a client may take to send its body. 32 MiB at 1 MB/s
// take half of it.
const bodyTime = 60 * time.Second

// readBody reads a request's body, bounded in size and in time. The smallest
// body may come slowest: arming and clearing a deadline (0.4 us) is the price
// of not being held open for ever by a client that sends none of it.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	size := r.ContentLength
	if size > maxBody {
		return nil, tooLarge()
	}
	if size == 0 {
		return nil, nil
	}
	control := http.NewResponseController(w)
	timed := control.SetReadDeadline(time.Now().Add(bodyTime)) == nil
	body, err := read(r.Body, size)
	if err != nil {
		return nil, bodyError(err)
	}
	if timed {
		// Cleared again, or net/http would take the deadline, once it passes,
		// for a client that went away.
		_ = control.SetReadDeadline(time.Time{})
	}
	return body, nil
}

// restTime is how long a client whose body is not wanted may take to send the rest of
// its body. net/http reads up to 256 KB of it before it lets the answer go, so
// that the connection can be used again.
const restTime = 2 * time.Second

// hurry bounds what is still read of a body nobody wants.
func hurry(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restTime))
	}
}

// trusted is how much is set aside for a body on the client's word alone. A
// larger one is given room as it comes.
const trusted = 1 << 20

func read(r io.Reader, size int64) ([]byte, error) {
	if size >= 0 && size <= trusted {
		body := make([]byte, size)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	switch {
	case err == nil && len(body) > maxBody:
		return nil, errTooLarge
	case err == nil && size > int64(len(body)):
		return nil, io.ErrUnexpectedEOF
	default:
		return body, err
	}
}

var errTooLarge = errors.New("body too large")

func bodyError(err error) error {
	switch {
	case errors.Is(err, errTooLarge):
		return tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return own(http.StatusRequestTimeout, "slow_body", "The body of the request did not arrive within 60 seconds.")
	default:
		return own(http.StatusBadRequest, "body_cut", "The body of the request broke off before its end.")
	}
}

func tooLarge() error {
	return own(http.StatusRequestEntityTooLarge, "body_too_large", "The body of the request is larger than 32 MiB.")
}
