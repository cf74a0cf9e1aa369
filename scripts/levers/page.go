package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/provider"
)

const head = `# What becomes of each lever
<!-- Made by scripts/levers from the code itself: change the code, run "make generate". -->

A client and a target that speak the same protocol see each other's bytes: every lever is native there, and this page is
not about them. It is about steps that are translated, and was made by translating a request for each row.

- **native**: said in the same words.
- **mapped**: said in the target's own words, which are shown. Where something is *named* beside it, that part was changed or lost.
- **dropped**: not said, and named in ` + "`x-switchgear-dropped`" + ` by the words shown. A route with ` + "`strict: true`" + ` refuses instead.
- **what holds without it**: what the target does anyway; there is nothing to say.

The words for what is dropped are the gateway's own, the same for every protocol. Where models differ, the row says which.
`

// Page is the page.
func Page() (string, error) {
	var b strings.Builder
	b.WriteString(head)
	o, a := openai.New(), anthropic.New()
	b.WriteString("\n## OpenAI clients, Anthropic models\n")
	if err := crossing(&b, openai.NewCodec(), a, "anthropic", openaiPlain, openaiSamples()); err != nil {
		return "", err
	}
	b.WriteString("\n## Anthropic clients, OpenAI models\n")
	if err := crossing(&b, anthropic.NewCodec(), o, "openai", anthropicPlain, anthropicSamples()); err != nil {
		return "", err
	}
	b.WriteString("\n## What a step sets\n\nThe levers of `with`, at a target of each protocol, whoever the client is.\n\n")
	if err := steps(&b, o, a); err != nil {
		return "", err
	}
	models(&b)
	return b.String(), nil
}

// crossing writes the table of one direction.
func crossing(b *strings.Builder, from codec, to provider.Dialect, host, plain string, samples []sample) error {
	b.WriteString("\n| Lever | What the target is told |\n|---|---|\n")
	for i := range samples {
		s := &samples[i]
		cell, err := byModel(host, func(model string) (string, error) { return fate(from, to, model, plain, s) })
		if err != nil {
			return err
		}
		b.WriteString("| " + s.lever + " | " + cell + " |\n")
	}
	return nil
}

// byModel asks for every chat model of a host, and says what holds for most and
// what for the rest.
func byModel(host string, ask func(model string) (string, error)) (string, error) {
	var words []string
	models := map[string][]string{}
	for _, m := range chat(host) {
		word, err := ask(m.ID)
		if err != nil {
			return "", err
		}
		if models[word] == nil {
			words = append(words, word)
		}
		models[word] = append(models[word], m.ID)
	}
	if len(words) == 0 {
		return "", errors.New("the catalogue has no models of " + host)
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(models[b]) - len(models[a]) })
	lines := []string{words[0]}
	for _, word := range words[1:] {
		lines = append(lines, strings.Join(models[word], ", ")+": "+word)
	}
	return strings.Join(lines, "<br>"), nil
}

// chat are the chat models of a host.
func chat(host string) []capability.Model {
	return slices.DeleteFunc(capability.All(), func(m capability.Model) bool { return m.Host != host || m.Kind != capability.Chat })
}

// setting is a lever of a step.
type setting struct {
	name   string
	levers switchgear.Levers
}

func settings() []setting {
	thinking := func(mode string, budget int64) switchgear.Levers {
		return switchgear.Levers{Thinking: &switchgear.Thinking{Mode: mode, Budget: budget}}
	}
	cache := func(ttl string) switchgear.Levers { return switchgear.Levers{Cache: &switchgear.Cache{TTL: ttl}} }
	limit, heat := int64(500), 0.5
	list := []setting{
		{"thinking: adaptive", thinking("adaptive", 0)}, {"thinking: off", thinking("disabled", 0)}, {"thinking: {budget: 8000}", thinking("enabled", 8000)},
	}
	for _, word := range []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"} {
		list = append(list, setting{"effort: " + word, switchgear.Levers{Effort: word}})
	}
	return append(list, setting{"cache: on", cache("")}, setting{"cache: 5m", cache("5m")}, setting{"cache: 1h", cache("1h")}, setting{"cache: 24h", cache("24h")},
		setting{"tier: priority", switchgear.Levers{Tier: "priority"}},
		setting{"max_tokens: 500", switchgear.Levers{MaxTokens: &limit}}, setting{"temperature: 0.5", switchgear.Levers{Temperature: &heat}},
		setting{"body: {top_k: 5}", switchgear.Levers{Members: []switchgear.Member{{Name: "top_k", Value: []byte("5")}}}})
}

// steps writes the table of what a step sets.
func steps(b *strings.Builder, o, a provider.Dialect) error {
	b.WriteString("| `with` | At an OpenAI model | At an Anthropic model |\n|---|---|---|\n")
	for _, s := range settings() {
		b.WriteString("| `" + s.name + "` |")
		for _, to := range []provider.Dialect{o, a} {
			cell, err := byModel(to.Name(), func(model string) (string, error) { return set(to, model, &s.levers) })
			if err != nil {
				return err
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	return nil
}

// set says what becomes of a step's lever.
func set(to provider.Dialect, model string, levers *switchgear.Levers) (string, error) {
	bodies := [2]any{}
	var lost []string
	for i, l := range []*switchgear.Levers{nil, levers} {
		encoded, err := to.Encode(&switchgear.Call{
			Request: switchgear.Ask("m", "Hi"), Target: switchgear.Target{Provider: to.Name(), Model: model}, Levers: l,
		}, false)
		if err != nil {
			return "", err
		}
		var whole []byte
		for _, piece := range encoded.Body {
			whole = append(whole, piece...)
		}
		if bodies[i], err = parse(whole); err != nil {
			return "", err
		}
		lost = encoded.Dropped
	}
	sent := changes("", bodies[0], bodies[1])
	if len(sent) > 0 && len(lost) == 0 {
		return say(sent), nil
	}
	return verdict(nil, sent, lost), nil
}

// models writes what models are known to have and not to have.
func models(b *strings.Builder) {
	b.WriteString("\n## What models have\n\nAs the catalogue of " + capability.AsOf() + " has it. A request that needs what a model is known not to have (**no**) is not sent to it,\n" +
		"whatever protocol it came in. A blank is not known, and tried.\n")
	for _, host := range []string{"anthropic", "openai"} {
		b.WriteString("\n| Model at " + host + " | tools | schema | images | PDF | audio | caching | temperature | thinking | effort | context |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
		for _, m := range chat(host) {
			b.WriteString("| " + m.ID)
			for _, feature := range []string{"tools", "json_schema", "image", "pdf", "audio", "prompt_caching", "temperature"} {
				b.WriteString(" | " + answer(m.Supports(feature)))
			}
			thinking := strings.Join(m.Thinking, ", ")
			if thinking == "" {
				thinking = answer(m.Supports("thinking"))
			}
			effort := strings.Join(m.Effort, ", ")
			if effort == "" {
				effort = answer(m.Supports("effort"))
			}
			b.WriteString(" | " + thinking + " | " + effort + " | " + strconv.FormatInt(m.Context, 10) + " |\n")
		}
	}
}

func answer(a capability.Answer) string {
	switch a {
	case capability.Yes:
		return "yes"
	case capability.No:
		return "**no**"
	case capability.Unknown:
		return ""
	default:
		return ""
	}
}
