package sse

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// recorded returns the event streams of the recorded traffic.
func recorded(t testing.TB) []*corpus.Record {
	t.Helper()
	records := corpus.Load(t, "*.jsonl")
	records = slices.DeleteFunc(records, func(r *corpus.Record) bool {
		text := strings.TrimLeft(r.ResponseText, " ")
		return !strings.HasPrefix(text, "data:") && !strings.HasPrefix(text, "event:") && !strings.HasPrefix(text, ":") && !strings.HasPrefix(text, "id:")
	})
	if len(records) < 700 {
		t.Fatalf("only %d event streams are left of the recordings", len(records))
	}
	return records
}

// TestRecordedHoweverCut cuts each recorded stream every 7 bytes; those below
// 4 KB at every byte; and the smallest in two, at each place there is.
func TestRecordedHoweverCut(t *testing.T) {
	frames := 0
	for _, rec := range recorded(t) {
		stream := []byte(rec.ResponseText)
		whole, raw, err := readAll(t, bytes.NewReader(stream))
		if !errors.Is(err, io.EOF) || !bytes.Equal(raw, stream) {
			t.Errorf("%s: error %v, %d bytes of %d", rec.ID, err, len(raw), len(stream))
			continue
		}
		if len(whole) == 0 {
			t.Errorf("%s: no frames", rec.ID)
		}
		frames += len(whole)
		var cuts [][]int
		cuts = append(cuts, []int{7})
		if len(stream) < 4<<10 {
			cuts = append(cuts, []int{1})
		}
		if len(stream) < 600 {
			for at := 1; at < len(stream); at++ {
				cuts = append(cuts, []int{at, len(stream)})
			}
		}
		for _, sizes := range cuts {
			got, raw, err := readAll(t, &cutter{rest: stream, sizes: sizes})
			if !errors.Is(err, io.EOF) || !bytes.Equal(raw, stream) || !slices.Equal(got, whole) {
				t.Errorf("%s cut at %v: error %v, %d frames, whole %d", rec.ID, sizes, err, len(got), len(whole))
			}
		}
	}
	if frames < 20000 {
		t.Errorf("%d frames in all", frames)
	}
}

func BenchmarkFrame(b *testing.B) {
	frame := AppendEvent(nil, "content_block_delta", []byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" a few words of an answer"}}`))
	for name, end := range map[string]string{"lf": "\n", "crlf": "\r\n"} {
		stream := bytes.Repeat(bytes.ReplaceAll(frame, []byte("\n"), []byte(end)), 1000)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(stream) / 1000))
			b.ReportAllocs()
			src := bytes.NewReader(stream)
			r := NewReader(src, testLimit)
			for b.Loop() {
				_, err := r.Next()
				for errors.Is(err, io.EOF) {
					src.Reset(stream)
					r = NewReader(src, testLimit)
					_, err = r.Next()
				}
			}
		})
	}
}
