// Package admin is the port for operators: health, metrics, state, and the few
// things an operator may order. It has verbs only; it takes no configuration.
package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// Breaker is a target's breaker, as an operator sees it.
type Breaker struct {
	Target string  `json:"target"`
	State  string  `json:"state"`
	Since  string  `json:"since,omitempty"`  // RFC 3339: when it came into this state
	Until  string  `json:"until,omitempty"`  // RFC 3339: when the next trial is due
	Reason string  `json:"reason,omitempty"` // what brought it there
	Share  float64 `json:"share"`            // how much of the traffic it is let have: 0 to 1
	Bad    int     `json:"bad"`              // of the last Of attempts in its window, how many failed or were slow
	Of     int     `json:"of"`
	Opens  uint64  `json:"opens"`             // how often it opened since the start
	HeldBy string  `json:"held_by,omitempty"` // who took it out of use
}

// Status is the state of the gateway.
type Status struct {
	Generation string    `json:"config"`
	Breakers   []Breaker `json:"breakers"`
	Canaries   []Canary  `json:"canaries,omitempty"`
}

// Options say what the port is made of.
type Options struct {
	Token    switchgear.Secret // demanded for everything but health, and metrics on loopback
	Loopback bool              // the port is bound to a loopback address
	Metrics  http.Handler
	Status   func() Status
	Reload   func() error // loads the configuration again; an error leaves the old one in place
	Circuit  func(Order) error
}

// New makes the port's handler.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.Handle("GET /metrics", o.guard(o.Metrics, o.Loopback))
	mux.Handle("GET /status", o.guard(http.HandlerFunc(o.status), false))
	mux.Handle("POST /reload", o.guard(http.HandlerFunc(o.reload), false))
	mux.Handle("POST /circuit/{verb}", o.guard(http.HandlerFunc(o.circuit), false))
	return o.sameSite(mux)
}

// guard lets in who has the token.
func (o Options) guard(next http.Handler, open bool) http.Handler {
	want := sha256.Sum256([]byte(o.Token.Reveal()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open {
			next.ServeHTTP(w, r)
			return
		}
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token))
		if o.Token.IsZero() || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="switchgear admin"`)
			reply(w, http.StatusUnauthorized, map[string]string{"error": "This port wants the admin token: authorization: Bearer TOKEN."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameSite refuses what a web page of another origin sends, and, on loopback,
// names that were rebound to it.
func (o Options) sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" || r.Header.Get("Origin") != "" || (o.Loopback && !loopback(r.Host)) {
			reply(w, http.StatusForbidden, map[string]string{"error": "Requests from web pages of other origins are refused."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || (ip != nil && ip.IsLoopback())
}

func (o Options) status(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, o.Status())
}

func (o Options) reload(w http.ResponseWriter, _ *http.Request) {
	if err := o.Reload(); err != nil {
		reply(w, http.StatusConflict, map[string]string{"error": err.Error()})
		return
	}
	reply(w, http.StatusOK, o.Status())
}

func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error": "The answer could not be written."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
