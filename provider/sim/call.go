package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody is the largest request that is read: 64 MiB, twice what either
// provider takes.
const maxBody = 64 << 20

// call is one request being served.
type call struct {
	s        *Server
	w        http.ResponseWriter
	r        *http.Request
	ctx      context.Context
	entry    *Entry // guarded by s.mu
	body     []byte
	ask      *ask
	dialect  string
	rng      *rand.Rand // for headers and latency: differs from call to call
	finished bool       // all but the last bytes are sent; guarded by s.mu
	id       string     // the request id of Anthropic
	unhook   func() bool
	query    query
	spoken   int           // tokens of the answer that take time one by one
	timer    *time.Timer   // of waits; nil until the first
	stuck    time.Duration // a fault: the rest of the body is not read for that long
}

// begin reads a request and writes it into the log.
func (s *Server) begin(w http.ResponseWriter, r *http.Request) *call {
	body, stuck := s.read(r)
	c := &call{s: s, w: w, r: r, ctx: r.Context(), body: body, dialect: dialectOf(r), stuck: stuck}
	c.query = s.queryOf(r, body)
	c.entry = s.arrive(r, body, &c.query)
	c.rng = rand.New(rand.NewPCG(s.opts.Seed, uint64(c.entry.N)))
	c.unhook = context.AfterFunc(c.ctx, c.cancelled) //nolint:contextcheck // cancelled only takes note
	return c
}

// read reads a request. With the fault stuck-body it stops half-way in a large
// one, and says for how long.
func (s *Server) read(r *http.Request) (body []byte, stuck time.Duration) {
	body, _ = io.ReadAll(io.LimitReader(r.Body, stuckAfter))
	if len(body) < stuckAfter {
		return body, 0
	}
	q := s.queryOf(r, body)
	q.model = modelIn(body)
	faults, _ := s.choose(&q, false) // a mistake is told later
	for _, f := range faults {
		if f.Name == "stuck-body" {
			_, _ = s.choose(&q, true)
			return body, s.durationOf(f)
		}
	}
	rest, _ := io.ReadAll(io.LimitReader(r.Body, maxBody+1-stuckAfter))
	return append(body, rest...), 0
}

// end closes the entry. It runs when a fault panics, too.
func (c *call) end() {
	c.unhook()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.s.mu.Lock()
	if c.ctx.Err() != nil && !c.finished {
		c.cancelAt()
	}
	c.entry.Duration = time.Since(c.entry.Time)
	if c.entry.Outcome == OutcomeOpen {
		c.entry.Outcome = OutcomeAnswered
		if c.entry.Status >= http.StatusMultipleChoices {
			c.entry.Outcome = OutcomeError
		}
	}
	entry := *c.entry
	c.s.mu.Unlock()
	if c.s.opts.Log != nil {
		c.s.opts.Log(entry)
	}
}

func (c *call) cancelled() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if !c.finished {
		c.cancelAt()
	}
}

// cancelAt notes when the client went away; the caller holds the lock.
func (c *call) cancelAt() {
	if c.entry.Outcome == OutcomeOpen {
		c.entry.Outcome, c.entry.Cancelled = OutcomeCancelled, time.Now()
	}
}

// finishing says that a client that goes away from now on has its answer.
func (c *call) finishing() { c.note(func(*Entry) { c.finished = true }) }

func (c *call) sent()             { c.note(func(e *Entry) { e.Tokens++ }) }
func (c *call) broke()            { c.note(func(e *Entry) { c.finished, e.Outcome = true, OutcomeBroken }) }
func (c *call) status(status int) { c.note(func(e *Entry) { e.Status = status }) }

func (c *call) note(change func(*Entry)) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	change(c.entry)
}

// dialectOf tells the protocol by the path, and by the header that only one of
// them has.
func dialectOf(r *http.Request) string {
	if strings.Contains(r.URL.Path, "/messages") || r.Header.Get("Anthropic-Version") != "" {
		return anthropic
	}
	return openai
}

// endpoint is the path below the version, whatever stands before it.
func endpoint(path string) string {
	for _, prefix := range []string{"/openai", "/anthropic", "/v1"} {
		path = strings.TrimPrefix(path, prefix)
	}
	return path
}

// respond decides what a call is answered.
func (c *call) respond() *exchange {
	x := c.decide()
	c.providerHeaders(x)
	return x
}

func (c *call) decide() *exchange {
	if c.stuck > 0 {
		c.note(func(e *Entry) { e.Model, e.Fault = modelIn(c.body), "stuck-body" })
		return &exchange{silent: true, end: endStuck}
	}
	if len(c.body) > maxBody {
		return c.statusFault("413")
	}
	if x := c.authorize(); x != nil {
		return x
	}
	path := endpoint(c.r.URL.Path)
	serve := map[string]func() *exchange{
		"POST /chat/completions": c.chat, "POST /embeddings": c.embeddings,
		"POST /messages": c.messages, "POST /messages/count_tokens": c.countTokens,
	}[c.r.Method+" "+path]
	switch {
	case serve == nil && c.r.Method == http.MethodGet && (path == "/models" || strings.HasPrefix(path, "/models/")):
		return c.faulty("", func() *exchange { return c.models(strings.TrimPrefix(path, "/models")) })
	case serve == nil:
		return c.noSuchPath()
	}
	var err error
	c.ask, err = parse(c.dialect, c.body, c.s.opts.Seed)
	if err != nil {
		return c.badJSON(err)
	}
	c.note(func(e *Entry) { e.Model, e.Stream = c.ask.model, c.ask.stream })
	return c.faulty(c.ask.model, serve)
}

// authorize refuses a call without an accepted key.
func (c *call) authorize() *exchange {
	if len(c.s.opts.Keys) == 0 || slices.Contains(c.s.opts.Keys, clientKey(c.r.Header)) {
		return nil
	}
	return c.statusFault("401")
}

// faulty answers a call with the faults that apply to it.
func (c *call) faulty(model string, serve func() *exchange) *exchange {
	c.query.model = model
	faults, err := c.s.choose(&c.query, true)
	if err != nil {
		return c.invalid("unknown_fault", "model", err.Error())
	}
	if x, kept := c.replied(faults); x != nil {
		return x
	} else if faults = kept; len(faults) > 0 {
		c.note(func(e *Entry) { e.Fault = joinFaults(faults) })
	}
	if c.ask == nil {
		return c.bend(serve(), faults)
	}
	for _, f := range faults {
		if row := c.s.table[f.Name]; row.prepare != nil {
			row.prepare(c.ask, f)
		}
	}
	c.ask.shape = func(a *answer) {
		for _, f := range faults {
			if row := c.s.table[f.Name]; row.shape != nil {
				row.shape(a, c.ask, f)
			}
		}
	}
	x := serve()
	c.pace(x)
	return c.bend(x, faults)
}

// replied is what a fault answers in place of the provider, after the wait
// that another one asks for. Faults that spare this call are left out of kept.
func (c *call) replied(faults []Fault) (x *exchange, kept []Fault) {
	var hold time.Duration
	for _, f := range faults {
		row := c.s.table[f.Name]
		if f.Name == "slow-headers" {
			hold += c.duration(f)
		}
		if row.reply != nil {
			made := row.reply(c, f)
			if made == nil {
				continue
			}
			if x == nil {
				x = made
			}
		}
		kept = append(kept, f)
	}
	if x != nil {
		x.hold += hold
		c.note(func(e *Entry) { e.Fault = joinFaults(kept) })
	}
	return x, kept
}

func (c *call) bend(x *exchange, faults []Fault) *exchange {
	if x.status != http.StatusOK {
		return x
	}
	for _, f := range faults {
		if row := c.s.table[f.Name]; row.bend != nil {
			row.bend(c, x, f)
		}
	}
	return x
}

// pace spreads an answer over the time a model takes.
func (c *call) pace(x *exchange) {
	if x.status != http.StatusOK {
		return
	}
	p := c.s.paceOf(&c.query)
	if p == (Profile{}) {
		return
	}
	first := c.firstWait(p, x.stream)
	if !x.stream {
		x.hold = first + p.rest(c.spoken)
		return
	}
	x.hold = first / 2
	wait := first - x.hold
	for i := range x.frames {
		if x.frames[i].kind == frameContent {
			x.frames[i].wait = wait
			wait = p.rest(1)
		}
	}
}

// firstWait is how long the first token takes. What is drawn depends on the call
// and the moment, not on the order in which calls of one moment are served; what
// is dealt does.
func (c *call) firstWait(p Profile, stream bool) time.Duration {
	if c.s.opts.Deal {
		name := c.query.provider + "/" + c.query.model
		if stream {
			name += " streamed"
		}
		return p.wait(c.s.deal(name))
	}
	return p.first(rand.New(rand.NewPCG(c.s.opts.Seed^c.query.body, uint64(c.entry.Time.UnixNano()))))
}

// answers composes every choice.
func (c *call) answers() []*answer {
	out := make([]*answer, c.ask.choices)
	for i := range out {
		out[i] = c.ask.compose(i, c.s.opts.Echo)
		if c.ask.shape != nil {
			c.ask.shape(out[i])
		}
		c.spoken += out[i].tokens() - out[i].reasoning // thinking is part of the wait for the first token
	}
	return out
}

// promptTokens are the tokens of the request, and which of them were read from
// or written to the cache.
func (c *call) promptTokens() (total, read, written int) {
	q := c.ask
	total = 8 + 4*q.turns + tokensOf(q.bytes)
	prefix := q.prefix
	if c.dialect == openai {
		// OpenAI caches by itself, from 1,024 tokens on, in steps of 128.
		if total < 1024 || q.turns == 0 {
			return total, 0, 0
		}
		prefix = bytes.Join([][]byte{[]byte(q.model), q.wire.Messages[0].Content}, nil)
	}
	if prefix == nil {
		return total, 0, 0
	}
	n := min(tokensOf(len(prefix)), total-1)
	if c.dialect == openai {
		n = n / 128 * 128
	}
	if c.s.seen(hashOf(append([]byte(q.model+"\x00"), prefix...))) {
		return total, n, 0
	}
	return total, 0, n
}

// seen notes a prompt prefix and reports whether it was there already.
func (s *Server) seen(prefix uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.cached[prefix]
	s.cached[prefix] = true
	return was
}

// jsonBody writes a value as one of the providers lays out its JSON.
func jsonBody(v any, indent string) []byte {
	raw := quote(v)
	if indent == "" {
		return raw
	}
	var b bytes.Buffer
	_ = json.Indent(&b, raw, "", indent) // quote wrote valid JSON
	return b.Bytes()
}
