package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

const directOn = "version: 1\ndirect: on\nproviders: {sim: {kind: sim}}\nroutes: {chat: {chain: [sim/a], single_point: ok}}\n"

// TestDirectNamesThatAreNoNames: what a client calls a model becomes a label, a
// header and a log field, so it must be text.
func TestDirectNamesThatAreNoNames(t *testing.T) {
	g, err := gateway.New(context.Background(), parse(t, directOn), gateway.WithObserver(telemetry.NewMetrics("test", nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, name := range []string{"sim/\xff\xfe", "sim/a\tb", "sim/" + strings.Repeat("x", 300)} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/v1/chat/completions", strings.NewReader(`{"model":"x","messages":[{"role":"user","content":"hi"}]}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Switchgear-Route", name)
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if v := recover(); v != nil {
					t.Errorf("%q: panic %v", name, v)
				}
			}()
			g.Handler().ServeHTTP(w, r)
		}()
		if w.Code != http.StatusNotFound {
			t.Errorf("%q: %d %s", name, w.Code, w.Body)
		}
	}
}

// TestDirectNamesMakeFewSeries: names that clients make up do not become as
// many time series.
func TestDirectNamesMakeFewSeries(t *testing.T) {
	m := telemetry.NewMetrics("test", nil)
	g, err := gateway.New(context.Background(), parse(t, directOn), gateway.WithObserver(m))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	h := g.Handler()
	for i := range 600 {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/v1/chat/completions",
			strings.NewReader(fmt.Sprintf(`{"model":"sim/m%d!status=400","messages":[{"role":"user","content":"hi"}]}`, i)))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if n := strings.Count(w.Body.String(), "switchgear_attempt_duration_seconds_count{"); n < 2 || n > 501 {
		t.Errorf("%d targets have series", n)
	}
	if n := strings.Count(w.Body.String(), "switchgear_requests_total{"); n < 2 || n > 2*501 {
		t.Errorf("%d series of requests", n)
	}
}
