package switchgear_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

func TestParseTarget(t *testing.T) {
	f := func(text, provider, model string) {
		t.Helper()
		got, err := switchgear.ParseTarget(text)
		if (err == nil) != (provider != "") || got.Provider != provider || got.Model != model {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q prints as %q", text, got)
		}
	}
	f("openai/gpt-5.6-terra", "openai", "gpt-5.6-terra")
	f("groq/openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b")
	f("gpt", "", "")
	f("/gpt", "", "")
	f("openai/", "", "")
}

// However a secret is printed, logged or encoded, it is not seen.
func TestSecretIsNotSeen(t *testing.T) {
	const value = "sk-very-secret"
	c := switchgear.Credential{ID: "p#1", Secret: switchgear.NewSecret(value)}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "credential", c, "secret", c.Secret)
	encoded, err := json.Marshal(map[string]any{"c": c.Secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, seen := range []string{
		fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c.Secret, c.Secret, c.Secret, c.Secret),
		fmt.Sprintf("%v %+v", &c, &c.Secret), log.String(), string(encoded), fmt.Errorf("key %v", c.Secret).Error(),
	} {
		if strings.Contains(seen, value) || strings.Contains(seen, fmt.Sprintf("%x", value)) {
			t.Errorf("the secret is seen: %s", seen)
		}
	}
	if c.Secret.Reveal() != value || c.Secret.IsZero() || !(switchgear.Secret{}).IsZero() {
		t.Error("the secret is lost")
	}
}

// The last word holds, field by field; what is not said changes nothing.
func TestUsageMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := []switchgear.UsageField{
			switchgear.UsageInput, switchgear.UsageOutput, switchgear.UsageCacheRead,
			switchgear.UsageCacheWrite, switchgear.UsageCacheWriteHour, switchgear.UsageReasoning,
		}
		var merged switchgear.Usage
		last := map[switchgear.UsageField]int64{}
		for range rapid.IntRange(0, 5).Draw(t, "reports") {
			var report switchgear.Usage
			for _, f := range fields {
				if rapid.Bool().Draw(t, "said") {
					n := rapid.Int64Range(0, 1000).Draw(t, "tokens")
					report.Set(f, n)
					last[f] = n
				}
			}
			merged.Merge(&report)
		}
		var want switchgear.Usage
		for f, n := range last {
			want.Set(f, n)
		}
		if diff := cmp.Diff(want, merged); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Each class has a word, and each knows what to do about itself.
func TestClasses(t *testing.T) {
	words := map[string]bool{}
	for c := switchgear.ClassUnknown; c <= switchgear.ClassInternal; c++ {
		if words[c.String()] || strings.HasPrefix(c.String(), "class ") {
			t.Errorf("class %d has no word of its own: %s", c, c)
		}
		words[c.String()] = true
		if c.CoolsKey() && c.BlamesTarget() {
			t.Errorf("%s is held against key and target both", c)
		}
		if c.Retryable() && !c.FallsOver() {
			t.Errorf("%s may be tried again here but not elsewhere", c)
		}
	}
	for _, c := range []switchgear.Class{switchgear.ClassInvalid, switchgear.ClassCanceled, switchgear.ClassRefused, switchgear.ClassInternal} {
		if c.Retryable() || c.FallsOver() || c.CoolsKey() || c.BlamesTarget() {
			t.Errorf("%s must end the request and blame nobody", c)
		}
	}
}

// What an error says is safe to log: the provider's words are not in it.
func TestErrorText(t *testing.T) {
	cause := errors.New("connection reset")
	e := &switchgear.Error{
		Class: switchgear.ClassServer, Status: 500, Provider: "openai", Code: "server_error", Message: "the provider failed",
		Detail: "quotes the prompt", Body: []byte("quotes the prompt"), Err: cause,
	}
	if want := "openai: server (500) server_error: the provider failed: connection reset"; e.Error() != want {
		t.Errorf("got %q, want %q", e.Error(), want)
	}
	if !errors.Is(e, cause) {
		t.Error("the cause is lost")
	}
}

func TestOutcomeOf(t *testing.T) {
	f := func(trace *switchgear.Trace, e *switchgear.Error, want switchgear.Outcome) {
		t.Helper()
		if got := switchgear.OutcomeOf(trace, e); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(nil, nil, switchgear.OutcomeOK)
	f(&switchgear.Trace{Step: 1}, nil, switchgear.OutcomeOK)
	f(&switchgear.Trace{Step: 2}, nil, switchgear.OutcomeFallback)
	f(&switchgear.Trace{Step: 2, Degraded: true}, nil, switchgear.OutcomeDegraded)
	f(nil, &switchgear.Error{Class: switchgear.ClassInvalid}, switchgear.OutcomeInvalid)
	f(nil, &switchgear.Error{Class: switchgear.ClassAuth}, switchgear.OutcomeRefused)
	f(nil, &switchgear.Error{Class: switchgear.ClassAuth, Provider: "p"}, switchgear.OutcomeFailed)
	f(nil, &switchgear.Error{Class: switchgear.ClassRefused}, switchgear.OutcomeRefused)
	f(nil, &switchgear.Error{Class: switchgear.ClassExhausted}, switchgear.OutcomeFailed)
	f(nil, &switchgear.Error{Class: switchgear.ClassCanceled}, switchgear.OutcomeCanceled)
}

type list struct {
	events []switchgear.Event
	at     int
	err    error
	closed int
}

func (l *list) Next() bool              { l.at++; return l.at <= len(l.events) }
func (l *list) Event() switchgear.Event { return l.events[l.at-1] }
func (l *list) Err() error              { return l.err }
func (l *list) Close() error            { l.closed++; return nil }

// Ranging over a stream gives its events, then its error, and closes it, also
// when the range is left early.
func TestEvents(t *testing.T) {
	broken := errors.New("broken")
	l := &list{events: []switchgear.Event{{Kind: switchgear.EventText, Text: "a"}, {Kind: switchgear.EventText, Text: "b"}}, err: broken}
	text, last := "", error(nil)
	for e, err := range switchgear.Events(l) {
		text, last = text+e.Text, err
	}
	if text != "ab" || !errors.Is(last, broken) || l.closed != 1 {
		t.Errorf("%q, %v, closed %d times", text, last, l.closed)
	}
	l = &list{events: l.events}
	for range switchgear.Events(l) {
		break
	}
	if l.closed != 1 {
		t.Error("the stream was left open")
	}
}

func TestWords(t *testing.T) {
	for _, s := range []switchgear.Stakes{switchgear.StakesLow, switchgear.StakesNormal, switchgear.StakesHigh} {
		if got, ok := switchgear.ParseStakes(s.String()); !ok || got != s {
			t.Errorf("stakes %v read back as %v", s, got)
		}
	}
	for _, tier := range []switchgear.Tier{switchgear.TierSmall, switchgear.TierMid, switchgear.TierFrontier} {
		if got, ok := switchgear.ParseTier(tier.String()); !ok || got != tier {
			t.Errorf("tier %v read back as %v", tier, got)
		}
	}
	if _, ok := switchgear.ParseStakes(""); ok {
		t.Error("nothing is read as stakes")
	}
	if _, ok := switchgear.ParseTier("unknown"); ok {
		t.Error("unknown is read as a tier")
	}
}
