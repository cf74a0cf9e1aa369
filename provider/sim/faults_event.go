package sim

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// oddEventRows change the events of a stream in ways that some hosts do.
func oddEventRows() []faultRow {
	return []faultRow{
		with("split-utf8", argCount, "3", "cuts a character in two, with one half at the end of an event and the other in the next, after that many pieces").streams().bends(func(c *call, x *exchange, f Fault) {
			if x.stream {
				x.insert(c.count(f), frame{kind: frameContent, data: c.textEvent("\"caf\xc3\"")})
				x.insert(c.count(f)+1, frame{kind: frameContent, data: c.textEvent("\"\xa9\"")})
			}
		}),
		row("multi-line", "spreads the JSON of every event over several data lines").streams().bends(func(_ *call, x *exchange, _ Fault) {
			for i := range x.frames {
				if x.stream {
					x.frames[i].data = spread(x.frames[i].data)
				}
			}
		}),
		row("finish-twice", "says twice why the answer ended").streams().bends(func(_ *call, x *exchange, _ Fault) {
			for i, f := range x.frames {
				if x.stream && f.kind == frameFinish {
					x.frames = slices.Insert(x.frames, i, f)
					return
				}
			}
		}),
		row("late-content", "sends another piece of content after it said why the answer ended").streams().bends(func(c *call, x *exchange, _ Fault) {
			for i, f := range x.frames {
				if x.stream && f.kind == frameFinish {
					x.frames = slices.Insert(x.frames, i+1, frame{kind: frameContent, data: c.textEvent(`" too late"`)})
					return
				}
			}
		}),
		with("bad-gzip", argCount, "5", "compresses the answer, and after that many pieces the compression is broken").bends(func(c *call, x *exchange, f Fault) {
			x.header.Set("Content-Encoding", "gzip")
			x.declare = -1
			x.compress(c.count(f))
		}),
	}
}

// spread puts every member of the outermost object on a data line of its own:
// line breaks between members change nothing about JSON.
func spread(event []byte) []byte {
	at := bytes.Index(event, []byte("data: {"))
	if at < 0 {
		return event
	}
	var out []byte
	depth, text, escaped := 0, false, false
	for _, b := range event[at:] {
		out = append(out, b)
		switch {
		case escaped:
			escaped = false
		case text && b == '\\':
			escaped = true
		case b == '"':
			text = !text
		case text:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		case b == ',' && depth == 1:
			out = append(out, "\ndata: "...)
		}
	}
	return append(slices.Clip(event[:at]), out...)
}

// compress writes the frames as one gzip stream, flushed after each, that is
// broken after the first n pieces of content. Of a whole body half is good.
func (x *exchange) compress(n int) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if !x.stream {
		for i := range x.frames {
			half := len(x.frames[i].data) / 2
			_, _ = z.Write(x.frames[i].data[:half]) // to memory: it cannot fail
			_ = z.Flush()
			x.frames[i].data = append(slices.Clone(b.Bytes()), garbageBlock...)
			b.Reset()
		}
		return
	}
	broken := x.after(n)
	for i := range x.frames {
		if i >= broken {
			x.frames[i].data = []byte(garbageBlock)
			continue
		}
		_, _ = z.Write(x.frames[i].data)
		_ = z.Flush()
		x.frames[i].data = slices.Clone(b.Bytes())
		b.Reset()
	}
}

// garbageBlock is no block of a deflate stream: its type is the reserved one.
const garbageBlock = "\xff\xff\xff\xff\xff\xff\xff\xff"

// rateRows count calls.
func rateRows() []faultRow {
	return []faultRow{
		with("429-ramp", argCount, "50", "429 slow_down while the calls of ten seconds exceed those of the ten before by more than that percentage, and 20").replies(func(c *call, f Fault) *exchange {
			if !c.s.grows(c.query.provider+" "+c.query.model, c.count(f), time.Now()) {
				return nil
			}
			return c.refuse(tooSteep())
		}),
		with("capacity", argCount, "4", "503 for what exceeds that many calls a second").replies(func(c *call, f Fault) *exchange {
			c.s.mu.Lock()
			over := c.s.full(&rule{owner: "capacity " + f.String() + c.query.provider + " " + c.query.model}, float64(c.count(f)), time.Now(), true)
			c.s.mu.Unlock()
			if !over {
				return nil
			}
			return c.statusFault("503")
		}),
		with("401-key", argCount, "1", "401 for the accepted key in that place, and for no other").replies(func(c *call, f Fault) *exchange {
			if c.query.key != c.count(f) {
				return nil
			}
			return c.statusFault("401")
		}),
	}
}

func tooSteep() refusal {
	return refusal{
		"429-ramp", http.StatusTooManyRequests, "a client that raised its rate too fast",
		said{kind: "rate_limit_error", code: "slow_down", text: "Requests are being made too quickly. Please slow down."},
		said{kind: "rate_limit_error", text: "Your rate of requests has grown too fast. Please raise it gradually."},
	}
}

// rate counts calls in windows of ten seconds.
type rate struct {
	start       time.Time
	now, before int
}

const (
	rateWindow = 10 * time.Second
	rateFloor  = 20 // calls in a window that are never too many
)

// grows counts a call, and reports whether there are too many more than there
// were before.
func (s *Server) grows(key string, percent int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rates == nil {
		s.rates = map[string]*rate{}
	}
	r := s.rates[key]
	if r == nil {
		r = &rate{start: now}
		s.rates[key] = r
	}
	switch passed := now.Sub(r.start); {
	case passed >= 2*rateWindow:
		*r = rate{start: now}
	case passed >= rateWindow:
		r.start, r.before, r.now = r.start.Add(rateWindow), r.now, 0
	}
	if r.now >= max(rateFloor, r.before+r.before*percent/100) {
		return true
	}
	r.now++
	return false
}

// checkErrno refuses an error that no connection has.
func checkErrno(name string) error {
	if _, ok := errnos()[name]; !ok {
		return strconv.ErrSyntax
	}
	return nil
}
