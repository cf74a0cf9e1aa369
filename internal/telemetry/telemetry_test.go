package telemetry

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

var target = switchgear.Target{Provider: "openai", Model: "gpt"}

func read(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	m := NewMetrics("v1", func() []BreakerState {
		return []BreakerState{{Target: target, State: "open", Opens: 3}}
	})
	m.Requested(t.Context(), &switchgear.Record{Route: "chat", Outcome: switchgear.OutcomeOK, Duration: time.Second, Retry: 1})
	m.Requested(t.Context(), &switchgear.Record{Route: "chat", Outcome: switchgear.OutcomeDegraded, Panicked: true})
	m.Requested(t.Context(), &switchgear.Record{Route: "read", Trace: &switchgear.Trace{Target: target, Normalised: []string{"strip_fence"}}})
	usage := switchgear.Usage{}
	usage.Set(switchgear.UsageInput, 100)
	usage.Set(switchgear.UsageOutput, 7)
	m.Attempted(t.Context(), "chat", &switchgear.Attempt{
		Target: target, Usage: usage, Cost: switchgear.Cost{USD: 0.5, Known: true}, FirstToken: time.Second, Duration: 2 * time.Second,
	})
	m.Attempted(t.Context(), "chat", &switchgear.Attempt{Target: target, Err: &switchgear.Error{Class: switchgear.ClassOverloaded}})
	m.Attempted(t.Context(), "chat", &switchgear.Attempt{Target: target})
	m.Attempted(t.Context(), "chat", &switchgear.Attempt{Target: target, Skipped: "breaker open, next trial in 4 s"})
	got := read(m)
	for _, line := range []string{
		`switchgear_requests_total{outcome="ok",route="chat"} 1`,
		`switchgear_requests_total{outcome="degraded",route="chat"} 1`,
		`switchgear_attempts_total{class="ok",target="openai/gpt"} 2`,
		`switchgear_attempts_total{class="overloaded",target="openai/gpt"} 1`,
		`switchgear_skips_total{reason="breaker open",target="openai/gpt"} 1`,
		`switchgear_tokens_total{kind="input",target="openai/gpt"} 100`,
		`switchgear_tokens_total{kind="output",target="openai/gpt"} 7`,
		`switchgear_cost_usd_total{route="chat",target="openai/gpt"} 0.5`,
		`switchgear_unpriced_attempts_total{target="openai/gpt"} 1`,
		`switchgear_time_to_first_token_seconds_count{target="openai/gpt"} 1`,
		`switchgear_breaker_state{target="openai/gpt"} 2`,
		`switchgear_breaker_opens_total{target="openai/gpt"} 3`,
		`switchgear_client_retries_total 1`,
		`switchgear_panics_total 1`,
		`switchgear_normalised_total{route="read",rung="strip_fence",target="openai/gpt"} 1`,
		`switchgear_build_info{version="v1"} 1`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// Counting a request that was served at once allocates nothing.
func TestMetricsAllocateNothing(t *testing.T) {
	m := NewMetrics("v1", nil)
	record := &switchgear.Record{Route: "chat", Outcome: switchgear.OutcomeOK}
	attempt := &switchgear.Attempt{Target: target, Duration: time.Second, FirstToken: time.Second}
	if n := testing.AllocsPerRun(100, func() {
		m.Requested(t.Context(), record)
		m.Attempted(t.Context(), "chat", attempt)
	}); n > 0 {
		t.Errorf("%v allocations a request", n)
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(slog.New(slog.NewTextHandler(&out, nil)))
	usage := switchgear.Usage{}
	usage.Set(switchgear.UsageOutput, 0)
	log.Requested(t.Context(), &switchgear.Record{
		ID: "sg_1", Route: "chat", Outcome: switchgear.OutcomeFailed, Status: 503, Usage: usage, Client: "web",
		Trace: &switchgear.Trace{Step: 2, Target: target, Normalised: []string{"trim", "strip_fence"}, Attempts: []switchgear.Attempt{{}, {Skipped: "x"}}},
		Err:   &switchgear.Error{Class: switchgear.ClassExhausted, Code: "a prompt, not a code", Detail: "the prompt", Body: []byte("the prompt")},
	})
	line := out.String()
	for _, want := range []string{"level=ERROR", "id=sg_1", "route=chat", "outcome=failed", "status=503", "client=web", "attempts=1", "served_by=openai/gpt", "step=2", "normalised=trim,strip_fence", "output_tokens=0", "class=exhausted", `code="odd code"`} {
		if !strings.Contains(line, want) {
			t.Errorf("the line lacks %s: %s", want, line)
		}
	}
	if strings.Contains(line, "prompt") || strings.Contains(line, "input_tokens") || strings.Contains(line, "cost_usd") {
		t.Errorf("the line says what it must not, or does not know: %s", line)
	}
}

// Lines wait at most 200 ms, and Close writes what is left.
func TestWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		w := NewWriter(&out)
		_, _ = w.Write([]byte("one\n"))
		written := func() string {
			w.mu.Lock()
			defer w.mu.Unlock()
			return out.String()
		}
		if written() != "" {
			t.Error("the line was written at once")
		}
		time.Sleep(flushEvery)
		synctest.Wait()
		if written() != "one\n" {
			t.Errorf("after %s: %q", flushEvery, written())
		}
		_, _ = w.Write([]byte("two\n"))
		if err := w.Close(); err != nil || out.String() != "one\ntwo\n" {
			t.Errorf("%q, %v", out.String(), err)
		}
	})
}
