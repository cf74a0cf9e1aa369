package sse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seen is a frame that outlives the next call of Next.
type seen struct {
	Event, Data string
	HasData     bool
	Comment     bool
}

const testLimit = 1 << 20

// readAll reads a stream to its end: its frames, the bytes of all their Raw,
// and the error that ended it. The line feed of a stream's last end of line,
// when it came too late for the last frame, is left out of the frames.
func readAll(t rapid.TB, src io.Reader) (frames []seen, raw []byte, err error) {
	t.Helper()
	r := NewReader(src, testLimit)
	for range 1 << 24 {
		f, err := r.Next()
		late := string(f.Raw) == "\n" && bytes.HasSuffix(raw, []byte("\r"))
		raw = append(raw, f.Raw...)
		if len(f.Raw) > 0 && !late {
			frames = append(frames, seen{Event: f.Event, Data: string(f.Data), HasData: f.Data != nil, Comment: f.Comment})
		}
		if err != nil {
			again, stuck := r.Next()
			if len(again.Raw) > 0 || !errors.Is(stuck, err) {
				t.Fatalf("after %v the reader went on: %q, %v", err, again.Raw, stuck)
			}
			return frames, raw, err
		}
		if len(f.Raw) == 0 {
			t.Fatal("a frame without bytes")
		}
	}
	t.Fatal("the stream does not end")
	return nil, nil, nil
}

func TestNext(t *testing.T) {
	data := func(s string) seen { return seen{Data: s, HasData: true} }
	event := func(name, s string) seen { return seen{Event: name, Data: s, HasData: true} }
	comment := seen{Comment: true}
	tests := map[string]struct {
		in   string
		want []seen
		err  error
	}{
		"nothing":                     {"", nil, io.EOF},
		"one frame":                   {"data: x\n\n", []seen{data("x")}, io.EOF},
		"no space":                    {"data:x\n\n", []seen{data("x")}, io.EOF},
		"only one space goes":         {"data:  x \n\n", []seen{data(" x ")}, io.EOF},
		"event":                       {"event: a\ndata: x\n\nevent:b\ndata: y\n\n", []seen{event("a", "x"), event("b", "y")}, io.EOF},
		"last event wins":             {"event: a\nevent: b\ndata: x\n\n", []seen{event("b", "x")}, io.EOF},
		"many lines":                  {"data: x\ndata\ndata: y\n\n", []seen{data("x\n\ny")}, io.EOF},
		"empty data":                  {"data:\n\n", []seen{data("")}, io.EOF},
		"event without data":          {"event: ping\n\n", []seen{{Event: "ping"}}, io.EOF},
		"id and retry are fields":     {"id: 1\nretry: 5\n\n", []seen{{}}, io.EOF},
		"crlf":                        {"event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n", []seen{event("a", "x"), data("y")}, io.EOF},
		"cr":                          {"event: a\rdata: x\r\rdata: y\r\r", []seen{event("a", "x"), data("y")}, io.EOF},
		"mixed ends":                  {"event: a\rdata: x\ndata: y\r\n\rdata: z\n\r\n", []seen{event("a", "x\ny"), data("z")}, io.EOF},
		"comment":                     {": PROCESSING\n\ndata: x\n\n", []seen{comment, data("x")}, io.EOF},
		"comment in a frame":          {": hi\ndata: x\n:\n\n", []seen{data("x")}, io.EOF},
		"blank lines":                 {"\n\ndata: x\n\n\n", []seen{comment, comment, data("x"), comment}, io.EOF},
		"colons in data":              {"data: a: b:c\n\n", []seen{data("a: b:c")}, io.EOF},
		"unknown field":               {"dat: x\n\n", []seen{{}}, io.EOF},
		"mark":                        {"\uFEFFdata: x\n\n", []seen{data("x")}, io.EOF},
		"mark alone":                  {"\uFEFF", []seen{comment}, io.EOF},
		"mark and a blank line":       {"\uFEFF\ndata: x\n\n", []seen{comment, data("x")}, io.EOF},
		"second mark is no mark":      {"data: x\n\n\uFEFFdata: y\n\n", []seen{data("x"), {}}, io.EOF},
		"ends in a frame":             {"data: x\n\nevent: a\ndata: y\n", []seen{data("x"), event("a", "y")}, io.ErrUnexpectedEOF},
		"ends in a line":              {"data: x\n\ndata: [DO", []seen{data("x"), data("[DO")}, io.ErrUnexpectedEOF},
		"ends in a field's name":      {"data: x\n\ndat", []seen{data("x"), {}}, io.ErrUnexpectedEOF},
		"ends in an event's name":     {"event: a\n", []seen{{Event: "a"}}, io.ErrUnexpectedEOF},
		"ends in a comment":           {"data: x\n\n: bye", []seen{data("x"), comment}, io.EOF},
		"ends after a comment's line": {": bye\n", []seen{comment}, io.EOF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frames, raw, err := readAll(t, strings.NewReader(tt.in))
			if diff := cmp.Diff(tt.want, frames); diff != "" {
				t.Errorf("frames (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if string(raw) != tt.in {
				t.Errorf("raw %q, want %q", raw, tt.in)
			}
			split, raw, err := readAll(t, iotest.OneByteReader(strings.NewReader(tt.in)))
			if diff := cmp.Diff(tt.want, split); diff != "" {
				t.Errorf("frames byte by byte (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.err) || string(raw) != tt.in {
				t.Errorf("byte by byte: error %v, raw %q", err, raw)
			}
		})
	}
}

// TestNextDoesNotWait feeds one byte at a time by hand: a frame must come out
// of Next before the next byte goes in.
func TestNextDoesNotWait(t *testing.T) {
	for _, end := range []string{"\n", "\r", "\r\n"} {
		first := "event: a" + end + "data: x" + end + end[:1] // a CR ends the line at once
		src := &script{chunks: []string{first}}
		f, err := NewReader(src, testLimit).Next()
		if err != nil || f.Event != "a" || string(f.Data) != "x" || string(f.Raw) != first {
			t.Errorf("end %q: %+v, %v", end, f, err)
		}
		if src.reads != 1 {
			t.Errorf("end %q: %d reads, want 1", end, src.reads)
		}
	}
}

// script is a reader that fails the test's expectations by counting its reads.
type script struct {
	chunks []string
	reads  int
}

func (s *script) Read(p []byte) (int, error) {
	s.reads++
	if len(s.chunks) == 0 {
		return 0, errors.New("read too far")
	}
	n := copy(p, s.chunks[0])
	s.chunks = s.chunks[1:]
	return n, nil
}

func TestNextTooLong(t *testing.T) {
	frame := "data: " + strings.Repeat("x", 92) + "\n\n" // 100 bytes
	for _, cut := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
		for limit, want := range map[int]error{100: io.EOF, 99: ErrTooLong, 10: ErrTooLong} {
			r := NewReader(cut(strings.NewReader(frame)), limit)
			_, err := r.Next()
			if err == nil {
				_, err = r.Next()
			}
			if !errors.Is(err, want) {
				t.Errorf("limit %d: %v, want %v", limit, err, want)
			}
			if _, err := r.Next(); !errors.Is(err, want) {
				t.Errorf("limit %d, again: %v", limit, err)
			}
		}
	}
	endless := NewReader(zeros{}, 1<<16)
	if _, err := endless.Next(); !errors.Is(err, ErrTooLong) {
		t.Errorf("endless line: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestNextLongFrames makes the buffer grow and its contents move, frames of all
// sizes following one another.
func TestNextLongFrames(t *testing.T) {
	var stream []byte
	var want []seen
	for i := range 60 {
		size := []int{10, 5000, 300, 20000, 4096, 0}[i%6] + i
		data := strings.Repeat(string(rune('a'+i%26)), size)
		stream = AppendEvent(stream, "e", []byte(data))
		want = append(want, seen{Event: "e", Data: data, HasData: true})
	}
	for _, size := range []int{1, 100, 4095, 4096, 4097, len(stream)} {
		frames, raw, err := readAll(t, &cutter{rest: stream, sizes: []int{size}})
		if !errors.Is(err, io.EOF) || !bytes.Equal(raw, stream) {
			t.Errorf("cut at %d: error %v, %d bytes of %d", size, err, len(raw), len(stream))
		}
		if diff := cmp.Diff(want, frames); diff != "" {
			t.Errorf("cut at %d (-want +got):\n%s", size, diff)
		}
	}
}

func TestNextReadErrors(t *testing.T) {
	reset := errors.New("connection reset")
	src := io.MultiReader(strings.NewReader("data: x\n\ndata: y"), iotest.ErrReader(reset))
	frames, raw, err := readAll(t, src)
	want := []seen{{Data: "x", HasData: true}, {Data: "y", HasData: true}}
	if diff := cmp.Diff(want, frames); diff != "" || !errors.Is(err, reset) || len(raw) != 16 {
		t.Errorf("error %v, raw %q, frames (-want +got):\n%s", err, raw, diff)
	}
	_, _, err = readAll(t, stuck{})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestNextAllocs: the steady state of a stream costs no allocation.
func TestNextAllocs(t *testing.T) {
	stream := bytes.Repeat([]byte("event: delta\ndata: {\"a\":\ndata: 1}\n\n: hi\n\ndata: {}\r\n\r\n"), 3000)
	r := NewReader(bytes.NewReader(stream), testLimit)
	for range 10 {
		r.Next()
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func TestAppendEvent(t *testing.T) {
	tests := []struct{ event, data, want string }{
		{"", "x", "data: x\n\n"},
		{"", "", "data: \n\n"},
		{"a", "{}", "event: a\ndata: {}\n\n"},
		{"a", "x\ny\r\nz\rw\n", "event: a\ndata: x\ndata: y\ndata: z\ndata: w\ndata: \n\n"},
		{"a\ndata: evil", "x", "event: a\ndata: x\n\n"},
	}
	for _, tt := range tests {
		if got := string(AppendEvent([]byte("+"), tt.event, []byte(tt.data))); got != "+"+tt.want {
			t.Errorf("AppendEvent(%q, %q) = %q, want %q", tt.event, tt.data, got, tt.want)
		}
	}
}
