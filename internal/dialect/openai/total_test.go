package openai

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// TestTotalsAgree holds our arithmetic against the provider's own sum, wherever
// a record has one: input and output, each counted the one way they are counted
// here, must make up its total_tokens.
func TestTotalsAgree(t *testing.T) {
	agreed, streamed, without := 0, 0, 0
	for _, r := range corpus.Load(t, "*-chat.jsonl") {
		if !strings.HasSuffix(r.API, ".chat") || strings.HasPrefix(r.API, "ollama") || r.Status >= 300 {
			continue
		}
		usage, total := usageOf(r)
		if total == 0 || !usage.Has(switchgear.UsageInput|switchgear.UsageOutput) {
			continue
		}
		if usage.Total() != total {
			// Vercel's gateway leaves the reasoning of Gemini out of its totals,
			// though its own cost counts it.
			if strings.HasPrefix(r.File, "vercel-gateway") && usage.Total()-usage.Reasoning == total {
				without++
				continue
			}
			t.Errorf("%s (%s, stream %v): we count %d + %d, they say %d", r.ID, r.File, r.Stream, usage.Input, usage.Output, total)
			continue
		}
		agreed++
		if r.Stream {
			streamed++
		}
	}
	t.Logf("%d records agree, %d of them streamed; %d totals leave reasoning out", agreed, streamed, without)
	if agreed < 600 || streamed < 150 {
		t.Errorf("only %d records with a total were found, %d of them streamed", agreed, streamed)
	}
}

// usageOf is our count of a record and the last total it gives itself.
func usageOf(r *corpus.Record) (usage switchgear.Usage, total int64) {
	type counted struct {
		Usage struct {
			Total int64 `json:"total_tokens"`
		} `json:"usage"`
	}
	if !r.Stream {
		resp, err := New().Decode(r.ResponseBody)
		if err != nil {
			return usage, 0
		}
		var own counted
		_ = json.Unmarshal(r.ResponseBody, &own)
		return resp.Usage, own.Usage.Total
	}
	for line := range bytes.Lines([]byte(r.ResponseText)) {
		data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
		var own counted
		if ok && json.Unmarshal(data, &own) == nil && own.Usage.Total > 0 {
			total = own.Usage.Total
		}
	}
	s := New().Events(strings.NewReader(r.ResponseText))
	for s.Next() {
		event := s.Event()
		usage.Merge(&event.Usage)
	}
	return usage, total
}
