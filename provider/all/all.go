// Package all is the one list of the providers that come with the gateway. The
// hosts among them are rows of hosts.yaml.
package all

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
	"github.com/switchgear-dev/switchgear/provider/anthropic"
	"github.com/switchgear-dev/switchgear/provider/openai"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// Kind is a sort of provider: what "kind" means in a configuration.
type Kind struct {
	Name         string   // "openai"
	Title        string   // for people: "OpenAI"
	KeyEnv       string   // the environment variable its key is usually kept in; "" if it needs none
	Dialects     []string // what it speaks, the one for typed requests first
	BaseURL      string   // where its first dialect is spoken unless said otherwise; an example if NeedsBaseURL
	NeedsKey     bool
	NeedsBaseURL bool
}

// Options say which provider of a kind.
type Options struct {
	Name      string            // what the configuration calls it; the kind's name if empty
	BaseURL   string            // in place of the kind's own; the first dialect only is then spoken, unless the others are at the same place
	Transport http.RoundTripper // nil for one of its own
	// Recordings are the files that a provider of kind replay answers from.
	Recordings []string
}

// Kinds lists every kind there is, by name.
func Kinds() []Kind {
	rows := hosts()
	kinds := make([]Kind, 0, len(rows)+4)
	kinds = append(
		kinds,
		Kind{Name: "anthropic", Title: "Anthropic", KeyEnv: "ANTHROPIC_API_KEY", Dialects: []string{"anthropic"}, BaseURL: anthropic.BaseURL, NeedsKey: true},
		Kind{Name: "openai", Title: "OpenAI, or any host that speaks its chat completions", KeyEnv: "OPENAI_API_KEY", Dialects: []string{"openai"}, BaseURL: openai.BaseURL, NeedsKey: true},
		Kind{Name: "replay", Title: "Recorded answers, from files", Dialects: []string{"openai", "anthropic"}},
		Kind{Name: "sim", Title: "The built-in simulator", Dialects: []string{"openai", "anthropic"}},
	)
	for i := range rows {
		kinds = append(kinds, rows[i].kind())
	}
	slices.SortFunc(kinds, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	return kinds
}

// Open makes a provider of a kind.
func Open(kind string, o Options) (switchgear.Provider, error) {
	if o.Name == "" {
		o.Name = kind
	}
	switch kind {
	case "anthropic":
		return anthropic.New(o.anthropic())
	case "openai":
		return openai.New(o.openai())
	case "sim":
		return simulator(o)
	case "replay":
		return replay(o)
	}
	for _, row := range hosts() {
		if row.Name == kind {
			return row.open(o)
		}
	}
	return nil, fmt.Errorf("there is no provider of kind %q; one that speaks OpenAI's chat completions is of kind openai, with its base_url", kind)
}

func (o Options) openai() openai.Options {
	return openai.Options{Name: o.Name, BaseURL: o.BaseURL, Transport: o.Transport}
}

func (o Options) anthropic() anthropic.Options {
	return anthropic.Options{Name: o.Name, BaseURL: o.BaseURL, Transport: o.Transport}
}

// simulator is a simulator in this process or, with a base URL, the one that
// runs there.
func simulator(o Options) (switchgear.Provider, error) {
	if o.BaseURL == "" {
		o.BaseURL = "http://sim.invalid/v1" // a name that can never resolve
		o.Transport = sim.New(sim.Options{}).Transport()
	}
	return both(o.openai(), o.anthropic())
}

// replay answers from recordings, in this process and at once.
func replay(o Options) (switchgear.Provider, error) {
	recorded, err := sim.LoadReplay(o.Recordings...)
	if err != nil {
		return nil, err
	}
	o.BaseURL = "http://replay.invalid/v1" // a name that can never resolve
	o.Transport = sim.New(sim.Options{Replay: recorded}).Transport()
	return both(o.openai(), o.anthropic())
}

// both is a host that speaks two dialects.
func both(first openai.Options, second anthropic.Options) (switchgear.Provider, error) {
	a, err := openai.New(first)
	if err != nil {
		return nil, err
	}
	b, err := anthropic.New(second)
	if err != nil {
		return nil, err
	}
	return provider.Polyglot(a, b)
}

// host is a row of hosts.yaml.
type host struct {
	Name      string `yaml:"name"`
	Title     string `yaml:"title"`
	Key       string `yaml:"key"`
	OpenAI    string `yaml:"openai"`
	Anthropic string `yaml:"anthropic"`
	XAPIKey   bool   `yaml:"x-api-key"`
	Local     bool   `yaml:"local"`
	Ask       bool   `yaml:"ask"`
}

//go:embed hosts.yaml
var hostsYAML []byte

var hosts = sync.OnceValue(func() []host { //nolint:gochecknoglobals // a constant table, read when it is first asked for
	rows, err := parse(hostsYAML)
	if err != nil {
		panic("hosts.yaml, which a test reads before every release, cannot be read: " + err.Error())
	}
	return rows
})

func parse(text []byte) ([]host, error) {
	var rows []host
	if err := yaml.UnmarshalWithOptions(text, &rows, yaml.Strict()); err != nil {
		return nil, err
	}
	return rows, nil
}

func (h *host) kind() Kind {
	k := Kind{Name: h.Name, Title: h.Title, KeyEnv: h.Key, BaseURL: h.OpenAI, NeedsKey: !h.Local, NeedsBaseURL: h.Ask}
	k.Dialects = []string{"openai"}
	if h.Anthropic != "" {
		k.Dialects = append(k.Dialects, "anthropic")
	}
	return k
}

func (h *host) open(o Options) (switchgear.Provider, error) {
	if o.BaseURL == "" && h.Ask {
		return nil, fmt.Errorf("provider %q: a provider of kind %s needs its base_url, such as %s", o.Name, h.Name, h.OpenAI)
	}
	first, second := o.openai(), o.anthropic()
	second.Bearer = !h.XAPIKey
	if o.BaseURL == "" {
		first.BaseURL, second.BaseURL = h.OpenAI, h.Anthropic
	} else if h.OpenAI != h.Anthropic+"/v1" {
		return openai.New(first) // where its other dialect would be spoken cannot be told
	}
	if h.Anthropic == "" {
		return openai.New(first)
	}
	return both(first, second)
}
