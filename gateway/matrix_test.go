package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
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

// once is a failure after which the next step is tried at once.
func once(class, words string) must {
	return must{end: moved, calls: 1, class: class, alone: lone{calls: 1, status: 503, words: words}}
}

// twice is a failure after which the same step is tried once more.
func twice(class, words string) must {
	return must{
		end: moved, calls: 2, class: class, most: jitter,
		alone: lone{calls: 2, status: 503, words: words + " (2 tries)", most: jitter},
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

// limited is a rate limit: calls and wait with somewhere else to go, and what a
// client is told if there is nowhere.
func limited(calls int, wait time.Duration, alone lone) must {
	return must{end: moved, calls: calls, class: "rate_limited", least: wait, most: wait, alone: alone}
}

// cools is what a rate limit without a hint leads to at the only step: the key
// rests for a second, which is waited for, and after the next for two.
func cools() lone {
	return lone{calls: 2, status: 429, words: "over its rate limit; the first of them is back in 2 s", after: 2 * time.Second, least: time.Second, most: time.Second}
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
	mute := map[string]must{"whole": silent(30*time.Second, time.Minute, none), "stream": silent(3*time.Second, 3*time.Second, first)}
	slow := map[string]must{"whole": after(20 * time.Second), "stream": silent(3*time.Second, 3*time.Second, first)}
	cut := map[string]must{"whole": once("interrupted", "broke off"), "stream": breaks("interrupted", 0)}
	inside := map[string]must{"openai": twice("server", "failed (200)"), "anthropic": once("overloaded", "overloaded")}
	longLimit := lone{calls: 1, status: 503, words: "rate limited (429)"} // OpenAI's headers say 30 s
	return map[string]row{
		// The caller's fault: exactly one call, and the provider's own words.
		"400":         {ways: all(refuses(400, "invalid"))},
		"400-context": {ways: all(refuses(400, "context"))}, // nothing is known of the second step's window
		"400-filter":  {ways: all(refuses(400, "policy"))},
		"413":         {ways: map[string]must{"openai": refuses(413, "context"), "anthropic": refuses(413, "invalid")}},
		"422":         {ways: all(refuses(422, "invalid"))},

		// Our key's fault: never the caller's 401.
		"401":             {ways: all(once("auth", "refused our key (401)"))},
		"402":             {ways: all(once("quota", "account out of money or over its limit (402)"))},
		"403":             {ways: all(once("auth", "refused our key (403)"))},
		"400-usage-limit": {ways: map[string]must{"anthropic": once("quota", "account out of money or over its limit (400)")}},
		"429-quota":       {ways: map[string]must{"openai": once("quota", "account out of money or over its limit (429)")}},
		"429-spend":       {ways: map[string]must{"anthropic": once("quota", "account out of money or over its limit (429)")}},

		// Rate limits: waited out at the same step if the provider says so and it
		// is short; else the next step, at once.
		"429": {ways: map[string]must{"openai": limited(1, 0, longLimit), "anthropic": limited(1, 0, cools())}},
		"429-retry": {ways: all(limited(2, 2*time.Second, lone{
			calls: 2, status: 429, words: "back in 2 s", after: 2 * time.Second, least: 2 * time.Second, most: 2 * time.Second,
		}))},
		"429-retry-ms": {ways: all(limited(2, 1500*time.Millisecond, lone{
			calls: 2, status: 429, words: "back in 1.5 s", after: 1500 * time.Millisecond, least: 1500 * time.Millisecond, most: 1500 * time.Millisecond,
		}))},
		"429-retry-date": {ways: all(limited(1, 0, lone{calls: 1, status: 429, words: "back in 3 s", after: 3 * time.Second}))},
		"429-retry-absurd": {ways: map[string]must{
			"openai": limited(1, 0, longLimit), "anthropic": limited(1, 0, cools()),
		}},
		"429-remaining": {ways: all(limited(1, 0, cools()))},
		"429-slow-down": {ways: map[string]must{"openai": limited(1, 0, cools())}},

		// The provider's fault.
		"404":       {ways: all(once("gone", "does not have this model (404)"))},
		"408":       {ways: all(twice("server", "failed (408)"))},
		"409":       {ways: all(twice("server", "failed (409)"))},
		"500":       {ways: all(twice("server", "failed (500)"))},
		"500-empty": {ways: all(twice("server", "failed (500)"))},
		"502":       {ways: all(twice("server", "failed (502)"))},
		"503":       {ways: all(once("overloaded", "overloaded (503)"))},
		"504":       {ways: all(twice("server", "failed (504)"))},
		"520":       {ways: all(twice("server", "failed (520)"))},
		"524":       {ways: all(twice("server", "failed (524)"))},
		"529":       {ways: all(once("overloaded", "overloaded (529)"))},
		"530":       {ways: all(twice("server", "failed (530)"))},
		"403-html": {ways: map[string]must{
			"openai": twice("connect", "unreachable, something else answered in its place (403)"), "anthropic": twice("server", "failed (403)"),
		}},
		"redirect": {ways: all(twice("server", "failed (302)"))},
		"refused":  {ways: all(twice("connect", "unreachable"))},
		"reset":    {ways: all(twice("connect", "unreachable"))},
		"close":    {ways: all(twice("connect", "unreachable"))},

		// Time.
		"silence":      {ways: mute},
		"pings":        {ways: mute}, // a sign of life is no answer
		"slow":         {ways: slow},
		"slow-headers": {ways: slow},
		"trickle":      {ways: map[string]must{"stream": silent(3*time.Second, 3*time.Second, first)}},
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
		"200-html": {ways: map[string]must{
			"openai": twice("connect", "unreachable, something else answered in its place (200)"), "anthropic": twice("malformed", "gave no proper answer (200)"),
		}},
		"200-empty":  {ways: map[string]must{"": twice("malformed", "gave no proper answer (200)"), "anthropic/stream": twice("malformed", "gave no proper answer")}},
		"200-object": {ways: map[string]must{"openai": twice("malformed", "gave no proper answer (200)"), "anthropic": twice("malformed", "gave no proper answer")}},
		"200-error":  {ways: inside},

		// Odd answers that are answers.
		"big-event":       {spec: "big-event-1", ways: all(passes())},
		"crlf":            {ways: all(passes())},
		"no-space":        {ways: all(passes())},
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

func within(t *testing.T, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("took %v, want %v to %v", took, least, most)
	}
}

// checkHeaders holds the gateway's headers on an answer of a chain.
func checkHeaders(t *testing.T, got *reply, route string, want must, attempts int) {
	t.Helper()
	status, fallback, by := 200, "", "one/m1"
	switch want.end {
	case terminal:
		status, by = want.status, ""
		fallback = "one/m1: " + want.class
	case moved:
		by = "two/m2"
		fallback = strings.TrimSuffix(strings.Repeat("one/m1: "+want.class+", ", want.calls), ", ")
	}
	if got.status != status {
		t.Fatalf("status %d, want %d: %.300s", got.status, status, got.body)
	}
	for name, value := range map[string]string{
		"Route": route, "Attempts": strconv.Itoa(attempts), "Fallback": fallback, "Served-By": by, "Degraded": "0", "Dropped": "",
	} {
		if have := got.own(name); have != value {
			t.Errorf("x-switchgear-%s is %q, want %q", strings.ToLower(name), have, value)
		}
	}
	if id := got.own("Request-Id"); id == "" || (got.header.Get("X-Request-ID") != id && got.header.Get("Request-Id") != id) {
		t.Errorf("request id %q in %v", id, got.headerNames())
	}
	for _, name := range []string{"Set-Cookie", "Retry-After", "X-Ratelimit-Remaining-Tokens", "Anthropic-Ratelimit-Tokens-Remaining", "Cf-Ray", "Server"} {
		if value := got.header.Get(name); value != "" {
			t.Errorf("the provider's %s: %s reached the client", name, value)
		}
	}
}

// checkClasses holds how the attempts were judged.
func checkClasses(t *testing.T, h *house, want must) {
	t.Helper()
	for i := range want.calls {
		a := h.records.attempts[i]
		class := ""
		if a.Err != nil {
			class = a.Err.Class.String()
		}
		if class != want.class {
			t.Errorf("attempt %d is %q, want %q (%v)", i+1, class, want.class, a.Err)
		}
	}
}

// checkBroken holds the end of a stream that broke after it had begun: what
// came before it is the provider's, to the byte; the end is an error event; and
// nothing makes it look like an answer that is whole.
func checkBroken(t *testing.T, m mode, got *reply, direct reply) {
	t.Helper()
	mark := map[string]string{"openai": `data: {"error":`, "anthropic": "event: error\n"}[m.name]
	said, event, ok := strings.Cut(got.body, mark)
	if !ok {
		t.Fatalf("no error event at the end of %.300s", got.body[max(0, len(got.body)-300):])
	}
	if said == "" || !strings.HasPrefix(direct.body, said) {
		t.Errorf("what came before the error is not what the provider sent: %d bytes of %d", len(said), len(direct.body))
	}
	if strings.Contains(got.body, "[DONE]") || strings.Contains(got.body, "message_stop") {
		t.Error("a broken answer has the end of a whole one")
	}
	if got.err == nil {
		t.Error("the connection ended cleanly")
	}
	if !strings.HasSuffix(event, "}\n\n") || strings.Count(event, "\n\n") != 1 {
		t.Errorf("the error event is not one whole frame: %q", event)
	}
	_, data, _ := strings.Cut(strings.TrimSuffix(mark, "\n")+event, "data: ")
	if m.name == "anthropic" {
		_, data, _ = strings.Cut(event, "data: ")
	}
	e := readError(t, m.protocol, data)
	if e.Code != "stream_interrupted" || !strings.Contains(e.Message, `"`+got.own("Route")+`": one/m1 `) || strings.HasPrefix(e.Message, "one") {
		t.Errorf("the error event says %+v", e)
	}
	if id := got.own("Request-Id"); id == "" || !strings.Contains(event, id) {
		t.Errorf("the request id %q is not in the error event: %s", id, event)
	}
}

// problem is an error in either protocol's shape.
type problem struct{ Kind, Code, Message, RequestID string }

func readError(t *testing.T, p protocol, body string) problem {
	t.Helper()
	var whole struct {
		Type  string `json:"type"`
		Error struct {
			Message string  `json:"message"`
			Type    string  `json:"type"`
			Code    *string `json:"code"`
		} `json:"error"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(body), &whole); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if p.name == "anthropic" && whole.Type != "error" {
		t.Errorf("not the shape of an Anthropic error: %s", body)
	}
	if whole.Error.Message == "" || whole.Error.Type == "" {
		t.Errorf("an error without words or type: %s", body)
	}
	e := problem{Kind: whole.Error.Type, Message: whole.Error.Message, RequestID: whole.RequestID}
	if whole.Error.Code != nil {
		e.Code = *whole.Error.Code
	}
	return e
}

// checkRefusal holds the body of an error of the gateway's own: the client's
// shape, the kind that goes with the status, and a message that says it all.
func checkRefusal(t *testing.T, m mode, got *reply, words string) {
	t.Helper()
	e := readError(t, m.protocol, got.body)
	code := map[int]string{429: "rate_limit", 503: "chain_exhausted", 529: "chain_exhausted"}[got.status]
	kind := map[int]string{429: "rate_limit_error", 503: "api_error", 529: "overloaded_error"}[got.status]
	if m.name == "openai" && got.status == 503 {
		kind = "server_error"
	}
	if e.Code != code || e.Kind != kind {
		t.Errorf("code %s, type %s; want %s and %s", e.Code, e.Kind, code, kind)
	}
	for _, part := range []string{`"alone"`, "one/m1", words} {
		if !strings.Contains(e.Message, part) {
			t.Errorf("the message lacks %q: %s", part, e.Message)
		}
	}
	id := got.own("Request-Id")
	if id == "" || (!strings.Contains(e.Message, id) && e.RequestID != id) {
		t.Errorf("the request id %q is not in the body: %s", id, got.body)
	}
	for _, secret := range []string{"simulated.", "sk-", "org-", "Cloudflare", "cloudflare", "platform.openai"} {
		if strings.Contains(got.body, secret) {
			t.Errorf("the provider's own words are in an error of ours: %s", got.body)
		}
	}
}

// checkAdvice holds what a client is told about trying again.
func checkAdvice(t *testing.T, got *reply, after time.Duration) {
	t.Helper()
	seconds, ms, should := got.header.Get("Retry-After"), got.header.Get("Retry-After-Ms"), got.header.Get("X-Should-Retry")
	if after == 0 {
		if seconds != "" || ms != "" || should != "false" {
			t.Errorf("retry-after %q, ms %q, x-should-retry %q", seconds, ms, should)
		}
		return
	}
	wantSeconds := strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)
	if seconds != wantSeconds || ms != strconv.FormatInt(after.Milliseconds(), 10) || should != "" {
		t.Errorf("retry-after %q, ms %q, x-should-retry %q; want %v", seconds, ms, should, after)
	}
}

// direct is what a client would have got from a model without the gateway.
func (h *house) direct(m mode, model string) reply {
	h.t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Hour)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sim.test"+m.path, strings.NewReader(m.body(model, "hello")))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+secrets["KEY_1"])
	if m.name == "anthropic" {
		r.Header.Set("Anthropic-Version", "2023-06-01")
	}
	resp, err := h.sim.Transport().RoundTrip(r)
	if err != nil {
		return reply{err: err}
	}
	got := read(resp, start)
	_, _ = io.Copy(io.Discard, resp.Body)
	return got
}

// requestIDs are the one thing in an error's body that differs from call to
// call.
var requestIDs = regexp.MustCompile(`req_[A-Za-z0-9]+`)

// same holds an answer that came through the gateway against one that did not.
func (r *reply) same(t *testing.T, direct reply) {
	t.Helper()
	if r.status != direct.status || r.err != nil {
		t.Errorf("status %d (%v), directly %d", r.status, r.err, direct.status)
	}
	if a, b := requestIDs.ReplaceAllString(r.body, ""), requestIDs.ReplaceAllString(direct.body, ""); a != b {
		t.Errorf("%d bytes, directly %d: %.200q\n%.200q", len(a), len(b), a, b)
	}
}
