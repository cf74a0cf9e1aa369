package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/alert"
	"github.com/switchgear-dev/switchgear/internal/telemetry"
)

// post is what a receiver got.
type post struct {
	Host, Action, Key, Severity, Summary string
}

// wire takes what is posted, by whoever.
type wire struct {
	mu    sync.Mutex
	posts []post
}

// said is what stands in the body of a webhook and in the payload of PagerDuty.
type said struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var b struct {
		said

		Action      string `json:"action"`
		Key         string `json:"key"`
		EventAction string `json:"event_action"`
		DedupKey    string `json:"dedup_key"`
		Payload     said   `json:"payload"`
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posts = append(w.posts, post{r.URL.Host, b.Action + b.EventAction, b.Key + b.DedupKey, b.Severity + b.Payload.Severity, b.Summary + b.Payload.Summary})
	return &http.Response{StatusCode: http.StatusAccepted, Body: http.NoBody, Header: http.Header{}}, nil
}

func (w *wire) got() []post {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]post(nil), w.posts...)
}

const watched = `version: 1
providers:
  a: {kind: openai, base_url: "http://127.0.0.1:1/v1"}
  b: {kind: openai, base_url: "http://127.0.0.1:2/v1"}
models:
  big:  {model: a/m1, tier: frontier}
  twin: {model: b/m1, tier: frontier, same_as: big}
  tiny: {model: b/small, tier: small}
routes:
  chat:   {chain: [big, tiny]}
  reason: {chain: [big], stakes: high, single_point: ok, rules: [{when: {input_tokens: ">1000"}, chain: [twin]}]}
alerts:
`

func watchedConfig(t *testing.T, alerts string) *config.Config {
	t.Helper()
	cfg, findings := config.Parse("x.yaml", []byte(watched+alerts), func(name string) (string, bool) {
		value, ok := map[string]string{"PD": "0123456789abcdef0123456789abcdef", "SIGN": "a-secret-to-sign-with"}[name]
		return value, ok
	})
	if config.HasErrors(findings) {
		t.Fatal(Report(findings))
	}
	return cfg
}

// TestWatch goes from what the gateway tells to what the receivers get, over a
// reload.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		before := watchedConfig(t, "  pager: {kind: pagerduty, key: \"${PD}\", on: [circuit_open]}\n  team: {kind: webhook, url: \"https://team.example/x\", secret: \"${SIGN}\", on: [\"*\"]}\n")
		g, err := gateway.New(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		watch := newWatch("prod", w)
		watch.use(before, g)
		watch.alerts.Tell(alert.Event{Kind: switchgear.AlertCircuitOpen, Provider: "a", Target: switchgear.Target{Provider: "a", Model: "m1"}, Reason: "connect"})
		time.Sleep(3 * time.Second)
		got := w.got()
		if len(got) != 2 || got[0].Host == got[1].Host {
			t.Fatalf("%+v", got)
		}
		for _, p := range got {
			want := post{p.Host, "trigger", "switchgear/prod/circuit/a", "critical", "a: circuit open (connect) on m1. No way out for reason. chat now by b/small"}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Error(diff)
			}
		}
		after := watchedConfig(t, "  pager: {kind: pagerduty, key: \"${PD}\", on: [circuit_open]}\n  other: {kind: webhook, url: \"https://other.example/x\", secret: \"${SIGN}\", on: [\"circuit_*\"]}\n")
		if err := g.Reload(after); err != nil {
			t.Fatal(err)
		}
		watch.use(after, g)
		time.Sleep(3 * time.Second)
		if got := w.got(); len(got) != 3 || got[2].Host != "other.example" || got[2].Action != "trigger" {
			t.Errorf("after the reload: %+v", got)
		}
		watch.alerts.Tell(alert.Event{Kind: switchgear.AlertCircuitClose, Provider: "a", Target: switchgear.Target{Provider: "a", Model: "m1"}})
		time.Sleep(6 * time.Minute)
		ends := map[string]string{}
		for _, p := range w.got()[3:] {
			ends[p.Host] = p.Action
		}
		if diff := cmp.Diff(map[string]string{"events.pagerduty.com": "resolve", "team.example": "resolve", "other.example": "resolve"}, ends); diff != "" {
			t.Error(diff)
		}
		want := []telemetry.AlertCount{{Receiver: "other", Outcome: "sent", N: 2}, {Receiver: "pager", Outcome: "sent", N: 2}, {Receiver: "team", Outcome: "sent", N: 2}}
		if diff := cmp.Diff(want, watch.counts()); diff != "" {
			t.Error(diff)
		}
		if err := watch.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestRequestsCount: what a user sees as a failure counts, and nothing else.
func TestRequestsCount(t *testing.T) {
	floor := &switchgear.Error{Class: switchgear.ClassRefused, Code: switchgear.CodeFloorRefused}
	limit := &switchgear.Error{Class: switchgear.ClassRefused, Code: switchgear.CodeRateLimit}
	for _, tt := range []struct {
		name   string
		record switchgear.Record
		pages  bool
	}{
		{"failed", switchgear.Record{Operation: "chat", Outcome: switchgear.OutcomeFailed}, true},
		{"embeddings failed", switchgear.Record{Operation: "embeddings", Outcome: switchgear.OutcomeFailed}, true},
		{"refused by a floor", switchgear.Record{Operation: "chat", Outcome: switchgear.OutcomeRefused, Err: floor}, true},
		{"refused by a limit", switchgear.Record{Operation: "chat", Outcome: switchgear.OutcomeRefused, Err: limit}, false},
		{"invalid", switchgear.Record{Operation: "chat", Outcome: switchgear.OutcomeInvalid}, false},
		{"canceled", switchgear.Record{Operation: "chat", Outcome: switchgear.OutcomeCanceled}, false},
		{"degraded", switchgear.Record{Operation: "chat", Outcome: switchgear.OutcomeDegraded}, false},
		{"a count that failed", switchgear.Record{Operation: "count_tokens", Outcome: switchgear.OutcomeFailed}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{}
				cfg := watchedConfig(t, "  pager: {kind: pagerduty, key: \"${PD}\", on: [circuit_open, route_failing]}\n")
				g, err := gateway.New(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer g.Close()
				watch := newWatch("prod", w)
				watch.use(cfg, g)
				for range 5 {
					r := tt.record
					r.Route = "chat"
					watch.Requested(t.Context(), &r)
				}
				time.Sleep(3 * time.Second)
				got := w.got()
				if (len(got) == 1) != tt.pages || (tt.pages && got[0].Key != "switchgear/prod/route/chat") {
					t.Errorf("%+v", got)
				}
				if err := watch.close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestInstance(t *testing.T) {
	if got := Instance(func(name string) (string, bool) { return "cluster-1", name == "SWITCHGEAR_INSTANCE" }); got != "cluster-1" {
		t.Error(got)
	}
	if got := Instance(func(string) (string, bool) { return "", false }); got == "" {
		t.Error("no name")
	}
}

// TestUnwatched: a file that says nothing of alerts is warned of.
func TestUnwatched(t *testing.T) {
	local := "version: 1\nproviders: {local: {kind: openai, base_url: \"http://127.0.0.1:1/v1\"}}\nroutes: {chat: {chain: [local/m]}}\n"
	sim := "version: 1\nproviders: {sim: {kind: sim}}\nroutes: {chat: {chain: [sim/a], single_point: ok}}\n"
	for text, want := range map[string]bool{local: true, local + "alerts: none\n": false, sim: false} {
		file := filepath.Join(t.TempDir(), "x.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := Source{File: file, Env: func(string) (string, bool) { return "", false }}.Load()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(Report(loaded.Findings), "x.yaml:1:1 alerts: warning: there are none, so an open circuit pages nobody."); got != want {
			t.Errorf("%s\n%s", text, Report(loaded.Findings))
		}
	}
	if l, err := (Source{Env: func(name string) (string, bool) { return "key", name == "OPENAI_API_KEY" }}).Load(); err != nil || strings.Contains(Report(l.Findings), "alerts") {
		t.Errorf("without a file there is nothing to add it to: %v", err)
	}
}

// TestReloadsAreTold: a configuration that is not taken is an incident, with the
// reason in a few words of our own, until another is taken.
func TestReloadsAreTold(t *testing.T) {
	gate := &gateway.ConfigError{Findings: []config.Finding{{Gate: true, Message: "canary"}}}
	both := &gateway.ConfigError{Findings: []config.Finding{{Gate: true}, {Message: "canary"}}}
	for name, tt := range map[string]struct {
		err  error
		says string
	}{
		"the gate":  {gate, "configuration: not taken (it names a model that is not proven)"},
		"a mistake": {both, "configuration: not taken (it has mistakes, or cannot be read)"},
		"no file":   {errors.New("open canary: no such file"), "configuration: not taken (it has mistakes, or cannot be read)"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := &kept{}
				w := &watch{alerts: alert.New(alert.Options{Instance: "test", Receivers: []alert.Receiver{{Name: "r", Sink: got, On: []string{"reload_refused"}}}})}
				w.reloaded(nil) // nothing is open
				time.Sleep(time.Minute)
				w.reloaded(tt.err)
				w.reloaded(tt.err)
				time.Sleep(time.Minute)
				w.reloaded(nil)
				time.Sleep(time.Hour)
				if err := w.close(t.Context()); err != nil {
					t.Error(err)
				}
				if len(got.notices) != 2 || got.notices[0].Summary != tt.says || got.notices[0].Action != alert.Trigger || got.notices[1].Action != alert.Resolve {
					t.Errorf("%+v", got.notices)
				}
			})
		})
	}
}

// kept is a receiver that keeps what it is sent.
type kept struct{ notices []*alert.Notice }

func (k *kept) Send(_ context.Context, n *alert.Notice) error {
	k.notices = append(k.notices, n)
	return nil
}
