package sim

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe()
		big := bytes.Repeat([]byte("x"), 3*window+7)
		go func() {
			if n, err := a.Write(big); n != len(big) || err != nil {
				t.Errorf("wrote %d: %v", n, err)
			}
			a.Close()
		}()
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, big) {
			t.Errorf("read %d bytes: %v", len(got), err)
		}
		if _, err := b.Write([]byte("late")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("writing to a closed end: %v", err)
		}
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("reading from a closed end: %v", err)
		}
	})
}

func TestMemConnResetAndDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe()
		start := time.Now()
		_ = b.SetDeadline(start.Add(time.Second))
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		var timeout net.Error
		if n, err := b.Write(make([]byte, 10)); n != 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("wrote %d after the deadline: %v", n, err)
		}
		_ = b.SetDeadline(time.Time{})
		_, _ = a.Write([]byte("last words"))
		a.breakOff(syscall.ECONNRESET)
		got, err := io.ReadAll(b)
		if string(got) != "last words" || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read %q: %v", got, err)
		}
		if _, err := a.Write(nil); err != nil {
			t.Errorf("writing nothing: %v", err)
		}
	})
}
