package sim

import (
	"errors"
	"maps"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// exchange is an answer as it will be played: what to send, when, and how it
// ends. Faults bend it before it is played.
type exchange struct {
	hold    time.Duration // wait before the headers
	silent  bool          // no headers at all
	status  int
	header  http.Header
	stream  bool // every frame is flushed
	frames  []frame
	forever []byte        // after the frames, sent at every interval until the client goes
	every   time.Duration // the interval of forever
	drip    bool          // one byte at a time
	declare int           // what Content-Length says; -1 sends none
	end     ending
	errno   syscall.Errno // what endReset makes the client read; 0 is ECONNRESET
}

// frame is a piece of a body.
type frame struct {
	kind frameKind
	wait time.Duration // before it is sent
	data []byte
}

type frameKind int

const (
	frameEnvelope frameKind = iota // what stands around content
	frameContent                   // a piece of an answer: what a token is
	frameFinish                    // says why the answer ends
	frameUsage                     // says what it costs
	frameEnd                       // says that the stream ends
)

// ending is how the body ends.
type ending int

const (
	endClean ending = iota // as HTTP has it
	endAbort               // the connection is closed in mid-body
	endReset               // the connection is reset
	endHang                // nothing more comes, and the connection stays open
	endStuck               // nothing more is read
)

// whole is an exchange of one body.
func whole(status int, contentType string, body []byte) *exchange {
	x := &exchange{status: status, header: http.Header{}, declare: len(body)}
	x.header.Set("Content-Type", contentType)
	if len(body) > 0 {
		x.frames = []frame{{kind: frameContent, data: body}}
	}
	return x
}

// streamed is an exchange of server-sent events.
func streamed(frames []frame) *exchange {
	x := &exchange{status: http.StatusOK, header: http.Header{}, stream: true, frames: frames, declare: -1}
	x.header.Set("Content-Type", "text/event-stream; charset=utf-8")
	x.header.Set("Cache-Control", "no-cache")
	return x
}

// after is the index of the frame that follows the first n pieces of content;
// with n 0 it is that of the first piece.
func (x *exchange) after(n int) int {
	for i, f := range x.frames {
		if f.kind != frameContent {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	for i, f := range x.frames {
		if f.kind >= frameFinish {
			return i
		}
	}
	return len(x.frames)
}

// insert puts a frame where after says.
func (x *exchange) insert(n int, f frame) {
	at := x.after(n)
	x.frames = append(x.frames[:at:at], append([]frame{f}, x.frames[at:]...)...)
}

// cut drops what follows the first n pieces of content. Of a whole body half
// is left.
func (x *exchange) cut(n int, end ending) {
	x.end = end
	if x.stream {
		x.frames = x.frames[:x.after(n)]
		return
	}
	for i := range x.frames {
		x.frames[i].data = x.frames[i].data[:len(x.frames[i].data)/2]
	}
	if end == endClean {
		x.declare = -1
	}
}

// drop removes all frames of a kind.
func (x *exchange) drop(kind frameKind) {
	kept := x.frames[:0:0]
	for _, f := range x.frames {
		if f.kind != kind {
			kept = append(kept, f)
		}
	}
	x.frames = kept
}

// play sends an exchange. It returns when all is sent, or when the client has
// gone.
func (c *call) play(x *exchange) {
	if !c.wait(x.hold) {
		return
	}
	if !x.silent {
		header := c.w.Header()
		maps.Copy(header, x.header)
		if x.declare >= 0 {
			header.Set("Content-Length", strconv.Itoa(x.declare))
		}
		c.status(x.status)
		c.w.WriteHeader(x.status)
		for i := range x.frames {
			if x.end == endClean && x.forever == nil && i == len(x.frames)-1 {
				c.finishing()
			}
			if !c.send(x, x.frames[i]) {
				return
			}
		}
	}
	c.endAs(x)
}

// send writes one frame, and reports whether the client is still there.
func (c *call) send(x *exchange, f frame) bool {
	if !c.wait(f.wait) {
		return false
	}
	step := len(f.data)
	if x.drip {
		step = 1
	}
	for data := f.data; len(data) > 0; data = data[step:] {
		if _, err := c.w.Write(data[:step]); err != nil {
			return false
		}
		if (x.stream || x.drip) && c.flush() != nil {
			return false
		}
	}
	if f.kind == frameContent {
		c.sent()
	}
	return true
}

func (c *call) flush() error {
	err := http.NewResponseController(c.w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// endAs ends the body in one of the ways it can end.
func (c *call) endAs(x *exchange) {
	for x.forever != nil && c.send(x, frame{wait: x.every, data: x.forever}) {
	}
	if x.forever != nil {
		return
	}
	if !x.silent && x.end != endClean {
		_ = c.flush()
	}
	switch x.end {
	case endClean:
		c.finishing()
	case endHang:
		<-c.ctx.Done()
	case endStuck:
		c.hold(c.stuck)
	case endAbort:
		c.broke()
		panic(http.ErrAbortHandler)
	case endReset:
		c.broke()
		errno := x.errno
		if errno == 0 {
			errno = syscall.ECONNRESET
		}
		reset(c.w, errno)
	}
}

// reset breaks the connection off, so that the client reads an error: in
// memory that very one, over a socket ECONNRESET.
func reset(w http.ResponseWriter, errno syscall.Errno) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // not over HTTP/1.1: breaking off is the nearest there is
	}
	switch conn := conn.(type) {
	case *net.TCPConn:
		_ = conn.SetLinger(0)
		_ = conn.Close()
	case *memConn:
		conn.breakOff(errno)
	default:
		_ = conn.Close()
	}
}

// wait reports whether the client is still there after d.
func (c *call) wait(d time.Duration) bool {
	if d <= 0 {
		return c.ctx.Err() == nil
	}
	if c.timer == nil {
		c.timer = time.NewTimer(d)
	} else {
		c.timer.Reset(d)
	}
	select {
	case <-c.ctx.Done():
	case <-c.timer.C:
	}
	return c.ctx.Err() == nil
}
