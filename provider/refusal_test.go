package provider_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// TestRefusalThatDoesNotEnd: the status says it all; a body that never comes
// must not keep the chain from moving on.
func TestRefusalThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "over")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		start := time.Now()
		_, err := p.Complete(t.Context(), call("{}"))
		e := failure(t, err)
		if d := time.Since(start); d > 5*time.Second || e.Status != 503 || e.Class != switchgear.ClassServer {
			t.Errorf("%v %d after %v", e.Class, e.Status, d)
		}
	})
}

// TestRefusalInAStrangeEncoding: a status is one whatever its body is packed in.
func TestRefusalInAStrangeEncoding(t *testing.T) {
	p := newTalk(t, "http://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Content-Encoding": {"br"}},
			Body: io.NopCloser(strings.NewReader("\x01\x02")),
		}, nil
	}))
	_, err := p.Complete(t.Context(), call("{}"))
	if e := failure(t, err); e.Class != switchgear.ClassServer || e.Status != 503 || len(e.Body) > 0 {
		t.Errorf("%v %d %q", e.Class, e.Status, e.Body)
	}
}
