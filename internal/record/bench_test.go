package record

import (
	"strings"
	"testing"
)

// BenchmarkEntry redacts a request of 50 KB of English with a number and an
// address in every tenth sentence.
func BenchmarkEntry(b *testing.B) {
	plain := strings.Repeat("The parcel did not arrive and nobody at the depot knows where it is. ", 9)
	text := strings.Repeat(plain+"Call 415-555-2671 or write to ada@mail.example before 5 May. ", 75)
	x, r := asked("openai", `{"messages":[{"role":"user","content":"`+text+`"}]}`), redactor(b)
	b.SetBytes(int64(len(x.Request.Wire.Body)))
	for b.Loop() {
		if _, err := r.entry(x).line(); err != nil {
			b.Fatal(err)
		}
	}
}
