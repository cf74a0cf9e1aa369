// Package capability says what models can do, as far as the embedded
// catalogue knows: their kind, tier, limits, levers and retirement, and which
// names mean the same model. What it does not know it says it does not know.
package capability

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/catalog"
)

// Answer is yes, no, or not known.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	Yes
	No
)

// String is the word shown to people.
func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	case Unknown:
		return "unknown"
	default:
		return "unknown"
	}
}

// Kind is what a model is for.
type Kind string

// The kinds.
const (
	Chat      Kind = "chat"
	Embedding Kind = "embedding"
)

// Model is one model at one host. Zero values are unknown.
type Model struct {
	Host      string // who sells it, in the catalogue's words: "anthropic", "bedrock", "google"
	ID        string // its name there
	Aliases   []string
	Family    string // the same for the same model at every host
	Kind      Kind
	Tier      switchgear.Tier
	Context   int64    // context window in tokens
	MaxOutput int64    // most tokens of an answer
	Inputs    []string // modalities it reads: "text", "image", "pdf", "audio", "video"
	Effort    []string // the words its effort dial takes
	Thinking  []string // how thinking is asked for: "adaptive", "budget_tokens", "toggle"
	Released  string   // YYYY-MM-DD
	Retires   string   // YYYY-MM-DD
	AsOf      string   // YYYY-MM-DD, the date of the evidence
	Agree     string   // how many of the sources that price it agree on the price: "4/5"
	// Inferred is set when the host is not known to sell the model: only
	// Family, Kind and Tier are then said, as its maker's row has them.
	Inferred bool

	yes, no []string
}

// Lookup finds a model at a host, by its name, an alias, or a name that differs
// only in region, version or date. Kind is the provider's kind; "" stands for
// an endpoint the user runs.
func Lookup(kind, model string) (Model, bool) {
	if row, ok := catalog.Find(kind, model); ok {
		return fromRow(row), true
	}
	if same := catalog.Siblings(kind, model); len(same) > 0 {
		return fromRow(same[0]), true
	}
	row, ok := catalog.Maker(model)
	if !ok {
		return Model{}, false
	}
	m := fromRow(row)
	return Model{Host: catalog.Host(kind), ID: model, Family: m.Family, Kind: m.Kind, Tier: m.Tier, AsOf: m.AsOf, Inferred: true}, true
}

// All are the models of the catalogue, sorted by host and name.
func All() []Model {
	rows := catalog.Rows()
	models := make([]Model, len(rows))
	for i := range rows {
		models[i] = fromRow(&rows[i])
	}
	return models
}

func fromRow(r *catalog.Row) Model {
	tier, _ := switchgear.ParseTier(r.Tier)
	return Model{
		Host: r.Host, ID: r.ID, Aliases: r.Aliases, Family: r.Family,
		Kind: Kind(r.Kind), Tier: tier, Context: r.Context, MaxOutput: r.Output,
		Inputs: r.Inputs, Effort: r.Effort, Thinking: r.Thinking,
		Released: r.Released, Retires: r.Retires, AsOf: r.AsOf, Agree: r.Agree,
		yes: r.Yes, no: r.No,
	}
}

// SameFamily reports whether two names, each at whatever host, mean the same
// model: "us.anthropic.claude-opus-4-8-v1:0" and "claude-opus-4-8".
func SameFamily(a, b string) bool {
	return a != "" && catalog.Family(a) == catalog.Family(b)
}

// Supports says whether the model is known to support what a word of [Needs],
// "temperature" or "audio" stands for.
func (m *Model) Supports(feature string) Answer {
	switch {
	case feature == "effort" && len(m.Effort) > 0:
		return Yes
	case feature == "effort":
		return m.effortless()
	case slices.Contains(m.yes, feature):
		return Yes
	case slices.Contains(m.no, feature):
		return No
	case feature == "audio" && len(m.Inputs) > 0: // listed among the inputs only
		if slices.Contains(m.Inputs, feature) {
			return Yes
		}
		return No
	default:
		return Unknown
	}
}

// TakesEffort says whether the model's effort dial takes a word.
func (m *Model) TakesEffort(word string) Answer {
	switch {
	case len(m.Effort) == 0:
		return m.effortless()
	case slices.Contains(m.Effort, word):
		return Yes
	default:
		return No
	}
}

// TakesThinking says whether thinking can be asked for in a mode of
// [switchgear.Thinking]. The sources list the modes they have seen, so one
// that is not listed is unknown unless the model does not think at all.
func (m *Model) TakesThinking(mode string) Answer {
	name := mode
	if mode == "enabled" {
		name = "budget_tokens"
	}
	switch {
	case mode == "disabled":
		return Unknown
	case slices.Contains(m.no, "thinking"):
		return No
	case slices.Contains(m.Thinking, name):
		return Yes
	default:
		return Unknown
	}
}

// Retired says whether the model is past its retirement at a date.
func (m *Model) Retired(at time.Time) Answer {
	day, err := time.Parse(time.DateOnly, m.Retires)
	switch {
	case err != nil:
		return Unknown
	case at.Before(day):
		return No
	default:
		return Yes
	}
}

// effortless is the answer for a model without words for its effort dial: one
// that does not think has no such dial.
func (m *Model) effortless() Answer {
	if slices.Contains(m.no, "thinking") {
		return No
	}
	return Unknown
}

// AsOf is the date of the catalogue's newest evidence, YYYY-MM-DD.
func AsOf() string { return catalog.AsOf() }

// fresh is how long the catalogue is taken at its word: prices of a third of
// the well-known models moved within three months.
const fresh = 60 * 24 * time.Hour

// Stale reports whether evidence of a date is older than 60 days, or has no
// readable date.
func Stale(asOf string, now time.Time) bool {
	day, err := time.Parse(time.DateOnly, asOf)
	return err != nil || now.Sub(day) > fresh
}
