package anthropic

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// effort says how hard to think. A request made for this dialect is sent as it
// is. One from another dialect is fitted to the model:
//
//	effort           models with efforts                 models with budgets     others
//	none             thinking disabled                   nothing: the default    nothing
//	minimal          as low, named                       1,024 tokens            named
//	low              the same                            1,024 tokens            named
//	medium           the same                            4,096 tokens            named
//	high             the same                            16,384 tokens           named
//	xhigh, max       the same, or the next lower, named  24,576 tokens           named
//
// Models with efforts are also told to think adaptively, because that is what
// an effort means to the client. A budget takes at most half of max_tokens.
// Where thinking cannot be asked for (see canThink) only the effort is told, if
// there is a word for it.
func (t *typed) effort(config *fields) {
	word := t.req.Effort
	if !t.foreign {
		config.set("effort", quote(word))
		t.books.Said(leaves.Effort)
		return
	}
	f := t.family
	switch {
	case word == "none":
		t.books.Said(leaves.Effort)
		if f.adaptive && t.req.Thinking == nil {
			t.think = &switchgear.Thinking{Mode: modeDisabled}
		}
	case f.efforts == "":
		t.budget(budgetOf(word))
	default:
		said := word
		if !f.takes(word) {
			if said = f.nearest(word); said == "" {
				return
			}
			t.books.Note("effort (" + word + " as " + said + ")")
		}
		config.set("effort", quote(said))
		t.books.Said(leaves.Effort)
		if f.adaptive && t.req.Thinking == nil && t.canThink() {
			t.think = &switchgear.Thinking{Mode: modeAdaptive}
		}
	}
}

// budget asks for thinking in place of an effort.
func (t *typed) budget(tokens int64) {
	if limit := t.req.Sampling.MaxTokens; limit != nil {
		tokens = min(tokens, *limit/2)
	}
	if !t.family.budget || tokens < minBudget || t.req.Thinking != nil || !t.canThink() || t.openCalls() {
		return
	}
	t.think = &switchgear.Thinking{Mode: modeEnabled, Budget: tokens}
	t.books.Said(leaves.Effort)
}

// canThink reports whether the rest of the request allows thinking: a forced
// tool, a temperature of its own and an answer already begun do not.
func (t *typed) canThink() bool {
	if n := len(t.req.Messages); n > 0 && t.req.Messages[n-1].Role == switchgear.RoleAssistant {
		return false
	}
	if c := t.req.Choice; c != nil && (c.Mode == modeAny || c.Mode == modeTool) {
		return false
	}
	s := &t.req.Sampling
	return !t.family.draws || ((s.Temperature == nil || *s.Temperature == 1) && s.TopK == nil && (s.TopP == nil || *s.TopP >= 0.95))
}

// openCalls reports whether the conversation stands between a tool's result and
// the answer to it, and the thinking that led to the call is not there: with a
// budget the provider would refuse that.
func (t *typed) openCalls() bool {
	for i := len(t.req.Messages) - 1; i >= 0; i-- {
		m := &t.req.Messages[i]
		if m.Role != switchgear.RoleAssistant {
			continue
		}
		for j := range m.Parts {
			p := &m.Parts[j]
			if (p.Kind == switchgear.PartThinking || p.Kind == switchgear.PartRedacted) && signed(p) {
				return false
			}
		}
		for j := range m.Parts {
			if m.Parts[j].Kind == switchgear.PartToolCall {
				return true
			}
		}
		return false
	}
	return false
}

// thinkingLever says how to think. One from another dialect is fitted: a budget
// that the model has no word for leaves thinking adaptive, and the other way
// round it becomes that of a medium effort; a budget too small for the provider,
// or too large for max_tokens, becomes one that is not.
func (t *typed) thinkingLever() {
	if th := t.req.Thinking; th != nil {
		said := leaves.ThinkingMode
		if th.Mode == modeEnabled {
			said |= leaves.ThinkingBudget
		}
		t.think = th
		if t.foreign {
			t.think, said = t.fitThinking(*th, said)
		}
		t.books.Said(said)
	}
	if t.think != nil {
		t.body.set("thinking", thinking(t.think))
	}
}

// fitThinking is how to tell the model to think, nil for not at all, and what
// of the request that says.
func (t *typed) fitThinking(th switchgear.Thinking, said leaves.Field) (*switchgear.Thinking, leaves.Field) {
	f := t.family
	switch {
	case th.Mode == modeDisabled && f.adaptive:
		return &th, said
	case th.Mode == modeDisabled:
		return nil, said // the default of all others
	case !t.canThink():
		return nil, 0
	case f.adaptive && (th.Mode == modeAdaptive || !f.budget):
		return &switchgear.Thinking{Mode: modeAdaptive}, leaves.ThinkingMode
	case !f.budget || t.openCalls():
		return nil, 0
	case th.Mode != modeEnabled:
		th.Budget = budgetOf("medium")
	}
	budget := max(th.Budget, minBudget)
	if limit := t.req.Sampling.MaxTokens; limit != nil && budget >= *limit {
		budget = *limit / 2
	}
	if budget < minBudget {
		return nil, 0
	}
	if budget != th.Budget {
		t.books.Note("thinking.budget (" + strconv.FormatInt(th.Budget, 10) + " as " + strconv.FormatInt(budget, 10) + ")")
	}
	return &switchgear.Thinking{Mode: modeEnabled, Budget: budget}, said
}

// draw sets how the answer is drawn. From another dialect: temperatures beyond
// 1 become 1, top_p gives way to a temperature, and models whose numbers are
// fixed are told only what is their default anyway.
func (t *typed) draw() {
	s := &t.req.Sampling
	if s.Temperature != nil {
		t.temperature(*s.Temperature)
	}
	if s.TopP != nil {
		switch {
		case !t.foreign || (t.family.draws && s.Temperature == nil):
			t.body.set("top_p", float(*s.TopP))
			t.books.Said(leaves.TopP)
		case *s.TopP == 1:
			t.books.Said(leaves.TopP)
		}
	}
	if s.TopK != nil && (!t.foreign || t.family.draws) {
		t.body.set("top_k", strconv.AppendInt(nil, *s.TopK, 10))
		t.books.Said(leaves.TopK)
	}
}

func (t *typed) temperature(v float64) {
	if t.foreign {
		switch {
		case v == 1:
			t.books.Said(leaves.Temperature)
			return
		case !t.family.draws:
			return
		case v > 1:
			t.books.Note("sampling.temperature (" + strconv.FormatFloat(v, 'g', -1, 64) + " as 1)")
			v = 1
		}
	}
	t.body.set("temperature", float(v))
	t.books.Said(leaves.Temperature)
}

// stop sets the sequences that end the answer. The provider refuses blank ones.
func (t *typed) stop() {
	if len(t.req.Stop) == 0 {
		return
	}
	var w jsonx.Writer
	w.Array()
	n := 0
	for i, s := range t.req.Stop {
		if t.foreign && strings.TrimSpace(s) == "" {
			continue
		}
		n++
		w.Str(s)
		t.books.Stop(i)
	}
	w.End()
	if n > 0 {
		t.body.set("stop_sequences", w.Buf())
	}
}

// tier sets the service tier. The words of other dialects that this one has a
// word for are translated.
func (t *typed) tier() {
	word := t.req.Tier
	if word == "" {
		return
	}
	if t.foreign {
		switch word {
		case "auto":
		case "default":
			word = "standard_only"
		default:
			return
		}
	}
	t.body.set("service_tier", quote(word))
	t.books.Said(leaves.Tier)
}

// empty reports whether an extra member of another dialect says only what is so
// here anyway, or what is the gateway's own to do.
func empty(member string, value json.RawMessage) bool {
	switch member {
	case "n":
		return string(value) == "1"
	case "stream_options": // the client's stream is ours to write
		return true
	case "logprobs", "store":
		return string(value) == "false"
	case "frequency_penalty", "presence_penalty":
		return string(value) == "0" || string(value) == "0.0"
	case "logit_bias", "metadata":
		return string(value) == "{}"
	case "modalities":
		return string(value) == `["text"]`
	case "response_format":
		return string(value) == `{"type":"text"}`
	default:
		return false
	}
}
