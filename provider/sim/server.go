package sim

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options are how a [Server] behaves. The zero value answers at once, accepts
// any key or none, and never fails unless a request asks for it.
type Options struct {
	Seed       uint64      // changes every answer; 0 is as good as any
	Latency    Profile     // the zero value answers without waiting
	Keys       []string    // the API keys that are accepted; nil accepts any and none
	Models     []string    // what GET /v1/models lists; nil for a built-in list. Models that are not listed are served all the same
	Script     *Script     // faults over time; its clock starts at New and at Reset
	Replay     *Replay     // answer from recordings; a prompt without one is a 404
	Echo       bool        // repeat the last user message in the answer; off, no prompt ever comes back
	KeepBodies bool        // keep the bytes of each request in its Entry
	Log        func(Entry) // called at the end of every call, by the goroutine that served it
}

// Server is a simulated provider. Make one with [New].
type Server struct {
	opts  Options
	table map[string]faultRow
	mem   *http.Server // serves the connections of Transport

	mu       sync.Mutex
	started  time.Time
	calls    int
	entries  []*Entry
	counts   map[string]int  // how often each fault was considered
	cached   map[uint64]bool // prompt prefixes that were seen before
	standing []standing
	refuse   func(time.Duration) bool // closes the listener for a while; nil without one
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
	s.mem = newHTTPServer(s.Handler())
	s.Reset()
	return s
}

// newHTTPServer is a server without a log: what it would say is in the entries.
func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ReadHeaderTimeout: time.Minute,
	}
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
		c := s.begin(w, r)
		defer c.end()
		c.play(c.respond())
	})
}
