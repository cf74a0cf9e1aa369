package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestRequestHasItsSize(t *testing.T) {
	for _, size := range []int{512, 10 << 10, 200 << 10} {
		for _, streamed := range []bool{false, true} {
			message := request(size, streamed)
			head, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
			if len(body) != size || contentLength(append(head, '\r', '\n')) != size {
				t.Errorf("the body has %d bytes, its head says %d, want %d", len(body), contentLength(head), size)
			}
			var asked struct {
				Model    string `json:"model"`
				Stream   bool   `json:"stream"`
				Messages []any  `json:"messages"`
			}
			if err := json.Unmarshal(body, &asked); err != nil || asked.Model != "chat" || asked.Stream != streamed || len(asked.Messages) != 2 {
				t.Errorf("the body says %+v (%v)", asked, err)
			}
		}
	}
}

func TestMessagesInPieces(t *testing.T) {
	text := "A\r\nContent-Length: 3\r\n\r\nabc" + "B\r\n\r\n" + "C\r\ncontent-length:  9000\r\n\r\n" + strings.Repeat("x", 9000)
	for name, r := range map[string]io.Reader{
		"whole":        strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
	} {
		m := newMessages(r)
		for _, want := range []struct {
			head string
			body int
		}{{"A", 3}, {"B", 0}, {"C", 9000}} {
			head, body, err := m.next()
			if err != nil || !strings.HasPrefix(string(head), want.head) || len(body) != want.body {
				t.Errorf("%s: message %q with %d bytes (%v), want %s with %d", name, head, len(body), err, want.head, want.body)
			}
		}
		if _, _, err := m.next(); err == nil {
			t.Errorf("%s: there is a fourth message", name)
		}
	}
}

// TestRigAgainstItself drives the mock upstream with the load, without a proxy
// between.
func TestRigAgainstItself(t *testing.T) {
	u, err := newUpstream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	l, err := drive(t.Context(), u.address(), request(20_000, false), 4, 50*time.Millisecond)
	if err != nil || l.requests < 4 || len(l.times) == 0 {
		t.Errorf("%d requests were answered, %d timed (%v)", l.requests, len(l.times), err)
	}
	release, err := hold(t.Context(), u.address(), 20)
	if err != nil {
		t.Error(err)
	}
	release()
	u.close()
	if _, err := drive(t.Context(), u.address(), request(512, false), 1, time.Millisecond); err == nil {
		t.Error("an upstream that is gone answers")
	}
}

func TestRefusalsAreNotCounted(t *testing.T) {
	l, err := (&upstream{answer: []byte("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n")}).listen(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drive(t.Context(), l, request(512, false), 1, time.Millisecond); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("error is %v, want the status", err)
	}
}

func (u *upstream) listen(t *testing.T) (string, error) {
	other, err := newUpstream(t.Context())
	if err != nil {
		return "", err
	}
	t.Cleanup(other.close)
	other.answer = u.answer
	return other.address(), nil
}

func TestProcessNumbers(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("process numbers are not read: there is no /proc here")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: &exec.Cmd{Process: self}}
	if rss, err := p.rss(); err != nil || rss < 1000 {
		t.Errorf("memory is %d KB (%v)", rss, err)
	}
	if _, err := p.cpu(); err != nil {
		t.Error(err)
	}
}

func TestRatiosAreMediansOfRounds(t *testing.T) {
	us := func(values ...int) (cells []cell) {
		for _, v := range values {
			cells = append(cells, cell{cpu: time.Duration(v) * time.Microsecond})
		}
		return cells
	}
	if got := ratios(us(40, 90, 50), us(10, 15, 10)); got != "5.00 (4.00-6.00)" {
		t.Errorf("ratios are %s", got)
	}
	if got := ratios(us(40), nil); got != "-" {
		t.Errorf("without nginx the ratios are %s", got)
	}
}
