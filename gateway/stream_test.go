package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

const streamConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
retry: {attempts: 1}
routes:
  chat: {chain: [one/m1, two/m2], commit: COMMIT}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

func streamHouse(t *testing.T, p protocol, commit string) *house {
	t.Helper()
	return open(t, strings.NewReplacer("KIND", p.name, "COMMIT", commit).Replace(streamConfig))
}

// TestCommit holds when bytes of a stream that breaks reach the client. Until
// the commit point nothing does, and the next step answers alone.
func TestCommit(t *testing.T) {
	for _, c := range []struct {
		commit, fault string
		pieces        int // that the client sees before the error event; -1 for the second step's answer
	}{
		{"first_token", "cut-0", -1},
		{"first_token", "cut-rst-0", -1},
		{"first_token", "error-0", -1},
		{"first_token", "stall-0", -1},
		{"first_token", "malformed-0+cut-0", -1},
		{"first_token", "cut-1", 1},
		{"first_token", "cut-rst-1", 1},
		{"first_token", "error-1", 1},
		{"first_token", "stall-1", 1},
		{"first_token", "error-7", 7},
		{"hold", "cut-5", -1},
		{"hold", "error-31", -1},
		{"hold", "stall-5", -1},
		{"hold", "ignore-max+error-60", 60},
		{"hold", "ignore-max+cut-rst-60", 60},
		{"hold", "ignore-max+stall-60", 60},
		{"whole", "cut-1", -1},
		{"whole", "ignore-max+error-60", -1},
		{"whole", "ignore-max+cut-rst-200", -1},
		{"whole", "stall-20", -1},
	} {
		for _, p := range bothSides {
			t.Run(c.commit+"/"+c.fault+"/"+p.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := streamHouse(t, p, c.commit)
					h.fault("m1", c.fault)
					m := mode{p, true}
					got := h.ask(m)
					if c.pieces < 0 {
						got.same(t, h.direct(m, "m2"))
						if h.calls("m1") != 1 || got.own("Step") != "2/2" {
							t.Errorf("%d calls, step %s", h.calls("m1"), got.own("Step"))
						}
						return
					}
					checkBroken(t, m, &got, h.direct(m, "m1"))
					if n := pieces(m, got.body); n != c.pieces || h.calls("m2") != 0 {
						t.Errorf("%d pieces of content, want %d; %d calls of the second step", n, c.pieces, h.calls("m2"))
					}
				})
			})
		}
	}
}

// pieces counts the pieces of content in a stream.
func pieces(m mode, body string) int {
	if m.name == "anthropic" {
		return strings.Count(body, "event: content_block_delta\n")
	}
	return strings.Count(body, `"delta":{"content":"`) - strings.Count(body, `"delta":{"content":""}`)
}

// TestCommitPoint: with first_token the client has its first bytes when the
// provider has sent them; with whole, when it has sent the last.
func TestCommitPoint(t *testing.T) {
	for commit, want := range map[string]time.Duration{"first_token": time.Second, "hold": 2 * time.Second, "whole": 0} {
		for _, p := range bothSides {
			t.Run(commit+"/"+p.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := streamHouse(t, p, commit)
					h.fault("m1", "trickle-1s")
					m := mode{p, true}
					body := strings.Replace(m.body("chat", "hi"), `"stream":true`, `"stream":true,"max_tokens":20`, 1)
					if p.name == "anthropic" {
						body = strings.Replace(m.body("chat", "hi"), `"max_tokens":400`, `"max_tokens":20`, 1)
					}
					start := time.Now()
					resp := h.send(t.Context(), m.path, strings.NewReader(body))
					head := time.Since(start)
					got := read(resp, start)
					n := pieces(m, got.body) // a second apart
					if n < 4 || got.err != nil || got.took != time.Duration(n)*time.Second {
						t.Fatalf("%d pieces in %v, %v", n, got.took, got.err)
					}
					due := want
					if due == 0 {
						due = got.took
					}
					if head != due {
						t.Errorf("the first bytes after %v, want %v; the last after %v", head, due, got.took)
					}
				})
			})
		}
	}
}

// TestClientGone: a client that leaves takes its upstream call along within
// 100 ms, and says nothing about the provider.
func TestClientGone(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		whole       bool
		leaves      time.Duration
	}{
		{"before any answer", "silence", false, time.Second},
		{"before the headers of a whole answer", "slow-headers-20s", true, time.Second},
		{"before the first token", "slow-2s", false, time.Second},
		{"while only pings come", "pings-300ms", false, time.Second},
		{"after the first token", "trickle-1s", false, 3500 * time.Millisecond},
		{"while the answer stalls", "stall-3", false, 5 * time.Second},
	} {
		for _, p := range bothSides {
			t.Run(c.name+"/"+p.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := streamHouse(t, p, "first_token")
					h.fault("m1", c.fault)
					m := mode{p, !c.whole}
					for i := range 6 { // enough to open a breaker, were it told
						leave(t, h, m, fmt.Sprint("prompt ", i), c.leaves)
					}
					h.fault("m1", "")
					if got := h.ask(m); got.own("Step") != "1/2" || h.calls("m2") != 0 {
						t.Errorf("step %s, %d calls of the second step", got.own("Step"), h.calls("m2"))
					}
					for _, b := range h.gateway.Breakers() {
						if b.State != "closed" || b.Opens != 0 {
							t.Errorf("%+v", b)
						}
					}
				})
			})
		}
	}
}

// leave sends a request, goes away after a while, and looks at what came of the
// upstream call.
func leave(t *testing.T, h *house, m mode, prompt string, stay time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	gone := time.Now().Add(stay)
	time.AfterFunc(stay, cancel)
	if resp := h.send(ctx, m.path, strings.NewReader(m.body("chat", prompt))); resp != nil {
		read(resp, gone)
	}
	time.Sleep(100 * time.Millisecond)
	log := h.sim.Log()
	last := log[len(log)-1]
	if last.Outcome != sim.OutcomeCancelled || last.Cancelled.Sub(gone) > 100*time.Millisecond || last.Cancelled.Before(gone) {
		t.Errorf("the upstream call is %s, cancelled %v after the client left", last.Outcome, last.Cancelled.Sub(gone))
	}
	record := h.records.last()
	if record.Outcome != switchgear.OutcomeCanceled || record.Trace == nil || len(record.Trace.Attempts) != 1 {
		t.Fatalf("recorded as %s, %+v", record.Outcome, record.Trace)
	}
	if err := record.Trace.Attempts[0].Err; err == nil || err.Class != switchgear.ClassCanceled {
		t.Errorf("the attempt is %v", err)
	}
}

// TestClientDeadline: x-request-timeout shortens what a request may take, and
// its passing is not the provider's fault.
func TestClientDeadline(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := streamHouse(t, m.protocol, "first_token")
				h.fault("*", "silence")
				for i := range 6 {
					got := h.post(m.path, m.body("chat", fmt.Sprint("prompt ", i)), "X-Request-Timeout", "0.8")
					if got.took != 800*time.Millisecond {
						t.Errorf("took %v", got.took)
					}
					if got.status != 503 || !strings.Contains(got.body, "one/m1 too slow") {
						t.Errorf("%d: %s", got.status, got.body)
					}
				}
				if b := h.gateway.Breakers()[0]; b.State != "closed" {
					t.Errorf("%+v", b)
				}
			})
		})
	}
}
