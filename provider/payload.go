package provider

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// joinLimit is the size, in bytes, up to which the pieces of a body are
	// copied together: with its head it then fits into the transport's write
	// buffer, and net/http sends both in one write, which it does only with a
	// body that it finds in one piece.
	joinLimit = 3 << 10
	// replayTime is how long after the first try a request may be sent again
	// on another connection. One that was kept and has died meanwhile fails at
	// once; one that fails later was at work on the answer, and that is a
	// failed attempt.
	replayTime = time.Second
)

// errLate stops a replay that comes too late to be one.
var errLate = errors.New("the connection closed before the answer began")

// attach puts the body on a request, so that it can be sent more than once.
func attach(r *http.Request, enc *Encoded) {
	r.ContentLength = enc.Len()
	if r.ContentLength == 0 {
		r.Body = http.NoBody
		return
	}
	pieces := enc.Body
	if len(pieces) > 1 && r.ContentLength <= joinLimit {
		pieces = [][]byte{bytes.Join(pieces, nil)}
	}
	r.Body = open(pieces)
	start := time.Now()
	r.GetBody = func() (io.ReadCloser, error) {
		if time.Since(start) > replayTime {
			return nil, errLate
		}
		return open(pieces), nil
	}
}

func open(pieces [][]byte) io.ReadCloser {
	if len(pieces) == 1 {
		return io.NopCloser(bytes.NewReader(pieces[0])) // the form net/http knows to be in memory
	}
	return &payload{pieces: pieces}
}

// payload reads pieces one after the other.
type payload struct {
	pieces [][]byte
	offset int // into the first piece
}

// Read fills b as far as the pieces reach.
func (p *payload) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && len(p.pieces) > 0 {
		m := copy(b[n:], p.pieces[0][p.offset:])
		n += m
		p.offset += m
		if p.offset == len(p.pieces[0]) {
			p.pieces, p.offset = p.pieces[1:], 0
		}
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteTo writes all that is left, in one write where w can do that.
func (p *payload) WriteTo(w io.Writer) (int64, error) {
	if len(p.pieces) == 0 {
		return 0, nil
	}
	rest := append(net.Buffers{p.pieces[0][p.offset:]}, p.pieces[1:]...) // of our own: it is used up
	p.pieces, p.offset = nil, 0
	return rest.WriteTo(w)
}

// Close has nothing to do.
func (*payload) Close() error { return nil }
