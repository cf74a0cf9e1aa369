package sse

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLong is returned for a frame that is longer than the reader's limit.
var ErrTooLong = errors.New("a frame of the event stream is longer than the limit")

// Frame is what stands between two blank lines of a stream. Its slices are valid
// until the next call of Next.
type Frame struct {
	Raw     []byte // as it came, with the blank line that ends it
	Event   string // value of the last "event" line
	Data    []byte // values of the "data" lines, joined by line feeds; nil without one
	Comment bool   // only comments and blank lines: nothing for an application
}

const (
	firstBuffer = 4 << 10 // bytes; a frame of a model's answer has about 300
	emptyReads  = 100     // reads without a byte before io.ErrNoProgress
	knownEvents = 64      // names remembered, so that each is allocated once
)

// Reader cuts a stream into frames.
//
// A frame is returned as soon as the blank line that ends it has arrived: Next
// never waits for a byte more. So a line feed that arrives apart from its
// carriage return is the first byte of the next frame's Raw. All Raw together
// are always the bytes of the stream.
type Reader struct {
	src    io.Reader
	limit  int
	err    error             // of src, or why reading ended; told once buf is used up
	names  map[string]string // of events
	joined []byte            // data of more than one line
	buf    []byte

	// Places in buf, in this order.
	start int // of the current frame
	line  int // start of the current line
	scan  int // no line ends between line and scan
	noLF  int // no line feed stands between scan and noLF, if that is greater
	end   int // of what was read

	begun  bool // the stream's first line is behind us
	lastCR bool // the byte before line is a carriage return, and the last one that had come
	frame  frame
}

// frame is what is known of the current frame.
type frame struct {
	event    string
	from, to int  // of the data, if it is one line: from start
	lines    int  // of data
	fields   bool // there is a line that is neither blank nor a comment
}

// NewReader returns a Reader of src. The limit is how long a frame may be, in
// bytes.
func NewReader(src io.Reader, limit int) *Reader {
	return &Reader{src: src, limit: limit}
}

// Next returns the next frame. At the end of the stream the error is io.EOF if
// no frame was begun; if one was, it is returned as far as it came, together
// with io.ErrUnexpectedEOF or the error of the underlying reader.
func (r *Reader) Next() (Frame, error) {
	r.frame = frame{}
	for {
		for {
			from, to, ok := r.nextLine()
			if !ok {
				break
			}
			if from == to {
				return r.deliver(r.scan)
			}
			r.field(from, to)
		}
		switch {
		case r.end-r.start > r.limit:
			return r.fail(ErrTooLong)
		case r.err != nil:
			return r.finish()
		}
		r.fill()
	}
}

// deliver returns the current frame, which ends before end, and begins another.
func (r *Reader) deliver(end int) (Frame, error) {
	if end-r.start > r.limit {
		return r.fail(ErrTooLong)
	}
	f := Frame{Raw: r.buf[r.start:end], Event: r.frame.event, Comment: !r.frame.fields}
	switch r.frame.lines {
	case 0:
	case 1:
		f.Data = f.Raw[r.frame.from:r.frame.to]
	default:
		f.Data = r.joined
	}
	r.start = end
	return f, nil
}

// finish returns what the stream's end left of a frame.
func (r *Reader) finish() (Frame, error) {
	if r.start == r.end {
		return Frame{}, r.err
	}
	if from, to := r.afterMark(r.line, r.end); from < to {
		r.field(from, to)
	}
	r.line, r.scan = r.end, r.end
	f, err := r.deliver(r.end)
	switch {
	case err != nil:
		return f, err
	case !errors.Is(r.err, io.EOF):
		return f, r.err
	case f.Comment:
		return f, nil
	}
	r.err = io.ErrUnexpectedEOF
	return f, r.err
}

// fail ends the stream with an error that is not its source's.
func (r *Reader) fail(err error) (Frame, error) {
	r.err = err
	r.start, r.line, r.scan = r.end, r.end, r.end
	return Frame{}, err
}

// fill reads on. Once only the tail of the buffer is free the current frame
// moves to the front, and when it fills the buffer that grows.
func (r *Reader) fill() {
	if r.start > 0 && (r.start == r.end || len(r.buf)-r.end < len(r.buf)/2) {
		copy(r.buf, r.buf[r.start:r.end])
		r.line -= r.start
		r.scan -= r.start
		r.noLF = max(0, r.noLF-r.start)
		r.end -= r.start
		r.start = 0
	}
	if r.end == len(r.buf) {
		grown := make([]byte, max(firstBuffer, 2*len(r.buf)))
		copy(grown, r.buf[:r.end])
		r.buf = grown
	}
	for range emptyReads {
		var n int
		n, r.err = r.src.Read(r.buf[r.end:])
		r.end += n
		if n > 0 || r.err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// nextLine finds the next line that is complete: where it starts, and where its
// end of line does.
func (r *Reader) nextLine() (from, to int, ok bool) {
	if r.lastCR && r.scan < r.end {
		r.lastCR = false
		if r.buf[r.scan] == '\n' {
			r.scan++
			r.line = r.scan
		}
	}
	to, ok = r.lineEnd()
	if !ok {
		return 0, 0, false
	}
	from, to = r.afterMark(r.line, to)
	r.scan = to + 1
	if r.buf[to] == '\r' {
		if r.scan == r.end {
			r.lastCR = true
		} else if r.buf[r.scan] == '\n' {
			r.scan++
		}
	}
	r.line = r.scan
	return from, to, true
}

// lineEnd finds the first line feed or carriage return at or after scan. It
// looks at each byte once for either, whatever mixture of the two comes.
func (r *Reader) lineEnd() (at int, ok bool) {
	r.noLF = max(r.noLF, r.scan)
	if r.noLF < r.end && r.buf[r.noLF] != '\n' {
		if i := bytes.IndexByte(r.buf[r.noLF:r.end], '\n'); i >= 0 {
			r.noLF += i
		} else {
			r.noLF = r.end
		}
	}
	if i := bytes.IndexByte(r.buf[r.scan:r.noLF], '\r'); i >= 0 {
		return r.scan + i, true
	}
	r.scan = r.noLF
	return r.noLF, r.noLF < r.end
}

// afterMark drops the byte order mark that may precede the stream's first line.
func (r *Reader) afterMark(from, to int) (int, int) {
	if !r.begun && bytes.HasPrefix(r.buf[from:to], []byte("\uFEFF")) {
		from += len("\uFEFF")
	}
	r.begun = true
	return from, to
}

// field takes note of a line that is not blank.
func (r *Reader) field(from, to int) {
	if r.buf[from] == ':' {
		return
	}
	r.frame.fields = true
	name := r.buf[from:to]
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[:i]
		from += i + 1
		if from < to && r.buf[from] == ' ' {
			from++
		}
	} else {
		from = to
	}
	switch string(name) {
	case "data":
		r.data(from, to)
	case "event":
		r.frame.event = r.name(r.buf[from:to])
	}
}

// data adds a line of data. A single line stays where it is in the buffer.
func (r *Reader) data(from, to int) {
	f := &r.frame
	switch f.lines++; f.lines {
	case 1:
		f.from, f.to = from-r.start, to-r.start
		return
	case 2:
		r.joined = append(r.joined[:0], r.buf[r.start+f.from:r.start+f.to]...)
	}
	r.joined = append(r.joined, '\n')
	r.joined = append(r.joined, r.buf[from:to]...)
}

// name returns an event's name, the same string each time it comes.
func (r *Reader) name(value []byte) string {
	if known, ok := r.names[string(value)]; ok {
		return known
	}
	name := string(value)
	if len(r.names) < knownEvents && len(name) <= knownEvents {
		if r.names == nil {
			r.names = make(map[string]string)
		}
		r.names[name] = name
	}
	return name
}
