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
	finished bool // the writer closed: what is buffered, then EOF
	reset    bool // the writer reset: what is buffered, then ECONNRESET
	gone     bool // the reader closed: writing fails
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
		case len(h.buf) > 0:
			n := copy(p, h.buf)
			h.buf = h.buf[n:]
			h.cond.Broadcast()
			return n, nil
		case h.reset:
			return 0, opError("read", os.NewSyscallError("read", syscall.ECONNRESET))
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
		case h.finished || h.reset:
			return written, net.ErrClosed
		case h.gone:
			return written, opError("write", os.NewSyscallError("write", syscall.EPIPE))
		case h.writing.passed():
			return written, opError("write", os.ErrDeadlineExceeded)
		}
		if room := window - len(h.buf); room > 0 {
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

// Close ends both directions; the other end reads what was written, then EOF.
func (c *memConn) Close() error {
	c.out.change(func(h *half) { h.finished = true })
	c.in.change(func(h *half) { h.gone = true })
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

// reset ends both directions; the other end reads what was written, then
// ECONNRESET.
func (c *memConn) reset() {
	c.out.change(func(h *half) { h.reset = true })
	c.in.change(func(h *half) { h.gone = true })
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
		d.timer = time.AfterFunc(wait, h.cond.Broadcast)
	}
	h.cond.Broadcast()
}
