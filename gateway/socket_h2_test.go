//go:build unix

package gateway_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

// h2Act is what an [h2Server] does with a request.
type h2Act int

const (
	h2Answer h2Act = iota
	h2GoAway       // it says that it closes the connection, and has not looked at the request
	h2Refuse       // it refuses the stream
	h2Freeze       // it reads no more, and says nothing more
)

// h2Server is as much of an HTTP/2 server as a client needs, written frame by
// frame, so that it can do what a server by the book does not. Answers are
// those of a simulated provider. The second request of all meets trouble.
type h2Server struct {
	sim      *sim.Server
	second   h2Act
	requests atomic.Int64
	frozen   chan struct{}
}

// The frames that are needed, with their numbers in RFC 9113.
const (
	frameData     = 0
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	framePing     = 6
	frameGoAway   = 7

	flagEnd     = 0x1 // END_STREAM, or ACK
	flagHeaders = 0x4 // END_HEADERS
)

// serve is what is done with each connection.
func (s *h2Server) serve(config *tls.Config) func(net.Conn) {
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	return func(raw net.Conn) {
		c := tls.Server(raw, config)
		preface := make([]byte, 24)
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		_ = writeFrame(c, frameSettings, 0, 0, nil)
		bodies := map[uint32][]byte{}
		last := uint32(0) // the last stream that was answered
		for {
			kind, flags, stream, payload, err := readFrame(c)
			if err != nil {
				return
			}
			switch kind {
			case frameSettings, framePing:
				if flags&flagEnd == 0 {
					_ = writeFrame(c, kind, flagEnd, 0, payload[:len(payload)*(int(kind)-4)/2]) // a ping is echoed
				}
			case frameData:
				bodies[stream] = append(bodies[stream], payload...)
			}
			if (kind != frameData && kind != frameHeaders) || flags&flagEnd == 0 {
				continue
			}
			act := h2Answer
			if s.requests.Add(1) == 2 {
				act = s.second
			}
			if !s.act(c, act, stream, last, bodies[stream]) {
				return
			}
			last = stream
		}
	}
}

func (s *h2Server) act(c net.Conn, act h2Act, stream, last uint32, body []byte) bool {
	switch act {
	case h2GoAway:
		_ = writeFrame(c, frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), 0))
	case h2Refuse:
		_ = writeFrame(c, frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, 7)) // REFUSED_STREAM
	case h2Freeze:
		<-s.frozen
		return false
	default:
		return s.answer(c, stream, body) == nil
	}
	return true
}

func (s *h2Server) answer(c net.Conn, stream uint32, body []byte) error {
	path := "/v1/chat/completions"
	anthropic := bytes.Contains(body, []byte(`"max_tokens"`))
	if anthropic {
		path = "/v1/messages"
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://sim.test"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if anthropic {
		r.Header.Set("Anthropic-Version", "2023-06-01") // the request's own headers are packed, and not read here
	}
	resp, err := s.sim.Transport().RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	whole, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	kind := resp.Header.Get("Content-Type")
	head := append([]byte{0x88, 0x0f, 31 - 15, byte(len(kind))}, kind...) // :status 200; content-type, number 31 of the static table
	if err := writeFrame(c, frameHeaders, flagHeaders, stream, head); err != nil {
		return err
	}
	return writeFrame(c, frameData, flagEnd, stream, whole)
}

func readFrame(r io.Reader) (kind, flags byte, stream uint32, payload []byte, err error) {
	head := make([]byte, 9)
	if _, err = io.ReadFull(r, head); err != nil {
		return 0, 0, 0, nil, err
	}
	payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(r, payload)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]), payload, err
}

func writeFrame(w io.Writer, kind, flags byte, stream uint32, payload []byte) error {
	n := len(payload)
	frame := append([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}, binary.BigEndian.AppendUint32(nil, stream)...)
	_, err := w.Write(append(frame, payload...))
	return err
}

// fullAfter is how long a connection may take to show that the queue is full.
const fullAfter = 50 * time.Millisecond

// blackhole is an address where a SYN is never answered: the queue of a
// listener that accepts nothing is full.
func blackhole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
	for range 8 { // a queue of none holds one or two
		c, err := net.DialTimeout("tcp", addr, fullAfter)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Skip("this system answers every SYN, however many connections nobody accepts")
	return ""
}
