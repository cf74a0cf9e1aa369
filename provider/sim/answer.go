package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// finish is why an answer ends, in no dialect's words.
type finish int

const (
	finishStop finish = iota
	finishLength
	finishTool
	finishSequence
	finishRefusal
	finishFilter
)

// answer is one choice of an answer, before a dialect writes it down.
type answer struct {
	thinking  string
	signature string // non-empty if the answer starts with thinking
	text      string
	refusal   string
	calls     []toolCall
	finish    finish
	sequence  string // the stop sequence that ended it
	reasoning int    // tokens of thinking
	rng       *rand.Rand
	recorded  *[2]int // tokens in and out that a recording says were counted; nil to estimate
}

// toolCall is a call of one of the caller's tools.
type toolCall struct {
	id, name, args string
}

// tokensOf estimates tokens as one for every four bytes.
func tokensOf(bytes int) int { return (bytes + 3) / 4 }

// tokens is what the answer is billed as.
func (a *answer) tokens() int {
	if a.recorded != nil {
		return a.recorded[1]
	}
	n := len(a.text) + len(a.refusal)
	for _, c := range a.calls {
		n += len(c.name) + len(c.args) + 16
	}
	return a.reasoning + max(1, tokensOf(n))
}

// rng is the source of everything that looks random in choice i.
func (q *ask) rng(i int) *rand.Rand {
	return rand.New(rand.NewPCG(q.hash, uint64(i)+1))
}

// compose makes choice i.
func (q *ask) compose(i int, echo bool) *answer {
	a := &answer{rng: q.rng(i)}
	if q.thinks {
		a.think(q)
	}
	switch {
	case len(q.tools) > 0 && !q.jsonMode:
		a.call(q)
	case q.jsonMode:
		a.text = instanceOf(q.schema)
	default:
		a.text = prose(q, a.rng, echo)
	}
	a.stopAt(q.stops)
	a.cutAt(q.max)
	return a
}

// think fills in thinking that takes at most half of what the request allows.
func (a *answer) think(q *ask) {
	a.reasoning = 64 * (1 + a.rng.IntN(5))
	if q.max > 0 {
		a.reasoning = min(a.reasoning, q.max/2)
	}
	if q.dialect == openai {
		return
	}
	raw := make([]byte, 180+a.rng.IntN(120))
	for i := range raw {
		raw[i] = byte(a.rng.UintN(256))
	}
	a.signature = base64.StdEncoding.EncodeToString(append([]byte{0x12}, raw...))
	if q.thinkText {
		a.thinking = fit("[simulated] Weighing what was asked."+sentences(a.rng, 4), 4*max(a.reasoning, 1))
	}
}

// call calls the tool that must be called, else the first two of those that
// are offered, else the first.
func (a *answer) call(q *ask) {
	chosen := q.tools[:1]
	for i := range q.tools {
		if q.tools[i].name == q.onlyCall {
			chosen = q.tools[i : i+1]
		}
	}
	if q.onlyCall == "" && q.parallel && len(q.tools) >= 2 {
		chosen = q.tools[:2]
	}
	prefix := "call_"
	if q.dialect == anthropic {
		prefix = "toolu_01"
		if !q.mustCall {
			a.text = "[simulated] Calling what was offered."
		}
	}
	for _, t := range chosen {
		id := prefix + letters(a.rng, 22+2*(len(prefix)&1))
		a.calls = append(a.calls, toolCall{id: id, name: t.name, args: instanceOf(t.schema)})
	}
	a.finish = finishTool
}

// stopAt ends the text before the first stop sequence in it.
func (a *answer) stopAt(stops []string) {
	for _, stop := range stops {
		if at := strings.Index(a.text, stop); stop != "" && at >= 0 {
			a.text, a.sequence, a.finish, a.calls = a.text[:at], stop, finishSequence, nil
		}
	}
}

// cutAt ends the answer when it has used up the tokens the request allows. The
// arguments of a tool call are cut wherever that falls.
func (a *answer) cutAt(limit int) {
	if limit <= 0 || a.tokens() <= limit {
		return
	}
	left := 4 * max(limit-a.reasoning, 1)
	a.finish, a.sequence = finishLength, ""
	a.text = fit(a.text, left)
	left -= len(a.text)
	for i := range a.calls {
		c := &a.calls[i]
		if left <= len(c.name)+16 {
			a.calls = a.calls[:i]
			return
		}
		left -= len(c.name) + 16
		c.args = fit(c.args, left)
		left -= len(c.args)
	}
}

// fit cuts a text to at most n bytes without splitting a character.
func fit(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// prose is an answer in words. It tells about the request only what a reader
// could not use: how long it is and how many turns it has.
func prose(q *ask, r *rand.Rand, echo bool) string {
	text := fmt.Sprintf("[simulated] This is %s, which does not exist, answering %d message(s) of about %d tokens.",
		q.model, q.turns, tokensOf(q.bytes))
	if q.afterTool {
		text += " The result of the tool has arrived."
	}
	if echo {
		text += " You said: " + q.last
	}
	return text + sentences(r, 2+r.IntN(5))
}

// sentences are n sentences about nothing, each after a blank.
func sentences(r *rand.Rand, n int) string {
	subjects := []string{"The operator", "A patient signal", "The second line", "Every circuit", "The night shift", "A spare relay", "The north trunk", "Café number seven"}
	verbs := []string{"carries", "waits for", "hands over", "keeps", "measures", "returns", "follows", "repeats"}
	objects := []string{"the call", "a short message", "its own echo", "what was promised", "the next exchange", "a quiet tone", "the morning’s traffic", "one answer of many"}
	endings := []string{"without hurry", "as planned", "before noon", "in good order", "once more", "on the other side", "with care", "until it is done"}
	pick := func(words []string) string { return words[r.IntN(len(words))] }
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, " %s %s %s %s.", pick(subjects), pick(verbs), pick(objects), pick(endings))
	}
	return b.String()
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// letters are n random letters and digits.
func letters(r *rand.Rand, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

// digits are n random hexadecimal digits.
func digits(r *rand.Rand, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = "0123456789abcdef"[r.IntN(16)]
	}
	return string(out)
}

// pieces cuts a text as a model does: into bits of one to four short words.
func pieces(r *rand.Rand, text string) []string {
	var out []string
	for len(text) > 0 {
		n := 0
		for range 1 + r.IntN(4) {
			next := strings.IndexByte(text[min(n+1, len(text)):], ' ')
			if next < 0 {
				n = len(text)
				break
			}
			n += next + 1
		}
		n = min(n, 400)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// shreds cuts the arguments of a tool call, wherever that falls.
func shreds(r *rand.Rand, text string) []string {
	var out []string
	for len(text) > 0 {
		n := min(2+r.IntN(8), len(text))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// quote writes a value as JSON without escaping for HTML, as providers do.
func quote(v any) []byte {
	var b bytes.Buffer
	encode(&b, v)
	return b.Bytes()
}

func encode(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)       //nolint:errchkjson // only strings, numbers and structs of them come here
	b.Truncate(b.Len() - 1) // the line break
}
