package config

// shape is a kind of map whose keys are known. The schema has a definition for
// each, by the same name.
type shape string

// The shapes.
const (
	shapeFile     shape = "file"
	shapeAdmin    shape = "admin"
	shapeProvider shape = "provider"
	shapeModel    shape = "model"
	shapeRoute    shape = "route"
	shapeStep     shape = "step"
	shapeCanary   shape = "canary"
	shapeWith     shape = "with"
	shapeThinking shape = "thinking"
	shapeTimeout  shape = "timeout"
	shapeRetry    shape = "retry"
	shapeRule     shape = "rule"
	shapeWhen     shape = "when" // and any label.NAME
	shapeClient   shape = "client"
	shapeBreaker  shape = "breaker"
	shapeReceiver shape = "receiver"
	shapeGate     shape = "gate"
	shapeDrill    shape = "drill"
	shapeFigures  shape = "drill_limits"
	shapeRecord   shape = "record"
)

// keys are the settings of a shape, most used first.
func (s shape) keys() []string {
	return map[shape][]string{
		shapeFile:     {"version", "providers", "routes", "models", "listen", "admin", "expose", "direct", "retry", "breakers", "clients", "gate", "alerts", "record", "drill"},
		shapeAdmin:    {"listen", "token"},
		shapeProvider: {"kind", "key", "keys", "base_url", "retry", "max_in_flight", "recordings"},
		shapeModel:    {"model", "tier", "price", "same_as", "retires"},
		shapeRoute: {
			"chain", "stakes", "surface", "floor", "needs", "timeout", "commit", "normalise", "content_policy",
			"strict", "aliases", "rules", "eval", "retry", "second_opinion", "hedge", "fetch", "record", "kind", "single_point", "description",
		},
		shapeStep:     {"use", "with", "canary"},
		shapeCanary:   {"use", "share", "with", "answers"},
		shapeWith:     {"thinking", "effort", "cache", "tier", "max_tokens", "temperature", "body"},
		shapeThinking: {"budget"},
		shapeTimeout:  {"first_token", "idle", "total"},
		shapeRetry:    {"attempts", "backoff", "wait_hint_max", "budget"},
		shapeRule:     {"when", "chain"},
		shapeWhen:     {"input_tokens", "stream"},
		shapeClient:   {"hash", "routes", "labels"},
		shapeBreaker:  {"window", "cooldown", "probe"},
		shapeReceiver: {"kind", "on", "key", "url", "secret"},
		shapeGate:     {"mode", "trusted_keys"},
		shapeDrill:    {"limits", "strike", "rate"},
		shapeFigures:  figureNames(),
		shapeRecord:   {"bodies", "rate", "keep", "folder", "max_size", "redact"},
	}[s]
}

// later are settings that a later version will have.
func (s shape) later() []string {
	return map[shape][]string{
		shapeFile:     {"limits", "telemetry", "eval", "evals", "swap"},
		shapeProvider: {"region"},
		shapeRoute:    {"max_cost", "swap", "limits"},
		shapeClient:   {"rpm", "spend"},
	}[s]
}

// example is how a map of the shape is written.
func (s shape) example() string {
	return map[shape]string{
		shapeAdmin:    `{listen: "127.0.0.1:8081"}`,
		shapeProvider: `{key: "${ANTHROPIC_API_KEY}"}`,
		shapeModel:    "{model: anthropic/claude-haiku-4-5}",
		shapeRoute:    "{chain: [anthropic/claude-haiku-4-5]}",
		shapeStep:     "{use: anthropic/claude-haiku-4-5, with: {effort: low}}",
		shapeCanary:   "{use: anthropic/claude-haiku-4-5, share: 5%}",
		shapeWith:     "{thinking: adaptive, effort: high}",
		shapeThinking: "{budget: 8000}",
		shapeTimeout:  "{first_token: 3s, total: 60s}",
		shapeRetry:    "{attempts: 2, backoff: 250ms..2s}",
		shapeRule:     `{when: {input_tokens: ">150000"}, chain: [anthropic/claude-opus-4-8]}`,
		shapeWhen:     `{input_tokens: ">150000"}`,
		shapeClient:   `{hash: "sha256:...", routes: [chat]}`,
		shapeBreaker:  "{window: 10s, cooldown: 5s..15s}",
		shapeReceiver: `{kind: pagerduty, key: "${PD_ROUTING_KEY}", on: [circuit_open]}`,
		shapeGate:     `{mode: enforce, trusted_keys: ["ed25519:..."]}`,
		shapeDrill:    "{limits: {ok: 99.9%, p99: 1s}}",
		shapeFigures:  "{ok: 99.9%, p99: 1s}",
		shapeRecord:   "{bodies: sampled, keep: 14d}",
	}[s]
}

// shown are the keys as messages list them.
func (s shape) shown() []string {
	if s == shapeWhen {
		return append(s.keys(), "label.NAME")
	}
	return s.keys()
}
