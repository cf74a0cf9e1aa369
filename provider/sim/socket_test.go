package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// served runs a server on a real socket until the test ends.
func served(t *testing.T, s *Server) (base string, rt *http.Transport) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	rt = &http.Transport{}
	t.Cleanup(func() {
		rt.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return "http://" + ln.Addr().String(), rt
}

func TestOverASocket(t *testing.T) {
	s := New(Options{})
	base, rt := served(t, s)
	for _, dialect := range bothDialects {
		f := func(model string, stream bool) reply {
			return post(t.Context(), rt, base, dialect, request(model, stream, ""))
		}
		for _, stream := range []bool{true, false} {
			want := s.ask(t, dialect, request("sim-small", stream, ""))
			if r := f("sim-small", stream); r.body != want.body || r.broken != nil {
				t.Errorf("a socket gives %v %s, memory %s", r.broken, r.body, want.body)
			}
		}
		if r := f("sim-reset", true); !errors.Is(r.err, syscall.ECONNRESET) {
			t.Errorf("reset: %v", r.err)
		}
		if r := f("sim-close", true); !errors.Is(r.err, io.EOF) {
			t.Errorf("close: %v", r.err)
		}
		if r := f("sim-cut-rst-5", true); !errors.Is(r.broken, syscall.ECONNRESET) {
			t.Errorf("cut-rst: %v %v", r.err, r.broken)
		}
		for _, spec := range []string{"sim-cut-chunk-5", "sim-cut-length-5"} {
			if r := f(spec, true); !errors.Is(r.broken, io.ErrUnexpectedEOF) || r.text() == "" {
				t.Errorf("%s: %v %s", spec, r.broken, r.body)
			}
		}
		if r := f("sim-cut-5", true); r.broken != nil || r.text() == "" || strings.Contains(r.body, "stop\"") {
			t.Errorf("cut: %v %s", r.broken, r.body)
		}
	}
}

func TestRefusedOverASocket(t *testing.T) {
	s := New(Options{})
	base, rt := served(t, s)
	rt.DisableKeepAlives = true
	ask := func(model string) reply {
		return post(t.Context(), rt, base, openai, request(model, false, ""))
	}
	if r := ask("sim-refused-300ms"); !errors.Is(r.err, syscall.ECONNRESET) {
		t.Errorf("the call itself: %v", r.err)
	}
	refused := 0
	for start := time.Now(); time.Since(start) < 10*time.Second; {
		r := ask("sim-small")
		if r.status == http.StatusOK {
			break
		}
		if errors.Is(r.err, syscall.ECONNREFUSED) {
			refused++
		}
	}
	if r := ask("sim-small"); refused == 0 || r.status != http.StatusOK {
		t.Errorf("refused %d calls, then %d %v", refused, r.status, r.err)
	}
}

func TestClientGoesAway(t *testing.T) {
	ended := make(chan Entry, 1)
	s := New(Options{Log: func(e Entry) { ended <- e }})
	base, rt := served(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+pathOf(openai), strings.NewReader(request("sim-stall-3", true, "")))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	gone := time.Now()
	cancel()
	resp.Body.Close()
	e := <-ended
	if e.Outcome != OutcomeCancelled || e.Cancelled.Before(gone) || e.Cancelled.Sub(gone) > 5*time.Second {
		t.Errorf("%s, %v after the client went", e.Outcome, e.Cancelled.Sub(gone))
	}
}

func TestListenAndServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New(Options{}).ListenAndServe(ctx, "127.0.0.1:0"); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a server that is to end at once: %v", err)
	}
	if err := New(Options{}).ListenAndServe(t.Context(), "127.0.0.1:-1"); err == nil {
		t.Error("a port that cannot be is listened on")
	}
}

func TestControls(t *testing.T) {
	s := New(Options{KeepBodies: true})
	if r := do(t, s, http.MethodPost, "/_sim/faults", `{"model":"gpt-*","fault":"503x1"}`); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := get(t, s, "/_sim/faults"); !strings.Contains(r.body, `"503x1"`) || !strings.Contains(r.body, "429-retry-date") {
		t.Errorf("%s", r.body)
	}
	body := request("gpt-5", true, "")
	if r := s.ask(t, openai, body, "Authorization", "Bearer sk-very-secret", "Cookie", "a=b", "OpenAI-Beta", "x=1"); r.status != 503 {
		t.Errorf("%d", r.status)
	}
	if r := s.ask(t, openai, body); r.status != 200 {
		t.Errorf("%d", r.status)
	}
	r := get(t, s, "/_sim/log")
	log := decoded[[]Entry](t, r.body)
	if len(log) != 2 || strings.Contains(r.body, "very-secret") {
		t.Fatalf("%s", r.body)
	}
	e := log[0]
	if e.N != 1 || e.Model != "gpt-5" || !e.Stream || e.Dialect != openai || e.Status != 503 || e.Fault != "503x1" || string(e.Body) != body ||
		e.BodyLen != len(body) || e.Headers["openai-beta"] != "x=1" || !strings.HasPrefix(e.Key, "sha256:") || !strings.Contains(strings.Join(e.HeaderNames, " "), "cookie") {
		t.Errorf("%+v", e)
	}
	if log[1].Tokens == 0 || log[1].Outcome != OutcomeAnswered || log[1].Status != 200 {
		t.Errorf("%+v", log[1])
	}
	do(t, s, http.MethodPost, "/_sim/faults", `{"model":"gpt-*","fault":""}`)
	if r := do(t, s, http.MethodPost, "/_sim/reset", ""); r.status != http.StatusNoContent || len(s.Log()) != 0 {
		t.Errorf("%d, %d entries", r.status, len(s.Log()))
	}
	for body, want := range map[string]string{"{": "send {", `{"model":"*","fault":"odd"}`: "there is no fault"} {
		if r := do(t, s, http.MethodPost, "/_sim/faults", body); r.status != 400 || !strings.Contains(decoded[map[string]string](t, r.body)["error"], want) {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	if r := get(t, s, "/_sim/nothing"); r.status != 404 || !json.Valid([]byte(r.body)) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := New(Options{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			dialect := bothDialects[i%2]
			model := []string{"sim-small", "sim-cut-4", "sim-503", "sim-cut-rst-4"}[i/2%4]
			r := post(t.Context(), s.Transport(), "http://sim", dialect, request(model, i%3 == 0, ""))
			if r.err != nil {
				t.Error(r.err)
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for _, e := range s.Log() {
		seen[e.N] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different calls in the log", len(seen))
	}
}

func TestLogIsBounded(t *testing.T) {
	s := New(Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/models", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range maxEntries + 5 {
		s.arrive(r, nil, &query{})
	}
	if log := s.Log(); len(log) > maxEntries || log[len(log)-1].N != maxEntries+5 {
		t.Errorf("%d entries, the last is %d", len(log), log[len(log)-1].N)
	}
}
