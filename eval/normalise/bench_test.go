package normalise

import (
	"strings"
	"testing"
)

// BenchmarkApply is what a route that normalises pays for each answer: almost
// always for one that needs nothing.
func BenchmarkApply(b *testing.B) {
	object := `{"reasoning": "` + strings.Repeat("The total is the sum of the lines. ", 100) + `", "answer": "18"}`
	for _, c := range []struct{ name, text string }{
		{"parses", object},
		{"fenced", "```json\n" + object + "\n```"},
		{"hopeless", strings.Repeat("No JSON here. ", 250)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				Apply(c.text, Format{Kind: JSON}, []string{"trim", "strip_fence", "extract", "escape_controls"})
			}
		})
	}
}
