package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// NoLevers is how it is written that nothing is set.
const NoLevers = "none"

// ParseLevers reads what a step may set on its requests, as it stands after
// "with:", with braces or without: "effort: high, cache: 1h". Shown is the same for
// the eye. None are nil.
func ParseLevers(text string, env func(string) (string, bool)) (levers *switchgear.Levers, shown string, err error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "{}" || text == NoLevers {
		return nil, "", nil
	}
	if !strings.HasPrefix(text, "{") {
		text = "{" + text + "}"
	}
	if strings.ContainsAny(text, "\r\n") {
		return nil, "", errors.New("levers are one line: {effort: high}")
	}
	const head = "version: 1\nproviders: {p: {kind: sim}}\nroutes: {r: {chain: [{use: p/m, with: "
	c, findings := Parse("levers", []byte(head+text+"}]}}\n"), env, WithoutSecrets())
	for i := range findings {
		if f := &findings[i]; f.Severity == Error {
			_, lever, _ := strings.Cut(f.Path, "with.")
			said := strings.TrimPrefix(lever+": "+f.Message+".", ": ")
			return nil, "", errors.New(strings.TrimSuffix(strings.TrimSuffix(said+" "+f.Fix, " "), "."))
		}
	}
	step := &c.Routes[0].Chain[0]
	return step.With, step.WithText, nil
}

// LeversText is how levers are written, so that [ParseLevers] reads them again;
// [NoLevers] if nothing is set. It is empty if members of the body are set: what
// is in them may be nobody else's to see.
func LeversText(l *switchgear.Levers) string {
	if l == nil || reflect.DeepEqual(*l, switchgear.Levers{}) {
		return NoLevers
	}
	if len(l.Members) > 0 {
		return ""
	}
	var words []string
	say := func(name, value string) { words = append(words, name+": "+value) }
	if l.Thinking != nil {
		switch l.Thinking.Mode {
		case "enabled":
			say("thinking", "{budget: "+strconv.FormatInt(l.Thinking.Budget, 10)+"}")
		case "disabled":
			say("thinking", "off")
		default:
			say("thinking", l.Thinking.Mode)
		}
	}
	if l.Effort != "" {
		say("effort", plainOrQuoted(l.Effort))
	}
	if l.Cache != nil {
		say("cache", or(l.Cache.TTL, "on"))
	}
	if l.Tier != "" {
		say("tier", plainOrQuoted(l.Tier))
	}
	if l.MaxTokens != nil {
		say("max_tokens", strconv.FormatInt(*l.MaxTokens, 10))
	}
	if l.Temperature != nil {
		say("temperature", strconv.FormatFloat(*l.Temperature, 'g', -1, 64))
	}
	return strings.Join(words, ", ")
}

// plainOrQuoted is a word as YAML takes it for a text.
func plainOrQuoted(s string) string {
	plain := func(r rune) bool { return r >= 'a' && r <= 'z' || r == '_' }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && s != "null" && s != "true" && s != "false" {
		return s
	}
	return strconv.Quote(s)
}
