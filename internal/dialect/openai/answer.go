package openai

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Answer writes an answer's values as a chat.completion, for the client that
// made the request: one that speaks of functions, from the time before tools,
// is answered so. Dropped names what of it there is no member for.
func (c *Codec) Answer(req *switchgear.Request, r *switchgear.Response) (body []byte, dropped []string, err error) {
	if len(r.Choices) == 0 {
		return nil, nil, &switchgear.Error{Class: switchgear.ClassInternal, Message: "an answer without a choice cannot be written"}
	}
	a := answerer{old: old(req)}
	w := &a.w
	w.Grow(answerRoom(r))
	w.Object()
	w.Key("id")
	w.Str(identity(r.ID))
	w.Key("object")
	w.Str("chat.completion")
	w.Key("created")
	w.Int(c.created(r.Extra["created"]))
	w.Key("model")
	w.Str(r.Model)
	w.Key("choices")
	w.Array()
	for i := range r.Choices {
		a.choice(i, &r.Choices[i])
	}
	w.End()
	if r.Usage.Known != 0 {
		w.Key("usage")
		writeUsage(w, &r.Usage)
	}
	w.End()
	for _, name := range sorted(r.Extra) {
		if name != "created" && !jsonx.Empty(r.Extra[name]) {
			a.lost("extra." + name)
		}
	}
	if r.Usage.CacheWriteHour > 0 {
		a.lost("usage.cache_write_hour")
	}
	return w.Buf(), a.dropped, nil
}

// created is when an answer was made, in seconds: as its provider said, or now.
func (c *Codec) created(said json.RawMessage) int64 {
	r := jsonx.NewReader(said)
	if n, ok := r.Int(); ok {
		return n
	}
	if c.now != nil {
		return c.now().Unix()
	}
	return time.Now().Unix()
}

// identity is the id of an answer, which clients take as it is. A provider that
// gives none is helped out.
func identity(id string) string {
	if id != "" {
		return id
	}
	return "chatcmpl-" + rand.Text()
}

// old reports whether a client speaks of functions.
func old(req *switchgear.Request) bool {
	return req != nil && slices.ContainsFunc(req.Tools, func(t switchgear.Tool) bool { return t.Origin == legacy })
}

func answerRoom(r *switchgear.Response) int {
	n := 768
	for i := range r.Choices {
		n += 256 + partsRoom(r.Choices[i].Parts)
	}
	return n + n>>5
}

// answerer writes an answer and notes what it could not say.
type answerer struct {
	w       jsonx.Writer
	dropped []string
	old     bool
}

func (a *answerer) lost(path string) { a.dropped = append(a.dropped, path) }

// spokenParts are what a choice holds, by kind.
type spokenParts struct {
	text, refusal, reasoning string
	calls                    []*switchgear.ToolCall
	details                  []*switchgear.Part // thoughts that are signed
}

func (a *answerer) choice(place int, c *switchgear.Choice) {
	path := "choices[" + strconv.Itoa(place) + "]"
	s := a.gather(path, c.Parts)
	w := &a.w
	w.Object()
	w.Key("index")
	w.Int(int64(c.Index))
	w.Key("message")
	a.message(path, &s)
	w.Key("logprobs")
	if raw := c.Extra["logprobs"]; len(raw) > 0 {
		w.Raw(raw)
	} else {
		w.Null()
	}
	w.Key("finish_reason")
	word, exact := finishReason(c.Finish.Kind, s.refusal != "", len(s.calls) > 0, a.old)
	w.Str(word)
	w.End()
	if !exact {
		a.lost(path + ".finish" + bracketed(c.Finish.Reason))
	}
	if c.Finish.Sequence != "" {
		a.lost(path + ".finish.sequence")
	}
	for _, name := range sorted(c.Extra) {
		if name != "logprobs" && !jsonx.Empty(c.Extra[name]) {
			a.lost(path + ".extra." + name)
		}
	}
}

func (a *answerer) message(path string, s *spokenParts) {
	w := &a.w
	w.Object()
	w.Key("role")
	w.Str("assistant")
	w.Key("content")
	if s.text == "" && (len(s.calls) > 0 || s.refusal != "") {
		w.Null()
	} else {
		w.Str(s.text)
	}
	w.Key("refusal")
	if s.refusal != "" {
		w.Str(s.refusal)
	} else {
		w.Null()
	}
	if s.reasoning != "" {
		w.Key("reasoning_content")
		w.Str(s.reasoning)
	}
	if len(s.details) > 0 {
		w.Key("reasoning_details")
		w.Array()
		for i, p := range s.details {
			writeDetail(w, p, i)
		}
		w.End()
	}
	switch {
	case len(s.calls) == 0:
	case a.old:
		w.Key("function_call")
		a.called(s.calls[0], "arguments")
		for i := range s.calls[1:] {
			a.lost(path + ".calls[" + strconv.Itoa(i+1) + "]")
		}
	default:
		w.Key("tool_calls")
		w.Array()
		for _, call := range s.calls {
			w.Object()
			w.Key("id")
			w.Str(call.ID)
			w.Key("type")
			w.Str("function")
			w.Key("function")
			a.called(call, "arguments")
			w.End()
		}
		w.End()
	}
	w.End()
}

func (a *answerer) called(c *switchgear.ToolCall, arguments string) {
	a.w.Object()
	a.w.Key("name")
	a.w.Str(c.Name)
	a.w.Key(arguments)
	if c.Arguments == "" {
		a.w.Str("{}")
	} else {
		a.w.Str(c.Arguments)
	}
	a.w.End()
}

// gather sorts the parts of a choice, and names those there is no member for.
func (a *answerer) gather(path string, parts []switchgear.Part) spokenParts {
	var s spokenParts
	for i := range parts {
		p := &parts[i]
		at := path + ".parts[" + strconv.Itoa(i) + "]"
		switch p.Kind {
		case switchgear.PartText:
			s.text = join(s.text, p.Text)
		case switchgear.PartRefusal:
			s.refusal = join(s.refusal, p.Text)
		case switchgear.PartThinking:
			s.reasoning = join(s.reasoning, p.Text)
			if p.Signature != "" {
				s.details = append(s.details, p)
			}
		case switchgear.PartRedacted:
			s.details = append(s.details, p)
		case switchgear.PartToolCall:
			if p.Call != nil {
				s.calls = append(s.calls, p.Call)
			}
		default:
			a.lost(at + bracketed(partWord(p)))
			continue
		}
		if p.Origin == Name && (p.Kind == switchgear.PartThinking || p.Kind == switchgear.PartRedacted) {
			continue // the same again, as it came
		}
		for _, name := range sorted(p.Extra) {
			if !jsonx.Empty(p.Extra[name]) && (name != "caller" || !direct(p.Extra[name])) {
				a.lost(at + ".extra." + name)
			}
		}
	}
	return s
}

// join avoids a copy in the common case of one part.
func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + b
}

// partWord is a word for a part that cannot be said: the type of its block, if
// that is a plain word.
func partWord(p *switchgear.Part) string {
	switch p.Kind {
	case switchgear.PartImage:
		return "image"
	case switchgear.PartDocument:
		return "document"
	case switchgear.PartAudio:
		return "audio"
	case switchgear.PartToolResult:
		return "tool result"
	default:
		kind := ""
		r := jsonx.NewReader(p.Raw)
		for r.Object(); r.More(); {
			if string(r.Key()) == "type" {
				kind = r.Str()
			}
		}
		return kind
	}
}

// bracketed is a word as it may stand in a line of a log; the word is the
// provider's.
func bracketed(word string) string {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != ' '
	}
	if word == "" || len(word) > 64 || strings.ContainsFunc(word, odd) {
		return ""
	}
	return " (" + word + ")"
}

// writeDetail writes a signed thought as the hosts do that pass Anthropic's on:
// a client that sends it back lets the signature go back, too.
func writeDetail(w *jsonx.Writer, p *switchgear.Part, index int) {
	w.Object()
	w.Key("type")
	if p.Kind == switchgear.PartRedacted {
		w.Str("reasoning.encrypted")
		w.Key("data")
		w.Str(p.Signature)
	} else {
		w.Str("reasoning.text")
		if p.Text != "" || p.Signature == "" {
			w.Key("text")
			w.Str(p.Text)
		}
		if p.Signature != "" {
			w.Key("signature")
			w.Str(p.Signature)
		}
	}
	if p.Origin == rival {
		w.Key("format")
		w.Str(rivalFormat)
	}
	w.Key("index")
	w.Int(int64(index))
	w.End()
}

// finishReason is the word for why an answer ended; not exact if there is none.
func finishReason(kind switchgear.FinishKind, refused, called, old bool) (word string, exact bool) {
	switch kind {
	case switchgear.FinishStop:
		return "stop", true
	case switchgear.FinishLength:
		return "length", true
	case switchgear.FinishToolCall:
		if old {
			return "function_call", true
		}
		return "tool_calls", true
	case switchgear.FinishFilter:
		if refused {
			return "stop", true // OpenAI ends a refusal so: the member says the rest
		}
		return "content_filter", true
	default:
		if called { // the client must run them, whatever else there is to say
			word, _ = finishReason(switchgear.FinishToolCall, refused, called, old)
			return word, false
		}
		return "stop", false
	}
}

// writeUsage writes the counts that are known. The input holds what was read
// from the cache, the output what was thought, here as there.
func writeUsage(w *jsonx.Writer, u *switchgear.Usage) {
	w.Object()
	count := func(f switchgear.UsageField, name string, n int64) {
		if u.Has(f) {
			w.Key(name)
			w.Int(n)
		}
	}
	count(switchgear.UsageInput, "prompt_tokens", u.Input)
	count(switchgear.UsageOutput, "completion_tokens", u.Output)
	count(switchgear.UsageInput|switchgear.UsageOutput, "total_tokens", u.Total())
	if u.Known&(switchgear.UsageCacheRead|switchgear.UsageCacheWrite) != 0 {
		w.Key("prompt_tokens_details")
		w.Object()
		count(switchgear.UsageCacheRead, "cached_tokens", u.CacheRead)
		count(switchgear.UsageCacheWrite, "cache_write_tokens", u.CacheWrite)
		w.End()
	}
	if u.Has(switchgear.UsageReasoning) {
		w.Key("completion_tokens_details")
		w.Object()
		count(switchgear.UsageReasoning, "reasoning_tokens", u.Reasoning)
		w.End()
	}
	w.End()
}

// direct reports whether the caller of a tool is the model itself, as it is but
// for Anthropic's programmatic calls: that goes without saying.
func direct(caller json.RawMessage) bool {
	r := jsonx.NewReader(caller)
	kind, members := "", 0
	for r.Object(); r.More(); members++ {
		if string(r.Key()) == "type" {
			kind = r.Str()
		} else {
			r.Skip()
		}
	}
	return kind == "direct" && members == 1
}
