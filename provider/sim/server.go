package sim

import (
	"context"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Options are how a [Server] behaves. The zero value answers at once, accepts
// any key or none, and never fails unless a request asks for it.
type Options struct {
	Seed       uint64      // changes every answer; 0 is as good as any
	Latency    Profile     // the zero value answers without waiting
	Keys       []string    // the API keys that are accepted; nil accepts any and none
	Models     []string    // what GET /v1/models lists; nil for a built-in list. Models that are not listed are served all the same
	Script     *Script     // faults over time; its clock starts at New and at Reset. Play runs another
	Replay     *Replay     // answer from recordings; a prompt without one is a 404
	Echo       bool        // repeat the last user message in the answer; off, no prompt ever comes back
	KeepBodies bool        // keep the bytes of each request in its Entry
	Log        func(Entry) // called at the end of every call, by the goroutine that served it
	Deal       bool        // waits are dealt, not drawn: each thousand calls of a model have the spread as it is written between them, in an order that is chance
	Lean       bool        // leave the headers and the body's hash out of entries: for runs of many thousand calls

	// Place says which provider, and which of its regions, a host is. Nil: the
	// provider is the host's first label ("one" of "one.test"), the region "".
	Place func(host string) (provider, region string)
}

// Server is a simulated provider. Make one with [New].
type Server struct {
	opts  Options
	table map[string]faultRow
	mem   *http.Server // serves the connections of Transport
	over  atomic.Bool  // sockets are reached by a transport that makes faults of connecting: see Over
	lines atomic.Int64 // connections so far

	mu       sync.Mutex
	started  time.Time
	calls    int
	entries  []*Entry
	counts   map[string]int   // how often each fault was considered
	cached   map[uint64]bool  // prompt prefixes that were seen before
	decks    map[string]*deck // of waits that are dealt
	standing []standing
	playing  *play                    // the script that runs; nil without one
	buckets  map[string]bucket        // of the script's capacities
	rates    map[string]*rate         // of faults that count calls a second
	moment   time.Time                // of the last call that was drawn for
	alike    map[uint64]uint64        // the calls of that moment, by fingerprint
	refuse   func(time.Duration) bool // closes the listener for a while; nil without one
}

// line is a connection that requests come over.
type line struct {
	n      int
	conn   net.Conn
	doomed atomic.Bool // it is reset when the next request comes
}

type lineKey struct{}

// lineOf is the connection a request came over; nil if a server of somebody
// else's serves the handler.
func lineOf(ctx context.Context) *line {
	l, _ := ctx.Value(lineKey{}).(*line)
	return l
}

// standing is a fault set by SetFault.
type standing struct {
	Model  string  `json:"model"`
	Faults []Fault `json:"faults"`
}

// New makes a server. It starts nothing: no goroutine runs until a request
// comes.
func New(opts Options) *Server {
	s := &Server{opts: opts, table: faultIndex()}
	s.mem = s.newHTTPServer()
	s.Reset()
	return s
}

// Reset forgets every call, fault count, cached prompt and standing fault, and
// starts the script anew.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = time.Now()
	s.calls = 0
	s.entries = nil
	s.counts = map[string]int{}
	s.cached = map[uint64]bool{}
	s.standing = nil
	s.playing, s.buckets, s.rates = nil, nil, nil
	s.moment, s.alike = time.Time{}, map[uint64]uint64{}
	if s.opts.Script != nil {
		s.playing = &play{script: s.opts.Script, strike: Strike{Seed: s.opts.Seed}, started: s.started}
	}
}

// SetFault makes every later request for a model fail. The model is a pattern
// as in [path.Match] ("claude-*"; "*" for all). It replaces what was set for
// that pattern; without faults it clears it. Faults that the request itself
// asks for come first.
func (s *Server) SetFault(model string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.standing[:0:0]
	for _, f := range s.standing {
		if f.Model != model {
			kept = append(kept, f)
		}
	}
	if len(faults) > 0 {
		kept = append(kept, standing{Model: model, Faults: faults})
	}
	s.standing = kept
	for key := range s.counts {
		if hasOwner(key, "set "+model) {
			delete(s.counts, key) // "the first two calls" are counted from now
		}
	}
}

// Handler serves both protocols, and the controls under /_sim/.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isControl(r.URL.Path) {
			s.control(w, r)
			return
		}
		if l := lineOf(r.Context()); l != nil && l.doomed.Load() {
			reset(w, syscall.ECONNRESET) // as if before the request: it is in no log
			return
		}
		c := s.begin(w, r)
		defer c.end()
		c.play(c.respond())
	})
}

// newHTTPServer is a server without a log: what it would say is in the entries.
func (s *Server) newHTTPServer() *http.Server {
	return &http.Server{
		Handler: s.Handler(),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, lineKey{}, &line{n: int(s.lines.Add(1)), conn: conn})
		},
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ReadHeaderTimeout: time.Minute,
	}
}

// pace is how fast the server answers now; the caller holds the lock.
func (s *Server) pace() Profile {
	if s.playing != nil && s.playing.script.healthy != nil {
		return *s.playing.script.healthy
	}
	return s.opts.Latency
}

// seed is what draws begin with now; the caller holds the lock.
func (s *Server) seed() uint64 {
	if s.playing != nil {
		return s.playing.strike.Seed
	}
	return s.opts.Seed
}

// deal is how many sigmas from its median the next wait is, of those that are
// dealt by one name.
func (s *Server) deal(name string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.decks[name]
	if !ok {
		h := fnv.New64a()
		_, _ = h.Write([]byte(name))
		d = &deck{rng: rand.New(rand.NewPCG(s.opts.Seed, h.Sum64()))}
		if s.decks == nil {
			s.decks = map[string]*deck{}
		}
		s.decks[name] = d
	}
	return d.deal()
}

// paceOf is the pace of one call.
func (s *Server) paceOf(q *query) Profile {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pace()
	if s.playing == nil {
		return p
	}
	return s.playing.tempo(q, time.Now()).of(p)
}
