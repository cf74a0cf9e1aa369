package crossing

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/provider"
)

// side is a dialect, seen from both ends.
type side struct {
	name     string
	dialect  provider.Dialect
	decode   func(body []byte) (*switchgear.Request, error)
	answer   func(q *switchgear.Request, r *switchgear.Response) ([]byte, []string, error)
	stream   func(q *switchgear.Request) switchgear.Encoder
	model    string   // a model that takes every lever
	patterns []string // of the recordings
}

func sides() (anthropicSide, openaiSide *side) {
	a, o := anthropic.NewCodec(), openai.NewCodec()
	anthropicSide = &side{
		name: "anthropic", dialect: anthropic.New(), decode: a.Decode, answer: a.Answer, stream: a.Stream,
		model:    "claude-opus-4-8",
		patterns: []string{"anthropic-messages.jsonl", "local-messages.jsonl", "vertex-anthropic_*.jsonl"},
	}
	openaiSide = &side{
		name: "openai", dialect: openai.New(), decode: o.Decode, answer: o.Answer, stream: o.Stream,
		model:    "gpt-5.4",
		patterns: []string{"*-chat.jsonl"},
	}
	return anthropicSide, openaiSide
}

// pairs are both ways across.
func pairs() [][2]*side {
	a, o := sides()
	return [][2]*side{{a, o}, {o, a}}
}

func (s *side) records(t testing.TB) []*corpus.Record {
	t.Helper()
	return slices.DeleteFunc(corpus.Load(t, s.patterns...), func(r *corpus.Record) bool {
		return strings.HasPrefix(r.Path, "/api/") && r.Provider == "ollama" // its own protocol
	})
}

// encode writes a typed request for a target of this dialect.
func (s *side) encode(r *switchgear.Request, model string, stream bool) ([]byte, []string, error) {
	call := &switchgear.Call{Request: r, Target: switchgear.Target{Provider: s.name, Model: model}}
	out, err := s.dialect.Encode(call, stream)
	return jsonx.Join(out.Body), out.Dropped, err
}

// requests are the recorded requests that the dialect can read. Those it
// refuses are named: they are wrong, or from another path of a cloud.
func (s *side) requests(t *testing.T, f func(r *corpus.Record, q *switchgear.Request)) {
	t.Helper()
	read, refused := 0, 0
	for _, r := range s.records(t) {
		if len(r.RequestBody) == 0 || string(r.RequestBody) == "null" {
			continue
		}
		q, err := s.decode(r.RequestBody)
		if err != nil {
			if r.Status < 400 {
				refused++
				t.Logf("record %s (status %d) cannot be read: %v", r.ID, r.Status, err)
			}
			continue
		}
		read++
		f(r, q)
	}
	t.Logf("%s: %d requests read, %d refused that a provider answered", s.name, read, refused)
	if read < 300 {
		t.Errorf("only %d requests were read", read)
	}
}

// count counts things by name and remembers where they were seen.
type count map[string][]string

func (c count) add(name, id string) {
	if ids := c[name]; len(ids) == 0 || ids[len(ids)-1] != id {
		c[name] = append(ids, id)
	}
}

// log prints what was counted, most frequent first, with up to n ids.
func (c count) log(t *testing.T, title string, n int) {
	t.Helper()
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := len(c[b]) - len(c[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	for _, name := range names {
		ids := c[name]
		fmt.Fprintf(&b, "\n  %5d %.110q", len(ids), name)
		if n > 0 {
			b.WriteString("  " + strings.Join(ids[:min(n, len(ids))], " "))
		}
	}
	t.Logf("%s:%s", title, b.String())
}
