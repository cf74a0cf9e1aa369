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

	"github.com/switchgear-dev/switchgear/conformance/strict"
)

// upstream is a provider that plays the model of a task. It speaks either
// protocol by templates of its own, and refuses what the real one refuses.
type upstream struct {
	name  string
	task  *task
	ok    func(results int) bool // whether it answers; if not, it is overloaded
	mu    sync.Mutex
	asks  []*strict.Seen
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
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) { u.serve(w, r, writeAnthropic) })
	mux.HandleFunc("POST /v1/messages/count_tokens", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"input_tokens":20000}`) })
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { u.serve(w, r, writeOpenAI) })
	u.http = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = u.http.Serve(l) }()
	return u, nil
}

func (u *upstream) serve(w http.ResponseWriter, r *http.Request, write func(http.ResponseWriter, *strict.Seen, say)) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a, err := strict.Read(r, body)
	if err != nil {
		u.refuse(w, r, err)
		return
	}
	if !u.ok(len(a.Results)) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, overloaded[a.Dialect])
		return
	}
	s, err := u.task.next(a)
	if err != nil {
		u.refuse(w, r, err)
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
func (u *upstream) refuse(w http.ResponseWriter, r *http.Request, why error) {
	u.mu.Lock()
	u.wrong = append(u.wrong, why.Error())
	u.mu.Unlock()
	strict.Refuse(w, r, why)
}

// turns is how many turns of the task the upstream answered.
func (u *upstream) turns() []int {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []int
	for _, a := range u.asks {
		if a.Offers("Read", "Write", "Bash") {
			list = append(list, len(a.Results))
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
