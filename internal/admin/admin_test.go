package admin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

func TestPort(t *testing.T) {
	reloads := 0
	options := Options{
		Token: switchgear.NewSecret("the-token"), Loopback: true,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metrics here")) }),
		Status: func() Status {
			return Status{Generation: "abc123", Breakers: []Breaker{{Target: "p/m", State: "open"}}}
		},
		Reload: func() error {
			reloads++
			if reloads > 1 {
				return errors.New("switchgear.yaml:1:1: broken")
			}
			return nil
		},
	}
	var orders []Order
	options.Circuit = func(o Order) error {
		orders = append(orders, o)
		switch o.Target {
		case "p/m":
			return nil
		case "p/held":
			return errors.New("p/held is held already")
		default:
			return ErrUnknownTarget
		}
	}
	body := ""
	f := func(method, path, host, token, origin string, status int, contains string) {
		t.Helper()
		r := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(body))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		New(options).ServeHTTP(w, r)
		if w.Code != status || !strings.Contains(w.Body.String(), contains) {
			t.Errorf("%s %s: %d %q, want %d with %q", method, path, w.Code, w.Body, status, contains)
		}
	}
	f("GET", "/healthz", "localhost:8081", "", "", 200, "ok")
	f("GET", "/metrics", "127.0.0.1:8081", "", "", 200, "metrics here")
	f("GET", "/metrics", "127.0.0.1:8081", "", "https://evil.example", 403, "other origins")
	f("GET", "/metrics", "rebound.example", "", "", 403, "other origins")
	f("GET", "/status", "localhost", "", "", 401, "admin token")
	f("GET", "/status", "localhost", "wrong", "", 401, "admin token")
	f("GET", "/status", "[::1]:8081", "the-token", "", 200, `"target": "p/m"`)
	f("POST", "/reload", "localhost", "", "", 401, "admin token")
	f("POST", "/reload", "localhost", "the-token", "", 200, "abc123")
	f("POST", "/reload", "localhost", "the-token", "", 409, "broken")
	f("GET", "/reload", "localhost", "the-token", "", 405, "")
	f("GET", "/else", "localhost", "the-token", "", 404, "")
	body = `{"target": "p/m", "by": "ann\nlevel=error"}`
	f("POST", "/circuit/hold", "localhost", "", "", 401, "admin token")
	f("POST", "/circuit/hold", "localhost", "the-token", "", 200, "abc123")
	f("POST", "/circuit/close", "localhost", "the-token", "", 404, "hold, trial or release")
	if len(orders) != 1 || orders[0].Verb != VerbHold || orders[0].Target != "p/m" || orders[0].By != "annlevel=error" || orders[0].From == "" {
		t.Errorf("orders: %+v", orders)
	}
	body = `{"target": "p/\u001b[2Jm\nlevel=error \u202e", "by": "a\u202eb"}`
	f("POST", "/circuit/hold", "localhost", "the-token", "", 404, "p/[2Jmlevel=error ")
	if o := orders[len(orders)-1]; o.Target != "p/[2Jmlevel=error " || o.By != "ab" {
		t.Errorf("%q by %q", o.Target, o.By)
	}
	body = `{"target": "p/held"}`
	f("POST", "/circuit/hold", "localhost", "the-token", "", 409, "held already")
	body = `{"target": "p/none"}`
	f("POST", "/circuit/trial", "localhost", "the-token", "", 404, "p/none")
	for _, body = range []string{"", "{}", `{"target": "p/m", "command": "rm"}`, `{"target": 1}`} {
		f("POST", "/circuit/release", "localhost", "the-token", "", 400, "which target")
	}
	options.Loopback = false
	f("GET", "/metrics", "gateway.internal", "", "", 401, "admin token")
	f("GET", "/metrics", "gateway.internal", "the-token", "", 200, "metrics here")
	options.Token = switchgear.Secret{}
	f("GET", "/status", "localhost", "", "", 401, "admin token")
}
