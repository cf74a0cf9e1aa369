package gateway

import (
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

const everything = failover.FeatureTools | failover.FeatureSchema | failover.FeatureImage | failover.FeaturePDF | failover.FeatureAudio

// asks are small requests of each protocol for one feature each.
func asks() map[string]map[failover.Feature]string {
	openai := func(part string) string {
		return `{"messages":[{"role":"user","content":[` + part + `]}]}`
	}
	return map[string]map[failover.Feature]string{
		"openai": {
			0:                      openai(`{"type":"text","text":"tools, an image, a file"}`),
			failover.FeatureTools:  `{"messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}`,
			failover.FeatureSchema: `{"messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{}}}}`,
			failover.FeatureImage:  openai(`{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}`),
			failover.FeaturePDF:    openai(`{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}`),
			failover.FeatureAudio:  openai(`{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}`),
		},
		"anthropic": {
			0:                      openai(`{"type":"text","text":"tools, an image, a document"}`),
			failover.FeatureTools:  `{"messages":[],"tools":[{"name":"f"}]}`,
			failover.FeatureSchema: `{"messages":[],"output_config":{"format":{"type":"json_schema","schema":{}}}}`,
			failover.FeatureImage:  openai(`{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}`),
			failover.FeaturePDF:    openai(`{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}`),
		},
	}
}

// A glance at the bytes misses nothing that a request plainly asks for, and
// does not see what it only speaks of.
func TestMayAsk(t *testing.T) {
	for dialect, bodies := range asks() {
		for want, body := range bodies {
			w := &switchgear.Wire{Dialect: dialect, Body: []byte(body)}
			if got := mayAsk(w, everything); got != want {
				t.Errorf("%s: %b, want %b of %s", dialect, got, want, body)
			}
			if got := mayAsk(w, everything&^want); got != 0 {
				t.Errorf("%s: %b of what no step lacks: %s", dialect, got, body)
			}
			if _, err := decode(w); err != nil {
				t.Errorf("%s: %v: %s", dialect, err, body)
			}
		}
	}
	if got := mayAsk(&switchgear.Wire{Dialect: "other"}, failover.FeatureImage); got != failover.FeatureImage {
		t.Errorf("%b of a protocol without marks", got)
	}
}

// BenchmarkMayAsk is what a body of 200 KB costs that asks for nothing, where
// every feature is lacking somewhere: long turns, and very short ones.
func BenchmarkMayAsk(b *testing.B) {
	for name, words := range map[string]int{"long": 200, "short": 1} {
		turn := `{"role":"user","content":"` + strings.Repeat("where would you file ", words) + `"},`
		body := `{"messages":[` + strings.Repeat(turn, 200_000/len(turn)) + `{"role":"user","content":"?"}]}`
		b.Run(name, func(b *testing.B) {
			w := &switchgear.Wire{Dialect: "openai", Body: []byte(body)}
			b.SetBytes(int64(len(w.Body)))
			b.ReportAllocs()
			for b.Loop() {
				if mayAsk(w, everything) != 0 {
					b.Fatal("something is seen")
				}
			}
		})
	}
}

func TestMaxTokens(t *testing.T) {
	long := `{"messages":[{"role":"user","content":"` + strings.Repeat("x", 5000) + `"}]`
	for _, tt := range []struct {
		body string
		want int64
	}{
		{`{"max_tokens":400,"messages":[]}`, 400},
		{`{"messages":[], "max_completion_tokens" : 32}`, 32},
		{long + `,"max_tokens":7}`, 7},
		{`{"max_tokens":12,` + long[1:] + `}`, 12},
		{long + `}`, 0},
		{`{"max_tokens":null}`, 0},
		{`{"max_tokens"`, 0},
		{``, 0},
	} {
		if got := maxTokens(&switchgear.Wire{Body: []byte(tt.body)}); got != tt.want {
			t.Errorf("%.60s: %d, want %d", tt.body, got, tt.want)
		}
	}
}
