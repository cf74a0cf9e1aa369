package openai

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// failure is what an error body says, in whichever of the shapes: OpenAI's
// {"error":{...}}, Mistral's and old vLLM's flat one, Ollama's and xAI's
// {"error":"..."}, FastAPI's {"detail":...}, Google's array of one.
type failure struct {
	code    string // as it is written, or as a number in digits
	inner   string // the code within, as at Azure
	kind    string // "type", or Google's "status"
	message string
	param   string
	status  int    // an HTTP status given in the body
	raw     string // OpenRouter: what its upstream said
	source  string // OpenRouter: whose limit it is
	flagged bool   // OpenRouter: why moderation refused
	reset   string // OpenRouter: X-RateLimit-Reset
	some    bool   // the body says anything at all
}

// readFailure reads an error body; anything else gives a failure that says
// nothing.
func readFailure(body []byte) failure {
	var f failure
	if jsonx.Check(body) != nil {
		return f
	}
	if jsonx.KindOf(body) == jsonx.Array {
		r := jsonx.NewReader(body)
		for r.Array(); r.More(); {
			if raw := r.Raw(); !f.some {
				f = readFailure(raw)
			}
		}
		return f
	}
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		key := r.Key()
		switch {
		case string(key) != "error":
			f.member(&r, string(key))
		case r.Kind() == jsonx.Object:
			for r.Object(); r.More(); {
				f.member(&r, string(r.Key()))
			}
			f.some = true
		default:
			if text := r.Str(); text != "" {
				f.message, f.some = text, true
			}
		}
	}
	f.some = f.some || f.message != ""
	return f
}

// member reads a member of an error object.
func (f *failure) member(r *jsonx.Reader, name string) {
	switch name {
	case "message", "msg":
		set(&f.message, r.Str())
	case "detail":
		f.detail(r)
	case "type":
		set(&f.kind, r.Str())
	case "param":
		set(&f.param, r.Str())
	case "code":
		f.number(r, &f.code)
	case "status":
		f.number(r, &f.kind)
	case "status_code", "raw_status_code":
		if n, ok := r.Int(); ok {
			f.status = int(n)
		}
	case "innererror":
		for r.Object(); r.More(); {
			if string(r.Key()) == "code" {
				f.inner = r.Str()
			}
		}
	case "metadata":
		f.metadata(r)
	}
}

func set(to *string, value string) {
	if value != "" {
		*to = value
	}
}

// number reads a word, or a number, which if it can be one is an HTTP status.
func (f *failure) number(r *jsonx.Reader, word *string) {
	raw := r.Raw()
	text, quoted := jsonx.Unquote(raw)
	if !quoted {
		if jsonx.KindOf(raw) != jsonx.Number {
			return
		}
		text = string(raw)
	}
	if n, err := strconv.Atoi(text); err == nil {
		if n >= 300 && n < 600 {
			f.status = n
		}
		if word == &f.kind {
			return
		}
	}
	set(word, text)
}

// detail reads what FastAPI servers say: a sentence, an object with one, or a
// list of what is wrong with the request.
func (f *failure) detail(r *jsonx.Reader) {
	switch r.Kind() {
	case jsonx.Object:
		for r.Object(); r.More(); {
			f.member(r, string(r.Key()))
		}
	case jsonx.Array:
		for r.Array(); r.More(); {
			for r.Object(); r.More(); {
				if string(r.Key()) == "msg" && f.message == "" {
					f.message = r.Str()
				}
			}
		}
	default:
		set(&f.message, r.Str())
	}
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
					raw := r.Raw()
					if text, ok := jsonx.Unquote(raw); ok {
						f.reset = text
					} else {
						f.reset = string(raw)
					}
				}
			}
		}
	}
}

// label is the code for an Error, if it is a word: some hosts put a sentence
// there, and a sentence may quote the request.
func (f *failure) label() string {
	for _, word := range []string{f.code, f.inner, f.kind} {
		if word != "" && len(word) <= 64 && strings.IndexFunc(word, strange) < 0 {
			return word
		}
	}
	return ""
}

func strange(r rune) bool {
	plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !plain && r != '_' && r != '-' && r != '.'
}

// isPage reports whether a body is a page for people, from whatever stands
// between us and the provider.
func isPage(body []byte) bool {
	start := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 512)], " \t\r\n\uFEFF"))
	for _, mark := range []string{"<!doctype", "<html", "<head", "<body", "<?xml", "<center", "<h1"} {
		if bytes.HasPrefix(start, []byte(mark)) {
			return true
		}
	}
	return false
}
