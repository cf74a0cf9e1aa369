package sim

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how much one end may write before the other reads: 64 KiB, like
// the buffers of a socket.
const window = 64 << 10

// memConn is one end of a connection in memory.
type memConn struct {
	in, out *half
}

// half is one direction.
type half struct {
	mu       sync.Mutex
	cond     *sync.Cond
	buf      []byte
	read     int           // how much of buf was read
	finished bool          // the writer closed: what is buffered, then EOF
	errno    syscall.Errno // the writer broke off: what is buffered, then this
	gone     bool          // the reader closed: writing fails
	reading  deadline
	writing  deadline
}

// deadline is a point in time at which waiting ends.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newPipe() (client, server *memConn) {
	up, down := &half{}, &half{}
	up.cond, down.cond = sync.NewCond(&up.mu), sync.NewCond(&down.mu)
	return &memConn{in: down, out: up}, &memConn{in: up, out: down}
}

func (c *memConn) Read(p []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.gone:
			return 0, net.ErrClosed
		case h.reading.passed():
			return 0, opError("read", os.ErrDeadlineExceeded)
		case len(p) == 0:
			return 0, nil
		case len(h.buf) > h.read:
			n := copy(p, h.buf[h.read:])
			if h.read += n; h.read == len(h.buf) {
				h.buf, h.read = h.buf[:0], 0
			}
			h.cond.Broadcast()
			return n, nil
		case h.errno != 0:
			return 0, opError("read", os.NewSyscallError("read", h.errno))
		case h.finished:
			return 0, io.EOF
		}
		h.cond.Wait()
	}
}

func (c *memConn) Write(p []byte) (int, error) {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	written := 0
	for written < len(p) {
		switch {
		case h.finished || h.errno != 0:
			return written, net.ErrClosed
		case h.gone:
			return written, opError("write", os.NewSyscallError("write", syscall.EPIPE))
		case h.writing.passed():
			return written, opError("write", os.ErrDeadlineExceeded)
		}
		if room := window - (len(h.buf) - h.read); room > 0 {
			if h.read > window { // make room at the front
				h.buf, h.read = h.buf[:copy(h.buf, h.buf[h.read:])], 0
			}
			n := min(room, len(p)-written)
			h.buf = append(h.buf, p[written:written+n]...)
			written += n
			h.cond.Broadcast()
			continue
		}
		h.cond.Wait()
	}
	return written, nil
}

func opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: memAddr{}, Addr: memAddr{}, Err: err}
}

// Close ends both directions; the other end reads what was written, then EOF. It
// stops reading first: the other end may answer the EOF at once, and who has closed
// must not hear of it.
func (c *memConn) Close() error {
	c.in.change(func(h *half) { h.gone = true })
	c.out.change(func(h *half) { h.finished = true })
	return nil
}

func (h *half) change(f func(*half)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(h)
	for _, d := range []*deadline{&h.reading, &h.writing} {
		if d.timer != nil && h.gone {
			d.timer.Stop()
		}
	}
	h.cond.Broadcast()
}

func (*memConn) LocalAddr() net.Addr  { return memAddr{} }
func (*memConn) RemoteAddr() net.Addr { return memAddr{} }

// SetDeadline sets both deadlines.
func (c *memConn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline makes reading fail from a time on.
func (c *memConn) SetReadDeadline(t time.Time) error {
	c.in.limit(&c.in.reading, t)
	return nil
}

// SetWriteDeadline makes writing fail from a time on.
func (c *memConn) SetWriteDeadline(t time.Time) error {
	c.out.limit(&c.out.writing, t)
	return nil
}

// breakOff ends both directions; the other end reads what was written, then
// the error: ECONNRESET, ETIMEDOUT and the like.
func (c *memConn) breakOff(errno syscall.Errno) {
	c.in.change(func(h *half) { h.gone = true })
	c.out.change(func(h *half) { h.errno = errno })
}

// left reports whether the other end goes away within d.
func (c *memConn) left(d time.Duration) bool {
	until := time.Now().Add(d)
	timer := time.AfterFunc(d, c.in.wake)
	defer timer.Stop()
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for !h.finished && h.errno == 0 && time.Now().Before(until) {
		h.cond.Wait()
	}
	return h.finished || h.errno != 0
}

// wake makes those who wait look again. It takes the lock, so that nobody is
// between looking and waiting.
func (h *half) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cond.Broadcast()
}

func (h *half) limit(d *deadline, t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, h.wake)
	}
	h.cond.Broadcast()
}
