package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/internal/catalog"
)

// source is the merged data set.
type source struct {
	AsOf   map[string]string `json:"_as_of"` // data set: "2026-07-02 revision"
	Models []model           `json:"models"`
}

type model struct {
	Provider     string               `json:"provider"`
	Model        string               `json:"model"`
	Kind         string               `json:"kind"`
	Input        float64              `json:"input"`
	Output       float64              `json:"output"`
	CacheRead    *float64             `json:"cache_read"`
	CacheWrite   *float64             `json:"cache_write"`
	Context      int64                `json:"context"`
	MaxOutput    int64                `json:"max_output"`
	Inputs       []string             `json:"in_modalities"`
	Supports     supports             `json:"supports"`
	Released     string               `json:"release_date"`
	Retires      string               `json:"deprecation_date"`
	Tiers        []tier               `json:"tiers"`
	History      []period             `json:"price_history"`
	Sources      []string             `json:"sources"`
	Agreement    string               `json:"price_agreement"`
	Disagreement map[string][]float64 `json:"price_disagreement"`
	Aliases      []string             `json:"aliases"`
}

type supports struct {
	Tools      *bool    `json:"tools"`
	JSONSchema *bool    `json:"json_schema"`
	Thinking   *bool    `json:"thinking"`
	Caching    *bool    `json:"prompt_caching"`
	Temp       *bool    `json:"temperature"`
	Effort     []string `json:"effort"`
	Modes      []string `json:"thinking_modes"`
}

// tier has a raw cache price, because a price that is stated to be unknown
// (null) and one that is not stated differ.
type tier struct {
	Above     int64           `json:"above_context"`
	Input     float64         `json:"input"`
	Output    float64         `json:"output"`
	CacheRead json.RawMessage `json:"cache_read"`
}

type period struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Input  float64 `json:"input"`
	Output float64 `json:"output"`
}

const header = `# What models cost and can do, as public data sets had it. One line per model
# and host. Made by scripts/catalog; do not edit. How to override a line: docs/models.md.
#
#   host name field=value ...
#
#   kind      chat or embedding
#   tier      small, mid or frontier, by the maker's latest price of output: up to
#             $5, below $25, $25 and more per million tokens. Left out where no
#             maker's own price says something about the model.
#   price     $ per million tokens: input/output/cache read/cache write/cache write
#             kept for an hour; "-" and what is left out are unknown.
#             >N holds for requests that read more than N tokens.
#             @FROM..TO holds from the start of one day to the start of another, UTC.
#   agree     how many of the data sets that price the model agree with the price
#   context   tokens the model can take in and give out together
#   output    tokens an answer may have
#   in        what it reads
#   yes, no   what it is known to support, and known not to; the rest is unknown
#   effort    the words of its effort dial
#   thinking  the ways thinking can be asked for
#   alias     further names at the same host
#   released, retires, as-of   dates; as-of is the date of the newest evidence for the price

`

// Generate writes the catalogue's text from the merged data set.
func Generate(data []byte) (string, error) {
	var src source
	if err := json.Unmarshal(data, &src); err != nil {
		return "", err
	}
	slices.SortFunc(src.Models, func(a, b model) int {
		if c := strings.Compare(a.Provider, b.Provider); c != 0 {
			return c
		}
		return strings.Compare(a.Model, b.Model)
	})
	tiers := judge(src.Models)
	changed := changes(src.Models)
	var b strings.Builder
	b.WriteString(header)
	fmt.Fprintf(&b, "as-of %s\n\n", newest(src.AsOf, nil))
	for i := range src.Models {
		m := &src.Models[i]
		agreeing := slices.DeleteFunc(slices.Clone(m.Sources), func(s string) bool { return m.Disagreement[s] != nil })
		fields := []string{m.Provider, m.Model, "kind=" + m.Kind}
		add := func(name, value string) {
			if value != "" && value != "0" {
				fields = append(fields, name+"="+value)
			}
		}
		add("tier", tiers[catalog.Family(m.Model)])
		asOf := newest(src.AsOf, agreeing)
		for _, p := range prices(m, changed[catalog.Family(m.Model)], asOf) {
			add("price", p)
		}
		add("agree", m.Agreement)
		add("context", strconv.FormatInt(m.Context, 10))
		if m.Kind == "chat" { // for embeddings the sources give dimensions here, not always the right ones
			add("output", strconv.FormatInt(m.MaxOutput, 10))
		}
		add("in", strings.Join(m.Inputs, ","))
		yes, no := answers(m)
		add("yes", strings.Join(yes, ","))
		add("no", strings.Join(no, ","))
		add("effort", strings.Join(m.Supports.Effort, ","))
		add("thinking", strings.Join(m.Supports.Modes, ","))
		add("alias", strings.Join(m.Aliases, ","))
		add("released", m.Released)
		add("retires", m.Retires)
		add("as-of", asOf)
		b.WriteString(strings.Join(fields, " ") + "\n")
	}
	return b.String(), nil
}

// newest is the latest date of the named data sets, or of all of them.
func newest(dates map[string]string, of []string) string {
	latest := ""
	for name, stamp := range dates {
		short, _, _ := strings.Cut(name, "(")
		day, _, _ := strings.Cut(stamp, " ")
		if (of == nil || slices.Contains(of, short)) && day > latest {
			latest = day
		}
	}
	return latest
}

// judge gives tiers to the families whose maker sells them at its own host at
// a price of its own making. Open-weight models sold by many hosts near cost
// get none: their price says little about them.
func judge(models []model) map[string]string {
	tiers := map[string]string{}
	for i := range models {
		m := &models[i]
		if m.Kind != "chat" {
			continue
		}
		switch m.Provider {
		case "anthropic", "openai", "google", "xai", "mistral", "deepseek":
			tiers[catalog.Family(m.Model)] = tierOf(m.Output)
		}
	}
	return tiers
}

func tierOf(output float64) string {
	switch {
	case output <= 5:
		return "small"
	case output < 25:
		return "mid"
	default:
		return "frontier"
	}
}

// answers says what a model is known to support and known not to. A "false" of
// the sources counts only where a source exists that lists the feature: a
// model without a cache price may still cache, and a list of modalities without
// "pdf" may just not know the word.
func answers(m *model) (yes, no []string) {
	note := func(name string, v *bool, trusted bool) {
		switch {
		case v == nil:
		case *v:
			yes = append(yes, name)
		case trusted:
			no = append(no, name)
		}
	}
	lists := slices.Contains(m.Sources, "models.dev") || slices.Contains(m.Sources, "litellm")
	note("tools", m.Supports.Tools, true)
	note("json_schema", m.Supports.JSONSchema, true)
	note("thinking", m.Supports.Thinking, lists)
	note("prompt_caching", m.Supports.Caching, m.Kind == "embedding")
	note("temperature", m.Supports.Temp, true)
	sees := slices.Contains(m.Inputs, "image")
	note("image", &sees, lists || slices.Contains(m.Sources, "catwalk"))
	reads := slices.Contains(m.Inputs, "pdf")
	note("pdf", &reads, lists && !sees)
	return yes, no
}
