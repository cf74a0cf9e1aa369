package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
)

// crossed is a route whose first step speaks the other protocol than the
// client.
const crossed = `version: 1
providers:
  o: {kind: openai, base_url: "http://o.test/v1", key: "${KEY_1}"}
  a: {kind: anthropic, base_url: "http://a.test/v1", key: "${KEY_2}"}
routes:
  openai-first:    {chain: [o/m-open, a/m-anth], single_point: ok}
  anthropic-first: {chain: [a/m-anth, o/m-open], single_point: ok}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

// far is the route whose first step a client cannot talk to itself.
func far(m mode) (route, model string) {
	if m.name == "openai" {
		return "anthropic-first", "m-anth"
	}
	return "openai-first", "m-open"
}

// readAnswer reads an answer's text in the client's own protocol, streamed or not.
func readAnswer(t *testing.T, m mode, body string) (text, finish string) {
	t.Helper()
	if m.stream {
		return streamed(t, m, body)
	}
	var answer struct {
		Object  string `json:"object"`
		Type    string `json:"type"`
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
			FinishReason string `json:"finish_reason"`
		} `json:"choices"`
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
		StopReason string `json:"stop_reason"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
	if m.name == "openai" {
		if answer.Object != "chat.completion" || len(answer.Choices) != 1 {
			t.Fatalf("no chat completion: %.300s", body)
		}
		return answer.Choices[0].Message.Content, answer.Choices[0].FinishReason
	}
	if answer.Type != "message" || len(answer.Content) == 0 {
		t.Fatalf("no message: %.300s", body)
	}
	return answer.Content[0].Text, answer.StopReason
}

func streamed(t *testing.T, m mode, body string) (text, finish string) {
	t.Helper()
	end := map[string]string{"openai": "data: [DONE]", "anthropic": "event: message_stop\ndata: {"}[m.name]
	if tail := body[max(0, len(body)-80):]; !strings.Contains(tail, end) || !strings.HasSuffix(tail, "\n\n") {
		t.Errorf("the stream has no proper end: ...%s", body[max(0, len(body)-200):])
	}
	for line := range strings.SplitSeq(body, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var e struct {
			Choices []struct {
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
				FinishReason string `json:"finish_reason"`
			} `json:"choices"`
			Delta struct {
				Text       string `json:"text"`
				StopReason string `json:"stop_reason"`
			} `json:"delta"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		text += e.Delta.Text
		if e.Delta.StopReason != "" {
			finish = e.Delta.StopReason
		}
		for _, c := range e.Choices {
			text += c.Delta.Content
			if c.FinishReason != "" {
				finish = c.FinishReason
			}
		}
	}
	return text, finish
}

// An answer from a target of the other protocol reaches the client in its own,
// with its proper end.
func TestCrossing(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, crossed)
				route, model := far(m)
				got := h.post(m.path, m.body(route, "hello"))
				if got.status != 200 || got.err != nil {
					t.Fatalf("%d %v: %.300s", got.status, got.err, got.body)
				}
				if h.calls(model) != 1 || !strings.HasSuffix(got.own("Served-By"), model) || got.own("Step") != "1/2" {
					t.Errorf("%d calls of %s, served by %q", h.calls(model), model, got.own("Served-By"))
				}
				text, finish := readAnswer(t, m, got.body)
				if !strings.HasPrefix(text, "[simulated]") || !strings.HasSuffix(text, ".") {
					t.Errorf("text %q", text)
				}
				if want := map[string]string{"openai": "stop", "anthropic": "end_turn"}[m.name]; finish != want {
					t.Errorf("finish %q, want %q", finish, want)
				}
				if last := h.records.last(); last.Usage.Input == 0 || last.Usage.Output == 0 || !last.Trace.Translated {
					t.Errorf("record %+v", last)
				}
			})
		})
	}
}

// When the near step is down, the far one steps in, and the other way round;
// nothing of a failed answer leaks.
func TestCrossingOnFailure(t *testing.T) {
	for _, m := range allModes {
		for _, spec := range []string{"503", "error-0", "cut-0", "200-html", "silence"} {
			t.Run(m.String()+"/"+spec, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := open(t, crossed)
					route, model := far(m)
					other := map[string]string{"m-anth": "m-open", "m-open": "m-anth"}[model]
					near := map[string]string{"anthropic-first": "openai-first", "openai-first": "anthropic-first"}[route]
					for _, c := range []struct{ route, sick, serves string }{{route, model, other}, {near, other, model}} {
						h.sim.Reset()
						if !m.stream && (spec == "error-0" || spec == "cut-0") {
							continue // faults of streams
						}
						h.fault(c.sick, spec)
						got := h.post(m.path, m.body(c.route, "hello "+c.sick))
						if got.status != 200 || !strings.HasSuffix(got.own("Served-By"), c.serves) {
							t.Fatalf("%s sick: %d by %q: %.300s", c.sick, got.status, got.own("Served-By"), got.body)
						}
						if text, _ := readAnswer(t, m, got.body); !strings.HasPrefix(text, "[simulated] This is "+c.serves) {
							t.Errorf("text %q", text)
						}
						h.fault(c.sick, "")
					}
				})
			})
		}
	}
}

// A far answer that breaks off ends in the client's own error event.
func TestCrossingBreaksOff(t *testing.T) {
	for _, m := range allModes {
		if !m.stream {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, crossed)
				route, model := far(m)
				h.fault(model, "cut-4")
				got := h.post(m.path, m.body(route, "hello"))
				if got.err == nil {
					t.Error("the connection ended as if the answer were whole")
				}
				for _, end := range []string{"[DONE]", "message_stop", `"finish_reason":"stop"`, "end_turn"} {
					if strings.Contains(got.body, end) {
						t.Errorf("a broken answer has %s: %s", end, got.body)
					}
				}
				if !strings.Contains(got.body, "stream_interrupted") || !strings.Contains(got.body, "[simulated]") {
					t.Errorf("body %s", got.body)
				}
			})
		})
	}
}

// What cannot be read is the caller's fault, in its own words and without a
// call.
func TestCrossingBadRequest(t *testing.T) {
	for _, m := range allModes {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, `version: 1
providers:
  o: {kind: openai, base_url: "http://o.test/v1", key: "${KEY_1}"}
  a: {kind: anthropic, base_url: "http://a.test/v1", key: "${KEY_2}"}
routes:
  openai-first:    {chain: [o/m-open], single_point: ok}
  anthropic-first: {chain: [a/m-anth], single_point: ok}
`)
			route, _ := far(m)
			text := strings.Replace(m.body(route, "hello"), `"content":"hello"`, `"content":{"a":1}`, 1)
			got := h.post(m.path, text)
			if got.status != 400 || !strings.Contains(got.body, "messages[0]") || len(h.sim.Log()) != 0 {
				t.Errorf("%s: %d after %d calls: %s", m, got.status, len(h.sim.Log()), got.body)
			}
		})
	}
}
