package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// result is the result of a tool as an upstream received it.
type result struct{ id, text string }

// ask is what an upstream was asked, whichever protocol it came in.
type ask struct {
	dialect string
	model   string
	stream  bool
	usage   bool // an OpenAI client that wants usage in the stream
	think   bool
	tools   map[string]bool
	results []result
	system  int // bytes of system text
	signed  int // thinking blocks that came back with the signature they left with
}

func (a *ask) offers(names ...string) bool {
	for _, n := range names {
		if !a.tools[n] {
			return false
		}
	}
	return true
}

// upstream is a provider that plays the model of a task. It speaks either
// protocol by templates of its own, and refuses what the real one refuses.
type upstream struct {
	name  string
	task  *task
	ok    func(results int) bool // whether it answers; if not, it is overloaded
	mu    sync.Mutex
	asks  []*ask
	wrong []string // what it was sent that it should not have been
	http  *http.Server
	url   string
}

func newUpstream(ctx context.Context, name string, t *task, ok func(int) bool) (*upstream, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &upstream{name: name, task: t, ok: ok, url: "http://" + l.Addr().String() + "/v1"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) { u.serve(w, r, readAnthropic, writeAnthropic) })
	mux.HandleFunc("POST /v1/messages/count_tokens", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"input_tokens":20000}`) })
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { u.serve(w, r, readOpenAI, writeOpenAI) })
	u.http = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = u.http.Serve(l) }()
	return u, nil
}

func (u *upstream) serve(w http.ResponseWriter, r *http.Request, read func(*http.Request) (*ask, error), write func(http.ResponseWriter, *ask, say)) {
	a, err := read(r)
	if err != nil {
		u.refuse(w, err)
		return
	}
	if !u.ok(len(a.results)) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, overloaded[a.dialect])
		return
	}
	s, err := u.task.next(a)
	if err != nil {
		u.refuse(w, err)
		return
	}
	u.mu.Lock()
	u.asks = append(u.asks, a)
	u.mu.Unlock()
	write(w, a, s)
}

// overloaded is the body of a 503 in each protocol.
var overloaded = map[string]string{
	"anthropic": `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_scripted"}`,
	"openai":    `{"error":{"message":"The server is overloaded.","type":"server_error","param":null,"code":null}}`,
}

// refuse answers a request that the real provider would refuse too, and
// remembers why: the case has failed.
func (u *upstream) refuse(w http.ResponseWriter, why error) {
	u.mu.Lock()
	u.wrong = append(u.wrong, why.Error())
	u.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"type":"error","error":{"type":"invalid_request_error","message":%q}}`, why.Error())
}

// turns is how many turns of the task the upstream answered.
func (u *upstream) turns() []int {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []int
	for _, a := range u.asks {
		if a.offers("Read", "Write", "Bash") {
			list = append(list, len(a.results))
		}
	}
	return list
}

// complaints is what was wrong with what the upstream was sent.
func (u *upstream) complaints() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.wrong) > 0 {
		return fmt.Errorf("upstream %s was sent something wrong: %s", u.name, strings.Join(u.wrong, "; "))
	}
	return nil
}

func (u *upstream) stop() { _ = u.http.Close() }

// pieces cuts a text into pieces of a few runes, as tokens would.
func pieces(s string) []string {
	var list []string
	runes := []rune(s)
	for len(runes) > 0 {
		n := min(5, len(runes))
		list, runes = append(list, string(runes[:n])), runes[n:]
	}
	return list
}

// tokens is a made-up count that differs from text to text.
func tokens(s string) int { return len(s)/4 + 1 }
