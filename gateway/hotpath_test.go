package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/server"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// hotPath is everything the gateway decides for a request that goes well: who
// is calling, what is in the body, which route and plan, whether the target may
// be called, with which key, and what the metrics are told.
type hotPath struct {
	tb      testing.TB
	source  *source
	codec   server.Codec
	body    []byte
	key     string
	metrics *telemetry.Metrics
	req     switchgear.Request
	wire    switchgear.Wire
	attempt switchgear.Attempt
	record  switchgear.Record
}

func newHotPath(tb testing.TB, codec server.Codec) *hotPath {
	tb.Helper()
	const key = "sk-sg-0123456789abcdef"
	sum := sha256.Sum256([]byte(key))
	text := `
version: 1
providers:
  one: {kind: ` + codec.Dialect() + `, base_url: "http://one.test/v1", keys: ["${A}", "${B}"]}
  two: {kind: ` + codec.Dialect() + `, base_url: "http://two.test/v1", key: "${A}"}
routes:
  chat:
    chain: [one/m1, two/m2]
    rules: [{when: {input_tokens: ">150000"}, chain: [two/m2, one/m1]}]
clients:
  app: {hash: "sha256:` + hex.EncodeToString(sum[:]) + `", routes: [chat]}
`
	cfg, findings := config.Parse("hot.yaml", []byte(text), func(string) (string, bool) { return "secret", true })
	if hasErrors(findings) {
		tb.Fatal(findings)
	}
	g, err := New(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	h := &hotPath{tb: tb, source: (*source)(g), codec: codec, key: key, metrics: telemetry.NewMetrics("test", nil)}
	h.body = []byte(`{"model":"chat","stream":true,"max_tokens":100,"temperature":0.7,"messages":[{"role":"system","content":"You are terse."},{"role":"user","content":"` +
		strings.Repeat("where is it? ", 28) + `"}]}`)
	if len(h.body) < 450 || len(h.body) > 550 {
		tb.Fatalf("the body has %d bytes", len(h.body))
	}
	return h
}

// scan reads the body.
func (h *hotPath) scan() switchgear.Envelope {
	env, err := h.codec.Scan(h.body)
	if err != nil || env.Model != "chat" || !env.Stream {
		h.tb.Fatal(env, err)
	}
	return env
}

// decide does the rest.
func (h *hotPath) decide(env *switchgear.Envelope) {
	now := time.Now()
	gw := h.source.Now()
	client, err := gw.Admit(h.key)
	if err != nil {
		h.tb.Fatal(err)
	}
	name, err := gw.Resolve(client, env.Model)
	if err != nil {
		h.tb.Fatal(err)
	}
	h.wire = switchgear.Wire{Dialect: h.codec.Dialect(), Body: h.body, Model: env.Span, Stream: env.Stream}
	h.req = switchgear.Request{Route: name, Wire: &h.wire, Labels: client.Labels}
	plan, err := (*snapshot)(gw.(*port)).plan(name, &h.req, env.Stream)
	if err != nil {
		h.tb.Fatal(err)
	}
	step := &plan.Steps[0]
	token, verdict := step.Breaker.Acquire(now)
	credential, place, _, ok := step.Keys.Pick(now, 0)
	if !verdict.Pass || !ok {
		h.tb.Fatal(verdict, ok)
	}
	step.Breaker.Done(token, failover.Outcome{}, now)
	step.Keys.Report(place, nil, now)
	h.attempt = switchgear.Attempt{Step: 1, Target: step.Target, Credential: credential.ID, Duration: time.Second, FirstToken: time.Second / 2}
	h.attempt.Usage.Set(switchgear.UsageInput, 120)
	h.attempt.Usage.Set(switchgear.UsageOutput, 40)
	h.metrics.Attempted(context.Background(), plan.Route, &h.attempt)
	h.record = switchgear.Record{Route: plan.Route, Outcome: switchgear.OutcomeOK, Duration: time.Second, Overhead: time.Microsecond, Usage: h.attempt.Usage}
	h.metrics.Requested(context.Background(), &h.record)
}

// TestHotPathAllocates holds that the decisions allocate nothing. Reading the
// body allocates once: the name in it, which the codec copies into a string.
func TestHotPathAllocates(t *testing.T) {
	for _, codec := range []server.Codec{openai.NewCodec(), anthropic.NewCodec()} {
		t.Run(codec.Dialect(), func(t *testing.T) {
			h := newHotPath(t, codec)
			env := h.scan()
			h.decide(&env) // the first time makes the metrics' series
			if n := testing.AllocsPerRun(500, func() { h.decide(&env) }); n != 0 {
				t.Errorf("the decisions allocate %v times", n)
			}
			if n := testing.AllocsPerRun(500, func() { h.scan() }); n > 1 {
				t.Errorf("the scan allocates %v times", n)
			}
		})
	}
}

// BenchmarkHotPath is to stay under 3 us.
func BenchmarkHotPath(b *testing.B) {
	for _, codec := range []server.Codec{openai.NewCodec(), anthropic.NewCodec()} {
		b.Run(codec.Dialect(), func(b *testing.B) {
			h := newHotPath(b, codec)
			b.ReportAllocs()
			for b.Loop() {
				env := h.scan()
				h.decide(&env)
			}
		})
	}
}
