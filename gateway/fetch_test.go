package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

const fetchConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
routes:
  chat: {chain: [one/m1, two/m2], fetch: stream}
  plain: {chain: [one/m1, two/m2]}
breakers: {default: {probe: off}}
`

// TestFetchStream: an answer that the client wants in one piece is fetched as a
// stream where the route says so: silence shows at the first token, a cut is
// made good, and what the client reads says the same as ever.
func TestFetchStream(t *testing.T) {
	for _, m := range allModes {
		if m.stream {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up := sim.New(sim.Options{Echo: true, Keys: []string{secrets["KEY_1"]}})
				h := build(t, strings.ReplaceAll(fetchConfig, "KIND", m.name), up, up.Transport())
				got, whole := h.ask(m), h.post(m.path, m.body("plain", "hello"))
				if got.status != 200 || !strings.HasPrefix(said(t, m, got.body), echoed) || !strings.HasPrefix(said(t, m, whole.body), echoed) || ends(t, m, got.body) != ends(t, m, whole.body) {
					t.Errorf("%d %s\nfetched whole:\n%s", got.status, got.body, whole.body)
				}
				if entries := h.sim.Log(); !entries[0].Stream || entries[1].Stream {
					t.Errorf("streamed upstream: %v and %v, want the first only", entries[0].Stream, entries[1].Stream)
				}

				h.fault("m1", "silence")
				got = h.ask(m)
				within(t, got.took, 3*time.Second, 3*time.Second)
				if got.status != 200 || got.own("Served-By") != "two/m2" {
					t.Errorf("silence: %d by %s", got.status, got.own("Served-By"))
				}
				h.fault("m1", "cut-5")
				if got = h.ask(m); got.status != 200 || got.own("Served-By") != "two/m2" {
					t.Errorf("cut: %d by %s", got.status, got.own("Served-By"))
				}
			})
		})
	}
}

// echoed is how the simulator begins what it says to "hello".
const echoed = "[simulated] This is m1, which does not exist, answering 1 message(s) of about "

// ends is why a whole answer ended.
func ends(t *testing.T, m mode, body string) string {
	_, why, _ := strings.Cut(said(t, m, body), "|")
	return why
}

// said is the text of a whole answer, and why it ended.
func said(t *testing.T, m mode, body string) string {
	t.Helper()
	var answer struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
		StopReason string `json:"stop_reason"`
		Choices    []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
			FinishReason string `json:"finish_reason"`
		} `json:"choices"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if m.name == "anthropic" {
		if len(answer.Content) == 0 {
			return "nothing"
		}
		return answer.Content[0].Text + "|" + answer.StopReason
	}
	if len(answer.Choices) == 0 {
		return "nothing"
	}
	return answer.Choices[0].Message.Content + "|" + answer.Choices[0].FinishReason
}
