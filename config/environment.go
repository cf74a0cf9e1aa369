package config

import "strings"

// service is a provider that a key in the environment is enough for, and its
// model for each of the default routes; "" for none.
type service struct {
	name, variable             string
	small, chat, reason, embed string
}

// services are in the order of the default chains. They are dated facts, as of
// August 2026.
func services() []service {
	return []service{
		{"anthropic", "ANTHROPIC_API_KEY", "claude-haiku-4-5", "claude-sonnet-5", "claude-opus-4-8", ""},
		{"openai", "OPENAI_API_KEY", "gpt-5.4-mini", "gpt-5.6-terra", "gpt-5.6-sol", "text-embedding-3-small"},
		{"mistral", "MISTRAL_API_KEY", "mistral-small-2603", "mistral-medium-2604", "magistral-medium-latest", "mistral-embed"},
		{"xai", "XAI_API_KEY", "grok-4.3", "grok-4.3", "grok-4.6", ""},
		{"deepseek", "DEEPSEEK_API_KEY", "deepseek-v4-flash", "deepseek-v4-pro", "deepseek-v4-pro", ""},
		{"groq", "GROQ_API_KEY", "openai/gpt-oss-20b", "openai/gpt-oss-120b", "openai/gpt-oss-120b", ""},
		{"together", "TOGETHER_API_KEY", "openai/gpt-oss-20b", "zai-org/GLM-5.2", "deepseek-ai/DeepSeek-V4-Pro", ""},
		{
			"fireworks", "FIREWORKS_API_KEY", "accounts/fireworks/models/gpt-oss-20b", "accounts/fireworks/models/glm-5p2",
			"accounts/fireworks/models/deepseek-v4-pro-0813", "",
		},
	}
}

// FromEnvironment makes a configuration of the provider keys found in the
// environment: the routes small, chat and reason over every provider with a
// key, and embed at the first one that can. The last result is false if there
// is no key.
func FromEnvironment(env func(string) (string, bool)) (*Config, bool) {
	text, ok := EnvironmentText(env)
	if !ok {
		return nil, false
	}
	c, findings := Parse("environment", []byte(text), env)
	if HasErrors(findings) { // a key that cannot stand in a header
		return nil, false
	}
	c.File = ""
	return c, true
}

// EnvironmentText is the file that says what [FromEnvironment] does. It names
// the variables and does not hold their values.
func EnvironmentText(env func(string) (string, bool)) (string, bool) {
	var found []service
	for _, s := range services() {
		if key, ok := env(s.variable); ok && key != "" {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString("version: 1\nproviders:\n")
	for _, s := range found {
		b.WriteString("  " + s.name + `: {key: "${` + s.variable + `}"}` + "\n")
	}
	b.WriteString("routes:\n")
	chain := func(route, more string, pick func(service) string, most int) {
		var steps []string
		for _, s := range found {
			if m := pick(s); m != "" && len(steps) < most {
				steps = append(steps, s.name+"/"+m)
			}
		}
		if len(steps) > 0 {
			b.WriteString("  " + route + ": {chain: [" + strings.Join(steps, ", ") + "]" + more + "}\n")
		}
	}
	every := len(found)
	chain("small", "", func(s service) string { return s.small }, every)
	chain("chat", "", func(s service) string { return s.chat }, every)
	chain("reason", ", surface: quality", func(s service) string { return s.reason }, every)
	chain("embed", ", kind: embedding", func(s service) string { return s.embed }, 1) // vectors of two models do not mix
	return b.String(), true
}
