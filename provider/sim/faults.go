package sim

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of arguments a fault takes.
const (
	argDuration = "duration"
	argCount    = "count"
	argText     = "text"
	argErrno    = "errno"
)

// FaultInfo tells about a fault.
type FaultInfo struct {
	Name     string
	Arg      string   // "duration", "count", "text", "errno", or "" if it takes none
	Default  string   // the argument if none is given
	Does     string   // half a sentence
	Dialects []string // those that have it
	Streams  bool     // changes streamed answers only
}

// faultRow is a fault and what carries it out: one of the functions, or two
// for faults that treat streams and whole bodies differently.
type faultRow struct {
	FaultInfo

	reply   func(c *call, f Fault) *exchange    // instead of an answer; nil spares this call
	prepare func(q *ask, f Fault)               // before an answer is composed
	shape   func(a *answer, q *ask, f Fault)    // on each composed choice
	bend    func(c *call, x *exchange, f Fault) // on the bytes

	// dial is the error of a connection in memory that does not come about.
	dial func(ctx context.Context, d time.Duration) error
}

func (r faultRow) speaks(dialect string) bool { return slices.Contains(r.Dialects, dialect) }

// Faults lists every fault, in the order of docs/simulator.md.
func Faults() []FaultInfo {
	var out []FaultInfo
	for _, row := range faultTable() {
		out = append(out, row.FaultInfo)
	}
	return out
}

func faultIndex() map[string]faultRow {
	index := map[string]faultRow{}
	for _, row := range faultTable() {
		index[row.Name] = row
	}
	return index
}

func faultTable() []faultRow {
	both := []string{openai, anthropic}
	rows := slices.Concat(statusRows(), limitRows(), pageRows(), rateRows(), connectionRows(), timeRows(), breakRows(), eventRows(), oddEventRows(), bodyRows(), contentRows())
	for i := range rows {
		if rows[i].Dialects == nil {
			rows[i].Dialects = both
		}
	}
	return rows
}

// row makes a fault without an argument.
func row(name, does string) faultRow { return faultRow{FaultInfo: FaultInfo{Name: name, Does: does}} }

// with makes a fault that takes an argument.
func with(name, arg, fallback, does string) faultRow {
	return faultRow{FaultInfo: FaultInfo{Name: name, Arg: arg, Default: fallback, Does: does}}
}

func (r faultRow) replies(f func(c *call, f Fault) *exchange) faultRow { r.reply = f; return r }

func (r faultRow) dials(f func(ctx context.Context, d time.Duration) error) faultRow {
	r.dial = f
	return r
}

func (r faultRow) bends(f func(c *call, x *exchange, f Fault)) faultRow { r.bend = f; return r }

func (r faultRow) shapes(f func(a *answer, q *ask, f Fault)) faultRow { r.shape = f; return r }

func (r faultRow) prepares(f func(q *ask, f Fault)) faultRow { r.prepare = f; return r }

func (r faultRow) streams() faultRow { r.Streams = true; return r }

// arg is the fault's argument or the default of its row.
func (c *call) arg(f Fault) string {
	if f.Arg != "" {
		return f.Arg
	}
	return c.s.table[f.Name].Default
}

func (c *call) count(f Fault) int {
	n, _ := strconv.Atoi(c.arg(f)) // checked when it was parsed
	return n
}

func (c *call) duration(f Fault) time.Duration { return c.s.durationOf(f) }

// durationOf is a fault's argument, or its default; 0 if it takes none.
func (s *Server) durationOf(f Fault) time.Duration {
	text := f.Arg
	if text == "" {
		text = s.table[f.Name].Default
	}
	d, _ := time.ParseDuration(text) // checked when it was parsed
	return d
}

func statusRows() []faultRow {
	var rows []faultRow
	for _, r := range refusals() {
		made := row(r.name, fmt.Sprintf("%d: %s", r.status, r.does))
		switch {
		case r.openai.kind == "":
			made.Dialects = []string{anthropic}
		case r.anthropic.kind == "":
			made.Dialects = []string{openai}
		}
		rows = append(rows, made.replies(func(c *call, _ Fault) *exchange { return c.refuse(r) }))
	}
	return rows
}

// limitRows are plain rate limits, which differ in how they say how long.
func limitRows() []faultRow {
	plain := func(header func(c *call, f Fault, h http.Header)) func(c *call, f Fault) *exchange {
		return func(c *call, f Fault) *exchange {
			x := c.refuse(rateLimit())
			x.header.Set("X-Ratelimit-Remaining-Tokens", "0")
			x.header.Set("X-Ratelimit-Reset-Tokens", "30s")
			x.header.Set("Anthropic-Ratelimit-Tokens-Remaining", "0")
			hide := "X-Ratelimit-"
			if c.dialect == openai {
				hide = "Anthropic-"
			}
			for name := range x.header {
				if strings.HasPrefix(name, hide) {
					x.header.Del(name)
				}
			}
			header(c, f, x.header)
			return x
		}
	}
	return []faultRow{
		row("429", "429: "+rateLimit().does).replies(plain(func(*call, Fault, http.Header) {})),
		with("429-retry", argCount, "2", "429 with Retry-After in seconds").replies(plain(func(c *call, f Fault, h http.Header) {
			h.Set("Retry-After", c.arg(f))
		})),
		with("429-retry-ms", argCount, "1500", "429 with retry-after-ms, and a Retry-After that rounds it").replies(plain(func(c *call, f Fault, h http.Header) {
			h.Set("Retry-After-Ms", c.arg(f))
			h.Set("Retry-After", strconv.Itoa((c.count(f)+999)/1000))
		})),
		with("429-retry-date", argDuration, "3s", "429 with Retry-After as the HTTP date that long from now").replies(plain(func(c *call, f Fault, h http.Header) {
			h.Set("Retry-After", time.Now().Add(c.duration(f)).UTC().Format(http.TimeFormat))
		})),
		with("429-retry-absurd", argText, "1000000000", "429 with a Retry-After that no one can mean: the argument as it stands (-5, NaN, soon)").replies(plain(func(c *call, f Fault, h http.Header) {
			h.Set("Retry-After", c.arg(f))
		})),
		row("429-remaining", "429 although the headers say that requests and tokens remain: a broken limiter").replies(plain(func(_ *call, _ Fault, h http.Header) {
			h.Del("X-Ratelimit-Remaining-Tokens")
			h.Del("X-Ratelimit-Reset-Tokens")
			h.Del("Anthropic-Ratelimit-Tokens-Remaining")
		})),
	}
}

// pageRows are what edge servers answer.
func pageRows() []faultRow {
	var rows []faultRow
	for _, p := range []struct {
		status int
		title  string
	}{{502, "Bad Gateway"}, {504, "Gateway Time-out"}, {520, "Web server is returning an unknown error"}, {524, "A timeout occurred"}, {530, "Origin DNS error"}} {
		rows = append(rows, row(strconv.Itoa(p.status), fmt.Sprintf("%d as an HTML page with a cf-ray", p.status)).replies(func(*call, Fault) *exchange {
			return page(p.status, p.title)
		}))
	}
	return append(rows,
		row("403-html", "403 as the HTML page of a browser check").replies(func(*call, Fault) *exchange {
			x := page(http.StatusForbidden, "Just a moment...")
			x.header.Set("Cf-Mitigated", "challenge")
			return x
		}),
		row("500-empty", "500 without a body").replies(func(*call, Fault) *exchange {
			return whole(http.StatusInternalServerError, "text/plain", nil)
		}),
		with("redirect", argCount, "302", "a redirect with that status to a login page").replies(func(c *call, f Fault) *exchange {
			status := c.count(f)
			if status < 300 || status > 399 {
				status = http.StatusFound
			}
			x := page(status, "Found")
			x.header.Set("Location", "https://login.invalid/")
			return x
		}))
}

func timeRows() []faultRow {
	return []faultRow{
		with("slow", argDuration, "20s", "sends the headers, and the first content only after that long").bends(func(c *call, x *exchange, f Fault) {
			if at := x.after(0); x.stream && at < len(x.frames) {
				x.frames[at].wait += c.duration(f)
			} else {
				x.hold += c.duration(f)
			}
		}),
		with("slow-headers", argDuration, "20s", "sends nothing for that long, then answers").bends(func(c *call, x *exchange, f Fault) {
			x.hold += c.duration(f)
		}),
		with("trickle", argDuration, "5s", "waits that long before every piece of content").streams().bends(func(c *call, x *exchange, f Fault) {
			for i := range x.frames {
				if x.frames[i].kind == frameContent && x.stream {
					x.frames[i].wait = c.duration(f)
				}
			}
		}),
		with("stall", argCount, "20", "sends that many pieces of content, then nothing, and keeps the connection open").bends(func(c *call, x *exchange, f Fault) {
			x.cut(c.count(f), endHang)
		}),
		with("pings", argDuration, "5s", "sends nothing but keep-alives at that interval, for ever").bends(func(c *call, x *exchange, f Fault) {
			x.every = c.duration(f)
			x.forever = []byte("\n")
			switch {
			case !x.stream:
				x.frames, x.stream, x.declare = nil, true, -1
				return
			case c.dialect == openai:
				x.forever = []byte(": keep-alive\n\n")
			default:
				x.forever = anthropicPing()
			}
			x.frames = x.frames[:x.after(0)]
		}),
		row("drip", "sends every byte by itself").bends(func(_ *call, x *exchange, _ Fault) {
			x.drip = true
		}),
	}
}

// breakRows break an answer off. Of a whole body they send half.
func breakRows() []faultRow {
	return []faultRow{
		with("cut", argCount, "20", "ends the body properly after that many pieces of content: only the protocol can tell").bends(func(c *call, x *exchange, f Fault) {
			x.cut(c.count(f), endClean)
		}),
		with("cut-chunk", argCount, "20", "closes the connection after that many pieces, without the last chunk").bends(func(c *call, x *exchange, f Fault) {
			x.declare = -1
			x.cut(c.count(f), endAbort)
		}),
		with("cut-rst", argCount, "20", "resets the connection after that many pieces").bends(func(c *call, x *exchange, f Fault) {
			x.cut(c.count(f), endReset)
		}),
		with("cut-length", argCount, "20", "closes the connection after that many pieces, short of the Content-Length it declared").bends(func(c *call, x *exchange, f Fault) {
			x.declare = 1
			for _, f := range x.frames {
				x.declare += len(f.data)
			}
			x.cut(c.count(f), endAbort)
		}),
	}
}

// eventRows change the events of a stream.
func eventRows() []faultRow {
	each := func(change func([]byte) []byte) func(*call, *exchange, Fault) {
		return func(_ *call, x *exchange, _ Fault) {
			for i := range x.frames {
				if x.stream {
					x.frames[i].data = change(x.frames[i].data)
				}
			}
			x.forever = change(x.forever)
		}
	}
	return []faultRow{
		row("error-first", "sends an error as the very first event of a 200").bends(func(c *call, x *exchange, _ Fault) {
			c.breakWithError(x, -1)
		}),
		with("error", argCount, "0", "sends an error event after that many pieces of content, and ends").bends(func(c *call, x *exchange, f Fault) {
			c.breakWithError(x, c.count(f))
		}),
		with("malformed", argCount, "3", "puts an event of broken JSON after that many pieces, and goes on").bends(func(c *call, x *exchange, f Fault) {
			if !x.stream {
				x.cut(0, endClean)
				return
			}
			x.insert(c.count(f), frame{data: c.brokenEvent()})
		}),
		with("invalid-utf8", argCount, "3", "puts bytes that are no UTF-8 into the text after that many pieces, and goes on").bends(func(c *call, x *exchange, f Fault) {
			if x.stream {
				x.insert(c.count(f), frame{kind: frameContent, data: c.textEvent("\"caf\xff\xfe\xc3\"")})
				return
			}
			for _, id := range []string{"chatcmpl-", "msg_01"} {
				x.frames[0].data = bytes.Replace(x.frames[0].data, []byte(id), []byte(id+"\xff\xfe"), 1)
				x.declare = len(x.frames[0].data)
			}
		}),
		with("big-event", argCount, "10", "puts an event of that many MiB after the first piece").bends(func(c *call, x *exchange, f Fault) {
			if x.stream {
				x.insert(1, frame{kind: frameContent, data: c.textEvent("\"" + strings.Repeat("big ", c.count(f)<<18) + "\"")})
			}
		}).streams(),
		row("crlf", "ends every line with CRLF").streams().bends(each(func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
		})),
		row("no-space", "leaves out the blank after \"data:\" and \"event:\"").streams().bends(each(func(b []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("data: "), []byte("data:")), []byte("event: "), []byte("event:"))
		})),
		row("no-done", "leaves out the event that ends the stream ([DONE], message_stop)").streams().bends(func(_ *call, x *exchange, _ Fault) {
			x.drop(frameEnd)
		}),
		row("no-finish", "ends the stream with [DONE] or message_stop but never says why the answer ended").streams().bends(func(_ *call, x *exchange, _ Fault) {
			x.drop(frameFinish)
			x.drop(frameUsage)
		}),
	}
}

// breakWithError ends an answer with an error event; a whole body becomes an
// error in a 200.
func (c *call) breakWithError(x *exchange, n int) {
	if !x.stream {
		*x = *c.errorInside()
		return
	}
	if n < 0 {
		x.frames = nil
	} else {
		x.cut(n, endClean)
	}
	x.frames = append(x.frames, frame{data: c.errorEvent()})
}

// bodyRows answer 200 with something that is no answer.
func bodyRows() []faultRow {
	return []faultRow{
		row("200-html", "200 with an HTML page").replies(func(*call, Fault) *exchange { return page(http.StatusOK, "Welcome") }),
		row("200-empty", "200 with an empty body").replies(func(c *call, _ Fault) *exchange {
			if c.ask != nil && c.ask.stream {
				return streamed(nil)
			}
			return whole(http.StatusOK, "application/json", nil)
		}),
		row("200-object", "200 with the body {}").replies(func(*call, Fault) *exchange { return whole(http.StatusOK, "application/json", []byte("{}")) }),
		row("200-error", "200 with an error object as the body").replies(func(c *call, _ Fault) *exchange { return c.errorInside() }),
		with("200-retry-after", argCount, "30", "an answer with a Retry-After, which means nothing on a 200").bends(func(c *call, x *exchange, f Fault) {
			x.header.Set("Retry-After", c.arg(f))
		}),
	}
}

// contentRows answer with something nobody wants.
func contentRows() []faultRow {
	return []faultRow{
		row("refusal", "the model declines").shapes(func(a *answer, q *ask, _ Fault) {
			a.text, a.calls, a.finish = "", nil, finishRefusal
			if q.dialect == openai {
				a.refusal = "[simulated] I'm sorry, but I can't help with that."
			}
		}),
		row("content-filter", "a filter ends the answer half-way").shapes(func(a *answer, q *ask, _ Fault) {
			a.text, a.calls, a.finish = fit(a.text, len(a.text)/2), nil, finishFilter
		}),
		row("empty", "an answer without content").shapes(func(a *answer, _ *ask, _ Fault) {
			a.text, a.calls, a.finish = "", nil, finishStop
		}),
		row("ignore-max", "pays no heed to max_tokens and writes 2,000 tokens").prepares(func(q *ask, _ Fault) {
			q.max = 0
		}).shapes(func(a *answer, _ *ask, _ Fault) {
			a.text, a.calls, a.finish = filler(8000), nil, finishStop
		}),
		with("huge", argCount, "1024", "an answer of that many KiB").prepares(func(q *ask, f Fault) {
			q.max = 0
		}).shapes(func(a *answer, q *ask, f Fault) {
			n, err := strconv.Atoi(f.Arg)
			if err != nil {
				n = 1024
			}
			a.text, a.calls, a.finish = filler(n<<10), nil, finishStop
		}),
		row("no-usage", "leaves out usage").prepares(func(q *ask, _ Fault) { q.noUsage = true }),
		with("wrong-model", argText, "some-other-model", "claims to be another model").prepares(func(q *ask, f Fault) {
			q.echo = f.Arg
			if f.Arg == "" {
				q.echo = "some-other-model"
			}
		}),
		row("fenced-json", "wraps structured output in a Markdown fence").shapes(func(a *answer, q *ask, _ Fault) {
			if q.jsonMode {
				a.text = "```json\n" + a.text + "\n```"
			}
		}),
		row("garbage", "mixes words of other languages and scripts into the text").shapes(func(a *answer, _ *ask, _ Fault) {
			a.text = garbled(a.text)
		}),
		row("short", "ends every answer after one token, as if max_tokens were 1").shapes(func(a *answer, _ *ask, _ Fault) {
			a.text, a.calls, a.finish = fit(a.text, 4), nil, finishLength
		}),
		row("bad-tool-args", "cuts the arguments of tool calls; a whole Anthropic body has {} there").shapes(func(a *answer, _ *ask, _ Fault) {
			for i := range a.calls {
				a.calls[i].args = fit(a.calls[i].args, len(a.calls[i].args)/2)
			}
		}),
	}
}

// garbled puts a strange word after every sixth of a text.
func garbled(text string) string {
	strange := []string{"สวัสดี", "кол", "数据", "ưu", "∎∎", "ಠ"}
	words := strings.Fields(text)
	for i := 5; i < len(words); i += 6 {
		words[i] += " " + strange[i/6%len(strange)]
	}
	return strings.Join(words, " ")
}

// filler is a text of n bytes.
func filler(n int) string {
	return ("[simulated] " + strings.Repeat("and so on ", n/10+1))[:n]
}

// textEvent is an event of a stream that carries a JSON string of text.
func (c *call) textEvent(text string) []byte {
	if c.dialect == anthropic {
		return []byte("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":" + text + "}}\n\n")
	}
	head := c.chatHead()
	return fmt.Appendf(nil, "data: {\"id\":%q,\"object\":%q,\"created\":%d,\"model\":%s,\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":null}]}\n\n",
		head.ID, head.Object, head.Created, quote(head.Model), text)
}

// brokenEvent is an event whose JSON breaks off.
func (c *call) brokenEvent() []byte {
	if c.dialect == anthropic {
		return []byte("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_del\n\n")
	}
	return []byte("data: {\"id\":\"chatcmpl-simulated\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"del\n\n")
}
