package openai

import "github.com/switchgear-dev/switchgear"

// finishKinds are the words hosts give for why an answer ended.
var finishKinds = map[string]switchgear.FinishKind{ //nolint:gochecknoglobals // a constant table
	"stop":           switchgear.FinishStop,
	"eos":            switchgear.FinishStop, // Together
	"eos_token":      switchgear.FinishStop, // Hugging Face
	"stop_sequence":  switchgear.FinishStop,
	"end_turn":       switchgear.FinishStop,
	"length":         switchgear.FinishLength,
	"max_tokens":     switchgear.FinishLength,
	"model_length":   switchgear.FinishLength, // Mistral: the end of the context window
	"tool_calls":     switchgear.FinishToolCall,
	"tool_use":       switchgear.FinishToolCall,
	"function_call":  switchgear.FinishToolCall,
	"content_filter": switchgear.FinishFilter,
	"sensitive":      switchgear.FinishFilter, // Z.ai
	"refusal":        switchgear.FinishFilter,
}

// finishFailures are the words that mean that there is no answer.
var finishFailures = map[string]switchgear.Class{ //nolint:gochecknoglobals // a constant table
	"error":                        switchgear.ClassServer, // OpenRouter, Mistral
	"network_error":                switchgear.ClassServer, // Z.ai
	"insufficient_system_resource": switchgear.ClassOverloaded,
	"abort":                        switchgear.ClassInterrupted, // vLLM
	"ERROR":                        switchgear.ClassServer,      // Cohere
	"TIMEOUT":                      switchgear.ClassServer,      // Cohere: by its own clock
	"ERROR_TOXIC":                  switchgear.ClassPolicy,      // Cohere
	"ERROR_LIMIT":                  switchgear.ClassContext,     // Cohere
}

// finish maps a word. A tool that was forced ends with "stop" at OpenAI, and a
// refusal too: what the answer holds tells more than the word.
func finish(word string, called, refused bool) switchgear.Finish {
	f := switchgear.Finish{Kind: switchgear.FinishOther, Reason: word}
	if kind, ok := finishKinds[word]; ok {
		f.Kind = kind
	}
	switch {
	case word == "":
		f.Kind = switchgear.FinishNone
	case f.Kind != switchgear.FinishStop:
	case refused:
		f.Kind = switchgear.FinishFilter
	case called:
		f.Kind = switchgear.FinishToolCall
	}
	return f
}
