package sim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// check asserts what one fault does to a client, in one dialect.
type check func(t *testing.T, s *Server, dialect string)

// TestEveryFault runs the check of every fault, in every dialect that has it,
// in virtual time. A fault without a check fails.
func TestEveryFault(t *testing.T) {
	checks := faultChecks()
	for _, info := range Faults() {
		checked, ok := checks[info.Name]
		if !ok {
			t.Errorf("fault %s has no check", info.Name)
			continue
		}
		delete(checks, info.Name)
		for _, dialect := range info.Dialects {
			t.Run(info.Name+"/"+dialect, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { checked(t, New(Options{}), dialect) })
			})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		t.Errorf("there is a check of fault %s, but no such fault", name)
	}
}

func faultChecks() map[string]check {
	all := map[string]check{}
	for _, group := range []map[string]check{statusChecks(), limitChecks(), connectionChecks(), timeChecks(), breakChecks(), eventChecks(), bodyChecks(), contentChecks(), dialChecks(), rateChecks(), oddEventChecks(), oddContentChecks()} {
		maps.Copy(all, group)
	}
	return all
}

// gives expects a status, and in the body one text per dialect.
func gives(status int, openaiHas, anthropicHas string) func(name string) check {
	return func(name string) check {
		return func(t *testing.T, s *Server, dialect string) {
			want := openaiHas
			if dialect == anthropic {
				want = anthropicHas
			}
			for _, stream := range []bool{false, true} {
				r := s.ask(t, dialect, request("sim-"+name, stream, ""))
				if r.err != nil || r.status != status || !strings.Contains(r.body, want) {
					t.Fatalf("got %d %s (%v), want %d with %q", r.status, r.body, r.err, status, want)
				}
				if e := s.Log()[len(s.Log())-1]; e.Outcome != OutcomeError || e.Fault != name {
					t.Errorf("the log says %s by %q", e.Outcome, e.Fault)
				}
			}
		}
	}
}

func statusChecks() map[string]check {
	out := map[string]check{}
	for name, made := range map[string]func(string) check{
		"400":             gives(400, `"code": "invalid_value"`, `"invalid_request_error"`),
		"400-context":     gives(400, `"context_length_exceeded"`, "prompt is too long"),
		"400-filter":      gives(400, `"content_policy_violation"`, "content filtering policy"),
		"400-usage-limit": gives(400, "", "You have reached your specified API usage limits"),
		"401":             gives(401, `"invalid_api_key"`, `"authentication_error"`),
		"402":             gives(402, "Insufficient Balance", `"billing_error"`),
		"403":             gives(403, `"unsupported_country_region_territory"`, `"permission_error"`),
		"404":             gives(404, "The model `sim-404` does not exist", `"model: sim-404"`),
		"408":             gives(408, "timed out", `"timeout_error"`),
		"409":             gives(409, `"conflict_error"`, `"conflict_error"`),
		"413":             gives(413, "Request too large", `"request_too_large"`),
		"422":             gives(422, "Unprocessable", "Unprocessable"),
		"429-quota":       gives(429, `"insufficient_quota"`, ""),
		"429-spend":       gives(429, "", `"error_code":"enforced_spend_limit_reached"`),
		"429-slow-down":   gives(429, `"slow_down"`, ""),
		"500":             gives(500, `"server_error"`, `"api_error"`),
		"503":             gives(503, `"server_is_overloaded"`, `"overloaded_error"`),
		"529":             gives(529, `"overloaded_error"`, `"overloaded_error"`),
		"502":             gives(502, "<title>502 Bad Gateway", "<title>502 Bad Gateway"),
		"504":             gives(504, "<html>", "<html>"),
		"520":             gives(520, "<html>", "<html>"),
		"524":             gives(524, "<html>", "<html>"),
		"530":             gives(530, "<html>", "<html>"),
		"403-html":        gives(403, "Just a moment", "Just a moment"),
		"500-empty":       gives(500, "", ""),
	} {
		out[name] = made(name)
	}
	out["redirect"] = func(t *testing.T, s *Server, dialect string) {
		for name, status := range map[string]int{"redirect": 302, "redirect-307": 307} {
			r := s.ask(t, dialect, request("sim-"+name, false, ""))
			if r.status != status || r.header.Get("Location") == "" {
				t.Errorf("%s: got %d to %q", name, r.status, r.header.Get("Location"))
			}
		}
	}
	return out
}

func TestEdgePagesCarryARay(t *testing.T) {
	s := New(Options{})
	r := s.ask(t, openai, request("sim-520", true, ""))
	if r.header.Get("Cf-Ray") == "" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") || r.header.Get("X-Request-ID") != "" {
		t.Errorf("headers of an edge page: %v", r.header)
	}
	if body := s.ask(t, openai, request("sim-500-empty", true, "")).body; body != "" {
		t.Errorf("500-empty has the body %q", body)
	}
}

func limitChecks() map[string]check {
	limited := func(spec string, want map[string]string) check {
		return func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-"+spec, true, ""))
			if r.status != http.StatusTooManyRequests || !strings.Contains(r.body, "rate") {
				t.Fatalf("got %d %s", r.status, r.body)
			}
			for name, value := range want {
				if got := r.header.Get(name); got != value {
					t.Errorf("%s: %s is %q, want %q", spec, name, got, value)
				}
			}
			zero := r.header.Get("X-Ratelimit-Remaining-Tokens") == "0" || r.header.Get("Anthropic-Ratelimit-Tokens-Remaining") == "0"
			if zero == (spec == "429-remaining") {
				t.Errorf("%s: tokens remain: %v", spec, !zero)
			}
			for name := range r.header {
				if strings.HasPrefix(name, map[string]string{openai: "Anthropic-", anthropic: "X-Ratelimit-"}[dialect]) {
					t.Errorf("%s has the header %s of the other provider", dialect, name)
				}
			}
		}
	}
	return map[string]check{
		"429":              limited("429", map[string]string{"Retry-After": ""}),
		"429-retry":        limited("429-retry-7", map[string]string{"Retry-After": "7"}),
		"429-retry-ms":     limited("429-retry-ms-1200", map[string]string{"Retry-After-Ms": "1200", "Retry-After": "2"}),
		"429-retry-date":   limited("429-retry-date-10s", map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:00:10 GMT"}), // a bubble starts in 2000
		"429-retry-absurd": limited("429-retry-absurd--5", map[string]string{"Retry-After": "-5"}),
		"429-remaining":    limited("429-remaining", map[string]string{"Retry-After": ""}),
	}
}

func connectionChecks() map[string]check {
	fails := func(spec string, is error) check {
		return func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-"+spec, true, ""))
			if !errors.Is(r.err, is) {
				t.Fatalf("got %d, %v, want %v", r.status, r.err, is)
			}
			if log := s.Log(); len(log) != 1 || log[0].Outcome != OutcomeBroken || log[0].Model != "sim-"+spec || log[0].BodyLen == 0 {
				t.Errorf("log: %+v", log)
			}
		}
	}
	return map[string]check{
		"refused": fails("refused", syscall.ECONNREFUSED),
		"reset":   fails("reset", syscall.ECONNRESET),
		"close":   fails("close", io.EOF),
		"silence": func(t *testing.T, s *Server, dialect string) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			r := post(ctx, s.Transport(), "http://sim", dialect, request("sim-silence", true, ""))
			synctest.Wait()
			e := s.Log()[0]
			if !errors.Is(r.err, context.DeadlineExceeded) || e.Outcome != OutcomeCancelled || e.Cancelled.Sub(e.Time) != time.Hour {
				t.Errorf("after %v: %v; the log says %s after %v", r.took, r.err, e.Outcome, e.Cancelled.Sub(e.Time))
			}
		},
	}
}

func timeChecks() map[string]check {
	takes := func(spec string, d time.Duration) check {
		return func(t *testing.T, s *Server, dialect string) {
			for _, stream := range []bool{true, false} {
				r := s.ask(t, dialect, request("sim-"+spec, stream, ""))
				if r.err != nil || r.took != d || !strings.Contains(r.text(), "[simulated]") {
					t.Errorf("stream %v: took %v, want %v; %v %s", stream, r.took, d, r.err, r.body)
				}
			}
		}
	}
	hangs := func(model string, stream bool, dialect string, s *Server, t *testing.T) reply {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		return post(ctx, s.Transport(), "http://sim", dialect, request(model, stream, ""))
	}
	return map[string]check{
		"slow":         takes("slow-8s", 8*time.Second),
		"slow-headers": takes("slow-headers-3s", 3*time.Second),
		"trickle": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-trickle-2s", true, ""))
			if n := s.Log()[0].Tokens; n < 5 || r.took != time.Duration(2*n)*time.Second {
				t.Errorf("%d pieces took %v", n, r.took)
			}
		},
		"stall": func(t *testing.T, s *Server, dialect string) {
			for _, stream := range []bool{true, false} {
				r := hangs("sim-stall-4", stream, dialect, s, t)
				if !errors.Is(r.broken, context.DeadlineExceeded) || r.took != time.Minute || r.body == "" {
					t.Errorf("stream %v: %v after %v: %q", stream, r.broken, r.took, r.body)
				}
			}
			if n := s.Log()[0].Tokens; n != 4 {
				t.Errorf("%d pieces were sent, want 4", n)
			}
		},
		"pings": func(t *testing.T, s *Server, dialect string) {
			r := hangs("sim-pings-7s", true, dialect, s, t)
			sign := map[string]string{openai: ": keep-alive\n\n", anthropic: "event: ping\n"}[dialect]
			if n := strings.Count(r.body, sign); n < 8 || r.text() != "" || !errors.Is(r.broken, context.DeadlineExceeded) {
				t.Errorf("%d pings, text %q, %v", n, r.text(), r.broken)
			}
			if r := hangs("sim-pings-7s", false, dialect, s, t); strings.TrimSpace(r.body) != "" || len(r.body) != 8 {
				t.Errorf("a whole answer of pings is %q", r.body)
			}
		},
		"drip": func(t *testing.T, s *Server, dialect string) {
			calm := s.ask(t, dialect, request("sim-small", true, ""))
			r := s.ask(t, dialect, request("sim-small", true, ""), faultHeader, "drip")
			if r.body != calm.body || s.Log()[1].Fault != "drip" {
				t.Error("one byte at a time is not the same answer")
			}
		},
	}
}

func breakChecks() map[string]check {
	breaks := func(spec string, is error) check {
		return func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-"+spec+"-6", true, ""))
			if !errors.Is(r.broken, is) || s.Log()[0].Tokens != 6 || r.text() == "" {
				t.Errorf("%v after %d pieces: %s", r.broken, s.Log()[0].Tokens, r.body)
			}
			if strings.Contains(r.body, "[DONE]") || strings.Contains(r.body, "message_stop") || strings.Contains(r.body, `"finish_reason":"stop"`) {
				t.Error("a cut stream has an end")
			}
			if r := s.ask(t, dialect, request("sim-"+spec, false, "")); !errors.Is(r.broken, is) || json.Valid([]byte(r.body)) || r.body == "" {
				t.Errorf("whole body: %v %s", r.broken, r.body)
			}
		}
	}
	return map[string]check{
		"cut":        breaks("cut", nil),
		"cut-chunk":  breaks("cut-chunk", io.ErrUnexpectedEOF),
		"cut-length": breaks("cut-length", io.ErrUnexpectedEOF),
		"cut-rst":    breaks("cut-rst", syscall.ECONNRESET),
	}
}

func eventChecks() map[string]check {
	has := func(body string, texts ...string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(body, text) })
	}
	inside := map[string]string{openai: `"server_error"`, anthropic: `"overloaded_error"`}
	end := map[string]string{openai: "[DONE]", anthropic: "message_stop"}
	return map[string]check{
		"error-first": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-error-first", true, ""))
			if n := len(r.events()); n != 1 || r.status != 200 || !has(r.body, inside[dialect]) {
				t.Errorf("%d %s", r.status, r.body)
			}
		},
		"error": func(t *testing.T, s *Server, dialect string) {
			for spec, tokens := range map[string]int{"error": 0, "error-5": 5} {
				s.Reset()
				r := s.ask(t, dialect, request("sim-"+spec, true, ""))
				events := r.events()
				if s.Log()[0].Tokens != tokens || len(events) < 2 || !has(events[len(events)-1], inside[dialect]) || has(r.body, end[dialect]) {
					t.Errorf("%s: %s", spec, r.body)
				}
			}
			if r := s.ask(t, dialect, request("sim-error", false, "")); r.status != 200 || !has(r.body, `"error"`) {
				t.Errorf("whole: %d %s", r.status, r.body)
			}
		},
		"malformed": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-malformed-2", true, ""))
			bad := 0
			for _, event := range r.events() {
				if event != "[DONE]" && !json.Valid([]byte(event)) {
					bad++
				}
			}
			if bad != 1 || !has(r.body, end[dialect]) {
				t.Errorf("%d broken events: %s", bad, r.body)
			}
			if r := s.ask(t, dialect, request("sim-malformed", false, "")); json.Valid([]byte(r.body)) || r.broken != nil {
				t.Errorf("whole: %v %s", r.broken, r.body)
			}
		},
		"invalid-utf8": func(t *testing.T, s *Server, dialect string) {
			for _, stream := range []bool{true, false} {
				if r := s.ask(t, dialect, request("sim-invalid-utf8", stream, "")); utf8.ValidString(r.body) || r.broken != nil {
					t.Errorf("stream %v: the body is valid UTF-8 (%v)", stream, r.broken)
				}
			}
		},
		"big-event": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-big-event-2", true, ""))
			longest := 0
			for _, event := range r.events() {
				longest = max(longest, len(event))
			}
			if longest < 2<<20 || !has(r.body, end[dialect]) {
				t.Errorf("the longest event has %d bytes", longest)
			}
		},
		"crlf": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-crlf", true, ""))
			if strings.Count(r.body, "\n") != strings.Count(r.body, "\r\n") || !has(r.body, end[dialect]) || r.text() == "" {
				t.Errorf("%q", r.body)
			}
		},
		"no-space": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-no-space", true, ""))
			if has(r.body, "data: ") || has(r.body, "event: ") || r.text() == "" {
				t.Errorf("%q", r.body)
			}
		},
		"no-done": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-no-done", true, ""))
			finish := map[string]string{openai: `"finish_reason":"stop"`, anthropic: `"stop_reason":"end_turn"`}
			if has(r.body, end[dialect]) || !has(r.body, finish[dialect]) || r.broken != nil {
				t.Errorf("%v %s", r.broken, r.body)
			}
		},
		"no-finish": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-no-finish", true, ""))
			if !has(r.body, end[dialect]) || has(r.body, `"finish_reason":"stop"`) || has(r.body, "end_turn") {
				t.Errorf("%s", r.body)
			}
		},
	}
}

func bodyChecks() map[string]check {
	is := func(name string, ok func(r reply) bool) check {
		return func(t *testing.T, s *Server, dialect string) {
			for _, stream := range []bool{true, false} {
				r := s.ask(t, dialect, request("sim-"+name, stream, ""))
				if r.status != 200 || r.err != nil || r.broken != nil || !ok(r) {
					t.Errorf("stream %v: %d %v %v %s", stream, r.status, r.err, r.header, r.body)
				}
			}
		}
	}
	return map[string]check{
		"200-html":        is("200-html", func(r reply) bool { return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") }),
		"200-empty":       is("200-empty", func(r reply) bool { return r.body == "" }),
		"200-object":      is("200-object", func(r reply) bool { return r.body == "{}" }),
		"200-error":       is("200-error", func(r reply) bool { return strings.Contains(r.body, `"error"`) && json.Valid([]byte(r.body)) }),
		"200-retry-after": is("200-retry-after-9", func(r reply) bool { return r.header.Get("Retry-After") == "9" && r.text() != "" }),
	}
}

func contentChecks() map[string]check {
	each := func(spec, extra string, ok func(dialect string, stream bool, r reply) bool) check {
		return func(t *testing.T, s *Server, dialect string) {
			if dialect == openai {
				extra = strings.Replace(extra, "input_schema", "parameters", 1)
				if strings.HasPrefix(extra, `,"tools":[`) {
					extra = `,"tools":[{"type":"function","function":` + strings.TrimPrefix(strings.TrimSuffix(extra, "]"), `,"tools":[`) + `}]`
				}
			}
			for _, stream := range []bool{true, false} {
				r := s.ask(t, dialect, request(spec, stream, extra))
				if r.status != 200 || !ok(dialect, stream, r) {
					t.Errorf("stream %v: %d %.2000s", stream, r.status, r.body)
				}
			}
		}
	}
	has := strings.Contains
	return map[string]check{
		"refusal": each("sim-refusal", "", func(dialect string, _ bool, r reply) bool {
			if dialect == anthropic {
				return has(r.body, `"stop_reason":"refusal"`) && has(r.body, `"category":"simulated"`) && r.text() == ""
			}
			return has(r.body, "[simulated] I'm sorry,") && has(r.body, `"stop"`) && r.text() == ""
		}),
		"content-filter": each("sim-content-filter", "", func(dialect string, _ bool, r reply) bool {
			return r.text() != "" && (has(r.body, `"content_filter"`) || (dialect == anthropic && has(r.body, `"stop_reason":"refusal"`)))
		}),
		"empty": each("sim-empty", "", func(_ string, _ bool, r reply) bool {
			return r.text() == "" && (has(r.body, "end_turn") || has(r.body, `"stop"`))
		}),
		"ignore-max": each("sim-ignore-max", "", func(_ string, _ bool, r reply) bool { return len(r.text()) == 8000 }), // request allows 400 tokens
		"huge":       each("sim-huge-300", "", func(_ string, _ bool, r reply) bool { return len(r.text()) == 300<<10 }),
		"no-usage":   each("sim-no-usage", `,"stream_options":{"include_usage":true}`, func(_ string, _ bool, r reply) bool { return !has(r.body, "_tokens") }),
		"wrong-model": each("sim-wrong-model-gpt-2", "", func(_ string, _ bool, r reply) bool {
			return has(r.body, `"gpt-2"`) && !has(r.body, `"sim-wrong-model`)
		}),
		"fenced-json": each("sim-fenced-json", `,"response_format":{"type":"json_object"},"output_config":{"format":{"type":"json_schema"}}`, func(_ string, _ bool, r reply) bool {
			return strings.HasPrefix(r.text(), "```json\n{") && strings.HasSuffix(r.text(), "}\n```")
		}),
		"bad-tool-args": each("sim-bad-tool-args", `,"tools":[{"name":"find","input_schema":{"type":"object","properties":{"place":{"type":"string"}}}}]`, func(dialect string, stream bool, r reply) bool {
			var args strings.Builder
			for _, event := range append(r.events(), r.body) {
				var v struct {
					Delta struct {
						Partial string `json:"partial_json"`
					}
					Choices []struct {
						Delta, Message struct {
							Calls []struct{ Function struct{ Arguments string } } `json:"tool_calls"`
						}
					}
				}
				_ = json.Unmarshal([]byte(event), &v) //nolint:musttag // the names match but for their case
				args.WriteString(v.Delta.Partial)
				for _, c := range v.Choices {
					for _, call := range append(c.Delta.Calls, c.Message.Calls...) {
						args.WriteString(call.Function.Arguments)
					}
				}
			}
			if dialect == anthropic && !stream {
				return has(r.body, `"input":{}`)
			}
			return args.Len() > 0 && !json.Valid([]byte(args.String()))
		}),
	}
}
