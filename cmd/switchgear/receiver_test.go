package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hook is a receiver of alerts that a script listens with.
type hook struct {
	status int
	mu     sync.Mutex
	lines  []string
	grew   chan struct{} // closed and made anew with each line
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	if h.status == 0 {
		<-r.Context().Done() // it hangs
		return
	}
	var body struct {
		said

		Action      string `json:"action"`
		Key         string `json:"key"`
		EventAction string `json:"event_action"`
		DedupKey    string `json:"dedup_key"`
		Payload     said   `json:"payload"`
	}
	_ = json.Unmarshal(text, &body)
	signed := "unsigned"
	if strings.HasPrefix(r.Header.Get("Switchgear-Signature"), "t=") {
		signed = "signed"
	}
	h.mu.Lock()
	h.lines = append(h.lines, fmt.Sprintf("%s %s %s %s %s: %s",
		r.URL.Path, signed, body.Action+body.EventAction, body.Severity+body.Payload.Severity, body.Key+body.DedupKey, body.Summary+body.Payload.Summary))
	close(h.grew)
	h.grew = make(chan struct{})
	h.mu.Unlock()
	w.WriteHeader(h.status)
}

// said is what stands in the body of a webhook and in the payload of PagerDuty.
type said struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
}

// await waits until a line holds a text, and returns all lines.
func (h *hook) await(text string) (string, bool) {
	deadline := time.After(30 * time.Second)
	for {
		h.mu.Lock()
		all, grew := strings.Join(h.lines, "\n"), h.grew
		h.mu.Unlock()
		if strings.Contains(all, text) {
			return all, true
		}
		select {
		case <-grew:
		case <-deadline:
			return all, false
		}
	}
}

// cmdReceive listens for alerts: receive NAME STATUS. It sets $NAME to its
// address and answers everything with the status; 0 for never.
func cmdReceive(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	h := &hook{status: status, grew: make(chan struct{})}
	server := httptest.NewServer(h)
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
	})
	ts.Setenv(args[0], server.URL)
	hooks(ts)[args[0]] = h
}

// cmdHeard waits until a receiver got an alert that holds a text, and prints
// all it got: heard NAME TEXT.
func cmdHeard(ts *testscript.TestScript, _ bool, args []string) {
	h, ok := hooks(ts)[args[0]]
	if !ok {
		ts.Fatalf("nobody listens as %s", args[0])
	}
	all, ok := h.await(strings.Join(args[1:], " "))
	if !ok {
		ts.Fatalf("30 s passed without it:\n%s", all)
	}
	fmt.Fprintln(ts.Stdout(), all)
}

func hooks(ts *testscript.TestScript) map[string]*hook {
	return ts.Value("hooks").(map[string]*hook)
}
