package sim

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// dialChecks are about connections that do not come about, and those that are
// kept all the same.
func dialChecks() map[string]check {
	fails := func(name string, d time.Duration, is func(error) bool) check {
		return func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-"+name, true, ""))
			if r.err == nil || !is(r.err) || r.took != d {
				t.Errorf("got %d %v after %v, want an error after %v", r.status, r.err, r.took, d)
			}
			if log := s.Log(); len(log) != 1 || log[0].Outcome != OutcomeBroken || log[0].Model != "sim-"+name || log[0].Duration != d || log[0].Conn != 0 {
				t.Errorf("log: %+v", log)
			}
			kept := s.KeepAlive()
			defer kept.CloseIdleConnections()
			calm := post(t.Context(), kept, "http://sim", dialect, request("sim-small", true, ""))
			if r := post(t.Context(), kept, "http://sim", dialect, request("sim-"+name, true, "")); r.status != http.StatusOK || calm.status != http.StatusOK {
				t.Errorf("over a connection that was kept: %d %v", r.status, r.err)
			}
		}
	}
	timeout := func(err error) bool {
		var late net.Error
		return errors.As(err, &late) && late.Timeout()
	}
	name := func(missing bool) func(error) bool {
		return func(err error) bool {
			var dns *net.DNSError
			return errors.As(err, &dns) && dns.IsNotFound == missing && dns.IsTimeout != missing
		}
	}
	return map[string]check{
		"unreachable": fails("unreachable", 0, func(err error) bool { return errors.Is(err, syscall.EHOSTUNREACH) }),
		"blackhole": fails("blackhole", 2*time.Second, func(err error) bool {
			return errors.Is(err, os.ErrDeadlineExceeded) && timeout(err)
		}),
		"nxdomain":  fails("nxdomain", 0, name(true)),
		"dns-stall": fails("dns-stall", 2*time.Second, name(false)),
		"tls-cert": fails("tls-cert", 0, func(err error) bool {
			var unknown x509.UnknownAuthorityError
			return errors.As(err, &unknown)
		}),
		"tls-hang": fails("tls-hang", 3*time.Second, timeout),
		"errno": func(t *testing.T, s *Server, dialect string) {
			for name, errno := range errnos() {
				if r := s.ask(t, dialect, request("sim-errno-"+name, true, "")); !errors.Is(r.err, errno) {
					t.Errorf("%s: %v", name, r.err)
				}
			}
			if r := s.ask(t, dialect, request("x+errno-EPERM", true, "")); r.status != http.StatusBadRequest || !strings.Contains(r.body, "errno-ETIMEDOUT") {
				t.Errorf("an error that no connection has: %d %s", r.status, r.body)
			}
		},
		"reset-idle": func(t *testing.T, s *Server, dialect string) {
			rt := s.KeepAlive()
			defer rt.CloseIdleConnections()
			first := post(t.Context(), rt, "http://sim", dialect, request("sim-reset-idle", true, ""))
			second := post(t.Context(), rt, "http://sim", dialect, request("sim-small", true, ""))
			third := post(t.Context(), rt, "http://sim", dialect, request("sim-small", true, ""))
			if first.status != 200 || !errors.Is(second.err, syscall.ECONNRESET) || third.status != 200 {
				t.Errorf("%d %v, then %v, then %d %v", first.status, first.err, second.err, third.status, third.err)
			}
			if log := s.Log(); len(log) != 2 || log[0].Conn == log[1].Conn {
				t.Errorf("the call that met the reset is in the log: %+v", log)
			}
		},
		"stuck-body": stuckBody,
	}
}

func stuckBody(t *testing.T, s *Server, dialect string) {
	big := strings.Replace(request("sim-stuck-body-10s", true, ""), "Where", strings.Repeat("x", 200<<10), 1)
	r := post(t.Context(), s.Transport(), "http://sim", dialect, big)
	if r.err == nil || r.took != 10*time.Second {
		t.Errorf("got %d, %v after %v", r.status, r.err, r.took)
	}
	if e := s.Log()[0]; e.Outcome != OutcomeBroken || e.BodyLen != stuckAfter || e.Fault != "stuck-body" || e.Model != "sim-stuck-body-10s" {
		t.Errorf("log: %+v", e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	r = post(ctx, s.Transport(), "http://sim", dialect, big)
	synctest.Wait()
	if e := s.Log()[1]; !errors.Is(r.err, context.DeadlineExceeded) || e.Outcome != OutcomeCancelled || e.Duration != 3*time.Second {
		t.Errorf("a client that gives up: %v; %+v", r.err, e)
	}
	if r := s.ask(t, dialect, request("sim-stuck-body", true, "")); r.status != 200 || r.took != 0 {
		t.Errorf("a short request: %d %v after %v", r.status, r.err, r.took)
	}
}

func rateChecks() map[string]check {
	return map[string]check{
		"429-ramp": func(t *testing.T, s *Server, dialect string) {
			limited := func(calls int) (n int) {
				for range calls {
					if s.ask(t, dialect, request("sim-429-ramp", false, "")).status == http.StatusTooManyRequests {
						n++
					}
				}
				time.Sleep(10 * time.Second)
				return n
			}
			got := []int{limited(20), limited(30), limited(60), limited(20)}
			if got[0] != 0 || got[1] != 0 || got[2] != 15 || got[3] != 0 { // 20, then half as much again: 30, then 45
				t.Errorf("refused %v", got)
			}
		},
		"capacity": func(t *testing.T, s *Server, dialect string) {
			served := 0
			for range 30 { // 3 s at 10 a second, of which 4 are served
				if r := s.ask(t, dialect, request("sim-capacity", false, "")); r.status == 200 {
					served++
				} else if r.status != http.StatusServiceUnavailable {
					t.Errorf("%d", r.status)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if served < 14 || served > 16 {
				t.Errorf("%d were served in 3 s, want 12 and the 4 that may come at once", served)
			}
		},
		"401-key": func(t *testing.T, s *Server, dialect string) {
			s.opts.Keys = []string{"first", "second"}
			for key, status := range map[string]int{"first": 200, "second": 401} {
				if r := s.ask(t, dialect, request("sim-401-key-2", false, ""), "Authorization", "Bearer "+key); r.status != status {
					t.Errorf("%s: %d, want %d", key, r.status, status)
				}
			}
			if log := s.Log(); (log[0].Fault == "") != (log[0].Status == 200) {
				t.Errorf("the log has fault %q for status %d", log[0].Fault, log[0].Status)
			}
		},
	}
}

func oddEventChecks() map[string]check {
	end := map[string]string{openai: "[DONE]", anthropic: "message_stop"}
	finish := map[string]string{openai: `"finish_reason":"stop"`, anthropic: `"stop_reason":"end_turn"`}
	return map[string]check{
		"split-utf8": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-split-utf8", true, ""))
			first, second, _ := strings.Cut(r.body, "caf\xc3")
			if utf8.ValidString(r.body) || !strings.HasPrefix(second[strings.Index(second, "\xa9")-1:], "\"\xa9\"") || !utf8.ValidString(first) || !strings.Contains(second, end[dialect]) {
				t.Errorf("%q", r.body)
			}
		},
		"multi-line": func(t *testing.T, s *Server, dialect string) {
			calm := s.ask(t, dialect, request("sim-small", true, ""))
			r := s.ask(t, dialect, request("sim-small", true, ""), faultHeader, "multi-line")
			joined := func(body string) string {
				var b strings.Builder
				for event := range strings.SplitSeq(body, "\n\n") {
					b.WriteString(strings.ReplaceAll(event, "\ndata: ", "") + "\n\n")
				}
				return b.String()
			}
			if joined(r.body) != joined(calm.body) || strings.Count(r.body, "data:") < 2*strings.Count(calm.body, "data:") {
				t.Errorf("%q\n%q", r.body, calm.body)
			}
		},
		"finish-twice": func(t *testing.T, s *Server, dialect string) {
			if r := s.ask(t, dialect, request("sim-finish-twice", true, "")); strings.Count(r.body, finish[dialect]) != 2 || !strings.Contains(r.body, end[dialect]) {
				t.Errorf("%s", r.body)
			}
		},
		"late-content": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-late-content", true, ""))
			_, rest, ok := strings.Cut(r.body, finish[dialect])
			if !ok || !strings.Contains(rest, "too late") || !strings.Contains(rest, end[dialect]) {
				t.Errorf("%s", r.body)
			}
		},
		"bad-gzip": func(t *testing.T, s *Server, dialect string) {
			calm := s.ask(t, dialect, request("sim-small", true, ""))
			for _, stream := range []bool{true, false} {
				r := s.ask(t, dialect, request("sim-small", stream, ""), faultHeader, "bad-gzip")
				if r.header.Get("Content-Encoding") != "gzip" || r.broken != nil {
					t.Fatalf("stream %v: %v %v", stream, r.header, r.broken)
				}
				plain, err := gunzip(r.body)
				if err == nil || len(plain) == 0 || stream && !strings.HasPrefix(calm.body, plain) {
					t.Errorf("stream %v: %v after %d bytes", stream, err, len(plain))
				}
			}
		},
	}
}

func oddContentChecks() map[string]check {
	return map[string]check{
		"garbage": func(t *testing.T, s *Server, dialect string) {
			r := s.ask(t, dialect, request("sim-garbage", true, ""))
			if !strings.Contains(r.text(), "สวัสดี") || !utf8.ValidString(r.body) {
				t.Errorf("%s", r.body)
			}
		},
		"short": func(t *testing.T, s *Server, dialect string) {
			reason := map[string]string{openai: `"length"`, anthropic: `"max_tokens"`}[dialect]
			for _, stream := range []bool{true, false} {
				if r := s.ask(t, dialect, request("sim-short", stream, "")); len(r.text()) != 4 || !strings.Contains(r.body, reason) {
					t.Errorf("%s", r.body)
				}
			}
		},
		"400-vague": gives(400, "could not be processed", "could not be processed")("400-vague"),
	}
}

// TestStackedFaults expects a wait before an error, as providers in trouble
// have it.
func TestStackedFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		r := s.ask(t, openai, request("sim-small", false, ""), faultHeader, "slow-headers-2s+500")
		if r.status != 500 || r.took != 2*time.Second || s.Log()[0].Fault != "slow-headers-2s+500" {
			t.Errorf("%d after %v by %s", r.status, r.took, s.Log()[0].Fault)
		}
	})
}

func TestSocketsHaveNoDialling(t *testing.T) {
	s := New(Options{})
	base, rt := served(t, s)
	for _, name := range []string{"nxdomain", "tls-cert", "unreachable", "errno-EPIPE"} {
		if r := post(t.Context(), rt, base, openai, request("sim-"+name, true, "")); !errors.Is(r.err, syscall.ECONNRESET) {
			t.Errorf("%s: %d %v", name, r.status, r.err)
		}
	}
	for _, name := range []string{"blackhole", "dns-stall", "tls-hang"} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if r := post(ctx, rt, base, openai, request("sim-"+name, true, "")); !errors.Is(r.err, context.DeadlineExceeded) {
			t.Errorf("%s: %d %v", name, r.status, r.err)
		}
		cancel()
	}
	big := strings.Replace(request("sim-stuck-body-200ms", true, ""), "Where", strings.Repeat("x", 8<<20), 1)
	if r := post(t.Context(), rt, base, openai, big); r.err == nil || r.took < 200*time.Millisecond {
		t.Errorf("stuck-body: %d %v after %v", r.status, r.err, r.took)
	}
}

func gunzip(body string) (string, error) {
	var b strings.Builder
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(&b, z)
	return b.String(), err
}

func TestKeptConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Lean: true})
		rt := s.KeepAlive()
		defer rt.CloseIdleConnections()
		for i := range 5 {
			if r := post(t.Context(), rt, "http://one.test", openai, request("m"+strconv.Itoa(i), true, "")); r.status != 200 {
				t.Fatalf("%d %v", r.status, r.err)
			}
		}
		for _, e := range s.Log() {
			if e.Conn != 1 || e.Provider != "one" || e.Headers != nil {
				t.Errorf("%+v", e)
			}
		}
	})
}

// TestForeignTransport: a transport of somebody else's meets the faults of
// connecting that a script has for a provider, whichever model is asked for.
func TestForeignTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script, err := ParseScript([]byte("phases: [{faults: [{provider: one, fault: nxdomain}]}]"))
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{Script: script})
		rt := &http.Transport{DialContext: s.DialContext}
		defer rt.CloseIdleConnections()
		var dns *net.DNSError
		if r := post(t.Context(), rt, "http://one.test", openai, request("m", false, "")); !errors.As(r.err, &dns) || !dns.IsNotFound {
			t.Errorf("one: %d %v", r.status, r.err)
		}
		if r := post(t.Context(), rt, "http://two.test", openai, request("m", false, "")); r.status != http.StatusOK {
			t.Errorf("two: %d %v", r.status, r.err)
		}
		if log := s.Log(); len(log) != 2 || log[0].Provider != "one" || log[0].Fault != "nxdomain" || log[1].Provider != "two" {
			t.Errorf("log: %+v", log)
		}
	})
}
