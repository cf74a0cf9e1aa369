package switchgear

import (
	"fmt"
	"log/slog"
	"strings"
)

// Target is one model at one provider: the thing a chain lists, a breaker
// guards and an answer was served by. It is comparable and can be a map key.
type Target struct {
	Provider string // the name the configuration gives the provider
	Model    string // the provider's own name for the model
}

// ParseTarget reads "provider/model". The model may contain further slashes.
func ParseTarget(s string) (Target, error) {
	provider, model, ok := strings.Cut(s, "/")
	if !ok || provider == "" || model == "" {
		return Target{}, fmt.Errorf("%q is not of the form provider/model", s)
	}
	return Target{Provider: provider, Model: model}, nil
}

// String is "provider/model".
func (t Target) String() string { return t.Provider + "/" + t.Model }

// Secret is a value that must not be seen: it prints, logs and encodes as a
// placeholder, and only [Secret.Reveal] gives it back.
type Secret struct{ value string }

const hidden = "[hidden]"

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the wrapped value. Its only rightful callers put it into the
// header of an upstream request.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// String hides the value from every print verb that asks for a string.
func (Secret) String() string { return hidden }

// GoString hides the value from %#v.
func (Secret) GoString() string { return hidden }

// Format hides the value from every other print verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the value from structured logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the value from JSON, YAML and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Credential is one key of one provider.
type Credential struct {
	ID     string // names the key without telling it: "anthropic#2" is the second key of provider anthropic
	Secret Secret // zero for providers that need none
}
