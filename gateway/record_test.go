package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/record"
)

const recordConfig = `
version: 1
listen: 127.0.0.1:8080
direct: on
providers: {one: {kind: openai, base_url: "http://one.test/v1", key: "${KEY_1}"}, a: {kind: anthropic, base_url: "http://a.test", key: "${KEY_2}"}}
routes:
  chat:   {chain: [one/m1]}
  across: {chain: [a/m2]}
  never:  {chain: [one/m1], record: off}
  embed:  {chain: [one/e], kind: embedding}
record: {bodies: BODIES, rate: RATE}
`

func recordText(bodies, rate string) string {
	return strings.NewReplacer("BODIES", bodies, "RATE", rate).Replace(recordConfig)
}

// wired answers every call upstream with a body, whatever was asked.
type wired string

func (s wired) RoundTrip(r *http.Request) (*http.Response, error) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	kind := "application/json"
	if bytes.Contains(asked, []byte(`"stream":true`)) {
		kind = "text/event-stream"
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {kind}}, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(string(s))),
	}, nil
}

// inPieces is an OpenAI stream of some pieces.
func inPieces(pieces ...string) string {
	var out strings.Builder
	for _, piece := range pieces {
		fmt.Fprintf(&out, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"model\":\"m1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n", jsonx.AppendQuote(nil, piece))
	}
	out.WriteString("data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
		"data: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n")
	return out.String()
}

// inCall is an OpenAI stream of a tool call whose arguments come in pieces.
func inCall(pieces ...string) string {
	var out strings.Builder
	out.WriteString(`data: {"id":"x","model":"m1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"mail","arguments":""}}]}}]}` + "\n\n")
	for _, piece := range pieces {
		fmt.Fprintf(&out, "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":%s}}]}}]}\n\n", jsonx.AppendQuote(nil, piece))
	}
	out.WriteString(`data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}` + "\n\ndata: [DONE]\n\n")
	return out.String()
}

func inOne(text string) string {
	return fmt.Sprintf(`{"id":"x","model":"m1","choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}`, jsonx.AppendQuote(nil, text))
}

// collected are the exchanges a gateway handed over.
type collected struct {
	mu  sync.Mutex
	all []*switchgear.Exchange
}

func (c *collected) Record(x *switchgear.Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, x)
}

func (c *collected) take() []*switchgear.Exchange {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}

func post(t testing.TB, gw *gateway.Gateway, path, body string) (w *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Switchgear-Label-Tenant", "web")
	w = httptest.NewRecorder()
	defer func() { _ = recover() }() // a broken stream ends by http.ErrAbortHandler
	gw.Handler().ServeHTTP(w, r)
	return w
}

func askFor(route string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"Hi"}]}`, route, stream)
}

func recording(t testing.TB, text, upstream string, r gateway.Recorder) *gateway.Gateway {
	t.Helper()
	gw, err := gateway.New(t.Context(), parse(t, text), gateway.WithTransport(wired(upstream)), gateway.WithRecorder(r))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gw.Close() })
	return gw
}

// TestRecorderIsGivenWhatWasServed holds what a recorder gets of each kind of
// request, and what it does not.
func TestRecorderIsGivenWhatWasServed(t *testing.T) {
	broken, _, _ := strings.Cut(inPieces("Hel", "lo"), `data: {"id":"x","choices":[{"index":0,"delta":{}`)
	for _, tt := range []struct {
		name, upstream, path, body string
		want                       string // the text of the answer; "-" for no exchange
	}{
		{"whole", inOne("Hello"), "/v1/chat/completions", askFor("chat", false), "Hello"},
		{"streamed", inPieces("Hel", "lo", ""), "/v1/chat/completions", askFor("chat", true), "Hello"},
		{"broken off", broken, "/v1/chat/completions", askFor("chat", true), "-"},
		{"refused", `{"error":{"message":"no","type":"invalid_request_error"}}`, "/v1/chat/completions", askFor("nothing", false), "-"},
		{"a route that is never kept", inOne("Hello"), "/v1/chat/completions", askFor("never", false), "-"},
		{"a target without a route", inOne("Hello"), "/v1/chat/completions", askFor("one/m1", false), "-"},
		{"vectors", `{"data":[{"index":0,"embedding":[0.5]}],"model":"e","usage":{"prompt_tokens":1}}`, "/v1/embeddings", `{"model":"embed","input":"Hi"}`, "-"},
		{
			"across protocols", `{"id":"x","type":"message","role":"assistant","model":"m2","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}`,
			"/v1/chat/completions", askFor("across", false), "Hello",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got collected
			gw := recording(t, recordText("sampled", "1"), tt.upstream, &got)
			w := post(t, gw, tt.path, tt.body)
			all := got.take()
			if tt.want == "-" {
				if len(all) != 0 {
					t.Errorf("%+v", all[0])
				}
				return
			}
			if len(all) != 1 {
				t.Fatalf("%d exchanges; the client got %d %s", len(all), w.Code, w.Body)
			}
			x := all[0]
			text := (&switchgear.Response{Choices: []switchgear.Choice{x.Answer}}).Text()
			if text != tt.want || x.Answer.Finish.Kind != switchgear.FinishStop || string(x.Request.Wire.Body) != tt.body {
				t.Errorf("%q %+v %s", text, x.Answer.Finish, x.Request.Wire.Body)
			}
			if x.Usage.Input != 7 || x.Usage.Output != 3 || x.Target.Model == "" || x.Request.Labels["tenant"] != "web" || x.Duration < x.FirstToken {
				t.Errorf("%+v", x)
			}
			if stream := strings.Contains(tt.body, `"stream":true`); x.Stream != stream || (x.FirstToken > 0) != stream {
				t.Errorf("stream %v, first token %v", x.Stream, x.FirstToken)
			}
		})
	}
}

func TestRecordedShare(t *testing.T) {
	var got collected
	gw := recording(t, recordText("sampled", "0.2"), inOne("Hello"), &got)
	for range 1000 {
		post(t, gw, "/v1/chat/completions", askFor("chat", false))
	}
	if n := len(got.take()); n < 120 || n > 280 { // six standard deviations
		t.Errorf("%d of 1,000 were kept at a rate of 0.2", n)
	}
}

// TestRecordingIsTurnedOff holds that no request is kept from then on, those
// under way included.
func TestRecordingIsTurnedOff(t *testing.T) {
	var got collected
	gw := recording(t, recordText("sampled", "1"), inPieces("Hel", "lo"), &got)
	body := askFor("chat", true)
	spans := make([]jsonx.Span, 1)
	if err := jsonx.Find([]byte(body), []string{"model"}, spans); err != nil {
		t.Fatal(err)
	}
	wire := &switchgear.Wire{Dialect: "openai", Body: []byte(body), Stream: true, Model: switchgear.Span(spans[0])}
	s, err := gw.Stream(t.Context(), &switchgear.Request{Route: "chat", Wire: wire})
	if err != nil {
		t.Fatal(err)
	}
	if err := gw.Reload(parse(t, recordText("off", "1"))); err != nil {
		t.Fatal(err)
	}
	for range switchgear.Events(s) {
	}
	post(t, gw, "/v1/chat/completions", body)
	if all := got.take(); len(all) != 0 {
		t.Errorf("%d were kept", len(all))
	}
	if err := gw.Reload(parse(t, recordText("sampled", "1"))); err != nil {
		t.Fatal(err)
	}
	post(t, gw, "/v1/chat/completions", body)
	if all := got.take(); len(all) != 1 {
		t.Errorf("%d were kept", len(all))
	}
}

// TestNoSecretOfAStreamReachesTheDisk cuts a streamed answer anywhere, in the
// middle of what must not be kept above all.
func TestNoSecretOfAStreamReachesTheDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	redactor, err := record.NewRedactor(record.Redaction{Secrets: []switchgear.Secret{switchgear.NewSecret(secrets["KEY_1"])}})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.SampledFrom([]string{
			"ada@mail.example", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+49 30 901820", "sk-ant-api03-0123456789abcdef", secrets["KEY_1"], "10.20.30.40",
		}).Draw(rt, "secret")
		text, stream, want := "Sure: "+secret+", as you said.", inPieces, `"text":"Sure: [`
		if rapid.Bool().Draw(rt, "call") {
			text, stream, want = `{"to": ["`+secret+`"]}`, inCall, `"calls":[{"name":"mail","arguments":{"to":["[`
		}
		var pieces []string
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "cut")
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		folder, err := record.Open(record.Settings{Folder: dir, Keep: time.Hour, MaxSize: 1 << 30})
		if err != nil {
			rt.Fatal(err)
		}
		keeper := record.New(nil)
		keeper.Use(folder, redactor)
		gw := recording(t, recordText("sampled", "1"), stream(pieces...), keeper)
		w := post(t, gw, "/v1/chat/completions", askFor("chat", true))
		if err := keeper.Close(t.Context()); err != nil {
			rt.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil || len(files) != 1 {
			rt.Fatalf("%v %v; the client got %d", files, err, w.Code)
		}
		kept, err := os.ReadFile(files[0])
		if err != nil {
			rt.Fatal(err)
		}
		if strings.Contains(string(kept), secret) || !strings.Contains(string(kept), want) {
			rt.Fatalf("%q: %s", secret, kept)
		}
		if err := os.Remove(files[0]); err != nil {
			rt.Fatal(err)
		}
	})
}
