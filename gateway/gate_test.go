package gateway

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
)

const gated = `version: 1
providers:
  one: {kind: openai, base_url: "http://one.test/v1"}
  two: {kind: openai, base_url: "http://two.test/v1"}
models:
  small: {model: one/small, tier: small}
routes:
  extract:
    chain: [one/old, {use: two/old, with: {temperature: 0.2, body: {top_k: 40, stop: [a, b]}}}]
    eval: evals/extract.yaml
    aliases: [gpt-4o]
    rules:
      - {when: {input_tokens: ">1000"}, chain: [small]}
  chat: {chain: [one/anything]}
alerts: none
`

func gatedConfig(t testing.TB, change ...string) *config.Config {
	t.Helper()
	text := gated
	if len(change) > 0 {
		text = strings.NewReplacer(change...).Replace(gated)
		if text == gated {
			t.Fatalf("%q changes nothing", change)
		}
	}
	cfg, findings := config.Parse("test.yaml", []byte(text), nil)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return cfg
}

// plainClaims are a configuration's claims without their places.
func plainClaims(cfg *config.Config) []lock.Claim {
	var out []lock.Claim
	for _, c := range Claims(cfg) {
		out = append(out, c.Claim)
	}
	return out
}

// declared is a lock with baselines for what a configuration reaches.
func declared(t testing.TB, cfg *config.Config) *lock.File {
	t.Helper()
	f := &lock.File{Name: "switchgear.lock"}
	if err := f.Declare(plainClaims(cfg), "ann", today(), nil); err != nil {
		t.Fatal(err)
	}
	return f
}

// gateFindings are what the gate says, without what else is said.
func gateFindings(cfg *config.Config, held *lock.File) []config.Finding {
	var out []config.Finding
	for _, f := range check(cfg, nil, held, today()) {
		if f.Gate {
			out = append(out, f)
		}
	}
	return out
}

// TestGateAsksForEveryTarget that a route with an eval can reach, and for no
// other.
func TestGateAsksForEveryTarget(t *testing.T) {
	cfg := gatedConfig(t)
	var got []string
	for _, f := range gateFindings(cfg, nil) {
		if f.Severity != config.Error {
			t.Errorf("%s", f)
		}
		got = append(got, f.Path)
	}
	if want := "routes.extract.chain[0] routes.extract.chain[1] routes.extract.rules[0].chain[0]"; strings.Join(got, " ") != want {
		t.Errorf("%s", got)
	}
	if findings := gateFindings(cfg, declared(t, cfg)); len(findings) > 0 {
		t.Errorf("%v", findings)
	}
}

// TestGateSideDoors changes a proven table by hand, in every way that lets
// something else answer.
func TestGateSideDoors(t *testing.T) {
	held := declared(t, gatedConfig(t))
	for name, tt := range map[string]struct {
		change []string
		path   string // of the only refusal; "" for none
	}{
		"another first step":          {[]string{"[one/old,", "[one/new,"}, "routes.extract.chain[0]"},
		"one more fallback":           {[]string{"[a, b]}}}]", "[a, b]}}}, one/new]"}, "routes.extract.chain[2]"},
		"another model in a rule":     {[]string{"chain: [small]}", "chain: [one/new]}"}, "routes.extract.rules[0].chain[0]"},
		"another model behind a name": {[]string{"model: one/small", "model: one/tiny"}, "routes.extract.rules[0].chain[0]"},
		"another server":              {[]string{"http://two.test/v1", "http://three.test/v1"}, "routes.extract.chain[1]"},
		"another kind":                {[]string{`two: {kind: openai`, `two: {kind: anthropic`}, "routes.extract.chain[1]"},
		"another temperature":         {[]string{"temperature: 0.2", "temperature: 1.5"}, "routes.extract.chain[1]"},
		"another member":              {[]string{"top_k: 40", "top_k: 41"}, "routes.extract.chain[1]"},
		"one more lever":              {[]string{"[one/old,", "[{use: one/old, with: {max_tokens: 5}},"}, "routes.extract.chain[0]"},
		"a lever less":                {[]string{"temperature: 0.2, ", ""}, "routes.extract.chain[1]"},
		"members in another order":    {[]string{"{top_k: 40, stop: [a, b]}", "{stop: [a, b], top_k: 40}"}, ""},
		"levers in another order":     {[]string{"temperature: 0.2, body: {top_k: 40, stop: [a, b]}", "body: {top_k: 40, stop: [a, b]}, temperature: 0.2"}, ""},
		"another alias":               {[]string{"gpt-4o", "gpt-5"}, ""},
		"steps in another order":      {[]string{"chain: [small]", "chain: [one/old, small]"}, ""},
		"levers that are empty":       {[]string{"[one/old,", "[{use: one/old, with: {}},"}, ""},
		"a route without an eval":     {[]string{"one/anything", "one/something"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := gateFindings(gatedConfig(t, tt.change...), held)
			switch {
			case tt.path == "" && len(got) > 0:
				t.Errorf("refused: %v", got)
			case tt.path != "" && (len(got) != 1 || got[0].Path != tt.path || got[0].Severity != config.Error):
				t.Errorf("%v, want one refusal of %s", got, tt.path)
			}
		})
	}
}

// TestGateStakes: what was decided for normal stakes proves nothing for high.
func TestGateStakes(t *testing.T) {
	cfg := gatedConfig(t)
	held := declared(t, gatedConfig(t, "chain: [small]}", "chain: [one/old]}"))
	small := plainClaims(cfg)[2]
	e := lock.Evidence{
		Run: "r1", Date: today(), Verdict: lock.VerdictShip, Stakes: "normal", Incumbent: "one/old", N: 600, Lower: -0.01, Upper: 0.01,
		Margin: 0.05, Alpha: 0.05, P: 0.001, Bound: small.Bound,
	}
	e.Bound.Cases, e.Bound.Graders = lock.Hash([]byte("cases")), lock.Hash([]byte("graders"))
	if err := held.Record("extract", small.Target, e, nil); err != nil {
		t.Fatal(err)
	}
	if got := gateFindings(cfg, held); len(got) > 0 {
		t.Errorf("%v", got)
	}
	got := gateFindings(gatedConfig(t, "    aliases:", "    stakes: high\n    single_point: ok\n    aliases:"), held)
	if len(got) != 1 || !strings.Contains(got[0].Message, "was decided for normal stakes, and the route's are high") {
		t.Errorf("%v", got)
	}
	// A route that names another eval is not proven by this one.
	got = gateFindings(gatedConfig(t, "evals/extract.yaml", "evals/easy.yaml"), held)
	if len(got) != 1 || !strings.Contains(got[0].Message, "the eval's file changed since") {
		t.Errorf("%v", got)
	}
}

// TestGateNormalise: what serving does to answers is part of what was proven. To
// what was only declared, normalisers may be added: they act on answers that
// could not be read.
func TestGateNormalise(t *testing.T) {
	plain, mended := gatedConfig(t), gatedConfig(t, "    aliases:", "    normalise: [trim, strip_fence]\n    aliases:")
	turned := gatedConfig(t, "    aliases:", "    normalise: [strip_fence, trim]\n    aliases:")
	for _, tt := range []struct {
		proven, served *config.Config
		refusals       int
	}{{plain, mended, 0}, {mended, plain, 3}, {mended, mended, 0}, {mended, turned, 0}} {
		got := gateFindings(tt.served, declared(t, tt.proven))
		if len(got) != tt.refusals || (len(got) > 0 && !strings.Contains(got[0].Message, "the normalisers changed since")) {
			t.Errorf("%v, want %d", got, tt.refusals)
		}
	}
}

// TestGateModes: off asks nothing, warn refuses nothing, required asks for an
// eval.
func TestGateModes(t *testing.T) {
	for mode, want := range map[string]struct{ errors, warnings int }{
		"off": {0, 0}, "warn": {0, 3}, "enforce": {3, 0}, "required": {4, 0},
		"{trusted_keys: [\"ed25519:GKDLe4X5+BvIoKmUUSvgNBrSWYdmqP2GsNFBCWBSn7g=\"]}": {3, 0},
	} {
		got := map[config.Severity]int{}
		for _, f := range gateFindings(gatedConfig(t, "alerts: none", "alerts: none\ngate: "+mode), nil) {
			got[f.Severity]++
		}
		if got[config.Error] != want.errors || got[config.Warning] != want.warnings {
			t.Errorf("%s: %v", mode, got)
		}
	}
	// A configuration that a program put together is asked as well.
	cfg := gatedConfig(t)
	cfg.Gate = config.Gate{}
	if got := gateFindings(cfg, nil); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestGateSignatures: unsigned entries do not count when there are trusted keys.
func TestGateSignatures(t *testing.T) {
	cfg := gatedConfig(t, "alerts: none", "alerts: none\ngate: {trusted_keys: [\"ed25519:GKDLe4X5+BvIoKmUUSvgNBrSWYdmqP2GsNFBCWBSn7g=\"]}")
	got := gateFindings(cfg, declared(t, cfg))
	if len(got) != 3 || !strings.Contains(got[0].Message, "its baseline is not signed, and the gate has trusted keys") {
		t.Errorf("%v", got)
	}
}

// TestGateOnly tells a violation from a mistake: they have exit codes of their
// own.
func TestGateOnly(t *testing.T) {
	cfg := gatedConfig(t)
	if e := (&ConfigError{Findings: check(cfg, nil, nil, today())}); !e.GateOnly() {
		t.Errorf("%v", e)
	}
	if e := (&ConfigError{Findings: check(cfg, nil, declared(t, cfg), today())}); e.GateOnly() {
		t.Errorf("%v", e)
	}
	cfg.Direct = true
	if e := (&ConfigError{Findings: check(cfg, nil, nil, today())}); e.GateOnly() || !strings.Contains(e.Error(), "walk past it") {
		t.Errorf("%v", e)
	}
}

// TestGateUnsetAddress: where the address is in a variable that is not set, as
// for a check without secrets, it is not compared.
func TestGateUnsetAddress(t *testing.T) {
	held := declared(t, gatedConfig(t))
	text := strings.Replace(gated, `"http://two.test/v1"`, `"${TWO}"`, 1)
	cfg, _ := config.Parse("test.yaml", []byte(text), nil, config.WithoutSecrets())
	if got := gateFindings(cfg, held); len(got) > 0 {
		t.Errorf("%v", got)
	}
	cfg, _ = config.Parse("test.yaml", []byte(text), func(string) (string, bool) { return "http://elsewhere.test/v1", true })
	if got := gateFindings(cfg, held); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// TestGateReloadRace: tables and locks that belong together are loaded from many
// sides at once; what is not proven by the lock it came with never serves, and
// a lock that came with a refused table proves nothing for the next.
func TestGateReloadRace(t *testing.T) {
	good := gatedConfig(t)
	bad := gatedConfig(t, "[one/old,", "[one/fence,")
	held := declared(t, good)
	g, err := New(t.Context(), good, WithLock(held))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var sides sync.WaitGroup
	for i := range 4 {
		sides.Go(func() {
			for range 50 {
				if i%2 == 0 {
					if err := g.Reload(good, WithLock(held)); err != nil {
						t.Error(err)
					}
				} else if err := g.Reload(bad, WithLock(held)); err == nil || !isGateOnly(err) {
					t.Errorf("an unproven table is taken: %v", err)
				}
				if s := g.now.Load(); s.cfg != good {
					t.Error("the unproven table serves")
				}
			}
		})
	}
	sides.Wait()

	// Without a lock of its own a table is held against the one that serves.
	if err := g.Reload(bad); err == nil {
		t.Error("a table without a lock is taken")
	}
	if err := g.Reload(good); err != nil {
		t.Error(err)
	}
	// A lock that proves the bad table, but comes with another that is refused.
	worse := gatedConfig(t, "[one/old,", "[one/worse,")
	if err := g.Reload(worse, WithLock(declared(t, bad))); err == nil {
		t.Error("the worse table is taken")
	}
	if err := g.Reload(bad); err == nil {
		t.Error("the lock of a refused table is kept")
	}
	if err := g.Reload(bad, WithLock(declared(t, bad))); err != nil {
		t.Error(err)
	}
}

func isGateOnly(err error) bool {
	e, ok := errors.AsType[*ConfigError](err)
	return ok && e.GateOnly()
}

// TestGateExplain shows what each step stands on.
func TestGateExplain(t *testing.T) {
	cfg := gatedConfig(t, "chain: [small]}", "chain: [one/old]}")
	held := declared(t, cfg)
	g, err := New(t.Context(), cfg, WithLock(held))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	e, err := g.Explain("gpt-4o", Query{InputTokens: 10})
	if err != nil || len(e.Steps) != 2 || e.Steps[0].Ground != "baseline" {
		t.Errorf("%+v %v", e, err)
	}
	if e, err = g.Explain("chat", Query{InputTokens: 10}); err != nil || e.Steps[0].Ground != "" {
		t.Errorf("%+v %v", e, err)
	}
}

// BenchmarkGate is what the gate adds to a load: 100 routes of five targets.
func BenchmarkGate(b *testing.B) {
	var text strings.Builder
	text.WriteString("version: 1\nproviders: {one: {kind: openai, base_url: \"http://one.test/v1\"}}\nroutes:\n")
	for i := range 100 {
		name := "r" + strings.Repeat("x", i)
		text.WriteString("  " + name + ": {chain: [one/a, one/b, one/c, one/d, one/e], eval: evals/x.yaml}\n")
	}
	cfg, findings := config.Parse("test.yaml", []byte(text.String()), nil)
	if len(findings) > 0 {
		b.Fatal(findings)
	}
	held := &lock.File{}
	for i := range cfg.Routes {
		only := *cfg
		only.Routes = cfg.Routes[i : i+1]
		if err := held.Declare(plainClaims(&only), "ann", today(), nil); err != nil {
			b.Fatal(err)
		}
	}
	lockText := held.Text()
	for b.Loop() {
		read, _ := lock.Parse("switchgear.lock", lockText)
		if got := Unproven(cfg, read, Claims(cfg), time.Now()); len(got) > 0 {
			b.Fatal(got[0])
		}
	}
}
