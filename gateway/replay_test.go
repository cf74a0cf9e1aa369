package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

const replayConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
retry: {attempts: 1}
routes:
  chat: {chain: [one/the-target], single_point: ok}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

// replayer is an upstream that answers with a recording, a few bytes at a time.
type replayer struct {
	mu     sync.Mutex
	record *corpus.Record
	cut    func(body []byte) io.Reader
	sent   []byte // what the gateway sent last
	calls  int
}

func (r *replayer) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = body
	r.calls++
	kind := r.record.ResponseHeaders["content-type"]
	if kind == "" {
		kind = map[bool]string{true: "text/event-stream; charset=utf-8", false: "application/json"}[r.record.Stream]
	}
	return &http.Response{
		StatusCode: r.record.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Request: req,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(r.cut(answerOf(r.record))),
	}, nil
}

func (r *replayer) set(record *corpus.Record, cut func([]byte) io.Reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record, r.cut = record, cut
}

func answerOf(r *corpus.Record) []byte {
	if len(r.ResponseBody) > 0 && string(r.ResponseBody) != "null" {
		return r.ResponseBody
	}
	return []byte(r.ResponseText)
}

func whole(b []byte) io.Reader { return bytes.NewReader(b) }

// pieces of n bytes.
func by(n int) func([]byte) io.Reader {
	return func(b []byte) io.Reader { return &recut{rest: b, next: func() int { return n }} }
}

// at cuts once.
func at(k int) func([]byte) io.Reader {
	return func(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b[:k]), bytes.NewReader(b[k:])) }
}

type recut struct {
	rest []byte
	next func() int
}

func (r *recut) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), r.next())], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// replayHouse is a gateway over a replayer.
func replayHouse(t *testing.T, p protocol) (*house, *replayer) {
	t.Helper()
	up := &replayer{}
	return build(t, strings.ReplaceAll(replayConfig, "KIND", p.name), nil, up), up
}

// replay sends the request of a record for the route, which is named in a
// header: the body goes out as it was recorded.
func (h *house) replay(p protocol, r *corpus.Record) reply {
	h.t.Helper()
	return h.post(p.path, string(r.RequestBody), "X-Switchgear-Route", "chat")
}

// retargeted is a request body with another model: what must go upstream. It
// finds the place with encoding/json, which the product does not use there.
func retargeted(t *testing.T, body []byte) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if name == "model" {
			end := int(d.InputOffset())
			return slices.Concat(body[:end-len(value)], []byte(`"the-target"`), body[end:])
		}
	}
	t.Fatalf("no model in %.100s", body)
	return nil
}

// loaded keeps what recorded has read: parsing it takes longer than sending it.
var loaded = map[string][]*corpus.Record{}

// recorded are the exchanges in a protocol whose request can be sent again. It
// is called outside of bubbles, by one test at a time.
func recorded(t *testing.T, p protocol) []*corpus.Record {
	t.Helper()
	if known, ok := loaded[p.name]; ok {
		return known
	}
	pattern := map[string]string{"openai": "*-chat.jsonl", "anthropic": "*-messages.jsonl"}[p.name]
	var out []*corpus.Record
	for _, r := range corpus.Load(t, pattern) {
		var head struct {
			Model  *string `json:"model"`
			Stream bool    `json:"stream"`
		}
		switch {
		case r.Path == "/api/chat", r.RequestMissing: // Ollama's own protocol; nothing to send
		case json.Unmarshal(r.RequestBody, &head) != nil || head.Model == nil: // the model stood in the path
		case head.Stream != r.Stream && r.Status < 300, len(answerOf(r)) == 0:
		default:
			out = append(out, r)
		}
	}
	loaded[p.name] = out
	return out
}

// faulty reports whether an answer with a good status is an error all the same.
func faulty(r *corpus.Record) bool { return r.Has("in_stream_error") || r.Has("error_in_200") }

// cutShort are recordings their source edited: they give no finish reason to the
// end, which is what an answer cut short looks like.
var cutShort = map[string]bool{"ed765c71bbbd993a": true, "d7229492cb48dda5": true}

// TestReplay sends every recorded exchange through the whole house: the
// provider is sent the client's bytes but for the model, and the client the
// provider's.
func TestReplay(t *testing.T) {
	for _, p := range bothSides {
		records := recorded(t, p)
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, up := replayHouse(t, p)
				wholes, streams := 0, 0
				for _, r := range records {
					if r.Status >= 300 || faulty(r) || cutShort[r.ID] {
						continue
					}
					up.set(r, whole)
					got := h.replay(p, r)
					if want := retargeted(t, r.RequestBody); !bytes.Equal(up.sent, want) {
						t.Errorf("%s %s: the provider was sent other bytes than the client sent: %d of %d", r.File, r.ID, len(up.sent), len(want))
					}
					want := string(answerOf(r))
					if got.status != 200 || got.err != nil || got.body != want {
						t.Errorf("%s %s: %d (%v), %d bytes of %d: %.200s", r.File, r.ID, got.status, got.err, len(got.body), len(want), got.body[max(0, len(got.body)-200):])
					}
					if r.Stream {
						streams++
					} else {
						wholes++
					}
				}
				least := map[string][2]int{"openai": {480, 240}, "anthropic": {300, 140}}[p.name]
				if wholes < least[0] || streams < least[1] || up.calls != wholes+streams {
					t.Errorf("%d whole answers and %d streams, %d calls: the recordings have shrunk", wholes, streams, up.calls)
				}
				t.Logf("%s: %d records, %d whole answers, %d streams", p.name, len(records), wholes, streams)
			})
		})
	}
}

// TestReplayRecut: how the network cuts a stream changes nothing.
func TestReplayRecut(t *testing.T) {
	for _, p := range bothSides {
		records := recorded(t, p)
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, up := replayHouse(t, p)
				var shortest *corpus.Record
				single, sevens, cuts := 0, 0, 0
				try := func(r *corpus.Record, cut func([]byte) io.Reader, how string, n int) {
					up.set(r, cut)
					if got := h.replay(p, r); got.status != 200 || got.err != nil || got.body != r.ResponseText {
						t.Errorf("%s %s %s %d: %d (%v), %d bytes of %d", r.File, r.ID, how, n, got.status, got.err, len(got.body), len(r.ResponseText))
					}
				}
				for _, r := range records {
					if !r.Stream || r.Status >= 300 || faulty(r) || cutShort[r.ID] || len(r.ResponseText) > 4000 || strings.Count(r.ResponseText, "event: message_start") > 1 {
						continue
					}
					try(r, by(1), "by", 1)
					single++
					if single%4 == 0 {
						try(r, by(7), "by", 7)
						sevens++
					}
					if shortest == nil || len(r.ResponseText) < len(shortest.ResponseText) {
						shortest = r
					}
				}
				if shortest == nil {
					t.Fatal("no short stream")
				}
				for k := range len(shortest.ResponseText) {
					try(shortest, at(k), "at", k)
					cuts++
				}
				if single < 60 {
					t.Errorf("only %d streams were cut", single)
				}
				t.Logf("%s: %d streams byte by byte, %d by seven, one of %d bytes cut at each of %d places", p.name, single, sevens, len(shortest.ResponseText), cuts)
			})
		})
	}
}

// TestReplayCut: a recorded stream that ends at any byte before its end is
// never taken for a whole one.
func TestReplayCut(t *testing.T) {
	ends := map[string]string{"openai": `"finish_reason":"stop"`, "anthropic": "event: message_stop"}
	for _, p := range bothSides {
		records := recorded(t, p)
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, up := replayHouse(t, p)
				var r *corpus.Record
				for _, each := range records {
					if each.Stream && each.Status == 200 && !faulty(each) && strings.Count(each.ResponseText, ends[p.name]) == 1 &&
						len(each.ResponseText) > 1500 && (r == nil || len(each.ResponseText) < len(r.ResponseText)) {
						r = each
					}
				}
				if r == nil {
					t.Fatal("no stream of the right size")
				}
				broke, refused := 0, 0
				end := strings.Index(r.ResponseText, ends[p.name])
				for k := 0; k < end; k += 7 {
					up.set(r, func(b []byte) io.Reader { return bytes.NewReader(b[:k]) })
					got := h.replay(p, r)
					if got.status != 200 {
						refused++
						time.Sleep(20 * time.Second) // whatever the breaker makes of it
						continue
					}
					broke++
					if got.err == nil || !strings.Contains(got.body, "stream_interrupted") || strings.Contains(got.body, "[DONE]") || strings.Contains(got.body, "event: message_stop") {
						t.Errorf("cut at %d of %d: ended with %v: %s", k, len(r.ResponseText), got.err, got.body[max(0, len(got.body)-300):])
					}
				}
				if broke == 0 || refused == 0 {
					t.Errorf("%d broke off, %d were refused", broke, refused)
				}
				t.Logf("%s: %s, %d bytes: %d cuts ended in an error event, %d before any content in an error", p.name, r.ID, len(r.ResponseText), broke, refused)
			})
		})
	}
}

// TestReplayErrors: every recorded error ends as its class says: what is wrong
// with the request comes as the provider said it, everything else in our words,
// and a provider's 401 never as the client's.
func TestReplayErrors(t *testing.T) {
	for _, p := range bothSides {
		records := recorded(t, p)
		counts := map[string]int{}
		for _, r := range records {
			if r.Status < 300 && !faulty(r) {
				continue
			}
			t.Run(p.name+"/"+r.ID, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h, up := replayHouse(t, p) // each its own: errors open breakers
					up.set(r, whole)
					got := h.replay(p, r)
					if want := retargeted(t, r.RequestBody); !bytes.Equal(up.sent, want) {
						t.Errorf("%s: the provider was sent other bytes than the client sent", r.File)
					}
					counts[checkRecordedError(t, h, p, r, &got)]++
				})
			})
		}
		t.Logf("%s: %v", p.name, counts)
		if len(counts) == 0 {
			t.Errorf("%s: no recorded error", p.name)
		}
	}
}

func checkRecordedError(t *testing.T, h *house, p protocol, r *corpus.Record, got *reply) string {
	t.Helper()
	attempts := h.records.attempts
	if len(attempts) != 1 || attempts[0].Err == nil {
		t.Fatalf("%s %s: status %d passed as a success: %d attempts", r.File, r.ID, r.Status, len(attempts))
	}
	class := attempts[0].Err.Class.String()
	terminal := class == "invalid" || class == "context" || class == "policy"
	switch {
	case (r.Status == 401 || r.Status == 403) && class != "auth", r.Status >= 500 && terminal, r.Status == 422 && !terminal:
		t.Errorf("%s %s: a %d is %s", r.File, r.ID, r.Status, class)
	case got.status == 200 && r.Stream:
		if got.err == nil || !strings.Contains(got.body, "stream_interrupted") {
			t.Errorf("%s %s: an error in a stream ended it with %v: %s", r.File, r.ID, got.err, got.body)
		}
		return class + " in a stream"
	case terminal && r.Status >= 400 && json.Valid(answerOf(r)):
		if got.status != r.Status || got.body != string(answerOf(r)) {
			t.Errorf("%s %s: %d for the provider's %d: %s", r.File, r.ID, got.status, r.Status, got.body)
		}
	case terminal: // it came with a good status, or in no shape of the protocol's
		if got.status != 400 || (got.body != string(answerOf(r)) && readError(t, p, got.body).Message == "") {
			t.Errorf("%s %s: %d for an error of the client's: %s", r.File, r.ID, got.status, got.body)
		}
	default:
		e := readError(t, p, got.body)
		if !slices.Contains([]int{429, 503, 529}, got.status) || !strings.Contains(e.Message, "one/the-target") {
			t.Errorf("%s %s: %d for %s: %s", r.File, r.ID, got.status, class, got.body)
		}
	}
	return class
}
