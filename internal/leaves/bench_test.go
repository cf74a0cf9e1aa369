package leaves

import (
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// chat is a request of about 10 KB: twenty turns, four of them with tools.
func chat() *switchgear.Request {
	limit := int64(1024)
	r := &switchgear.Request{
		System:   []switchgear.Part{{Text: strings.Repeat("s", 1000)}},
		Effort:   "high",
		Sampling: switchgear.Sampling{MaxTokens: &limit},
		Stop:     []string{"END"},
	}
	for range 8 {
		r.Tools = append(r.Tools, switchgear.Tool{Name: "f", Description: "d", Schema: []byte(`{"type":"object"}`)})
	}
	for i := range 20 {
		m := switchgear.Message{Role: "user", Parts: []switchgear.Part{{Text: strings.Repeat("t", 350)}}}
		if i%5 == 1 {
			m.Role = "assistant"
			m.Parts = append(m.Parts, switchgear.Part{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c", Name: "f", Arguments: "{}"}})
		}
		if i%5 == 2 {
			m.Role, m.Parts = "tool", []switchgear.Part{{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{
				CallID: "c", Parts: []switchgear.Part{{Text: strings.Repeat("t", 350)}},
			}}}
		}
		r.Messages = append(r.Messages, m)
	}
	return r
}

// say marks what an encoder marks.
func say(l *Ledger, r *switchgear.Request) {
	l.Said(Effort | MaxTokens | Stop)
	l.System().At(0).Said(PartText)
	for i := range r.Messages {
		m := l.Message(i)
		m.Said(MessageRole)
		for j := range r.Messages[i].Parts {
			p := m.Parts().At(j)
			switch part := &r.Messages[i].Parts[j]; part.Kind {
			case switchgear.PartToolCall:
				p.Said(Call)
			case switchgear.PartToolResult:
				p.Said(ResultCallID)
				for k := range part.Result.Parts {
					p.Parts().At(k).Said(PartText)
				}
			default:
				p.Said(PartText)
			}
		}
	}
	for i := range r.Tools {
		l.Tool(i).Said(ToolName | ToolDescription | ToolSchema)
	}
}

func translate(r *switchgear.Request) []string {
	l := Open(r, target)
	defer l.Close()
	say(l, r)
	return l.Left()
}

// BenchmarkAllSaid opens the books, marks everything and closes them.
func BenchmarkAllSaid(b *testing.B) {
	r := chat()
	b.ReportAllocs()
	for b.Loop() {
		if translate(r) != nil {
			b.Fatal("something is left")
		}
	}
}

// BenchmarkSomeLeft has six cache markers and an extra member left.
func BenchmarkSomeLeft(b *testing.B) {
	r := chat()
	for i := range 6 {
		r.Messages[i*3].Parts[0].Cache = &switchgear.Cache{TTL: "1h"}
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(translate(r)) != 6 {
			b.Fatal("not six left")
		}
	}
}
