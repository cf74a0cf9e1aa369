package openai

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// words are the efforts a family of models takes, lowest first.
type words []string

// families are OpenAI's own models, by how their names begin; the first that
// fits counts. The words are the catalogue's of 2026-08 where it lists the
// model (a test of internal/crossing holds the two together); that older and
// chat-only models take none is not in it. No words at all: the model does not
// reason, and refuses to be asked.
var families = []struct { //nolint:gochecknoglobals // a constant table
	prefix string
	takes  words
}{
	{"gpt-3", nil},
	{"gpt-4", nil},
	{"chatgpt-", nil},
	{"o1-mini", nil},
	{"o1", words{"low", "medium", "high"}},
	{"o3", words{"low", "medium", "high"}},
	{"o4", words{"low", "medium", "high"}},
	{"gpt-oss", words{"low", "medium", "high"}},
	{"gpt-5-pro", words{"high"}},
	{"gpt-5-chat", nil},
	{"gpt-5-codex", words{"low", "medium", "high"}},
	{"gpt-5.1-codex-max", words{"low", "medium", "high", "xhigh"}},
	{"gpt-5.1-codex", words{"low", "medium", "high"}},
	{"gpt-5.1", words{"none", "low", "medium", "high"}},
	{"gpt-5.2-codex", words{"low", "medium", "high", "xhigh"}},
	{"gpt-5.2-pro", words{"medium", "high", "xhigh"}},
	{"gpt-5.4-pro", words{"medium", "high", "xhigh"}},
	{"gpt-5.5-pro", words{"medium", "high", "xhigh"}},
	{"gpt-5.6", words{"none", "low", "medium", "high", "xhigh", "max"}},
	{"gpt-5.", words{"none", "low", "medium", "high", "xhigh"}},
	{"gpt-5", words{"minimal", "low", "medium", "high"}},
}

// ladder is every effort there is a word for, lowest first.
var ladder = words{"none", "minimal", "low", "medium", "high", "xhigh", "max"} //nolint:gochecknoglobals // constant

func (w words) find(word string) int {
	for i := range w {
		if w[i] == word {
			return i
		}
	}
	return -1
}

// nearest is the effort of a model that comes nearest to a word; false if it
// takes none. What a model of another maker takes is not known: there the word
// stands as it is. Of two that are equally near, the lower one costs less.
func nearest(model, word string) (string, bool) {
	name := model[strings.LastIndexByte(model, '/')+1:]
	for _, f := range families {
		if !strings.HasPrefix(name, f.prefix) {
			continue
		}
		want, best, far := ladder.find(word), "", len(ladder)
		if want < 0 {
			return word, len(f.takes) > 0
		}
		for _, w := range f.takes {
			if d := ladder.find(w) - want; max(d, -d) < far {
				best, far = w, max(d, -d)
			}
		}
		return best, best != ""
	}
	return word, true
}

// Budgets of thinking, in tokens, up to which an effort is meant. Providers
// publish no such table; these are the gateway's, see docs/levers.md.
const (
	lowBudget    = 4096
	mediumBudget = 16384
)

// effort writes the effort, or what thinking was asked for as an effort: off is
// none, on is the effort that its budget is about, and if the model is to judge
// for itself it is medium, from where the models judge for themselves too.
func (e *encoder) effort() {
	t := e.req.Thinking
	if e.over.has("reasoning_effort") || e.over.has("reasoning") {
		e.l.Said(leaves.Effort)
		return
	}
	if word := e.req.Effort; word != "" {
		got, ok := nearest(e.model, word)
		if !ok {
			return
		}
		e.l.Said(leaves.Effort)
		if t != nil && t.Mode != "disabled" {
			e.l.Said(leaves.ThinkingMode) // an effort is of thinking here
		}
		e.effortWord(got, "effort", word)
		return
	}
	if t == nil {
		return
	}
	e.thinking(t)
}

// thinking says what thinking was asked for.
func (e *encoder) thinking(t *switchgear.Thinking) {
	var word string
	was := "thinking.mode"
	switch {
	case t.Mode == "disabled":
		word = "none"
	case t.Mode == "adaptive", t.Mode == "enabled" && t.Budget <= 0:
		word = "medium"
	case t.Mode == "enabled":
		word, was = budgetWord(t.Budget), "thinking.budget"
	default:
		return
	}
	got, ok := nearest(e.model, word)
	if !ok {
		if word == "none" { // it never thinks
			e.l.Said(leaves.Thinking)
		}
		return
	}
	e.l.Said(leaves.Thinking)
	switch {
	case was == "thinking.budget":
		e.effortWord(got, was, strconv.FormatInt(t.Budget, 10))
	case word == "none":
		e.effortWord(got, was, word)
	default:
		e.effortWord(got, was, got)
	}
}

// effortWord writes an effort, and notes it if it was said in another word.
func (e *encoder) effortWord(word, was, meant string) {
	e.w.Key("reasoning_effort")
	e.w.Str(word)
	if word != meant {
		e.l.Note(was + " (" + plain(meant) + " as reasoning_effort " + word + ")")
	}
}

// plain shortens what a client said to what may stand in a line of a log.
func plain(word string) string {
	if ladder.find(word) >= 0 {
		return word
	}
	if _, err := strconv.ParseInt(word, 10, 64); err == nil {
		return word
	}
	return "another word"
}

func budgetWord(tokens int64) string {
	switch {
	case tokens <= lowBudget:
		return "low"
	case tokens <= mediumBudget:
		return "medium"
	default:
		return "high"
	}
}
