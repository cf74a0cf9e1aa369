package sim

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const twoTools = `,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]}}}}},{"type":"function","function":{"name":"clock","parameters":{"type":"object","properties":{"zone":{"type":"string"}}}}}]`

const twoAnthropicTools = `,"tools":[{"name":"weather","input_schema":{"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]}}}},{"name":"clock","input_schema":{"type":"object","properties":{"zone":{"type":"string"}}}}]`

type chatSeen struct {
	Model   string
	Choices []struct {
		Message struct {
			Content *string
			Calls   []struct {
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		Finish string `json:"finish_reason"`
	}
	Usage struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
		Details    struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
		PromptDetails struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	}
}

type messageSeen struct {
	Content []struct {
		Type, Text, Thinking, Signature, Name string
		Input                                 json.RawMessage
	}
	StopReason string  `json:"stop_reason"`
	Sequence   *string `json:"stop_sequence"`
	Usage      struct {
		Input   int `json:"input_tokens"`
		Output  int `json:"output_tokens"`
		Read    int `json:"cache_read_input_tokens"`
		Written int `json:"cache_creation_input_tokens"`
		Created struct {
			Hour int `json:"ephemeral_1h_input_tokens"`
		} `json:"cache_creation"`
	}
}

func TestChat(t *testing.T) {
	s := New(Options{})
	f := func(model, extra string) chatSeen {
		t.Helper()
		r := s.ask(t, openai, request(model, false, extra))
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return decoded[chatSeen](t, r.body)
	}
	plain := f("gpt-4o", "")
	if m := plain.Choices[0]; !strings.HasPrefix(*m.Message.Content, "[simulated] ") || m.Finish != "stop" || strings.Contains(*m.Message.Content, "trunk?") {
		t.Errorf("plain: %+v", m)
	}
	if u := plain.Usage; u.Prompt == 0 || u.Total != u.Prompt+u.Completion || u.Details.Reasoning != 0 {
		t.Errorf("usage: %+v", u)
	}
	if u := f("gpt-5", "").Usage; u.Details.Reasoning < 64 || u.Completion <= u.Details.Reasoning {
		t.Errorf("reasoning: %+v", u)
	}
	if u := f("gpt-4o", `,"reasoning_effort":"high"`).Usage; u.Details.Reasoning == 0 {
		t.Errorf("reasoning on demand: %+v", u)
	}
	if cut := f("gpt-4o", `,"max_tokens":10`); cut.Choices[0].Finish != "length" || cut.Usage.Completion > 10 {
		t.Errorf("max_tokens: %+v", cut)
	}
	if stopped := f("gpt-4o", `,"stop":["does not"]`); stopped.Choices[0].Finish != "stop" || strings.Contains(*stopped.Choices[0].Message.Content, "does not") {
		t.Errorf("stop: %+v", stopped)
	}
	if many := f("gpt-4o", `,"n":3`); len(many.Choices) != 3 || *many.Choices[0].Message.Content == *many.Choices[1].Message.Content {
		t.Errorf("n: %+v", many)
	}
	if echoed := decoded[chatSeen](t, New(Options{Echo: true}).ask(t, openai, request("gpt-4o", false, "")).body); !strings.Contains(*echoed.Choices[0].Message.Content, "Where is the north trunk?") {
		t.Errorf("echo: %+v", echoed)
	}
}

func TestChatTools(t *testing.T) {
	s := New(Options{})
	f := func(extra, finish string, names ...string) {
		t.Helper()
		c := decoded[chatSeen](t, s.ask(t, openai, request("gpt-4o", false, extra)).body).Choices[0]
		var got []string
		for _, call := range c.Message.Calls {
			got = append(got, call.Function.Name)
			decoded[map[string]string](t, call.Function.Arguments)
		}
		if !cmp.Equal(got, names) || c.Finish != finish || (len(got) > 0) != (c.Message.Content == nil) {
			t.Errorf("%s: called %v, finish %s, want %v, %s", extra, got, c.Finish, names, finish)
		}
	}
	f(twoTools, "tool_calls", "weather", "clock")
	f(twoTools+`,"parallel_tool_calls":false`, "tool_calls", "weather")
	f(twoTools+`,"tool_choice":"required"`, "tool_calls", "weather", "clock")
	f(twoTools+`,"tool_choice":{"type":"function","function":{"name":"clock"}}`, "stop", "clock") // as OpenAI does
	f(twoTools+`,"tool_choice":"none"`, "stop")
	after := strings.Replace(request("gpt-4o", false, twoTools), `"}]`, `"},{"role":"tool","tool_call_id":"call_1","content":"12 degrees"}]`, 1)
	if c := decoded[chatSeen](t, s.ask(t, openai, after).body).Choices[0]; len(c.Message.Calls) != 0 || c.Finish != "stop" {
		t.Errorf("after the tool: %+v", c)
	}
}

func TestChatStream(t *testing.T) {
	s := New(Options{})
	r := s.ask(t, openai, request("gpt-4o", true, `,"stream_options":{"include_usage":true},"n":2`))
	events := r.events()
	if got := r.header.Get("Content-Type"); got != "text/event-stream; charset=utf-8" || events[len(events)-1] != "[DONE]" {
		t.Fatalf("%s, ends with %s", got, events[len(events)-1])
	}
	finishes, last := 0, decoded[chatSeen](t, events[len(events)-2])
	for _, event := range events[:len(events)-1] {
		finishes += strings.Count(event, `"finish_reason":"stop"`)
		decoded[map[string]any](t, event)
	}
	if finishes != 2 || len(last.Choices) != 0 || last.Usage.Total == 0 {
		t.Errorf("%d finishes, last chunk %+v", finishes, last)
	}
	if r := s.ask(t, openai, request("gpt-4o", true, "")); strings.Contains(r.body, "usage") {
		t.Error("usage was not asked for")
	}
	whole := s.ask(t, openai, request("gpt-4o", false, ""))
	if streamed := s.ask(t, openai, request("gpt-4o", true, "")); len(streamed.text()) == 0 || whole.text()[:60] != streamed.text()[:60] {
		t.Errorf("streamed %q, whole %q", streamed.text(), whole.text())
	}
}

func TestMessages(t *testing.T) {
	s := New(Options{})
	f := func(model, extra string) messageSeen {
		t.Helper()
		r := s.ask(t, anthropic, request(model, false, extra))
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return decoded[messageSeen](t, r.body)
	}
	if m := f("claude-sonnet-5", ""); m.Content[0].Type != "text" || m.StopReason != "end_turn" || m.Usage.Output == 0 || m.Usage.Input == 0 {
		t.Errorf("plain: %+v", m)
	}
	if m := f("claude-sonnet-4-6", `,"thinking":{"type":"enabled","budget_tokens":1024}`); m.Content[0].Type != "thinking" || m.Content[0].Signature == "" || m.Content[0].Thinking == "" || m.Content[1].Type != "text" {
		t.Errorf("thinking: %+v", m)
	}
	if m := f("claude-opus-4-8", `,"thinking":{"type":"adaptive"}`); m.Content[0].Signature == "" || m.Content[0].Thinking != "" {
		t.Errorf("adaptive thinking shows: %+v", m.Content[0])
	}
	if m := f("claude-opus-4-8", `,"thinking":{"type":"adaptive","display":"summarized"}`); m.Content[0].Thinking == "" {
		t.Errorf("adaptive thinking does not show: %+v", m.Content[0])
	}
	if m := f("claude-sonnet-5", twoAnthropicTools); m.StopReason != "tool_use" || len(m.Content) != 3 || m.Content[1].Name != "weather" || !strings.Contains(string(m.Content[1].Input), `"unit":"C"`) {
		t.Errorf("tools: %+v", m)
	}
	if m := f("claude-sonnet-5", twoAnthropicTools+`,"tool_choice":{"type":"tool","name":"clock"}`); len(m.Content) != 1 || m.Content[0].Name != "clock" {
		t.Errorf("one tool: %+v", m)
	}
	if m := f("claude-sonnet-5", twoAnthropicTools+`,"tool_choice":{"type":"any","disable_parallel_tool_use":true}`); len(m.Content) != 1 {
		t.Errorf("not in parallel: %+v", m)
	}
	if m := f("claude-sonnet-5", `,"stop_sequences":["does not"]`); m.StopReason != "stop_sequence" || *m.Sequence != "does not" {
		t.Errorf("stop: %+v", m)
	}
	if m := f("claude-sonnet-5", `,"max_tokens":9`); m.StopReason != "max_tokens" || m.Usage.Output > 9 {
		t.Errorf("max_tokens: %+v", m)
	}
	cached := `,"system":[{"type":"text","text":"` + strings.Repeat("lore ", 400) + `","cache_control":{"type":"ephemeral","ttl":"1h"}}]`
	first, second := f("claude-sonnet-5", cached).Usage, f("claude-sonnet-5", cached).Usage
	if first.Written < 400 || first.Created.Hour != first.Written || first.Read != 0 || second.Read != first.Written || second.Written != 0 || second.Input != first.Input {
		t.Errorf("cache: %+v then %+v", first, second)
	}
}

func TestMessageStream(t *testing.T) {
	s := New(Options{})
	r := s.ask(t, anthropic, request("claude-sonnet-4-6", true, `,"thinking":{"type":"enabled"}`+twoAnthropicTools))
	var kinds []string
	for _, event := range r.events() {
		v := decoded[struct {
			Type  string
			Delta struct{ Type string }
			Block struct{ Type string } `json:"content_block"`
		}](t, event)
		kind := strings.TrimPrefix(v.Type+" "+v.Delta.Type+v.Block.Type, "content_block_")
		if len(kinds) == 0 || kinds[len(kinds)-1] != strings.TrimSpace(kind) {
			kinds = append(kinds, strings.TrimSpace(kind))
		}
	}
	want := []string{
		"message_start", "start thinking", "ping", "delta thinking_delta", "delta signature_delta", "stop", "start text", "delta text_delta", "stop",
		"start tool_use", "delta input_json_delta", "stop", "start tool_use", "delta input_json_delta", "stop", "message_delta", "message_stop",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestStructuredOutput(t *testing.T) {
	const schema = `{"type":"object","properties":{"zeta":{"type":"string","maxLength":9},"count":{"type":"integer","minimum":4},"kind":{"enum":["b","a"]},"list":{"type":"array","minItems":2,"items":{"$ref":"#/$defs/p"}},"maybe":{"anyOf":[{"type":"null"},{"type":"string"}]},"ok":{"type":["boolean","null"]}},"$defs":{"p":{"type":"object","properties":{"x":{"type":"number","maximum":0.5}}}}}`
	const want = `{"zeta":"[simulate","count":4,"kind":"b","list":[{"x":0.5},{"x":0.5}],"maybe":null,"ok":true}`
	s := New(Options{})
	for dialect, extra := range map[string]string{
		openai:    `,"response_format":{"type":"json_schema","json_schema":{"name":"z","schema":` + schema + `}}`,
		anthropic: `,"output_config":{"format":{"type":"json_schema","schema":` + schema + `}}`,
	} {
		for _, stream := range []bool{true, false} {
			if got := s.ask(t, dialect, request("sim-small", stream, extra)).text(); got != want {
				t.Errorf("%s, stream %v: %s", dialect, stream, got)
			}
		}
	}
	if got := instanceOf(json.RawMessage(`{"$ref":"#"}`)); got != "null" {
		t.Errorf("a schema that is itself: %s", got)
	}
}

func TestPromptCacheOfOpenAI(t *testing.T) {
	s := New(Options{})
	body := strings.Replace(request("gpt-4o", false, ""), "Where", strings.Repeat("lore ", 1200)+"Where", 1)
	first, second := decoded[chatSeen](t, s.ask(t, openai, body).body).Usage, decoded[chatSeen](t, s.ask(t, openai, body).body).Usage
	if c := second.PromptDetails.Cached; first.PromptDetails.Cached != 0 || c < 1024 || c%128 != 0 || c > second.Prompt {
		t.Errorf("%+v then %+v", first, second)
	}
}

func get(t *testing.T, s *Server, path string, headers ...string) reply {
	t.Helper()
	return do(t, s, http.MethodGet, path, "", headers...)
}

func do(t *testing.T, s *Server, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://sim"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, body: string(text), broken: err}
}

func TestModelsAndCounting(t *testing.T) {
	s := New(Options{Models: []string{"one", "two"}})
	list := decoded[struct {
		Object string
		Data   []struct{ ID, Object string }
	}](t, get(t, s, "/v1/models").body)
	if list.Object != "list" || len(list.Data) != 2 || list.Data[1].ID != "two" || list.Data[0].Object != "model" {
		t.Errorf("%+v", list)
	}
	page := decoded[struct {
		Data  []struct{ ID, Type string }
		First string `json:"first_id"`
		Last  string `json:"last_id"`
	}](t, get(t, s, "/v1/models", "anthropic-version", "2023-06-01").body)
	if len(page.Data) != 2 || page.Data[0].Type != "model" || page.First != "one" || page.Last != "two" {
		t.Errorf("%+v", page)
	}
	if r := get(t, s, "/v1/models/two"); r.status != 200 || !strings.Contains(r.body, `"two"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := get(t, s, "/v1/models/three"); r.status != 404 || !strings.Contains(r.body, "model_not_found") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := get(t, s, "/v1/models", faultHeader, "503"); r.status != 503 {
		t.Errorf("%d %s", r.status, r.body)
	}
	r := do(t, s, http.MethodPost, "/v1/messages/count_tokens?beta=true", `{"model":"one","messages":[{"role":"user","content":"1234567890123456"}]}`, "anthropic-version", "2023-06-01")
	if r.status != 200 || r.body != `{"input_tokens":17}` {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestEmbeddings(t *testing.T) {
	type list struct {
		Data []struct {
			Index     int
			Embedding json.RawMessage
		}
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		}
	}
	s := New(Options{})
	ask := func(body string) list {
		t.Helper()
		r := do(t, s, http.MethodPost, "/v1/embeddings", body)
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return decoded[list](t, r.body)
	}
	vec := func(raw json.RawMessage) []float64 { return decoded[[]float64](t, string(raw)) }
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	got := ask(`{"model":"text-embedding-3-small","input":["the red relay","the red relays click","profit and loss"]}`)
	a, b, c := vec(got.Data[0].Embedding), vec(got.Data[1].Embedding), vec(got.Data[2].Embedding)
	if n := dot(a, a); len(a) != 1536 || n < 0.999 || n > 1.001 || dot(a, b) < dot(a, c)+0.2 || got.Data[2].Index != 2 || got.Usage.Prompt == 0 {
		t.Errorf("%d dimensions, length %f, near %f, far %f", len(a), n, dot(a, b), dot(a, c))
	}
	small := ask(`{"model":"text-embedding-3-large","input":[[1,2,3],[4]],"dimensions":8,"encoding_format":"base64"}`)
	raw, err := base64.StdEncoding.DecodeString(decoded[string](t, string(small.Data[1].Embedding)))
	if err != nil || len(raw) != 32 || small.Usage.Prompt != 4 {
		t.Errorf("base64: %d bytes, %v, %+v", len(raw), err, small.Usage)
	}
	if r := do(t, s, http.MethodPost, "/v1/embeddings", `{"model":"x","input":[]}`); r.status != 400 || !strings.Contains(r.body, "'$.input' is invalid") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestWhatRealProvidersRefuse(t *testing.T) {
	s := New(Options{Keys: []string{"first", "second"}})
	f := func(dialect, body string, status int, want string, headers ...string) {
		t.Helper()
		if r := s.ask(t, dialect, body, headers...); r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%d %s, want %d %s", r.status, r.body, status, want)
		}
	}
	key := []string{"Authorization", "Bearer second"}
	f(openai, request("gpt-4o", false, ""), 401, "invalid_api_key")
	f(anthropic, request("claude", false, ""), 401, "authentication_error", "X-Api-Key", "third")
	f(openai, request("gpt-4o", false, ""), 200, "[simulated]", key...)
	f(anthropic, request("claude", false, ""), 200, "[simulated]", "X-Api-Key", "first")
	f(openai, `{"model":`, 400, "could not parse the JSON body", key...)
	f(anthropic, `[]`, 400, "not valid JSON", key...)
	f(openai, `{"messages":[{"role":"user","content":"x"}]}`, 400, "you must provide a model parameter", key...)
	f(openai, `{"model":"x"}`, 400, "Missing required parameter: 'messages'", key...)
	f(anthropic, `{"model":"x","messages":[{"role":"user","content":"x"}]}`, 400, "max_tokens: Field required", key...)
	f(anthropic, request("x", false, ""), 400, "anthropic-version: header is required", append(key, "Anthropic-Version", "")...)
	if r := do(t, s, http.MethodPost, "/v1/v1/nothing", "{}", key...); r.status != 404 || !strings.Contains(r.body, "Invalid URL") {
		t.Errorf("%d %s", r.status, r.body)
	}
	var keys []string
	for _, e := range s.Log()[:4] {
		keys = append(keys, e.Key)
	}
	if diff := cmp.Diff([]string{"", keyNamed(s, "third"), "#2", "#1"}, keys); diff != "" {
		t.Error(diff)
	}
	if text := string(quote(s.Log())); strings.Contains(text, "third") || strings.Contains(text, "second") {
		t.Error("the log holds a key")
	}
}

func keyNamed(s *Server, key string) string { return s.keyName(key) }

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Latency: Profile{FirstToken: time.Second, TokensPerSecond: 10}})
		for _, dialect := range bothDialects {
			r := s.ask(t, dialect, request("sim-small", true, ""))
			log := s.Log()
			want := time.Second + time.Duration(log[len(log)-1].Tokens-1)*100*time.Millisecond
			if r.took != want {
				t.Errorf("%s took %v, want %v", dialect, r.took, want)
			}
			if r := s.ask(t, dialect, request("sim-small", false, "")); r.took < 3*time.Second {
				t.Errorf("a whole answer took %v", r.took)
			}
		}
		var sum time.Duration
		believable := New(Options{Latency: Profile{FirstToken: time.Second, Spread: 0.35}})
		for range 100 {
			sum += believable.ask(t, openai, request("sim-small", true, "")).took
		}
		if mean := sum / 100; mean < 900*time.Millisecond || mean > 1250*time.Millisecond { // exp(0.35²/2) s = 1.06 s expected
			t.Errorf("the mean first token is %v", mean)
		}
	})
}

func TestSameRequestSameBytes(t *testing.T) {
	for _, dialect := range bothDialects {
		for _, stream := range []bool{true, false} {
			body := request("gpt-5", stream, twoTools)
			a, b := New(Options{Seed: 1}), New(Options{Seed: 1})
			first, again, other := a.ask(t, dialect, body), a.ask(t, dialect, body), New(Options{Seed: 2}).ask(t, dialect, body)
			if first.body != again.body || first.body != b.ask(t, dialect, body).body || first.body == other.body {
				t.Errorf("%s, stream %v: the bytes depend on more, or on less, than request and seed", dialect, stream)
			}
			id := map[string]string{openai: "X-Request-Id", anthropic: "Request-Id"}[dialect]
			if first.header.Get(id) == "" || first.header.Get(id) == again.header.Get(id) {
				t.Errorf("%s: request ids %q and %q", dialect, first.header.Get(id), again.header.Get(id))
			}
		}
	}
}
