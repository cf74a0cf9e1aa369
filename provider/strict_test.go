package provider_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// A strict call of which something cannot be said reaches nobody, and the error
// names what and whom. One that is not strict goes out, and says what it left
// out.
func TestStrict(t *testing.T) {
	calls := 0
	p, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		if r.Header.Get("Accept") == "text/event-stream" {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte("data: hi\n\ndata: [DONE]\n\n"))
			return
		}
		answer(w, `{"text":"hi"}`)
	})
	c := call(`{"model":"parrot"}`)
	c.Target, c.Strict = switchgear.Target{Provider: "acme", Model: "parrot"}, true
	if _, err := p.Complete(t.Context(), c); err != nil || calls != 1 {
		t.Fatalf("%v after %d calls", err, calls)
	}
	c.Request.Stop = []string{"sampling.seed", "user"} // which this dialect says it drops
	_, whole := p.Complete(t.Context(), c)
	_, streamed := p.Stream(t.Context(), c)
	for _, err := range []error{whole, streamed} {
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || calls != 1 {
			t.Fatalf("%v after %d calls", err, calls)
		}
		want := "acme/parrot cannot be told sampling.seed, user, and nothing may be left out"
		if e.Class != switchgear.ClassRefused || e.Code != switchgear.CodeLeversDropped || e.Param != "sampling.seed" || e.Message != want {
			t.Errorf("%+v", e)
		}
		if diff := cmp.Diff(&switchgear.Trace{Dropped: []string{"sampling.seed", "user"}}, e.Trace); diff != "" {
			t.Error(diff)
		}
	}
	c.Strict = false
	resp, err := p.Complete(t.Context(), c)
	if err != nil || calls != 2 || len(resp.Trace.Dropped) != 2 {
		t.Errorf("%v after %d calls: %+v", err, calls, resp)
	}
}
