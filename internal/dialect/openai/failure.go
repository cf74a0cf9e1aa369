package openai

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/lexicon"
	"github.com/switchgear-dev/switchgear/provider"
)

// failure is what an error body says, in whichever of the shapes: OpenAI's
// {"error":{...}}, Mistral's and old vLLM's flat one, Ollama's and xAI's
// {"error":"..."}, FastAPI's {"detail":...}, Google's array of one. In which
// order a body has its members makes no difference: what the error object says
// goes before what stands around it.
type failure struct {
	code    said   // as it is written, or as a number in digits
	inner   string // the code within, as at Azure
	kind    said   // "type", or Google's "status"
	message string
	param   string
	status  int         // an HTTP status given as that
	raw     string      // OpenRouter: what its upstream said
	source  string      // OpenRouter: whose limit it is
	flagged bool        // OpenRouter: why moderation refused
	reset   string      // OpenRouter: X-RateLimit-Reset
	delay   string      // Google: how long to wait, "34s"
	reasons []string    // Google: what the details say
	quotas  []string    // Google: which quotas are exceeded
	beneath *failure    // OpenRouter: what its upstream said, if that is an error too
	tellers [3]*failure // what the members in words say, until all of them are read
	some    bool        // the body says anything at all
}

// said is a word, or a number, which if it can be one is an HTTP status.
type said struct {
	word   string
	status int
}

// deepest is how far down errors within errors are read.
const deepest = 2

// readFailure reads an error body; anything else gives a failure that says
// nothing.
func readFailure(body []byte) failure { return readWithin(body, 0) }

func readWithin(body []byte, depth int) failure {
	var f failure
	if depth > deepest || jsonx.Check(body) != nil {
		return f
	}
	r := jsonx.NewReader(body)
	if jsonx.KindOf(body) == jsonx.Array {
		for r.Array(); r.More(); {
			if raw := r.Raw(); !f.some {
				f = readWithin(raw, depth+1)
			}
		}
		return f
	}
	f.read(&r, depth)
	if text := f.raw; jsonx.KindOf([]byte(text)) == jsonx.Object {
		if below := readWithin([]byte(text), depth+1); below.some {
			f.beneath = &below
		}
	}
	f.some = f.some || f.message != ""
	return f
}

// read reads an object that is an error or holds one.
func (f *failure) read(r *jsonx.Reader, depth int) {
	var within failure
	for r.Object(); r.More(); {
		key := string(r.Key())
		switch {
		case key != "error":
			f.member(r, key, depth)
		case r.Kind() == jsonx.Object:
			within = readObject(r.Raw(), depth+1)
			within.some = true
		default:
			if text := r.Str(); text != "" {
				within.message, within.some = text, true
			}
		}
	}
	for _, t := range f.tellers {
		if t != nil {
			f.add(t)
		}
	}
	f.tellers = [3]*failure{}
	f.add(&within)
}

func readObject(raw []byte, depth int) failure {
	var f failure
	if depth <= deepest {
		r := jsonx.NewReader(raw)
		f.read(&r, depth)
	}
	return f
}

// add takes what another failure says, which counts for more.
func (f *failure) add(o *failure) {
	set(&f.code, o.code)
	set(&f.inner, o.inner)
	set(&f.kind, o.kind)
	set(&f.message, o.message)
	set(&f.param, o.param)
	set(&f.status, o.status)
	set(&f.raw, o.raw)
	set(&f.source, o.source)
	set(&f.reset, o.reset)
	set(&f.delay, o.delay)
	f.flagged = f.flagged || o.flagged
	f.some = f.some || o.some
	f.reasons = append(o.reasons, f.reasons...)
	f.quotas = append(o.quotas, f.quotas...)
}

func set[T comparable](to *T, value T) {
	var zero T
	if value != zero {
		*to = value
	}
}

// member reads a member of an error object.
func (f *failure) member(r *jsonx.Reader, name string, depth int) {
	switch name {
	case "msg":
		f.tellers[0] = telling(r, depth)
	case "detail":
		f.tellers[1] = telling(r, depth)
	case "message":
		f.tellers[2] = telling(r, depth)
	case "type":
		set(&f.kind.word, r.Str())
	case "param":
		f.param = r.Str()
	case "code":
		f.code = number(r)
	case "status":
		f.named(number(r))
	case "status_code", "raw_status_code":
		if n, ok := r.Int(); ok && n >= 300 && n < 600 {
			f.status = max(f.status, int(n))
		}
	case "innererror":
		for r.Object(); r.More(); {
			if string(r.Key()) == "code" {
				f.inner = r.Str()
			}
		}
	case "metadata":
		f.metadata(r)
	case "details":
		f.details(r)
	}
}

// named takes a status that is a word, as at Google, for the type; one that is
// a number, for what it is.
func (f *failure) named(s said) {
	f.kind.status = s.status
	if f.kind.word == "" && s.status == 0 {
		f.kind.word = s.word
	}
}

func number(r *jsonx.Reader) said {
	raw := r.Raw()
	text, quoted := jsonx.Unquote(raw)
	if !quoted {
		if jsonx.KindOf(raw) != jsonx.Number {
			return said{}
		}
		text = string(raw)
	}
	s := said{word: text}
	if n, err := strconv.Atoi(text); err == nil && n >= 300 && n < 600 {
		s.status = n
	}
	return s
}

// telling reads what says in words what is wrong: a sentence, an object with
// one, or, from FastAPI servers, a list of what is wrong with the request.
func telling(r *jsonx.Reader, depth int) *failure {
	var t failure
	switch r.Kind() {
	case jsonx.Object:
		t = readObject(r.Raw(), depth+1)
	case jsonx.Array:
		t.faults(r)
	default:
		t.message = r.Str()
	}
	return &t
}

// faults reads a list of faults; the first counts.
func (f *failure) faults(r *jsonx.Reader) {
	for r.Array(); r.More(); {
		var text string
		var at []string
		for r.Object(); r.More(); {
			switch string(r.Key()) {
			case "msg":
				text = r.Str()
			case "loc":
				at = location(r)
			}
		}
		if f.message == "" {
			f.message, f.param = text, strings.Join(at, ".")
		}
	}
}

// location is where in the request a fault is.
func location(r *jsonx.Reader) []string {
	var at []string
	for r.Array(); r.More(); {
		raw := r.Raw()
		text, quoted := jsonx.Unquote(raw)
		if !quoted {
			text = string(raw)
		}
		if text != "body" || len(at) > 0 {
			at = append(at, text)
		}
	}
	return at
}

func (f *failure) metadata(r *jsonx.Reader) {
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "raw":
			f.raw = r.Str()
		case "limit_source":
			f.source = r.Str()
		case "reasons":
			f.flagged = r.Kind() == jsonx.Array
		case "headers":
			for r.Object(); r.More(); {
				if strings.EqualFold(string(r.Key()), "x-ratelimit-reset") {
					f.reset = number(r).word
				}
			}
		}
	}
}

// details reads Google's: the reason, how long to wait, which quota.
func (f *failure) details(r *jsonx.Reader) {
	for r.Array(); r.More(); {
		for r.Object(); r.More(); {
			switch string(r.Key()) {
			case "reason":
				f.reasons = append(f.reasons, r.Str())
			case "retryDelay":
				set(&f.delay, r.Str())
			case "violations":
				for r.Array(); r.More(); {
					for r.Object(); r.More(); {
						if string(r.Key()) == "quotaId" {
							f.quotas = append(f.quotas, r.Str())
						}
					}
				}
			}
		}
	}
}

// effective is the HTTP status that the body gives; 0 for none.
func (f *failure) effective() int {
	for _, status := range []int{f.status, f.code.status, f.kind.status} {
		if status != 0 {
			return status
		}
	}
	return 0
}

// codes are its codes and types, from the most to the least telling.
func (f *failure) codes() []string {
	words := []string{f.source, f.code.word, f.inner, f.kind.word}
	words = append(words, f.reasons...)
	if f.beneath != nil {
		words = append(words, f.beneath.code.word, f.beneath.inner, f.beneath.kind.word)
	}
	kept := words[:0]
	for _, word := range words {
		if word != "" {
			kept = append(kept, word)
		}
	}
	return kept
}

// text is all that may say in words what is wrong, in lines. Some hosts put a
// sentence where a code should be.
func (f *failure) text() string {
	lines := []string{f.message}
	if !lexicon.Word(f.code.word) {
		lines = append(lines, f.code.word)
	}
	switch {
	case f.beneath != nil:
		lines = append(lines, f.beneath.message)
	case f.raw != "":
		lines = append(lines, f.raw)
	}
	return strings.TrimSpace(strings.Join(append(lines, f.quotas...), "\n"))
}

// words are the provider's own, for the caller.
func (f *failure) words() string {
	if f.raw == "" {
		return f.message
	}
	return strings.TrimPrefix(f.message+": "+f.raw, ": ")
}

// label is the code for an Error, if it is a word: a sentence may quote the
// request.
func (f *failure) label() string {
	for _, word := range []string{f.code.word, f.inner, f.kind.word} {
		if lexicon.Word(word) {
			return word
		}
	}
	return ""
}

// hint is how long to wait as the body says beside its text: Google in the
// details, OpenRouter by repeating a header.
func (f *failure) hint() string {
	if f.reset == "" {
		return f.delay
	}
	h := http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {f.reset}}
	return provider.RetryAfter(h, time.Now()).String()
}
