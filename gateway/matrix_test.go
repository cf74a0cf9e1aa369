package gateway_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

// What becomes of a request whose first step has a fault.
const (
	served   = "served"   // the first step's answer is passed on as it came
	terminal = "terminal" // the first step's error is the client's, as it came
	moved    = "moved"    // the second step answers
	broken   = "broken"   // the answer has begun and ends with an error event
)

// must is what has to happen.
type must struct {
	end    string
	calls  int    // at the first step
	class  string // of its failures
	status int    // of a terminal error
	least  time.Duration
	most   time.Duration
	alone  lone // the same without a second step
}

// lone is what a client gets from a chain of one step that has failed.
type lone struct {
	calls  int
	status int // for the Anthropic protocol 529 where overload is why
	words  string
	after  time.Duration // Retry-After; 0 for none, and then x-should-retry is false
	least  time.Duration
	most   time.Duration
}

// jitter is the longest wait before a second try.
const jitter = 250 * time.Millisecond

// farewell is how long a client is given to read an error event.
const farewell = 250 * time.Millisecond

func passes() must { return must{end: served, calls: 1} }

func after(d time.Duration) must { return must{end: served, calls: 1, least: d, most: d} }

func refuses(status int, class string) must {
	return must{end: terminal, calls: 1, class: class, status: status}
}

// disputed is a refusal that the second step does not share. Without one it is
// the client's.
func disputed(status int) must {
	return must{end: moved, calls: 1, class: "invalid", status: status}
}

// once is a failure after which the next step is tried at once.
func once(class, words string) must {
	return must{end: moved, calls: 1, class: class, alone: lone{calls: 1, status: 503, words: words}}
}

// crowded is a failure after which the next step is tried at once, and where
// there is none the same one, twice more.
func crowded(class, words string) must {
	m := once(class, words)
	m.alone.calls, m.alone.words, m.alone.most = 3, words+" (3 tries)", twoWaits
	return m
}

// twoWaits is the most that two waits before another try add up to.
const twoWaits = 3 * jitter

// twice is a failure after which the same step is tried once more, and where it
// is the only one twice more.
func twice(class, words string) must {
	return must{
		end: moved, calls: 2, class: class, most: jitter,
		alone: lone{calls: 3, status: 503, words: words + " (3 tries)", most: twoWaits},
	}
}

// silent is a first step that says nothing until a clock ends it. Without a
// second step a whole answer has the route's whole time.
func silent(within, alone time.Duration, words string) must {
	return must{
		end: moved, calls: 1, class: "timeout", least: within, most: within,
		alone: lone{calls: 1, status: 503, words: words, least: alone, most: alone},
	}
}

// mum is a first step whose stream does not begin. Without a second step it is
// tried twice more: it may be one call in two that is not answered.
func mum(within time.Duration, words string) must {
	m := silent(within, 3*within, words+" (3 tries)")
	m.alone.calls = 3
	return m
}

// dials is a connection that has not come about when its time is up. It is not
// tried again.
func dials(d time.Duration) must {
	m := once("connect", "unreachable")
	m.least, m.most, m.alone.least, m.alone.most = d, d, d, d
	return m
}

// limited is a rate limit: calls and wait with somewhere else to go, and what a
// client is told if there is nowhere.
func limited(calls int, wait time.Duration, alone lone) must {
	return must{end: moved, calls: calls, class: "rate_limited", least: wait, most: wait, alone: alone}
}

// cools is what a rate limit without a hint leads to at the only step: the key
// rests for a second, which is waited for, then for two, and after the next for four.
func cools() lone {
	return lone{calls: 3, status: 429, words: "over its rate limit; the first of them is back in 4 s", after: 4 * time.Second, least: 3 * time.Second, most: 3 * time.Second}
}

func breaks(class string, at time.Duration) must {
	return must{end: broken, calls: 1, class: class, least: at + farewell, most: at + farewell}
}

// row says what a fault leads to. A more specific word wins: of a mode, of a
// shape, of a protocol, of all.
type row struct {
	spec string // with an argument where the default would make a slow test
	ways map[string]must
}

func (r row) must(m mode) must {
	shape := "whole"
	if m.stream {
		shape = "stream"
	}
	for _, key := range []string{m.String(), shape, m.name, ""} {
		if found, ok := r.ways[key]; ok {
			return found
		}
	}
	return passes() // a fault that the protocol or the shape does not have
}

func all(m must) map[string]must { return map[string]must{"": m} }

// matrix has a row for every fault of the simulator: the table of what the
// gateway makes of what providers do. Clocks are those of an interactive
// route: 3 s to the first token, 15 s between tokens, 60 s in all.
func matrix() map[string]row {
	first, none := "too slow (no first token within 3 s)", "too slow (no whole answer within 60 s)"
	mute := map[string]must{"whole": silent(30*time.Second, time.Minute, none), "stream": mum(3*time.Second, first)}
	slow := map[string]must{"whole": after(20 * time.Second), "stream": mum(3*time.Second, first)}
	cut := map[string]must{"whole": crowded("interrupted", "broke off"), "stream": breaks("interrupted", 0)}
	inside := map[string]must{"openai": twice("server", "failed (200)"), "anthropic": crowded("overloaded", "overloaded")}
	longLimit := lone{calls: 1, status: 503, words: "rate limited (429)"} // OpenAI's headers say 30 s
	return map[string]row{
		// The caller's fault: exactly one call, and the provider's own words.
		"400":         {ways: all(refuses(400, "invalid"))},
		"400-context": {ways: all(refuses(400, "context"))}, // nothing is known of the second step's window
		"400-filter":  {ways: all(refuses(400, "policy"))},
		"413":         {ways: map[string]must{"openai": refuses(413, "context"), "anthropic": refuses(413, "invalid")}},

		// A refusal in words nobody knows: the next step is asked, and takes it.
		"422":       {ways: all(disputed(422))},
		"400-vague": {ways: all(disputed(400))},

		// Our key's fault: never the caller's 401.
		"401":             {ways: all(once("auth", "refused our key (401)"))},
		"402":             {ways: all(once("quota", "account out of money or over its limit (402)"))},
		"401-key":         {ways: all(once("auth", "refused our key (401)"))},
		"403":             {ways: all(once("auth", "refused our key (403)"))},
		"400-usage-limit": {ways: map[string]must{"anthropic": once("quota", "account out of money or over its limit (400)")}},
		"429-quota":       {ways: map[string]must{"openai": once("quota", "account out of money or over its limit (429)")}},
		"429-spend":       {ways: map[string]must{"anthropic": once("quota", "account out of money or over its limit (429)")}},

		// Rate limits: waited out at the same step if the provider says so and it
		// is short; else the next step, at once.
		"429": {ways: map[string]must{"openai": limited(1, 0, longLimit), "anthropic": limited(1, 0, cools())}},
		"429-retry": {ways: all(limited(2, 2*time.Second, lone{
			calls: 3, status: 429, words: "back in 2 s", after: 2 * time.Second, least: 4 * time.Second, most: 4 * time.Second,
		}))},
		"429-retry-ms": {ways: all(limited(2, 1500*time.Millisecond, lone{
			calls: 3, status: 429, words: "back in 1.5 s", after: 1500 * time.Millisecond, least: 3 * time.Second, most: 3 * time.Second,
		}))},
		"429-retry-date": {ways: all(limited(1, 0, lone{calls: 1, status: 429, words: "back in 3 s", after: 3 * time.Second}))},
		"429-retry-absurd": {ways: map[string]must{
			"openai": limited(1, 0, longLimit), "anthropic": limited(1, 0, cools()),
		}},
		"429-remaining": {ways: all(crowded("overloaded", "overloaded (429)"))}, // a limit that has room left is not the key's
		"429-slow-down": {ways: map[string]must{"openai": limited(1, 0, cools())}},
		"429-ramp":      {ways: all(passes())}, // one call is no growth
		"capacity":      {ways: all(passes())}, // nor too many

		// The provider's fault.
		"404":       {ways: all(once("gone", "does not have this model (404)"))},
		"408":       {ways: all(twice("server", "failed (408)"))},
		"409":       {ways: all(twice("server", "failed (409)"))},
		"500":       {ways: all(twice("server", "failed (500)"))},
		"500-empty": {ways: all(twice("server", "failed (500)"))},
		"502":       {ways: all(twice("server", "failed (502)"))},
		"503":       {ways: all(crowded("overloaded", "overloaded (503)"))},
		"504":       {ways: all(twice("server", "failed (504)"))},
		"520":       {ways: all(twice("server", "failed (520)"))},
		"524":       {ways: all(twice("server", "failed (524)"))},
		"529":       {ways: all(crowded("overloaded", "overloaded (529)"))},
		"530":       {ways: all(twice("server", "failed (530)"))},
		"403-html":  {ways: all(twice("connect", "unreachable, something else answered in its place (403)"))},
		"redirect":  {ways: all(once("auth", "refused our key (302)"))}, // to a login page
		"refused":   {ways: all(once("connect", "unreachable"))},
		"reset":     {ways: all(twice("connect", "unreachable"))},
		"close":     {ways: all(twice("connect", "unreachable"))},
		"errno":     {spec: "errno-EPIPE", ways: all(twice("connect", "unreachable"))},

		// No connection. One that was reset while it was kept is the next
		// request's trouble, and the transport's.
		"unreachable": {ways: all(once("connect", "unreachable"))},
		"nxdomain":    {ways: all(once("connect", "unreachable"))},
		"tls-cert":    {ways: all(once("connect", "unreachable"))},
		"blackhole":   {ways: all(dials(2 * time.Second))},
		"dns-stall":   {ways: all(dials(2 * time.Second))},
		"tls-hang":    {spec: "tls-hang-2s", ways: all(dials(2 * time.Second))}, // not the 3 s of the first token
		"reset-idle":  {ways: all(passes())},
		"stuck-body":  {ways: all(passes())}, // a short request is none

		// Time.
		"silence":      {ways: mute},
		"pings":        {ways: mute}, // a sign of life is no answer
		"slow":         {ways: slow},
		"slow-headers": {ways: slow},
		"trickle":      {ways: map[string]must{"stream": mum(3*time.Second, first)}},
		"stall":        {ways: map[string]must{"whole": silent(30*time.Second, time.Minute, none), "stream": breaks("timeout", 15*time.Second)}},
		"drip":         {ways: all(passes())},

		// Answers that break off.
		"cut":         {ways: map[string]must{"whole": twice("malformed", "gave no proper answer (200)"), "stream": breaks("interrupted", 0)}},
		"cut-chunk":   {ways: cut},
		"cut-rst":     {ways: cut},
		"cut-length":  {ways: cut},
		"error-first": {ways: inside},
		"error":       {ways: inside},                                                        // before any content
		"no-done":     {ways: map[string]must{"anthropic/stream": breaks("interrupted", 0)}}, // OpenAI's end is the finish reason
		"no-finish":   {ways: map[string]must{"stream": breaks("interrupted", 0)}},

		// Answers that are none. OpenAI-compatible hosts put noise into streams,
		// which passes as it came; Anthropic's events have names, and one that
		// says it is content and cannot be read is content lost.
		"malformed":    {ways: map[string]must{"whole": twice("malformed", "gave no proper answer (200)"), "anthropic/stream": breaks("malformed", 0)}},
		"invalid-utf8": {ways: map[string]must{"whole": twice("malformed", "gave no proper answer (200)"), "anthropic/stream": breaks("malformed", 0)}},
		"bad-gzip":     {spec: "bad-gzip-0", ways: all(twice("malformed", "gave no proper answer"))},
		"200-html":     {ways: all(twice("connect", "unreachable, something else answered in its place (200)"))},
		"200-empty":    {ways: map[string]must{"": twice("malformed", "gave no proper answer (200)"), "anthropic/stream": twice("malformed", "gave no proper answer")}},
		"200-object":   {ways: map[string]must{"openai": twice("malformed", "gave no proper answer (200)"), "anthropic": twice("malformed", "gave no proper answer")}},
		"200-error":    {ways: inside},

		// Odd answers that are answers.
		"big-event":       {spec: "big-event-1", ways: all(passes())},
		"crlf":            {ways: all(passes())},
		"no-space":        {ways: all(passes())},
		"multi-line":      {ways: all(passes())},
		"split-utf8":      {ways: map[string]must{"anthropic/stream": breaks("malformed", 0)}}, // as invalid-utf8
		"finish-twice":    {ways: all(passes())},
		"late-content":    {ways: all(passes())},
		"garbage":         {ways: all(passes())}, // a matter for evals
		"short":           {ways: all(passes())},
		"200-retry-after": {ways: all(passes())},
		"refusal":         {ways: all(passes())},
		"content-filter":  {ways: all(passes())},
		"empty":           {ways: all(passes())},
		"ignore-max":      {ways: all(passes())},
		"huge":            {spec: "huge-32", ways: all(passes())},
		"no-usage":        {ways: all(passes())},
		"wrong-model":     {ways: all(passes())},
		"fenced-json":     {ways: all(passes())},
		"bad-tool-args":   {ways: all(passes())},
	}
}

const matrixConfig = `
version: 1
providers:
  one: {kind: KIND, base_url: "http://one.test/v1", key: "${KEY_1}"}
  two: {kind: KIND, base_url: "http://two.test/v1", key: "${KEY_1}"}
routes:
  chat: {chain: [one/m1, two/m2]}
  alone: {chain: [one/m1], single_point: ok}
breakers: {default: {probe: off}} # a probe is a call as well, and here the calls are counted
`

// TestMatrix holds every fault of the simulator against both protocols,
// streamed and not, with and without a second step.
func TestMatrix(t *testing.T) {
	rows := matrix()
	for _, f := range sim.Faults() {
		r, ok := rows[f.Name]
		if !ok {
			t.Errorf("the simulator can %s, and the matrix does not say what then (%s)", f.Name, f.Does)
			continue
		}
		delete(rows, f.Name)
		spec := f.Name
		if r.spec != "" {
			spec = r.spec
		}
		for _, m := range allModes {
			want := r.must(m)
			if !slices.Contains(f.Dialects, m.name) || (f.Streams && !m.stream) {
				want = passes()
			}
			t.Run(f.Name+"/"+m.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tryChain(t, m, spec, want) })
			})
			if want.end == served {
				continue // a second step that is not needed makes no difference
			}
			t.Run(f.Name+"/"+m.String()+"/alone", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tryAlone(t, m, spec, want) })
			})
		}
	}
	for name := range rows {
		t.Errorf("the matrix has a row for %q, which the simulator does not know", name)
	}
}

func tryChain(t *testing.T, m mode, spec string, want must) {
	h := open(t, strings.ReplaceAll(matrixConfig, "KIND", m.name))
	h.fault("m1", spec)
	got := h.ask(m)
	second := 0
	if want.end == moved {
		second = 1
	}
	if a, b := h.calls("m1"), h.calls("m2"); a != want.calls || b != second {
		t.Errorf("%d and %d upstream calls, want %d and %d", a, b, want.calls, second)
	}
	within(t, got.took, want.least, want.most)
	checkHeaders(t, &got, "chat", want, want.calls+second)
	checkClasses(t, h, want)
	switch want.end {
	case moved:
		got.same(t, h.direct(m, "m2"))
		if by, step := got.own("Served-By"), got.own("Step"); by != "two/m2" || step != "2/2" {
			t.Errorf("served by %s, step %s", by, step)
		}
	case served, terminal:
		got.same(t, h.direct(m, "m1"))
	case broken:
		checkBroken(t, m, &got, h.direct(m, "m1"))
	}
}

func tryAlone(t *testing.T, m mode, spec string, want must) {
	h := open(t, strings.ReplaceAll(matrixConfig, "KIND", m.name))
	h.fault("m1", spec)
	got := h.post(m.path, m.body("alone", "hello"))
	if want.end == moved && want.status != 0 {
		want.end = terminal
	}
	if want.end != moved {
		within(t, got.took, want.least, want.most)
		checkHeaders(t, &got, "alone", want, want.calls)
		if want.end == broken {
			checkBroken(t, m, &got, h.direct(m, "m1"))
			return
		}
		got.same(t, h.direct(m, "m1"))
		return
	}
	if n := h.calls("m1"); n != want.alone.calls {
		t.Errorf("%d upstream calls, want %d", n, want.alone.calls)
	}
	within(t, got.took, want.alone.least, want.alone.most)
	status := want.alone.status
	if want.class == "overloaded" && m.name == "anthropic" {
		status = 529
	}
	if got.status != status {
		t.Errorf("status %d, want %d", got.status, status)
	}
	if got.own("Served-By") != "" || got.own("Attempts") != strconv.Itoa(want.alone.calls) || got.own("Route") != "alone" {
		t.Errorf("served by %q, attempts %s, route %q", got.own("Served-By"), got.own("Attempts"), got.own("Route"))
	}
	checkRefusal(t, m, &got, want.alone.words)
	checkAdvice(t, &got, want.alone.after)
}
