package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// The canaries: what must be found nowhere.
const (
	providerKey = "sk-canary-provider-key-7f3a91"
	clientKeyC  = "canary-client-key-55d1c2"
	prompt      = "canary prompt: the launch code is 0451"
)

// blabbermouth is a provider that repeats everything it was told, key and
// prompt, in every header and body it sends, whatever the status.
func blabbermouth(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key := r.Header.Get("Authorization") + r.Header.Get("X-Api-Key")
	echo := strings.NewReplacer(`"`, "'", "\n", " ", "\\", "").Replace(key + " " + string(body))
	mode := r.URL.Query().Get("mode")
	if mode == "" {
		mode, _, _ = strings.Cut(strings.TrimPrefix(modelOf(body), "m-"), " ")
	}
	w.Header().Set("X-Debug", echo)
	w.Header().Set("Set-Cookie", "k="+key)
	var status int
	if _, err := fmt.Sscanf(mode, "%d", &status); err == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"error","error":{"type":"some_error","code":"%s","message":"%s"}}`, echo, echo)
		return
	}
	switch mode {
	case "html":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<html>%s</html>", echo)
	case "garbage":
		fmt.Fprintf(w, `{"choices": %s`, echo)
	case "inband":
		fmt.Fprintf(w, `{"error":{"code":"%s","message":"%s"}}`, echo, echo)
	case "broken":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"}}]}\n\n")
		fmt.Fprintf(w, "data: {\"error\":{\"message\":\"%s\",\"code\":\"%s\"}}\n\n", echo, echo)
	case "reset":
		panic(http.ErrAbortHandler)
	}
}

func modelOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"model":"`))
	model, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(model)
}

// sink collects everything the gateway says to anybody but the client.
type sink struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (s *sink) Write(p []byte) (int, error) {
	s.sayf("%s", p)
	return len(p), nil
}

func (s *sink) Attempted(_ context.Context, route string, a *switchgear.Attempt) {
	s.sayf("attempt %s %+v %v", route, *a, a.Err)
}

func (s *sink) Requested(_ context.Context, r *switchgear.Record) {
	s.sayf("record %v %v", r.ID, r.Err)
}

func (s *sink) sayf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.lines, format+"\n", args...)
}

// TestCanaries lets every kind of failure happen at a provider that repeats
// keys and prompts, and looks for them in every log line, metric, error text,
// header and body. A client may see its own prompt again, in an error that the
// provider blames on the request; nobody else may, and nobody may see a key.
func TestCanaries(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(blabbermouth))
	defer upstream.Close()
	modes := []string{"400", "401", "402", "403", "404", "408", "409", "413", "422", "429", "500", "502", "503", "504", "529", "302", "html", "garbage", "inband", "broken", "reset"}
	out := &sink{}
	metrics := telemetry.NewMetrics("test", nil)
	g := canaryGateway(t, upstream.URL, modes, metrics, out)
	front := httptest.NewServer(g.Handler())
	defer front.Close()

	for _, mode := range modes {
		for _, stream := range []bool{false, true} {
			for _, c := range []struct{ path, dialect string }{{"/v1/chat/completions", "o"}, {"/v1/messages", "a"}} {
				body := fmt.Sprintf(`{"model":"%s-%s","stream":%t,"max_tokens":9,"messages":[{"role":"user","content":"%s"}]}`, c.dialect, mode, stream, prompt)
				status, seen := sendCanary(t, front.URL+c.path, body)
				if strings.Contains(seen, providerKey) || strings.Contains(seen, clientKeyC) {
					t.Errorf("mode %s, %s, stream %t: the client is shown a key:\n%s", mode, c.path, stream, seen)
				}
				if !callersFault(status) && strings.Contains(seen, "launch code") {
					t.Errorf("mode %s, %s, stream %t: status %d quotes the prompt:\n%s", mode, c.path, stream, status, seen)
				}
			}
		}
	}
	rec := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	out.sayf("%s", rec.Body)
	out.sayf("%+v %#v %v", g, g, g)
	said := out.lines.String()
	for _, canary := range []string{providerKey, clientKeyC, "launch code"} {
		if i := strings.Index(said, canary); i >= 0 {
			t.Errorf("%q got out: ...%s...", canary, said[max(0, i-300):min(len(said), i+100)])
		}
	}
	if !strings.Contains(said, "switchgear_requests_total") || strings.Count(said, "record ") < len(modes)*4 {
		t.Error("the sinks were not reached: this test proves nothing")
	}
}

func callersFault(status int) bool { return status == 400 || status == 413 || status == 422 }

func canaryGateway(t *testing.T, upstream string, modes []string, metrics *telemetry.Metrics, out *sink) *gateway.Gateway {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "version: 1\nlisten: 127.0.0.1:0\nproviders:\n  o: {kind: openai, base_url: %q, key: \"${KEY}\"}\n  a: {kind: anthropic, base_url: %q, key: \"${KEY}\"}\n", upstream+"/v1", upstream+"/v1")
	fmt.Fprintf(&text, "clients:\n  app: {hash: \"sha256:%s\"}\nretry: {attempts: 1}\nroutes:\n", hashOf(clientKeyC))
	for _, mode := range modes {
		fmt.Fprintf(&text, "  o-%s: {chain: [o/m-%s], single_point: ok}\n  a-%s: {chain: [a/m-%s], single_point: ok}\n", mode, mode, mode, mode)
	}
	cfg, findings := config.Parse("canary.yaml", []byte(text.String()), func(name string) (string, bool) { return providerKey, name == "KEY" })
	for _, f := range findings {
		if f.Severity == config.Error {
			t.Fatal(f)
		}
	}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g, err := gateway.New(t.Context(), cfg, gateway.WithObserver(metrics), gateway.WithObserver(telemetry.NewLog(log)), gateway.WithObserver(out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	out.sayf("%+v", findings)
	return g
}

// sendCanary sends a request and returns all the client is shown.
func sendCanary(t *testing.T, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+clientKeyC)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var seen bytes.Buffer
	_ = resp.Header.Write(&seen)
	_, _ = io.Copy(&seen, resp.Body)
	return resp.StatusCode, seen.String()
}
