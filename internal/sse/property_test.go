package sse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// cutter gives a stream in pieces of the given sizes, over and over.
type cutter struct {
	rest  []byte
	sizes []int
	turn  int
}

func (c *cutter) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	size := min(c.sizes[c.turn%len(c.sizes)], len(c.rest), len(p))
	c.turn++
	copy(p, c.rest[:size])
	c.rest = c.rest[size:]
	return size, nil
}

// plainly reads a stream as the standard describes it, all at once: line ends
// made equal, the lines sorted into fields. It is what Reader is held against,
// and knows frames that are complete only. Left tells whether bytes remain.
func plainly(stream string) (frames []seen, left bool) {
	stream, marked := strings.CutPrefix(stream, "\uFEFF")
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(stream, "\n")
	lines, tail := lines[:len(lines)-1], lines[len(lines)-1]
	f, data, begun := seen{Comment: true}, []string(nil), marked
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		begun = true
		switch {
		case line == "":
			f.Data, f.HasData = strings.Join(data, "\n"), data != nil
			frames = append(frames, f)
			f, data, begun = seen{Comment: true}, nil, false
			continue
		case name == "":
			continue
		case name == "data":
			data = append(data, value)
		case name == "event":
			f.Event = value
		}
		f.Comment = false
	}
	return frames, begun || tail != ""
}

// streams draws streams of well-formed and of odd lines.
func streams() *rapid.Generator[string] {
	line := rapid.OneOf(
		rapid.SampledFrom([]string{"", "", "data: {\"a\":1}", "data:x", "data", "data:", "data: ", "event: delta", "event:b", "event", ": ping", ":", "id: 7", "retry: 10", "x", " data: x", "data : x", "\uFEFFdata: x"}),
		rapid.StringMatching(`data: [a-z:" é]{0,40}`),
		rapid.StringMatching(`[a-z:" ]{0,9}`),
	)
	lineEnd := rapid.SampledFrom([]string{"\n", "\n", "\r\n", "\r"})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		if rapid.IntRange(0, 9).Draw(t, "mark") == 0 {
			b.WriteString("\uFEFF")
		}
		mixed := rapid.Bool().Draw(t, "mixed")
		common := lineEnd.Draw(t, "end")
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			b.WriteString(line.Draw(t, "line"))
			if mixed {
				common = lineEnd.Draw(t, "end")
			}
			b.WriteString(common)
		}
		b.WriteString(rapid.SampledFrom([]string{"", "", "data: cut", ": cut"}).Draw(t, "tail"))
		return b.String()
	})
}

// TestNextHoweverCut: frames do not depend on how a stream is cut, they are the
// ones of the standard, and no byte is lost.
func TestNextHoweverCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := streams().Draw(t, "stream")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 20).Draw(t, "sizes")
		holdsForCuts(t, []byte(stream), sizes)
	})
}

func holdsForCuts(t rapid.TB, stream []byte, sizes []int) {
	t.Helper()
	whole, raw, end := readAll(t, bytes.NewReader(stream))
	if !bytes.Equal(raw, stream) {
		t.Fatalf("raw %q of %q", raw, stream)
	}
	want, left := plainly(string(stream))
	complete := whole
	if left {
		complete = whole[:len(whole)-1]
	}
	if diff := cmp.Diff(want, complete); diff != "" && len(want)+len(complete) > 0 {
		t.Fatalf("%q: frames (-standard +got):\n%s", stream, diff)
	}
	cut, raw, cutEnd := readAll(t, &cutter{rest: stream, sizes: sizes})
	if !bytes.Equal(raw, stream) {
		t.Fatalf("cut at %v: raw %q of %q", sizes, raw, stream)
	}
	if diff := cmp.Diff(whole, cut); diff != "" || !errors.Is(cutEnd, end) {
		t.Fatalf("%q cut at %v: error %v, then %v, frames (-whole +cut):\n%s", stream, sizes, end, cutEnd, diff)
	}
}

// TestAppendEventIsRead: what AppendEvent writes, a Reader reads.
func TestAppendEventIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		event := rapid.StringMatching(`[a-z_.]{0,12}`).Draw(t, "event")
		data := rapid.StringMatching(`[a-z:{}" \n\r]{0,60}`).Draw(t, "data")
		frames, _, err := readAll(t, bytes.NewReader(AppendEvent(nil, event, []byte(data))))
		lines := strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\r", "\n")
		if diff := cmp.Diff([]seen{{Event: event, Data: lines, HasData: true}}, frames); diff != "" || !errors.Is(err, io.EOF) {
			t.Fatalf("error %v (-want +got):\n%s", err, diff)
		}
	})
}

func FuzzSSE(f *testing.F) {
	for _, seed := range []string{
		"", "data: x\n\n", "event: a\r\ndata: x\r\n\r\n", ": hi\n\ndata: x\ndata: y\n\n", "\uFEFFdata\r\rid: 1\n", "data: x\r\n\r", "\n\r\n\r\r", "event: e\n\n", "data: [DONE]",
	} {
		f.Add([]byte(seed), uint8(1), uint8(7))
	}
	f.Fuzz(func(t *testing.T, stream []byte, one, other uint8) {
		holdsForCuts(t, stream, []int{int(one) + 1, int(other) + 1})
	})
}
