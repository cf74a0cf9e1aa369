package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/normalise"
	"github.com/switchgear-dev/switchgear/gateway"
)

// formed has routes whose target speaks the client's protocol, and others whose
// does not.
const formed = `version: 1
providers:
  o: {kind: openai, base_url: "http://o.test/v1", key: "${KEY_1}"}
  a: {kind: anthropic, base_url: "http://a.test/v1", key: "${KEY_2}"}
routes:
  openai:    {chain: [o/m-open], normalise: [trim, strip_fence, extract], single_point: ok}
  anthropic: {chain: [a/m-anth], normalise: [trim, strip_fence, extract], single_point: ok}
  high:      {chain: [small], normalise: [strip_fence], single_point: ok, stakes: high, floor: small}
  declared:  {chain: [o/m-open], normalise: [strip_fence, extract], needs: [json_schema]}
  fetched:   {chain: [o/m-open], normalise: [strip_fence], needs: [json_schema], fetch: stream}
  raw:       {chain: [o/m-open]}
models: {small: {model: o/m-open, tier: small}}
`

const nameSchema = `{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}`

// asksJSON are the members by which a client of a mode asks for JSON.
func (m mode) asksJSON() string {
	if m.name == "openai" {
		return `,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":` + nameSchema + `}}`
	}
	return `,"output_config":{"format":{"type":"json_schema","schema":` + nameSchema + `}}`
}

// with adds members to the body of a request.
func with(body, members string) string { return strings.TrimSuffix(body, "}") + members + "}" }

// TestNormaliseFence: an answer with a fence around it reaches the client as it
// would have without, whoever gave it in whatever protocol and however it comes;
// its usage and its end are what they were, and a header says what was done.
func TestNormaliseFence(t *testing.T) {
	for _, m := range allModes {
		for _, route := range []string{"openai", "anthropic"} {
			t.Run(m.String()+"/"+route, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := open(t, formed)
					body := with(m.body(route, "who?"), m.asksJSON())
					clean := h.post(m.path, body)
					for _, model := range []string{"m-open", "m-anth"} {
						h.fault(model, "fenced-json")
					}
					got := h.post(m.path, body)
					if got.status != 200 || got.err != nil || clean.own("Normalised") != "" || got.own("Normalised") != "strip_fence" {
						t.Fatalf("%d by %q, without a fence by %q\n%s", got.status, got.own("Normalised"), clean.own("Normalised"), got.body)
					}
					want, wantEnd := readAnswer(t, m, clean.body)
					text, end := readAnswer(t, m, got.body)
					if text != want || end != wantEnd || !json.Valid([]byte(text)) {
						t.Errorf("%q ended by %q, want %q by %q", text, end, want, wantEnd)
					}
					if record := h.records.last(); !cmp.Equal([]string{"strip_fence"}, record.Trace.Normalised) || record.Usage.Output == 0 {
						t.Errorf("the record says %v, %+v", record.Trace.Normalised, record.Usage)
					}
				})
			})
		}
	}
}

// canned is an upstream that gives one answer to everybody: a stream if the
// request asks for one.
type canned struct {
	whole, stream string
	asked         []string
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c.asked = append(c.asked, string(body))
	answer, kind := c.whole, "application/json"
	if regexp.MustCompile(`"stream":\s*true`).Match(body) {
		answer, kind = c.stream, "text/event-stream"
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {kind}, "Openai-Version": {"2020-10-01"}},
		Body: io.NopCloser(strings.NewReader(answer)), Request: r,
	}, nil
}

// says is an upstream of OpenAI's protocol that says these texts, one for each
// choice.
func says(texts ...string) *canned {
	c := &canned{}
	var whole, frames []string
	for i, text := range texts {
		whole = append(whole, `{"index":`+number(i)+`,  "message":{"role":"assistant","content":`+quoted(text)+`,"refusal":null,"odd":[1.50]},"logprobs":null,"finish_reason":"stop"}`)
		for _, r := range text {
			frames = append(frames, chunk(`{"index":`+number(i)+`,"delta":{"content":`+quoted(string(r))+`},"finish_reason":null}`, `null`))
		}
		frames = append(frames, chunk(`{"index":`+number(i)+`,"delta":{},"finish_reason":"stop"}`, `null`))
	}
	frames = append(frames, chunk("", `{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}`))
	c.whole = `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m-open","choices":[` + strings.Join(whole, ",") +
		`],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21},"service_tier":"default","system_fingerprint":"fp_1"}`
	c.stream = strings.Join(frames, "") + "data: [DONE]\n\n"
	return c
}

func chunk(choice, usage string) string {
	return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-open","choices":[` + choice + `],"usage":` + usage + "}\n\n"
}

func number(i int) string { return string(rune('0' + i)) }

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// streamTexts are the texts of a stream's choices, and the ends of those that
// have one.
func streamTexts(t *testing.T, body string) (texts, ends map[int]string) {
	t.Helper()
	texts, ends = map[int]string{}, map[int]string{}
	for line := range strings.SplitSeq(body, "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var e struct {
			Choices []struct {
				Index int `json:"index"`
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
				FinishReason string `json:"finish_reason"`
			} `json:"choices"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		for _, c := range e.Choices {
			texts[c.Index] += c.Delta.Content
			if c.FinishReason != "" {
				ends[c.Index] = c.FinishReason
			}
		}
	}
	return texts, ends
}

const fenced = "```json\n{\"name\": \"Ann\"}\n```"

// TestNormaliseLeavesAlone: what has the form, what no rung mends, what was not
// declared and what is no plain answer pass byte for byte.
func TestNormaliseLeavesAlone(t *testing.T) {
	object := `,"response_format":{"type":"json_object"}`
	tools := `,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`
	prefilled := `{"model":"declared","messages":[{"role":"user","content":"who?"},{"role":"assistant","content":"{\"person\": "}]}`
	cut := says(fenced)
	cut.whole, cut.stream = strings.Replace(cut.whole, `"stop"`, `"length"`, 1), strings.Replace(cut.stream, `"stop"`, `"length"`, 1)
	calls := says(fenced)
	calls.whole = strings.Replace(calls.whole, `"refusal":null`, `"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]`, 1)
	calls.stream = strings.Replace(calls.stream, `"delta":{},`, `"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},`, 1)
	for _, c := range []struct {
		name  string
		up    *canned
		route string
		rest  string // members of the request, or all of it
	}{
		{"parses", says(`{"name":"` + "```" + `"}`), "openai", object},
		{"parses, with space around it", says(" {}\n"), "openai", object},
		{"a list where an object was asked for", says("[1]"), "openai", object},
		{"no rung mends it", says("I would rather not."), "openai", object},
		{"a list in prose where an object was asked for", says("See [1] there."), "openai", object},
		{"two values", says(`{"a":1} or {"a":2}`), "openai", object},
		{"not declared", says(fenced), "openai", ""},
		{"declared to be text", says(fenced), "openai", `,"response_format":{"type":"text"}`},
		{"a grammar", says(fenced), "declared", `,"response_format":{"type":"grammar","grammar":"x"}`},
		{"the route declares, but there are tools", says(fenced), "declared", tools},
		{"calls a tool", calls, "declared", object + tools},
		{"cut", cut, "declared", object},
		{"goes on from the request", says(`{"name":"Ann"}}`), "declared", prefilled},
		{"a word", says(`"Ann"`), "openai", `,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"string"}}}`},
	} {
		for _, m := range allModes[:2] {
			t.Run(c.name+"/"+m.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := build(t, formed, nil, c.up)
					body := c.rest
					if !strings.HasPrefix(body, "{") {
						body = with(m.body(c.route, "who?"), c.rest)
					} else if m.stream {
						body = with(body, `,"stream":true`)
					}
					got := h.post(m.path, body)
					want := c.up.whole
					if m.stream {
						want = c.up.stream
					}
					if got.status != 200 || got.own("Normalised") != "" {
						t.Errorf("%d, normalised by %q", got.status, got.own("Normalised"))
					}
					if diff := cmp.Diff(want, got.body); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
}

// TestNormaliseWhole: of an answer in one piece nothing changes but the text.
func TestNormaliseWhole(t *testing.T) {
	up := says(fenced, `{"name":"Bob"}`, "Here you are:\n"+fenced+"\nAnything else?", "I do not know.")
	want := says(`{"name": "Ann"}`, `{"name":"Bob"}`, `{"name": "Ann"}`, "I do not know.")
	for _, route := range []string{"openai", "declared"} {
		synctest.Test(t, func(t *testing.T) {
			h := build(t, formed, nil, up)
			members := `,"n":4`
			if route == "openai" {
				members += `,"response_format":{"type":"json_object"}`
			}
			got := h.post(openaiSide.path, with(mode{openaiSide, false}.body(route, "who?"), members))
			if diff := cmp.Diff(want.whole, got.body); diff != "" {
				t.Error(diff)
			}
			if got.own("Normalised") != "strip_fence, extract" || got.header.Get("Openai-Version") == "" {
				t.Errorf("normalised by %q, headers %v", got.own("Normalised"), got.headerNames())
			}
		})
	}
}

// TestNormaliseStream: each choice of a stream is put right by itself, and the
// client that asked for usage gets it once.
func TestNormaliseStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, formed, nil, says(fenced, `{"name":"Bob"}`))
		body := with(mode{openaiSide, true}.body("declared", "who?"), `,"n":2,"stream_options":{"include_usage":true}`)
		got := h.post(openaiSide.path, body)
		texts, ends := streamTexts(t, got.body)
		if diff := cmp.Diff(map[int]string{0: `{"name": "Ann"}`, 1: `{"name":"Bob"}`}, texts); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[int]string{0: "stop", 1: "stop"}, ends); diff != "" {
			t.Error(diff)
		}
		if n := strings.Count(got.body, `"completion_tokens":12`); n != 1 || got.own("Normalised") != "strip_fence" || !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
			t.Errorf("usage comes %d times, normalised by %q:\n%s", n, got.own("Normalised"), got.body)
		}
		if !strings.Contains(got.body, `"id":"chatcmpl-1"`) || !strings.Contains(got.body, `"model":"m-open"`) {
			t.Errorf("it is another answer:\n%s", got.body)
		}
	})
}

// TestNormaliseHigh: high stakes change nothing, nor does fetching as a stream.
func TestNormaliseHigh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, formed, nil, says(fenced))
		for _, route := range []string{"high", "fetched"} {
			got := h.post(openaiSide.path, with(mode{openaiSide, false}.body(route, "who?"), `,"response_format":{"type":"json_object"}`))
			if text, _ := readAnswer(t, mode{openaiSide, false}, got.body); text != `{"name": "Ann"}` || got.own("Normalised") != "strip_fence" {
				t.Errorf("%s: %d by %q: %s", route, got.status, got.own("Normalised"), got.body)
			}
		}
		raw := h.post(openaiSide.path, with(mode{openaiSide, false}.body("raw", "who?"), `,"response_format":{"type":"json_object"}`))
		if raw.body != says(fenced).whole {
			t.Errorf("a route without normalise changes answers: %s", raw.body)
		}
	})
}

// TestNormaliseHoldsTheStream: a stream that dies is made good, since nothing of
// it was passed on.
func TestNormaliseHoldsTheStream(t *testing.T) {
	text := strings.Replace(formed, "{chain: [o/m-open], normalise: [strip_fence, extract]", "{chain: [o/m-open, a/m-anth], commit: first_token, normalise: [strip_fence, extract]", 1)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, text)
		h.fault("m-open", "cut-5")
		m := mode{openaiSide, true}
		got := h.post(m.path, with(m.body("declared", "who?"), m.asksJSON()))
		if said, end := readAnswer(t, m, got.body); got.own("Served-By") != "a/m-anth" || end != "stop" || !json.Valid([]byte(said)) {
			t.Errorf("%q by %s", said, got.own("Served-By"))
		}
	})
}

// TestNormaliseAnthropic: blocks beside the text stay as they came.
func TestNormaliseAnthropic(t *testing.T) {
	answer := func(blocks string) string {
		return `{"id":"msg_1","type":"message","role":"assistant","model":"m-anth","content":[` + blocks +
			`],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":12,"odd":1.50},"container":{"id":"x"}}`
	}
	thought := `{"type":"thinking","thinking":"hm","signature":"c2ln"}`
	synctest.Test(t, func(t *testing.T) {
		up := &canned{whole: answer(thought + `,{"type":"text","text":` + quoted("```json\n{\"name\":") + `,"citations":null},{"type":"text","text":` + quoted(" \"Ann\"}\n```") + `}`)}
		h := build(t, formed, nil, up)
		m := mode{anthropicSide, false}
		got := h.post(m.path, with(m.body("anthropic", "who?"), m.asksJSON()))
		want := answer(thought + `,{"type":"text","text":` + quoted(`{"name": "Ann"}`) + `,"citations":null}`)
		if diff := cmp.Diff(want, got.body); diff != "" {
			t.Error(diff)
		}
		up.whole = answer(`{"type":"text","text":` + quoted(fenced) + `,"citations":[{"type":"char_location","cited_text":"Ann"}]}`)
		if got := h.post(m.path, with(m.body("anthropic", "who?"), m.asksJSON())); got.body != up.whole {
			t.Errorf("what citations point into was changed: %s", got.body)
		}
	})
}

// TestNormaliseLibrary: a program gets the changed values, and no bytes that say
// otherwise.
func TestNormaliseLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gw, err := gateway.New(t.Context(), parse(t, formed), gateway.WithTransport(says(fenced)))
		if err != nil {
			t.Fatal(err)
		}
		defer gw.Close()
		req := switchgear.Ask("openai", "who?")
		req.Output = &switchgear.Output{Name: "n", Schema: json.RawMessage(nameSchema)}
		resp, err := gw.Complete(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Text() != `{"name": "Ann"}` || string(resp.Wire.Body) != says(`{"name": "Ann"}`).whole || resp.Usage.Output != 12 {
			t.Errorf("%q, %s", resp.Text(), resp.Wire.Body)
		}
		if diff := cmp.Diff([]string{"strip_fence"}, resp.Trace.Normalised); diff != "" {
			t.Error(diff)
		}
		s, err := gw.Stream(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for e, err := range switchgear.Events(s) {
			if err != nil || len(e.Raw) > 0 {
				t.Errorf("%v, and a frame of the old answer: %s", err, e.Raw)
			}
			text += e.Text
		}
		if text != `{"name": "Ann"}` {
			t.Errorf("streamed %q", text)
		}
	})
}

// TestNormaliseSchema: editors offer the normalisers there are.
func TestNormaliseSchema(t *testing.T) {
	var document struct {
		Defs struct {
			Route struct {
				Properties struct {
					Normalise struct {
						Items struct {
							AnyOf []struct {
								Enum []string `json:"enum"`
							} `json:"anyOf"`
						} `json:"items"`
					} `json:"normalise"`
				} `json:"properties"`
			} `json:"route"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &document); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range normalise.Ladder() {
		if r.Serves() {
			want = append(want, r.Name)
		}
	}
	if diff := cmp.Diff(want, document.Defs.Route.Properties.Normalise.Items.AnyOf[0].Enum); diff != "" {
		t.Error(diff)
	}
}
