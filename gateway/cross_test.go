package gateway_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

// mixed is a route of a model that reads text only and one of the other
// protocol.
const mixed = `version: 1
providers:
  groq:      {key: "${KEY_1}"}
  anthropic: {key: "${KEY_1}"}
routes:
  chat:   {chain: [groq/openai/gpt-oss-120b, anthropic/claude-haiku-4-5]}
  text:   {chain: [groq/openai/gpt-oss-120b]}
  strict: {chain: [groq/openai/gpt-oss-120b], strict: true}
`

const (
	openaiImage    = `{"model":"ROUTE","messages":[{"role":"user","content":[{"type":"text","text":"what is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]}`
	anthropicImage = `{"model":"ROUTE","max_tokens":100,"messages":[{"role":"user","content":[{"type":"text","text":"what is this?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}`
)

// A request that a route's only model is known not to be able to serve is
// refused before anything is called, in the client's own shape.
func TestImpossibleRequest(t *testing.T) {
	for _, c := range []struct{ path, body, shape string }{
		{"/v1/chat/completions", openaiImage, `"error":{"message":`},
		{"/v1/messages", anthropicImage, `"type":"invalid_request_error"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, mixed)
			got := h.post(c.path, strings.ReplaceAll(c.body, "ROUTE", "text"))
			if got.status != 400 || h.calls("openai/gpt-oss-120b") != 0 || !strings.Contains(got.body, c.shape) ||
				!strings.Contains(got.body, "groq/openai/gpt-oss-120b does not read images (messages[0].parts[1])") {
				t.Errorf("%d after %d calls: %s", got.status, h.calls("openai/gpt-oss-120b"), got.body)
			}
			if got.own("Attempts") != "0" {
				t.Errorf("%s attempts", got.own("Attempts"))
			}
		})
	}
}

// On a route with a model that can, that one is asked at once.
func TestImpossibleAtFirstStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, mixed)
		got := h.post("/v1/messages", strings.ReplaceAll(anthropicImage, "ROUTE", "chat"))
		if got.status != 200 || h.calls("openai/gpt-oss-120b") != 0 || h.calls("claude-haiku-4-5") != 1 || got.own("Step") != "2/2" ||
			got.own("Fallback") != "groq/openai/gpt-oss-120b: does not read images (messages[0].parts[1])" {
			t.Errorf("%d, step %s, because %s: %s", got.status, got.own("Step"), got.own("Fallback"), got.body)
		}
	})
}

// A strict route refuses what its only target cannot be told, and serves the
// rest.
func TestStrictRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, mixed)
		cached := `{"model":"strict","max_tokens":100,"messages":[{"role":"user","content":[{"type":"text","text":"hello","cache_control":{"type":"ephemeral"}}]}]}`
		for _, stream := range []string{"", `"stream":true,`} {
			got := h.post("/v1/messages", strings.Replace(cached, `"max_tokens"`, stream+`"max_tokens"`, 1))
			if got.status != 400 || h.calls("openai/gpt-oss-120b") != 0 || !strings.Contains(got.body, "groq/openai/gpt-oss-120b would drop messages[0].parts[0].cache") {
				t.Errorf("%d after %d calls: %s", got.status, h.calls("openai/gpt-oss-120b"), got.body)
			}
		}
		if got := h.post("/v1/messages", strings.Replace(cached, "strict", "text", 1)); got.status != 200 || !strings.HasPrefix(got.own("Dropped"), "messages[0].parts[0].cache") {
			t.Errorf("%d, dropped %q: %s", got.status, got.own("Dropped"), got.body)
		}
		if got := h.post("/v1/chat/completions", openaiSide.body("strict")); got.status != 200 || got.own("Dropped") != "" {
			t.Errorf("%d, dropped %q: %s", got.status, got.own("Dropped"), got.body)
		}
	})
}

// body is a request of a protocol that is not streamed.
func (p protocol) body(route string) string { return mode{p, false}.body(route, "hello") }

// A route without a step that can count gives an estimate, and says so.
func TestCountEstimate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, mixed)
		body := `{"model":"ROUTE","messages":[{"role":"user","content":"How many tokens are these?!"}]}`
		got := h.post("/v1/messages/count_tokens", strings.Replace(body, "ROUTE", "text", 1))
		if got.status != 200 || got.body != `{"input_tokens":10}` || got.own("Estimated") != "1" || len(h.sim.Log()) != 0 {
			t.Errorf("%d %s %v", got.status, got.body, got.header)
		}
		got = h.post("/v1/messages/count_tokens", strings.Replace(body, "ROUTE", "chat", 1))
		if got.status != 200 || got.own("Estimated") != "" || got.own("Served-By") != "anthropic/claude-haiku-4-5" || len(h.sim.Log()) != 1 {
			t.Errorf("%d %s %v", got.status, got.body, got.header)
		}
	})
}

// A request that is much too long for every model of its route is not sent to
// any; the client is told in the words its own provider has for that.
func TestMuchTooLong(t *testing.T) {
	for m, word := range map[protocol]string{openaiSide: `"code":"context_length_exceeded"`, anthropicSide: "prompt is too long"} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, mixed)
			got := h.post(m.path, mode{m, false}.body("text", strings.Repeat("word ", 250_000)))
			if got.status != 400 || len(h.sim.Log()) != 0 || !strings.Contains(got.body, word) ||
				!strings.Contains(got.body, "groq/openai/gpt-oss-120b reads at most 131072 tokens, and messages has about 3125") {
				t.Errorf("%d after %d calls: %s", got.status, len(h.sim.Log()), got.body)
			}
		})
	}
}
