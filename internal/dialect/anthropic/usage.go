package anthropic

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// maxCount is the largest count that is believed: sums of a few must not
// overflow.
const maxCount = 1 << 50

// counts are the provider's own numbers. A number it does not give, or gives as
// null, leaves the one before in place.
type counts struct {
	input, output, read, write, hour, thinking int64
	known                                      switchgear.UsageField
}

// add reads a usage object.
func (c *counts) add(r *jsonx.Reader) {
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "input_tokens":
			c.take(r, &c.input, switchgear.UsageInput)
		case "output_tokens":
			c.take(r, &c.output, switchgear.UsageOutput)
		case "cache_read_input_tokens":
			c.take(r, &c.read, switchgear.UsageCacheRead)
		case "cache_creation_input_tokens":
			c.take(r, &c.write, switchgear.UsageCacheWrite)
		case "cache_creation":
			for r.Object(); r.More(); {
				if string(r.Key()) == "ephemeral_1h_input_tokens" {
					c.take(r, &c.hour, switchgear.UsageCacheWriteHour)
				}
			}
		case "output_tokens_details":
			for r.Object(); r.More(); {
				if string(r.Key()) == "thinking_tokens" {
					c.take(r, &c.thinking, switchgear.UsageReasoning)
				}
			}
		}
	}
}

func (c *counts) take(r *jsonx.Reader, to *int64, field switchgear.UsageField) {
	if n, ok := r.Int(); ok && n >= 0 && n <= maxCount {
		*to = n
		c.known |= field
	}
}

// usage does the arithmetic: see the package's documentation.
func (c *counts) usage() switchgear.Usage {
	u := switchgear.Usage{
		Output: c.output, CacheRead: c.read, CacheWrite: c.write, CacheWriteHour: c.hour,
		Reasoning: c.thinking, Known: c.known,
	}
	if u.Has(switchgear.UsageInput) {
		u.Input = c.input + c.read + c.write
	}
	return u
}

// finish translates the provider's word for why an answer ended.
func finish(reason, sequence string) switchgear.Finish {
	f := switchgear.Finish{Reason: reason, Sequence: sequence}
	switch reason {
	case "":
		f.Kind = switchgear.FinishNone
	case "end_turn", "stop_sequence":
		f.Kind = switchgear.FinishStop
	case "max_tokens", "model_context_window_exceeded":
		f.Kind = switchgear.FinishLength
	case "tool_use":
		f.Kind = switchgear.FinishToolCall
	case "refusal":
		f.Kind = switchgear.FinishFilter
	case "pause_turn":
		f.Kind = switchgear.FinishPause
	default:
		f.Kind = switchgear.FinishOther
	}
	return f
}
