package sim

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestCompressed: a compressed script has the same weather in an n-th of the
// time, at every moment of every outage.
func TestCompressed(t *testing.T) {
	all, err := Outages()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		short := s.Compressed(10)
		if got, want := short.Lasts(), s.Lasts()/10; got != want {
			t.Errorf("%s lasts %v, want %v", s.Name(), got, want)
		}
		for at := time.Duration(0); at < s.Lasts(); at += 7 * time.Second {
			was, is := s.Weather(at, 20), short.Weather(at/10, 20)
			if diff := was.Harm - is.Harm; diff > 1e-9 || diff < -1e-9 || was.Slow != is.Slow {
				t.Fatalf("%s at %v: harm %v slow %v, compressed %v %v", s.Name(), at, was.Harm, was.Slow, is.Harm, is.Slow)
			}
		}
	}
	if s := all[0]; s.Compressed(1) != s {
		t.Error("compressed once is another script")
	}
}

// TestOverSockets: faults of connecting strike new connections over sockets,
// and spare one that was kept; what is drawn before a connection is made is
// what the request meets on it.
func TestOverSockets(t *testing.T) {
	dark, err := ParseScript([]byte(`phases: [{name: dark, faults: [{fault: nxdomain, p: 50%}, {fault: 503, p: 50%}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{})
	base, _ := served(t, s)
	address := strings.TrimPrefix(base, "http://")
	rt := s.Over(&http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true})
	kept := s.Over(&http.Transport{DialContext: (&net.Dialer{}).DialContext})
	defer kept.CloseIdleConnections()
	if r := post(t.Context(), kept, "http://"+address, openai, request("gpt-5", false, "")); r.status != http.StatusOK {
		t.Fatalf("before the script: %d %v", r.status, r.err)
	}
	s.Play(dark, Strike{})
	refused, failed := 0, 0
	for range 40 {
		r := post(t.Context(), rt, "http://"+address, openai, request("gpt-5", false, ""))
		var dns *net.DNSError
		switch {
		case errors.As(r.err, &dns):
			refused++
		case r.status == http.StatusServiceUnavailable:
			failed++
		default:
			t.Fatalf("neither of the two: %d %v", r.status, r.err)
		}
	}
	if refused < 8 || failed < 8 {
		t.Errorf("%d could not connect and %d were refused: half and half was asked for", refused, failed)
	}
	only, err := ParseScript([]byte(`phases: [{name: dark, faults: [{fault: nxdomain}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	s.Play(only, Strike{})
	if r := post(t.Context(), kept, "http://"+address, openai, request("gpt-5", false, "")); r.status != http.StatusOK {
		t.Errorf("a kept connection does not live on: %d %v", r.status, r.err)
	}
}
