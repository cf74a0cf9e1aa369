package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
)

func TestRequestTimeout(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got := "ignored"
		if d, ok := requestTimeout(text); ok {
			got = d.String()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	f("30", "30s")
	f("2.5", "2.5s")
	f("1500ms", "1.5s")
	f("-1", "ignored")
	f("0", "ignored")
	f("NaN", "ignored")
	f("1e99", "ignored")
	f("soon", "ignored")
	f("", "ignored")
}

func TestRequestIDsSortByTimeAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		seen[newRequestID(testTime)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different ids out of 1000", len(seen))
	}
	if a, b := newRequestID(testTime), newRequestID(testTime.Add(1e6)); a[:13] >= b[:13] {
		t.Errorf("%s does not come before %s", a, b)
	}
}

var testTime = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// An answer from a target of another protocol is written in the client's.
func TestTranslatedAnswer(t *testing.T) {
	text := []switchgear.Choice{{Parts: []switchgear.Part{{Text: "hello"}}}}
	g := &fakeGateway{complete: func(*switchgear.Request) (*switchgear.Response, error) {
		return &switchgear.Response{
			Choices: text, Wire: &switchgear.Wire{Dialect: "anthropic", Body: []byte("theirs")},
			Trace: &switchgear.Trace{Translated: true, Dropped: []string{"thinking"}},
		}, nil
	}}
	h, _ := newTest(g)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("/v1/chat/completions", hello))
	if w.Code != 200 || w.Body.String() != "openai says hello" || w.Header().Get("X-Switchgear-Dropped") != "thinking, answer.citations" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}

// So is a stream; one that breaks gets no proper end.
func TestTranslatedStream(t *testing.T) {
	for _, broken := range []bool{false, true} {
		var usage switchgear.Usage
		usage.Set(switchgear.UsageOutput, 7)
		stream := &fakeStream{
			events: []switchgear.Event{{Kind: switchgear.EventText, Text: "a", Raw: []byte("theirs")}, {Kind: switchgear.EventPing}, {Kind: switchgear.EventText, Text: "b"}, {Kind: switchgear.EventUsage, Usage: usage}},
			trace:  switchgear.Trace{Translated: true},
		}
		want := "AB END 7"
		if broken {
			stream.err = &switchgear.Error{Class: switchgear.ClassInterrupted, Code: "stream_interrupted"}
			want = "ABevent: error\ndata: stream_interrupted\n\n"
		}
		g := &fakeGateway{stream: func(*switchgear.Request) (switchgear.Stream, error) { return stream, nil }}
		h, _ := newTest(g)
		srv := httptest.NewServer(h)
		resp, err := srv.Client().Post(srv.URL+"/v1/chat/completions", "application/json", strings.NewReader(`{"model":"chat","stream":true}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if string(body) != want || (err != nil) != broken {
			t.Errorf("broken %v: %q, %v", broken, body, err)
		}
		srv.Close()
	}
}

// An answer whose text was changed is sent as its bytes have it, or else as its
// values do, with the headers of the old one; a stream as its values. The client
// is told in any case.
func TestNormalisedAnswer(t *testing.T) {
	for _, c := range []struct{ body, want string }{{"changed", "changed"}, {"", "openai says hello"}} {
		g := &fakeGateway{complete: func(*switchgear.Request) (*switchgear.Response, error) {
			return &switchgear.Response{
				Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: "hello"}}}},
				Wire:    &switchgear.Wire{Dialect: "openai", Body: []byte(c.body), Header: http.Header{"Openai-Version": {"1"}}},
				Trace:   &switchgear.Trace{Normalised: []string{"trim", "strip_fence"}},
			}, nil
		}}
		g.settings.Full = true
		h, _ := newTest(g)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post("/v1/chat/completions", hello))
		if w.Code != 200 || w.Body.String() != c.want || w.Header().Get("X-Switchgear-Normalised") != "trim, strip_fence" || w.Header().Get("Openai-Version") != "1" {
			t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
		}
	}
	g := &fakeGateway{stream: func(*switchgear.Request) (switchgear.Stream, error) {
		return &fakeStream{events: []switchgear.Event{{Kind: switchgear.EventText, Text: "a"}}, trace: switchgear.Trace{Normalised: []string{"trim"}}}, nil
	}}
	h, _ := newTest(g)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("/v1/chat/completions", `{"model":"chat","stream":true}`))
	if w.Body.String() != "A END 0" || w.Header().Get("X-Switchgear-Normalised") != "trim" {
		t.Errorf("%s %v", w.Body, w.Header())
	}
}
