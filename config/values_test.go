package config

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func everything(t *testing.T) *Config {
	t.Helper()
	c, findings := parseIn(t, "testdata/good", "everything.yaml")
	if len(findings) > 0 {
		t.Fatal(say(findings))
	}
	return c
}

func TestProviders(t *testing.T) {
	c := everything(t)
	p, ok := c.Provider("anthropic")
	if !ok || p.Kind != "anthropic" || len(p.Keys) != 1 || p.Keys[0].Reveal() != "key-a" || p.Retry.Attempts != 3 {
		t.Errorf("anthropic: %+v", p)
	}
	if p.Pos != (Position{File: "everything.yaml", Line: 7, Col: 3}) {
		t.Errorf("anthropic stands at %s", p.Pos)
	}
	if p, _ := c.Provider("aws"); p.BaseURL != "https://upstream.example/anthropic" || p.Kind != "anthropic" {
		t.Errorf("aws: %+v", p)
	}
	if p, _ := c.Provider("openai"); p.Kind != "openai" || p.Disabled != "" {
		t.Errorf("openai: %+v", p)
	}
	if p, _ := c.Provider("local"); len(p.Keys) != 0 || p.Disabled != "" {
		t.Errorf("local: %+v", p)
	}
	if _, ok := c.Provider("nobody"); ok {
		t.Error("nobody was found")
	}
}

func TestSettings(t *testing.T) {
	c := everything(t)
	if c.Listen != "127.0.0.1:9090" || c.Admin.Listen != "127.0.0.1:9091" || c.Admin.Token.Reveal() != "a-token-from-a-file" {
		t.Errorf("%s %s %q", c.Listen, c.Admin.Listen, c.Admin.Token.Reveal())
	}
	if c.Expose != "minimal" || c.Direct || c.Retry.Attempts != 3 {
		t.Errorf("%q %v %+v", c.Expose, c.Direct, c.Retry)
	}
	plain, _ := Parse("x", []byte(minimal), environment)
	if plain.Listen != DefaultListen || plain.Admin.Listen != DefaultAdminListen || plain.Expose != "" || !plain.Admin.Token.IsZero() {
		t.Errorf("defaults: %+v", plain)
	}
}

func TestRoute(t *testing.T) {
	c := everything(t)
	r, ok := c.Route("claude-reason")
	if !ok || r.Name != "reason" {
		t.Fatal("the alias does not lead to its route")
	}
	if r.Stakes != switchgear.StakesHigh || r.Floor != switchgear.TierFrontier || r.Surface != SurfaceQuality || r.Commit != CommitWhole {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{"trim", "strip_fence"}, Texts(r.Normalise)); diff != "" {
		t.Error(diff)
	}
	if written := (&Route{Normalise: r.Normalise, Commit: CommitHold}); written.CommitsAt() != CommitWhole || (&Route{Commit: CommitHold}).CommitsAt() != CommitHold {
		t.Errorf("commits at %s", written.CommitsAt())
	}
	if diff := cmp.Diff([]string{"tools", "json_schema"}, Texts(r.Needs)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Timeout{20 * time.Second, 90 * time.Second, 5 * time.Minute}, r.Clocks()); diff != "" {
		t.Error(diff)
	}
	if r.Chain[1].Target != (switchgear.Target{Provider: "aws", Model: "claude-opus-4-8"}) || r.Chain[1].Model.SameAs != "opus" {
		t.Errorf("%+v", r.Chain[1])
	}
	embed, _ := c.Route("embed")
	if embed.Kind != KindEmbedding || embed.Stakes != switchgear.StakesNormal || embed.Commit != CommitFirstToken || embed.ContentPolicy != PolicyStop {
		t.Errorf("%+v", embed)
	}
	if diff := cmp.Diff(DefaultTimeout(SurfaceInteractive), embed.Clocks()); diff != "" {
		t.Error(diff)
	}
}

func TestLevers(t *testing.T) {
	c := everything(t)
	r, _ := c.Route("reason")
	first, second := r.Chain[0].With, r.Chain[1].With
	if first.Thinking.Mode != "adaptive" || first.Effort != "high" || first.Cache.TTL != "1h" || len(first.Members) != 0 {
		t.Errorf("%+v", first)
	}
	if second.Thinking.Budget != 8000 || second.Cache.TTL != "" || *second.MaxTokens != 4096 || *second.Temperature != 0.2 || second.Tier != "priority" {
		t.Errorf("%+v", second)
	}
	want := []switchgear.Member{
		{Name: "top_k", Value: []byte(`40`)},
		{Name: "metadata", Value: []byte(`{"a b":[1,true,null,"2",1.50,"upstream.example"]}`)},
	}
	if diff := cmp.Diff(want, second.Members); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{
		"thinking=adaptive effort=high cache=1h",
		"thinking=8000 cache=on tier=priority max_tokens=4096 temperature=0.2 body.top_k body.metadata",
	} {
		if got := r.Chain[i].WithText; got != want {
			t.Errorf("step %d: %s", i+1, got)
		}
	}
}

func TestRules(t *testing.T) {
	c := everything(t)
	r, _ := c.Route("reason")
	when := r.Rules[0].When
	if when.InputTokens == nil || *when.InputTokens != (Bound{">", 150_000}) || when.Stream != nil {
		t.Errorf("%+v", when)
	}
	if diff := cmp.Diff([]LabelMatch{{"tenant", []string{"web"}}}, when.Labels); diff != "" {
		t.Error(diff)
	}
	when = r.Rules[1].When
	if when.Stream == nil || !*when.Stream {
		t.Errorf("%+v", when)
	}
	if diff := cmp.Diff([]LabelMatch{{"task", []string{"mail", "7"}}}, when.Labels); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		bound Bound
		holds [3]bool // for 9, 10 and 11
	}{
		{Bound{">", 10}, [3]bool{false, false, true}},
		{Bound{">=", 10}, [3]bool{false, true, true}},
		{Bound{"<", 10}, [3]bool{true, false, false}},
		{Bound{"<=", 10}, [3]bool{true, true, false}},
	} {
		if got := [3]bool{tt.bound.Holds(9), tt.bound.Holds(10), tt.bound.Holds(11)}; got != tt.holds {
			t.Errorf("%+v: %v", tt.bound, got)
		}
	}
}

func TestRetryFor(t *testing.T) {
	c := everything(t)
	route, _ := c.Route("classify")
	other, _ := c.Route("reason")
	anthropic, _ := c.Provider("anthropic")
	openai, _ := c.Provider("openai")
	if got := c.RetryFor(route, anthropic); got.Attempts != 1 || got.Backoff.Cap != 0 || *got.WaitHint != 0 {
		t.Errorf("the route's word does not hold: %+v", got)
	}
	if got := c.RetryFor(other, anthropic); got.Attempts != 3 || got.Backoff.Base != 250*time.Millisecond {
		t.Errorf("the provider's word does not hold: %+v", got)
	}
	if got := (&Config{}).RetryFor(other, openai); got.Attempts != 2 || got.Backoff.Cap != 2*time.Second || *got.WaitHint != 2500*time.Millisecond {
		t.Errorf("the default does not hold: %+v", got)
	}
}

func TestClients(t *testing.T) {
	c := everything(t)
	want := []string{"classify", "reason"}
	if diff := cmp.Diff(want, c.Clients[0].Routes); diff != "" {
		t.Error("aliases are not turned into names:", diff)
	}
	if c.Clients[0].Labels["tenant"] != "web" || c.Clients[1].Routes != nil {
		t.Errorf("%+v", c.Clients)
	}
}

const minimal = `version: 1
providers:
  anthropic: {key: "${ANTHROPIC_API_KEY}"}
  openai: {key: "${OPENAI_API_KEY:-}", base_url: "${URL:-https://api.openai.com/v1}"}
routes:
  chat: {chain: [anthropic/claude-sonnet-5]}
`

// TestGeneration checks what the generation depends on, and that it tells
// nothing of a key.
func TestGeneration(t *testing.T) {
	of := func(text string, pairs ...string) string {
		c, _ := Parse("x", []byte(text), func(name string) (string, bool) {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1], true
				}
			}
			return "", false
		})
		if len(c.Generation) != 6 {
			t.Fatalf("generation %q", c.Generation)
		}
		return c.Generation
	}
	base := of(minimal, "ANTHROPIC_API_KEY", "one")
	if of(minimal, "ANTHROPIC_API_KEY", "two") != base {
		t.Error("the generation depends on the value of a key")
	}
	for what, other := range map[string]string{
		"the text":                     of(minimal+"# more\n", "ANTHROPIC_API_KEY", "one"),
		"whether a key is there":       of(minimal),
		"whether an optional key is":   of(minimal, "ANTHROPIC_API_KEY", "one", "OPENAI_API_KEY", "x"),
		"a value that is not a secret": of(minimal, "ANTHROPIC_API_KEY", "one", "URL", "http://localhost"),
	} {
		if other == base {
			t.Errorf("the generation does not depend on %s", what)
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	text := minimal + "admin: {token: \"${file:/no/such/file}\"}\n"
	c, findings := Parse("x", []byte(text), nil, WithoutSecrets())
	if len(findings) > 0 {
		t.Error(say(findings))
	}
	if p, _ := c.Provider("anthropic"); p.Disabled != "" {
		t.Errorf("disabled: %s", p.Disabled)
	}
	if _, findings = Parse("x", []byte(text), nil); !HasErrors(findings) {
		t.Error("without the option nothing is said of the missing secrets")
	}
}

// TestSecretsStayHidden prints everything there is to print.
func TestSecretsStayHidden(t *testing.T) {
	const canary = "canary-9fK2mQ7xLw4RtZ8vBn3JcY6s"
	env := func(string) (string, bool) { return canary, true }
	text := strings.Replace(minimal, "URL:-", "UNUSED_", 1) + "admin: {token: \"${TOKEN}\"}\nlisten: " + canary + "\nretry: {attempts: " + canary + "}\n"
	c, findings := Parse("x", []byte(text), env)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "providers", c.Providers, "admin", c.Admin, "findings", findings)
	printed := fmt.Sprintf("%v %+v %#v %s %v", c, c.Providers, c.Admin, say(findings), findings) + log.String()
	printed = strings.ReplaceAll(printed, c.Listen, "")
	if strings.Contains(printed, canary[7:20]) {
		t.Errorf("a secret shows:\n%s", printed)
	}
	if len(findings) < 3 {
		t.Errorf("too little was found to prove anything:\n%s", say(findings))
	}
}

func TestFromEnvironment(t *testing.T) {
	if _, ok := FromEnvironment(func(string) (string, bool) { return "", true }); ok {
		t.Error("empty variables make no configuration")
	}
	c, ok := FromEnvironment(func(name string) (string, bool) {
		return "key", name == "OPENAI_API_KEY" || name == "ANTHROPIC_API_KEY" || name == "MISTRAL_API_KEY"
	})
	if !ok {
		t.Fatal("nothing was made")
	}
	got := map[string]string{}
	for _, r := range c.Routes {
		for _, s := range r.Chain {
			got[r.Name] += s.Target.String() + " "
		}
	}
	want := map[string]string{
		"small":  "anthropic/claude-haiku-4-5 openai/gpt-5.4-mini mistral/mistral-small-2603 ",
		"chat":   "anthropic/claude-sonnet-5 openai/gpt-5.6-terra mistral/mistral-medium-2604 ",
		"reason": "anthropic/claude-opus-4-8 openai/gpt-5.6-sol mistral/magistral-medium-latest ",
		"embed":  "openai/text-embedding-3-small ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.File != "" || len(c.Providers[0].Keys) != 1 {
		t.Errorf("%+v", c.Providers[0])
	}
}

func TestEveryServiceMakesAConfiguration(t *testing.T) {
	for _, s := range services() {
		c, ok := FromEnvironment(func(name string) (string, bool) { return "key", name == s.variable })
		if !ok || c.Providers[0].Name != s.name {
			t.Errorf("%s: nothing was made", s.variable)
			continue
		}
		if _, ok := c.Route("embed"); ok != (s.embed != "") {
			t.Errorf("%s: embed is %v", s.name, ok)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"chat", "reason", "classify", "extract"}
	for word, want := range map[string]string{
		"caht": "chat", "Chat": "chat", "resaon": "reason", "clasify": "classify", "extraction": "extract", "cla": "classify",
		"x": "", "ch": "", "summary": "", "": "",
	} {
		if got, ok := Nearest(word, names); got != want || ok != (want != "") {
			t.Errorf("%q: %q", word, got)
		}
	}
}

func TestSecretLike(t *testing.T) {
	for text, want := range map[string]bool{
		"sk-" + "abcdefghijkl":             true,
		"9fK2mQ7xLw4RtZ8vBn3JcY6s":         true,
		"claude-3-5-sonnet-20241022":       false,
		"accounts/fireworks/models/glm5p2": false,
		"gpt-5.6-terra":                    false,
		"https://api.example.com/v1":       false,
		"interactive":                      false,
	} {
		shown, got := secretLike(text)
		if got != want {
			t.Errorf("%s: %v", text, got)
		}
		if got && len(strings.TrimSuffix(shown, "...")) > 4 {
			t.Errorf("%s: shows %s", text, shown)
		}
	}
}

// TestBreakerFor: the word on a model wins over that on its provider, and that
// over the word on all.
func TestBreakerFor(t *testing.T) {
	c := everything(t)
	for _, tt := range []struct {
		target      switchgear.Target
		window      time.Duration
		first, most time.Duration
		probe       Switch
	}{
		{switchgear.Target{Provider: "openai", Model: "gpt-5.4-mini"}, 20 * time.Second, 5 * time.Second, 15 * time.Second, SwitchOn},
		{switchgear.Target{Provider: "anthropic", Model: "claude-opus-4-8"}, 20 * time.Second, 10 * time.Second, 30 * time.Second, SwitchOff},
		{switchgear.Target{Provider: "local", Model: "library/tiny"}, time.Minute, 5 * time.Second, 15 * time.Second, SwitchOn},
	} {
		b := c.BreakerFor(tt.target)
		if b.Window != tt.window || b.Cooldown.First != tt.first || b.Cooldown.Most != tt.most || b.Probe != tt.probe {
			t.Errorf("%s: %+v, cool-off %+v", tt.target, b, b.Cooldown)
		}
	}
}

func TestRaces(t *testing.T) {
	c := everything(t)
	reason, _ := c.Route("reason")
	if !reason.SecondOpinion() || reason.Hedge || reason.Fetch != FetchStream {
		t.Errorf("reason: %+v", reason)
	}
	classify, _ := c.Route("classify")
	if !classify.SecondOpinion() || !classify.Hedge || classify.Fetch != FetchWhole {
		t.Errorf("classify: %+v", classify)
	}
	high := Route{Stakes: switchgear.StakesHigh}
	if high.SecondOpinion() {
		t.Error("where stakes are high, nobody else is asked unless the file says so")
	}
	p, _ := c.Provider("anthropic")
	if p.InFlight != 50 || *c.RetryFor(classify, p).Budget != 0.2 {
		t.Errorf("anthropic: %+v", p)
	}
	if p, _ := c.Provider("openai"); *c.RetryFor(classify, p).Budget != 0.1 {
		t.Errorf("openai: %+v", p)
	}
}

func TestAlerts(t *testing.T) {
	c := everything(t)
	if len(c.Alerts) != 4 || c.NoAlerts {
		t.Fatalf("%+v", c.Alerts)
	}
	pager, europe, team, local := c.Alerts[0], c.Alerts[1], c.Alerts[2], c.Alerts[3]
	if pager.Kind != "pagerduty" || pager.Key.Reveal() != "0123456789abcdef0123456789abcdef" || !pager.URL.IsZero() || !pager.Receives("circuit_open") || pager.Receives("key_refused") {
		t.Errorf("%+v", pager)
	}
	if europe.URL.Reveal() != "https://events.eu.pagerduty.com/v2/enqueue" || !europe.Receives("key_exhausted") || europe.Receives("circuit_open") {
		t.Errorf("%+v", europe)
	}
	if team.URL.Reveal() != "https://hooks.example/T0/B0/abcdefghijklmnop0123" || team.Secret.Reveal() != "a-secret-to-sign-with" || !team.Receives("model_gone") {
		t.Errorf("%+v", team)
	}
	if local.Pos.Line == 0 || local.URL.Reveal() != "http://127.0.0.1:9099/alerts?from=here" {
		t.Errorf("%+v", local)
	}
	none, findings := parseIn(t, ".", "alerts-none.yaml")
	if len(findings) > 0 || !none.NoAlerts || none.Alerts != nil {
		t.Errorf("%+v %v", none, findings)
	}
}

// TestAlertSecretsStayHidden: no finding shows what a receiver's key, address
// or secret is, wherever it comes from.
func TestAlertSecretsStayHidden(t *testing.T) {
	for _, value := range []string{"canary-0123456789abcdef-canary", "http://canary.example/canary0123456789abcd", "canary and canary", "ca", ""} {
		env := func(string) (string, bool) { return value, true }
		text := "version: 1\nproviders: {a: {kind: openai}}\nroutes: {chat: {chain: [a/m]}}\nalerts:\n" +
			"  p: {kind: pagerduty, key: \"${A}\", url: \"${B}\", on: [circuit_open]}\n" +
			"  w: {kind: webhook, url: \"${A}\", secret: \"${B}\", on: [\"*\"]}\n"
		_, findings := Parse("x.yaml", []byte(text), env)
		if !HasErrors(findings) || strings.Contains(say(findings), "canary") {
			t.Errorf("%s", say(findings))
		}
	}
}

// TestAlertsWithoutSecrets: what is not at hand is no mistake where a file is
// only looked at.
func TestAlertsWithoutSecrets(t *testing.T) {
	text := "version: 1\nproviders: {a: {kind: openai}}\nroutes: {chat: {chain: [a/m]}}\nalerts:\n" +
		"  p: {kind: pagerduty, key: \"${A}\", url: \"${B:-}\", on: [circuit_open]}\n" +
		"  w: {kind: webhook, url: \"${A}\", secret: \"${B:-}\", on: [\"*\"]}\n"
	if _, findings := Parse("x.yaml", []byte(text), nil, WithoutSecrets()); len(findings) > 0 {
		t.Error(say(findings))
	}
	if _, findings := Parse("x.yaml", []byte(text), nil); len(findings) != 4 {
		t.Error(say(findings))
	}
}
