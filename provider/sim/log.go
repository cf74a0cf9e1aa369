package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxEntries bounds the log of a server that runs for days.
const maxEntries = 10_000

// The outcomes of a call.
const (
	OutcomeOpen      = "open"      // still being served
	OutcomeAnswered  = "answered"  // a whole answer was sent
	OutcomeError     = "error"     // an HTTP error was sent
	OutcomeBroken    = "broken"    // a fault broke the answer off
	OutcomeCancelled = "cancelled" // the client went away first
)

// Entry is one call as the server saw it. It never holds a key.
type Entry struct {
	N           int               `json:"n"`    // counts calls from 1
	Time        time.Time         `json:"time"` // of arrival
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Query       string            `json:"query,omitempty"`
	Dialect     string            `json:"dialect"` // "openai" or "anthropic"
	Model       string            `json:"model,omitempty"`
	Stream      bool              `json:"stream"`
	Provider    string            `json:"provider,omitempty"` // whose host was asked, as Options.Place says
	Region      string            `json:"region,omitempty"`
	Conn        int               `json:"conn,omitempty"` // counts connections from 1; 0 for one that never was, or is not known
	Key         string            `json:"key"`            // "#2" for the second accepted key, "sha256:" and 8 digits for another, "" for none
	Headers     map[string]string `json:"headers"`        // those that matter to a provider
	HeaderNames []string          `json:"header_names"`   // all of them, sorted, in lower case
	BodyHash    string            `json:"body_sha256"`
	BodyLen     int               `json:"body_len"`
	Body        []byte            `json:"body,omitempty"` // with Options.KeepBodies
	Fault       string            `json:"fault,omitempty"`
	Status      int               `json:"status,omitempty"` // 0 if none was sent
	Outcome     string            `json:"outcome"`
	Tokens      int               `json:"tokens"`       // pieces of content that were sent
	Duration    time.Duration     `json:"duration_ns"`  // 0 while open
	Cancelled   time.Time         `json:"cancelled_at"` // when the client went away before the end; zero if it did not
}

// Log returns every call since the start or the last [Server.Reset], oldest
// first; of more than 10,000 the latest.
func (s *Server) Log() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Entry, len(s.entries))
	for i, e := range s.entries {
		out[i] = *e
	}
	return out
}

// arrive writes a call into the log.
func (s *Server) arrive(r *http.Request, body []byte, q *query) *Entry {
	e := &Entry{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Dialect: q.dialect, Provider: q.provider, Region: q.region,
		Key: s.keyName(clientKey(r.Header)), BodyLen: len(body), Outcome: OutcomeOpen,
	}
	if l := lineOf(r.Context()); l != nil {
		e.Conn = l.n
	}
	if !s.opts.Lean {
		sum := sha256.Sum256(body)
		e.Headers, e.HeaderNames, e.BodyHash = interesting(r.Header), headerNames(r.Header), hex.EncodeToString(sum[:])
	}
	if s.opts.KeepBodies {
		e.Body = body
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	e.N = s.calls
	if len(s.entries) == maxEntries {
		s.entries = slices.Clone(s.entries[maxEntries/10:])
	}
	s.entries = append(s.entries, e)
	return e
}

// queryOf is what a request tells before its body is understood.
func (s *Server) queryOf(r *http.Request, body []byte) query {
	q := query{header: r.Header.Get(faultHeader), dialect: dialectOf(r), key: 1 + slices.Index(s.opts.Keys, clientKey(r.Header))}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	q.provider, q.region = s.place(host)
	q.body = hashOf(body) ^ hashOf([]byte(q.provider))*31
	if n, err := strconv.ParseInt(r.Header.Get(momentHeader), 10, 64); err == nil {
		q.moment = time.Unix(0, n)
	}
	return q
}

// place is the provider and the region that a host stands for.
func (s *Server) place(host string) (provider, region string) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if s.opts.Place != nil {
		return s.opts.Place(host)
	}
	provider, _, _ = strings.Cut(host, ".")
	return provider, ""
}

// clientKey is the key a request carries, in either protocol's header.
func clientKey(h http.Header) string {
	if key := h.Get("X-Api-Key"); key != "" {
		return key
	}
	kind, key, _ := strings.Cut(h.Get("Authorization"), " ")
	if strings.EqualFold(kind, "bearer") {
		return strings.TrimSpace(key)
	}
	return ""
}

// keyName tells keys apart without telling them.
func (s *Server) keyName(key string) string {
	if key == "" {
		return ""
	}
	if i := slices.Index(s.opts.Keys, key); i >= 0 {
		return "#" + strconv.Itoa(i+1)
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

// interesting picks the headers that a provider heeds or that a test asks
// about; none of them carries a secret.
func interesting(h http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		name = strings.ToLower(name)
		switch {
		case strings.HasPrefix(name, "anthropic-"), strings.HasPrefix(name, "openai-"), strings.HasPrefix(name, "x-stainless-"),
			slices.Contains([]string{"accept", "accept-encoding", "content-type", "idempotency-key", "user-agent", "x-request-id", "x-sim-fault"}, name):
			out[name] = strings.Join(values, ", ")
		}
	}
	return out
}

func headerNames(h http.Header) []string {
	names := slices.Collect(maps.Keys(h))
	for i, name := range names {
		names[i] = strings.ToLower(name)
	}
	slices.Sort(names)
	return names
}
