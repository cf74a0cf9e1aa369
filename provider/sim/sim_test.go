package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// reply is what a client saw.
type reply struct {
	status int
	header http.Header
	body   string
	err    error // of the round trip
	broken error // of reading the body
	took   time.Duration
}

// events are the payloads of a stream's data lines, in order.
func (r reply) events() []string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(r.body, "\r\n", "\n")) {
		if data, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "data:"); ok {
			out = append(out, strings.TrimSpace(data))
		}
	}
	return out
}

// text joins the content of a stream or a whole body, in either dialect.
func (r reply) text() string {
	var b strings.Builder
	for _, event := range append(r.events(), r.body) {
		var v struct {
			Delta   struct{ Text string }
			Content []struct{ Text string }
			Choices []struct {
				Delta, Message struct{ Content string }
			}
		}
		_ = json.Unmarshal([]byte(event), &v) //nolint:musttag // the names match but for their case
		b.WriteString(v.Delta.Text)
		for _, c := range v.Content {
			b.WriteString(c.Text)
		}
		for _, c := range v.Choices {
			b.WriteString(c.Delta.Content + c.Message.Content)
		}
	}
	return b.String()
}

var bothDialects = []string{openai, anthropic}

// request writes a body. Extra are further members, with their commas.
func request(model string, stream bool, extra string) string {
	return fmt.Sprintf(`{"model":%q,"max_tokens":400,"stream":%v,"messages":[{"role":"user","content":"Where is the north trunk?"}]%s}`, model, stream, extra)
}

func pathOf(dialect string) string {
	if dialect == anthropic {
		return "/v1/messages"
	}
	return "/v1/chat/completions"
}

// post sends a body and reads the answer to its end.
func post(ctx context.Context, rt http.RoundTripper, base, dialect, body string, headers ...string) reply {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+pathOf(dialect), strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	r.Header.Set("Content-Type", "application/json")
	if dialect == anthropic {
		r.Header.Set("Anthropic-Version", "2023-06-01")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	start := time.Now()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return reply{err: err, took: time.Since(start)}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, body: string(text), broken: err, took: time.Since(start)}
}

// ask asks a server over memory.
func (s *Server) ask(t *testing.T, dialect, body string, headers ...string) reply {
	t.Helper()
	return post(t.Context(), s.Transport(), "http://sim", dialect, body, headers...)
}

// decoded reads a JSON body.
func decoded[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("not JSON: %v\n%.300s", err, body)
	}
	return v
}
