package openai

import "github.com/switchgear-dev/switchgear"

// codeClasses are the codes and types that decide by themselves, in lower case.
// Words that hosts use for everything ("invalid_request_error", "api_error",
// "server_error") are not here: the status says more.
var codeClasses = map[string]switchgear.Class{ //nolint:gochecknoglobals // a constant table
	// too long for this model
	"context_length_exceeded":          switchgear.ClassContext,
	"context_window_exceeded":          switchgear.ClassContext,
	"model_max_prompt_tokens_exceeded": switchgear.ClassContext,
	"tokens_limit_reached":             switchgear.ClassContext, // GitHub Models
	"exceed_context_size_error":        switchgear.ClassContext, // llama.cpp

	// declined
	"content_filter":                 switchgear.ClassPolicy,
	"content_policy_violation":       switchgear.ClassPolicy,
	"responsibleaipolicyviolation":   switchgear.ClassPolicy, // Azure
	"invalid_prompt":                 switchgear.ClassPolicy,
	"bio_policy":                     switchgear.ClassPolicy,
	"cyber_policy":                   switchgear.ClassPolicy,
	"misalignment_policy_violation":  switchgear.ClassPolicy,
	"image_content_policy_violation": switchgear.ClassPolicy,
	"moderation_blocked":             switchgear.ClassPolicy,

	// no money
	"insufficient_quota":                switchgear.ClassQuota,
	"credit_balance_exhausted":          switchgear.ClassQuota,
	"organization_spend_limit_exceeded": switchgear.ClassQuota,
	"project_spend_limit_exceeded":      switchgear.ClassQuota,
	"organization_usage_limit_exceeded": switchgear.ClassQuota,
	"billing_hard_limit_reached":        switchgear.ClassQuota,
	"billing_not_active":                switchgear.ClassQuota,
	"billing_error":                     switchgear.ClassQuota,
	"exceeded_current_quota_error":      switchgear.ClassQuota, // Moonshot
	"insufficient_balance":              switchgear.ClassQuota, // DeepSeek and others

	// too fast
	"rate_limit_exceeded":        switchgear.ClassRateLimited,
	"rate_limit_error":           switchgear.ClassRateLimited,
	"rate_limit_reached_error":   switchgear.ClassRateLimited, // Moonshot
	"rate_limited":               switchgear.ClassRateLimited, // Mistral
	"ratelimitreached":           switchgear.ClassRateLimited,
	"slow_down":                  switchgear.ClassRateLimited,
	"too_many_requests":          switchgear.ClassRateLimited,
	"1300":                       switchgear.ClassRateLimited, // Mistral
	"in_flight_budget_exhausted": switchgear.ClassRateLimited, // OpenRouter

	// no capacity
	"server_is_overloaded":           switchgear.ClassOverloaded,
	"overloaded_error":               switchgear.ClassOverloaded,
	"engine_overloaded_error":        switchgear.ClassOverloaded, // Moonshot
	"provider_overloaded":            switchgear.ClassOverloaded, // OpenRouter
	"capacity_exceeded":              switchgear.ClassOverloaded, // Groq, flex tier
	"service_tier_capacity_exceeded": switchgear.ClassOverloaded, // Mistral
	"service_unavailable_error":      switchgear.ClassOverloaded,
	"unavailable":                    switchgear.ClassOverloaded, // Google

	// no such model, or not for us
	"model_not_found":          switchgear.ClassGone,
	"deploymentnotfound":       switchgear.ClassGone, // Azure
	"model_not_available":      switchgear.ClassGone, // Together
	"model_decommissioned":     switchgear.ClassGone, // Groq
	"model_not_active":         switchgear.ClassGone,
	"model_terms_required":     switchgear.ClassGone,
	"invalid_model":            switchgear.ClassGone, // Mistral
	"unknown_model":            switchgear.ClassGone, // Mistral, GitHub Models
	"resource_not_found_error": switchgear.ClassGone, // Moonshot

	// the key
	"invalid_api_key":                      switchgear.ClassAuth,
	"incorrect_api_key":                    switchgear.ClassAuth,
	"invalid_authentication_error":         switchgear.ClassAuth, // Moonshot
	"authentication_error":                 switchgear.ClassAuth,
	"permission_error":                     switchgear.ClassAuth,
	"permission_denied":                    switchgear.ClassAuth,
	"account_deactivated":                  switchgear.ClassAuth,
	"unsupported_country_region_territory": switchgear.ClassAuth,
	"ip_not_authorized":                    switchgear.ClassAuth,

	// the model's own fault: another try may do
	"tool_use_failed":      switchgear.ClassMalformed, // Groq
	"json_validate_failed": switchgear.ClassMalformed, // Groq
}

// phrase is a piece of a message, in lower case, that decides where no code
// does, for statuses between two bounds.
type phrase struct {
	from, to int
	text     string
	class    switchgear.Class
}

// overriding are phrases that say more than the code beside them.
var overriding = []phrase{ //nolint:gochecknoglobals // a constant table
	{400, 429, "request too large", switchgear.ClassContext},                    // Groq and OpenAI: one request over the tokens of a minute; waiting never helps
	{429, 429, "temporarily rate-limited upstream", switchgear.ClassOverloaded}, // OpenRouter: the pool, not our key
	{429, 429, "shared_pool", switchgear.ClassOverloaded},
	{429, 429, "high demand", switchgear.ClassOverloaded}, // Azure
	{429, 429, "temporary rate limit adjustment", switchgear.ClassOverloaded},
	{429, 429, "no capacity", switchgear.ClassOverloaded},
	{429, 429, "capacity exceeded", switchgear.ClassOverloaded},
	{429, 429, "overloaded", switchgear.ClassOverloaded},
}

// phrases are the last resort, in order. They are dated: messages change.
// As of 2026-08.
var phrases = []phrase{ //nolint:gochecknoglobals // a constant table
	{400, 429, "exceeded your current quota", switchgear.ClassQuota},
	{400, 429, "insufficient balance", switchgear.ClassQuota},
	{400, 429, "insufficient credits", switchgear.ClassQuota},
	{400, 429, "insufficient funds", switchgear.ClassQuota},
	{400, 429, "credit balance", switchgear.ClassQuota},
	{400, 429, "requires more credits", switchgear.ClassQuota},
	{400, 429, "more credits", switchgear.ClassQuota},
	{400, 429, "billing", switchgear.ClassQuota},
	{400, 429, "spending limit", switchgear.ClassQuota},
	{400, 429, "spend limit", switchgear.ClassQuota},
	{400, 429, "api usage limits", switchgear.ClassQuota},
	{429, 429, "per month", switchgear.ClassQuota},
	{429, 429, "monthly", switchgear.ClassQuota},

	{400, 500, "maximum context length", switchgear.ClassContext},
	{400, 500, "context length", switchgear.ClassContext},
	{400, 500, "context window", switchgear.ClassContext},
	{400, 500, "context size", switchgear.ClassContext}, // llama.cpp
	{400, 422, "prompt is too long", switchgear.ClassContext},
	{400, 422, "input is too long", switchgear.ClassContext},
	{400, 422, "too many tokens", switchgear.ClassContext},
	{400, 422, "max_new_tokens must be", switchgear.ClassContext}, // TGI, Together
	{400, 422, "input token count", switchgear.ClassContext},      // Google
	{400, 422, "prompt contains too many", switchgear.ClassContext},

	{400, 403, "content management policy", switchgear.ClassPolicy},
	{400, 403, "content policy", switchgear.ClassPolicy},
	{400, 403, "usage policy", switchgear.ClassPolicy},
	{400, 403, "usage guidelines", switchgear.ClassPolicy}, // xAI
	{400, 403, "flagged", switchgear.ClassPolicy},
	{400, 403, "moderation", switchgear.ClassPolicy},
	{400, 400, "content exists risk", switchgear.ClassPolicy}, // DeepSeek

	{400, 400, "incorrect api key", switchgear.ClassAuth}, // xAI
	{400, 400, "invalid api key", switchgear.ClassAuth},
	{400, 400, "api key not valid", switchgear.ClassAuth}, // Google

	{400, 403, "does not have access to model", switchgear.ClassGone},
	{400, 403, "have access to the model", switchgear.ClassGone},
	{400, 400, "model does not exist", switchgear.ClassGone},
	{400, 400, "model not found", switchgear.ClassGone},
	{400, 400, "is not a valid model", switchgear.ClassGone}, // OpenRouter
	{400, 400, "invalid model", switchgear.ClassGone},        // Mistral
	{400, 400, "model identifier is invalid", switchgear.ClassGone},
	{400, 400, "has been decommissioned", switchgear.ClassGone},
	{400, 400, "is not supported. supported models are", switchgear.ClassGone}, // Voyage

	{500, 500, "requires --jinja", switchgear.ClassInvalid}, // llama.cpp blames itself
	{500, 500, "--jinja flag", switchgear.ClassInvalid},
	{500, 599, "loading model", switchgear.ClassOverloaded}, // llama.cpp
	{500, 599, "server busy", switchgear.ClassOverloaded},   // Ollama
	{500, 500, "overloaded", switchgear.ClassOverloaded},
	{500, 500, "high demand", switchgear.ClassOverloaded},
}

// statusClasses decide where the body says nothing. Statuses from 500 on that
// are not here are ClassServer, others of the 400s ClassInvalid.
var statusClasses = map[int]switchgear.Class{ //nolint:gochecknoglobals // a constant table
	401: switchgear.ClassAuth,
	402: switchgear.ClassQuota,
	403: switchgear.ClassAuth,
	404: switchgear.ClassGone,
	405: switchgear.ClassGone, // the address is not one for this API
	407: switchgear.ClassConnect,
	408: switchgear.ClassServer,
	409: switchgear.ClassServer,
	412: switchgear.ClassAuth, // Fireworks: account suspended
	413: switchgear.ClassContext,
	424: switchgear.ClassServer,
	425: switchgear.ClassServer,
	429: switchgear.ClassRateLimited,
	498: switchgear.ClassOverloaded, // Groq: no capacity in the flex tier
	499: switchgear.ClassServer,     // it says that we went away, but we are here to read it
	501: switchgear.ClassInvalid,    // llama.cpp: not supported
	503: switchgear.ClassOverloaded,
	529: switchgear.ClassOverloaded,
}

// sentences are the messages of the classes, in our words.
var sentences = map[switchgear.Class]string{ //nolint:gochecknoglobals // a constant table
	switchgear.ClassInvalid:     "the provider says that the request is wrong",
	switchgear.ClassContext:     "the request is too long for this model",
	switchgear.ClassPolicy:      "a content policy of the provider refuses the request",
	switchgear.ClassAuth:        "the provider refuses our key",
	switchgear.ClassQuota:       "the account behind our key is out of money or over its spending limit",
	switchgear.ClassRateLimited: "our key is over its rate limit",
	switchgear.ClassOverloaded:  "the provider has no capacity",
	switchgear.ClassServer:      "the provider failed",
	switchgear.ClassGone:        "the provider does not have this model, or not for our key",
	switchgear.ClassConnect:     "something in front of the provider answered in its place",
	switchgear.ClassMalformed:   "the model wrote something that is no answer",
}
