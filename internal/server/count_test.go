package server

import (
	"net/http/httptest"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// A count passes as it came; an estimate is written in the client's protocol,
// and marked.
func TestCount(t *testing.T) {
	trace := &switchgear.Trace{}
	for want, count := range map[string]*switchgear.TokenCount{
		"theirs":              {Input: 7, Wire: &switchgear.Wire{Dialect: "anthropic", Body: []byte("theirs")}, Trace: trace},
		"anthropic counts 42": {Input: 42, Estimated: true, Trace: trace},
	} {
		h, _ := newTest(&fakeGateway{count: count})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post("/v1/messages/count_tokens", hello))
		mark := ""
		if count.Estimated {
			mark = "1"
		}
		if w.Code != 200 || w.Body.String() != want || w.Header().Get("X-Switchgear-Estimated") != mark {
			t.Errorf("%d %s %v, want %s", w.Code, w.Body, w.Header(), want)
		}
	}
}
