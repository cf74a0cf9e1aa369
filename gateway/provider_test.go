package gateway_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
)

// parrot is a provider of a program's own: it speaks no dialect, and repeats
// the last thing it was told.
type parrot struct{ calls int }

func (p *parrot) Complete(_ context.Context, call *switchgear.Call) (*switchgear.Response, error) {
	return p.answer(call), nil
}

func (p *parrot) Stream(_ context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	r := p.answer(call)
	return &told{events: []switchgear.Event{
		{Kind: switchgear.EventStart, ID: r.ID, Model: r.Model},
		{Kind: switchgear.EventPart, Part: &switchgear.Part{}},
		{Kind: switchgear.EventText, Text: r.Choices[0].Parts[0].Text},
		{Kind: switchgear.EventPartEnd},
		{Kind: switchgear.EventFinish, Finish: r.Choices[0].Finish},
		{Kind: switchgear.EventUsage, Usage: r.Usage},
	}}, nil
}

func (p *parrot) answer(call *switchgear.Call) *switchgear.Response {
	p.calls++
	last := call.Request.Messages[len(call.Request.Messages)-1]
	r := &switchgear.Response{
		ID: "p1", Model: call.Target.Model,
		Choices: []switchgear.Choice{{
			Parts:  []switchgear.Part{{Text: "you said: " + last.Parts[0].Text}},
			Finish: switchgear.Finish{Kind: switchgear.FinishStop},
		}},
	}
	r.Usage.Set(switchgear.UsageInput, 3)
	r.Usage.Set(switchgear.UsageOutput, 4)
	return r
}

// told is a stream that is known beforehand.
type told struct {
	events []switchgear.Event
	at     int
}

func (s *told) Next() bool              { s.at++; return s.at <= len(s.events) }
func (s *told) Event() switchgear.Event { return s.events[s.at-1] }
func (s *told) Err() error              { return nil }
func (s *told) Close() error            { return nil }

const parrotConfig = `version: 1
providers:
  mine: {kind: parrot}
routes:
  chat: {chain: [mine/green], single_point: ok}
`

// A provider of the program's own serves the library, and clients of both
// protocols, streamed and not.
func TestOwnProvider(t *testing.T) {
	own := &parrot{}
	gw, err := gateway.New(t.Context(), parse(t, parrotConfig), gateway.WithProvider("mine", own))
	if err != nil {
		t.Fatal(err)
	}
	defer gw.Close()
	resp, err := gw.Complete(t.Context(), switchgear.Ask("chat", "hello"))
	if err != nil || resp.Text() != "you said: hello" || resp.Trace.Target.String() != "mine/green" {
		t.Fatalf("%+v, %v", resp, err)
	}
	for _, m := range allModes {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+m.path, strings.NewReader(m.body("chat", "hello")))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		gw.Handler().ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", m, w.Code, body)
		}
		if text, finish := readAnswer(t, m, string(body)); text != "you said: hello" || (finish != "stop" && finish != "end_turn") {
			t.Errorf("%s: %q, %q: %s", m, text, finish, body)
		}
	}
	if own.calls != 5 {
		t.Errorf("%d calls, want 5", own.calls)
	}
}
