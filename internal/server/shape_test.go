package server

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// TestProtocolOfAPath: what is spoken goes by the endpoint where that says it.
func TestProtocolOfAPath(t *testing.T) {
	for path, anthropic := range map[string]bool{
		"/anthropic/v1/chat/completions": false, "/anthropic/v1/embeddings": false, "/openai/v1/messages": true,
		"/anthropic/v1/models": true, "/v1/messages/count_tokens": true,
	} {
		if p := locate(path); p.anthropic != anthropic || !p.found() {
			t.Errorf("%s: anthropic %t, found %t", path, p.anthropic, p.found())
		}
	}
}

// TestDroppedStaysAHeader: some clients give up at 16 KB of headers, and at
// characters that are none.
func TestDroppedStaysAHeader(t *testing.T) {
	var dropped []string
	for i := range 5000 {
		dropped = append(dropped, "messages["+strconv.Itoa(i)+"].odd\x00\r\nname")
	}
	g := &fakeGateway{complete: func(*switchgear.Request) (*switchgear.Response, error) {
		return &switchgear.Response{Trace: &switchgear.Trace{Translated: true, Dropped: dropped}}, nil
	}}
	w := httptest.NewRecorder()
	plainHandler(g).ServeHTTP(w, post("/v1/chat/completions", hello))
	got := w.Header().Get("X-Switchgear-Dropped")
	if w.Code != http.StatusOK || len(got) > 4096 || len(got) < 1000 {
		t.Fatalf("%d, %d bytes", w.Code, len(got))
	}
	for i := range len(got) {
		if got[i] < ' ' || got[i] > '~' {
			t.Fatalf("byte %#x in %q", got[i], got[:80])
		}
	}
	if want := " more"; got[len(got)-len(want):] != want {
		t.Errorf("ends with %q", got[len(got)-40:])
	}
}

// TestPanicThatCutsIsACut: a panic that asks net/http to cut the connection
// must not end in a proper end.
func TestPanicThatCutsIsACut(t *testing.T) {
	h := plainHandler(&fakeGateway{stream: func(*switchgear.Request) (switchgear.Stream, error) {
		return &fakeStream{events: []switchgear.Event{{Raw: []byte("half")}}, fail: func() { panic(http.ErrAbortHandler) }}, nil
	}})
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // a panic value
			t.Errorf("recovered %v", v)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), post("/v1/chat/completions", `{"model":"chat","stream":true}`))
}
