package provider_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// events answers with lines of an event stream.
func events(w http.ResponseWriter, lines ...string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for _, line := range lines {
		_, _ = fmt.Fprintf(w, "data: %s\n\n", line)
		_ = http.NewResponseController(w).Flush()
	}
}

func TestStream(t *testing.T) {
	p, n := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "text/event-stream" {
			t.Errorf("accept is %q", got)
		}
		w.Header().Set("Openai-Version", "1")
		w.Header().Set("Set-Cookie", "a=b")
		events(w, "one", "two", "[DONE]")
	})
	for range 3 {
		s, err := p.Stream(t.Context(), call(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		got := texts(s)
		if err := errors.Join(s.Err(), s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		h := s.(switchgear.Headed).Header()
		if h.Get("Openai-Version") != "1" || h.Get("Set-Cookie") != "" {
			t.Errorf("header is %v", h)
		}
		if s.Next() || s.Err() != nil {
			t.Errorf("after Close: Next is true, or Err is %v", s.Err())
		}
	}
	if n.connections() != 1 {
		t.Errorf("%d connections were made for 3 streams, want 1", n.connections())
	}
}

func TestStreamTakesOverWhatWasDropped(t *testing.T) {
	p, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { events(w, "[DONE]") })
	c := call(`{}`)
	c.Request.Stop = []string{"stop[0]"}
	s, err := p.Stream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff(&switchgear.Trace{Dropped: []string{"stop[0]"}}, s.(switchgear.Traced).Trace()); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

func TestStreamsThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		contentType, body string
		class             switchgear.Class
		code              string
	}{
		"error in a 200":       {"application/json", `{"error":"busy"}`, switchgear.ClassOverloaded, "busy"},
		"error without type":   {"", "\n " + `{"error":"busy"}`, switchgear.ClassOverloaded, "busy"},
		"page":                 {"text/html", "<html>login</html>", switchgear.ClassMalformed, "nonsense"},
		"endless page":         {"text/html", "<html>" + strings.Repeat(" ", 1<<20), switchgear.ClassMalformed, "nonsense"},
		"nothing":              {"", "", switchgear.ClassMalformed, "nonsense"},
		"answer in one piece":  {"application/json", `{"text":"hi"}`, switchgear.ClassMalformed, "not_a_stream"},
		"nothing but newlines": {"text/plain", strings.Repeat("\n", 1<<20), switchgear.ClassMalformed, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			closed := false
			p := newTalk(t, "https://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) {
				resp := reply(200, test.contentType, test.body)
				resp.Body = noting{resp.Body, &closed}
				return resp, nil
			}))
			_, err := p.Stream(t.Context(), call(`{}`))
			if e := expect(t, err, test.class, test.code); len(e.Body) > 64<<10 {
				t.Errorf("%d bytes of the body were kept", len(e.Body))
			}
			if !closed {
				t.Error("the body was not closed")
			}
		})
	}
}

func TestStreamUnderAnotherName(t *testing.T) {
	for _, contentType := range []string{"", "text/plain", "application/octet-stream", "TEXT/EVENT-STREAM"} {
		p := newTalk(t, "https://upstream.test", roundTrip(func(*http.Request) (*http.Response, error) {
			return reply(200, contentType, ": hello\n\ndata: one\n\ndata: [DONE]\n\n"), nil
		}))
		s, err := p.Stream(t.Context(), call(`{}`))
		if err != nil {
			t.Fatalf("%q: %v", contentType, err)
		}
		if diff := cmp.Diff([]string{"one"}, texts(s)); diff != "" {
			t.Errorf("%q: events (-want +got):\n%s", contentType, diff)
		}
		_ = s.Close()
	}
}

func TestStreamThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		class   switchgear.Class
		code    string
	}{
		"stops": {func(w http.ResponseWriter, _ *http.Request) { events(w, "one") }, switchgear.ClassInterrupted, ""},
		"breaks": {func(w http.ResponseWriter, _ *http.Request) {
			events(w, "one")
			panic(http.ErrAbortHandler)
		}, switchgear.ClassInterrupted, "closed"},
		"says so": {func(w http.ResponseWriter, _ *http.Request) { events(w, "one", "!busy", "two") }, switchgear.ClassOverloaded, "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := serve(t, test.handler)
			s, err := p.Stream(t.Context(), call(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if diff := cmp.Diff([]string{"one"}, texts(s)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			expect(t, s.Err(), test.class, test.code)
		})
	}
}

// TestLeaving ends calls in every way there is, at every moment there is, and
// sees the upstream let go within 100 ms. Time is virtual: were anything left
// running, the bubble would not end.
func TestLeaving(t *testing.T) {
	why := &switchgear.Error{Class: switchgear.ClassTimeout, Code: "first_token", Message: "no content in time"}
	for name, leave := range map[string]struct {
		context func(context.Context) (context.Context, func())
		class   switchgear.Class
		code    string
	}{
		"canceled": {func(ctx context.Context) (context.Context, func()) {
			return context.WithCancel(ctx)
		}, switchgear.ClassCanceled, "canceled"},
		"canceled with a cause": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(ctx)
			return ctx, func() { cancel(why) }
		}, switchgear.ClassTimeout, "first_token"},
		"out of time": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			return ctx, func() { <-ctx.Done(); cancel() }
		}, switchgear.ClassTimeout, "deadline"},
	} {
		for _, moment := range []string{"no answer", "half an answer", "stream"} {
			t.Run(name+", "+moment, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					gone := make(chan time.Time, 1)
					p, _ := serve(t, hang(moment, gone))
					ctx, cancel := leave.context(context.Background())
					defer cancel()
					left := time.Now().Add(time.Second)
					go func() {
						time.Sleep(time.Second)
						cancel()
					}()
					err := attempt(ctx, t, p, moment)
					expect(t, err, leave.class, leave.code)
					if late := (<-gone).Sub(left); late > 100*time.Millisecond {
						t.Errorf("the upstream was let go %v after the caller left, want at most 100 ms", late)
					}
					if why.Provider != "" {
						t.Error("the cause itself was changed")
					}
				})
			})
		}
	}
}

// hang answers up to a moment, and then not at all until the caller is gone.
func hang(moment string, gone chan<- time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch moment {
		case "half an answer":
			w.Header().Set("Content-Length", "100")
			answer(w, `{"text":`)
			_ = http.NewResponseController(w).Flush()
		case "stream":
			events(w, "one")
		}
		<-r.Context().Done()
		gone <- time.Now()
	}
}

func attempt(ctx context.Context, t *testing.T, p switchgear.Provider, moment string) error {
	t.Helper()
	if moment != "stream" {
		_, err := p.Complete(ctx, call(`{}`))
		return err
	}
	s, err := p.Stream(ctx, call(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff([]string{"one"}, texts(s)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	return s.Err()
}

func TestCloseWhileNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan time.Time, 1)
		p, _ := serve(t, hang("stream", gone))
		s, err := p.Stream(context.Background(), call(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		left := time.Now().Add(time.Second)
		go func() {
			time.Sleep(time.Second)
			_ = s.Close()
		}()
		if diff := cmp.Diff([]string{"one"}, texts(s)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		expect(t, s.Err(), switchgear.ClassCanceled, "canceled")
		if late := (<-gone).Sub(left); late > 100*time.Millisecond {
			t.Errorf("the upstream was let go %v after Close, want at most 100 ms", late)
		}
	})
}

// TestCloseDoesNotWait: an upstream that sends the last event and then keeps
// the stream open costs its connection, not our time; the less so one that
// failed.
func TestCloseDoesNotWait(t *testing.T) {
	for last, most := range map[string]time.Duration{"[DONE]": 50 * time.Millisecond, "!busy": 0} {
		synctest.Test(t, func(t *testing.T) {
			p, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				events(w, "one", last)
				<-r.Context().Done()
			})
			s, err := p.Stream(context.Background(), call(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			texts(s)
			before := time.Now()
			if err := s.Close(); err != nil || (s.Err() == nil) != (last == "[DONE]") {
				t.Errorf("after %s: %v, %v", last, s.Err(), err)
			}
			if took := time.Since(before); took > most {
				t.Errorf("after %s Close took %v, want at most %v", last, took, most)
			}
		})
	}
}
