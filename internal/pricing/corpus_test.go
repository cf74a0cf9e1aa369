package pricing

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// TestRecordedUsage prices recorded answers. The dollars were worked out by
// hand, in millionths, from the counts of the record and the list price; the
// working stands beside each.
func TestRecordedUsage(t *testing.T) {
	cases := []struct {
		id, kind, model string
		millionths      float64
	}{
		{"5eabfd40ecebf3dc", "anthropic", "", 352.8},             // 10 x 3 + 2 written x 3.75 + 1 read x 0.3 + 21 x 15
		{"89e1b462e4560764", "anthropic", "", 17_873.75},         // 2250 x 1 + 11911 written x 1.25 + 147 x 5
		{"171955cc39dd23c7", "anthropic", "", 10_047.5},          // 2 x 5 + 1590 written x 6.25 + 4 x 25
		{"523778d0b818ef61", "anthropic", "", 19_282.5},          // 3 x 3 + 14 written x 3.75 + 2056 written for an hour x 6 + 459 x 15
		{"6dafc859a63dc0ef", "bedrock", "", 11_741.51},           // eu: 3 x 1.1 + 9511 read x 0.11 + 1944 x 5.5
		{"51e22910839c6861", "bedrock", sonnetOnBedrock, 2364.6}, // 433 x 3 + 2752 read x 0.3 + 16 x 15
		{"78605143718bae7c", "azure", "", 1843.8},                // (3700 - 2560) x 0.25 + 2560 read x 0.03 + 741 x 2
		{"94ce3e3086e06a28", "openai", "", 13_758.85},            // (7243 - 3072) x 1.75 + 3072 read x 0.175 + 423 x 14
		{"2a48064b49bd8e9d", "deepseek", "", 33.7568},            // (366 - 256) x 0.14 + 256 read x 0.0028 + 63 x 0.28
		{"fc86157cefa30c5b", "gemini", "", 5826.75},              // (3797 - 3055) x 0.3 + 3055 read x 0.03 + (656 + 1549 thought) x 2.5
		{"8e3989f9e9ef69b9", "xai", "", 466},                     // (100 - 20) x 2 + 20 read x 0.3 + 50 x 6
		{"fd30b7a35abb0ade", "openai", "", 23.6},                 // 140 x 0.1 + 24 x 0.4
		{"4c8f5ac7b735129c", "mistral", "", 57},                  // 72 x 0.5 + 14 x 1.5
		{"d2a9924f723cfacb", "groq", "", 37.8},                   // 84 x 0.15 + 42 x 0.6
		{"fdc435f0ab2ab551", "openai", "", 0.16},                 // 8 x 0.02, nothing written
		{"aec360b06446bf5a", "openai", "gpt-5.6-sol", 25_265},    // the record's own upstream cost: 8 x 5 + 4012 written x 6.25 + 5 x 30
		{"b7e4048a84e59200", "anthropic", "claude-opus-5", 4170}, // the record's own upstream cost
		{"54fed32423e3fa51", "openai", "gpt-5.4-nano", 90.1},     // the record's own upstream cost
		{"787c36427a2c442d", "azure", "", -1},                    // not listed there: unknown, not the maker's price
	}
	records := map[string]*corpus.Record{}
	for _, r := range corpus.Load(t, "*.jsonl") {
		records[r.ID] = r
	}
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range cases {
		r := records[c.id]
		if r == nil {
			t.Errorf("there is no record %s", c.id)
			continue
		}
		model := c.model
		if model == "" {
			model = r.Model
		}
		u := usageOf(t, r)
		p, _ := Lookup(c.kind, model, at)
		got := p.Cost(&u, at)
		if got.Known != (c.millionths >= 0) {
			t.Errorf("%s %s/%s: known is %v", c.id, c.kind, model, got.Known)
		} else if got.Known && math.Abs(got.USD*1e6-c.millionths) > 1e-6 {
			t.Errorf("%s %s/%s costs %.6f millionths, want %.6f", c.id, c.kind, model, got.USD*1e6, c.millionths)
		}
	}
}

const sonnetOnBedrock = "us.anthropic.claude-sonnet-4-5-20250929-v1:0" // the record has it percent-encoded, from a URL

// usageOf reads the counts of a record the way its provider means them.
func usageOf(t *testing.T, r *corpus.Record) switchgear.Usage {
	t.Helper()
	var body struct {
		Usage         map[string]any `json:"usage"`
		UsageMetadata map[string]any `json:"usageMetadata"`
	}
	if err := json.Unmarshal(r.ResponseBody, &body); err != nil {
		t.Fatal(err)
	}
	get := func(m map[string]any, path ...string) (int64, bool) {
		for _, name := range path[:len(path)-1] {
			m, _ = m[name].(map[string]any)
		}
		n, ok := m[path[len(path)-1]].(float64)
		return int64(n), ok
	}
	var u switchgear.Usage
	set := func(f switchgear.UsageField, m map[string]any, path ...string) {
		if n, ok := get(m, path...); ok {
			u.Set(f, n)
		}
	}
	m := body.Usage
	switch {
	case body.UsageMetadata != nil: // thinking stands beside the output
		m = body.UsageMetadata
		set(switchgear.UsageInput, m, "promptTokenCount")
		set(switchgear.UsageOutput, m, "candidatesTokenCount")
		thought, _ := get(m, "thoughtsTokenCount")
		u.Output += thought
		set(switchgear.UsageCacheRead, m, "cachedContentTokenCount")
	case m["cache_creation_input_tokens"] != nil: // the cache stands beside the input
		set(switchgear.UsageInput, m, "input_tokens")
		set(switchgear.UsageOutput, m, "output_tokens")
		set(switchgear.UsageCacheRead, m, "cache_read_input_tokens")
		set(switchgear.UsageCacheWrite, m, "cache_creation_input_tokens")
		set(switchgear.UsageCacheWriteHour, m, "cache_creation", "ephemeral_1h_input_tokens")
		u.Input += u.CacheRead + u.CacheWrite
	case m["inputTokens"] != nil: // the same, in other words
		set(switchgear.UsageInput, m, "inputTokens")
		set(switchgear.UsageOutput, m, "outputTokens")
		set(switchgear.UsageCacheRead, m, "cacheReadInputTokens")
		set(switchgear.UsageCacheWrite, m, "cacheWriteInputTokens")
		u.Input += u.CacheRead + u.CacheWrite
	case m["input_tokens"] != nil: // the cache is part of the input
		set(switchgear.UsageInput, m, "input_tokens")
		set(switchgear.UsageOutput, m, "output_tokens")
		set(switchgear.UsageCacheRead, m, "input_tokens_details", "cached_tokens")
		set(switchgear.UsageCacheWrite, m, "input_tokens_details", "cache_write_tokens")
	default:
		set(switchgear.UsageInput, m, "prompt_tokens")
		set(switchgear.UsageOutput, m, "completion_tokens")
		set(switchgear.UsageCacheRead, m, "prompt_tokens_details", "cached_tokens")
		set(switchgear.UsageCacheWrite, m, "prompt_tokens_details", "cache_write_tokens")
	}
	return u
}
