package openai

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// count is a number that may not have been given.
type count struct {
	n  int64
	ok bool
}

func readCount(r *jsonx.Reader, c *count) {
	if n, ok := r.Int(); ok && n >= 0 {
		*c = count{n: n, ok: true}
	}
}

// counts are the members of a usage object.
type counts struct {
	prompt, completion, total count
	cached, written           count // of prompt_tokens_details
	otherCached, otherWritten count // the spellings of other hosts, beside it
	reasoning                 count
	any                       bool
}

func readUsage(r *jsonx.Reader) counts {
	var c counts
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "prompt_tokens":
			readCount(r, &c.prompt)
		case "completion_tokens":
			readCount(r, &c.completion)
		case "total_tokens":
			readCount(r, &c.total)
		case "prompt_tokens_details":
			readPromptDetails(r, &c)
		case "completion_tokens_details":
			for r.Object(); r.More(); {
				if string(r.Key()) == "reasoning_tokens" {
					readCount(r, &c.reasoning)
				}
			}
		case "cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens": // Together and Moonshot; Mistral; DeepSeek
			readCount(r, &c.otherCached)
		case "cache_creation_input_tokens": // Vercel's gateway
			readCount(r, &c.otherWritten)
		}
	}
	c.any = c.prompt.ok || c.completion.ok || c.total.ok
	return c
}

func readPromptDetails(r *jsonx.Reader, c *counts) {
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "cached_tokens":
			readCount(r, &c.cached)
		case "cache_write_tokens":
			readCount(r, &c.written)
		}
	}
}

// usage does the arithmetic, which differs between hosts and is told apart by
// the numbers alone.
func (c *counts) usage() switchgear.Usage {
	var u switchgear.Usage
	if c.prompt.ok {
		u.Set(switchgear.UsageInput, c.prompt.n)
	}
	if c.completion.ok {
		u.Set(switchgear.UsageOutput, c.completion.n+c.beside())
	}
	if c.reasoning.ok {
		u.Set(switchgear.UsageReasoning, c.reasoning.n)
	}
	cached, written := c.cached, c.written
	if !cached.ok {
		cached = c.otherCached
	}
	if !written.ok {
		written = c.otherWritten
	}
	// Both are parts of the input. Some hosts count what was written among
	// what was read as well, or more than was sent.
	if cached.ok {
		u.Set(switchgear.UsageCacheRead, within(cached.n, c.prompt))
	}
	if written.ok {
		u.Set(switchgear.UsageCacheWrite, within(written.n, count{n: c.prompt.n - u.CacheRead, ok: c.prompt.ok}))
	}
	return u
}

func within(n int64, whole count) int64 {
	if whole.ok {
		return min(n, whole.n)
	}
	return n
}

// beside is how much was written that completion_tokens leaves out. xAI counts
// reasoning beside it, and the total shows that; Gemini's endpoint shows the
// difference only; Vercel's gateway leaves Gemini's reasoning out of the total
// too, which is certain when there is more of it than of the whole answer.
func (c *counts) beside() int64 {
	hidden := int64(0)
	if c.total.ok && c.prompt.ok {
		hidden = c.total.n - c.prompt.n - c.completion.n
	}
	switch {
	case hidden > 0 && (hidden == c.reasoning.n || c.reasoning.n == 0):
		return hidden
	case hidden == 0 && c.reasoning.n > c.completion.n:
		return c.reasoning.n
	default:
		return 0
	}
}
