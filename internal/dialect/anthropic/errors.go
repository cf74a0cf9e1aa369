package anthropic

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/provider"
)

// Error classifies an answer that is a failure. It looks, in this order, at the
// error's type and code, at its text, and at the status; a web page says
// nothing but its status, because it comes from what stands before the provider.
func (*Dialect) Error(status int, h http.Header, body []byte) *switchgear.Error {
	if status >= 300 && status < 400 {
		return failure(ruling{
			class: switchgear.ClassServer, code: "redirect",
			say: "the provider answers with a redirect, which is never followed; check the base URL",
		}, status, nil, problem{})
	}
	now := time.Now()
	said := readProblem(body)
	var rule ruling
	switch {
	case said.found:
		rule = judge(said, status)
	case webPage(h, body):
		rule = judgePage(status)
	default:
		rule = judgeStatus(status)
	}
	e := failure(rule, status, body, said)
	e.RetryAfter = wait(e.Class, rule, h, said, now)
	return e
}

// inBand classifies an error that came where an answer should have: in the body
// of a 200 or in a stream.
func inBand(body []byte) *switchgear.Error {
	said := readProblem(body)
	rule := judge(said, 0)
	e := failure(rule, 0, body, said)
	e.RetryAfter = wait(e.Class, rule, nil, said, time.Now())
	return e
}

func failure(rule ruling, status int, body []byte, said problem) *switchgear.Error {
	code := rule.code
	if code == "" {
		code = said.word()
	}
	return &switchgear.Error{
		Class: rule.class, Status: status, Code: code, Message: rule.say, Detail: said.message,
		Dialect: name, Body: clip(body),
	}
}

// wait is how long the provider asks to wait. A limit on spending has no header
// for it.
func wait(class switchgear.Class, rule ruling, h http.Header, said problem, now time.Time) time.Duration {
	if class == switchgear.ClassQuota {
		if until, ok := regained(said.message); ok && until.After(now) {
			return until.Sub(now)
		}
		if rule.monthly {
			return nextMonth(now).Sub(now)
		}
	}
	if !class.Retryable() && !class.CoolsKey() && class != switchgear.ClassOverloaded {
		return 0 // successes and terminal errors carry the header too, and mean nothing by it
	}
	if h == nil {
		return 0
	}
	return provider.RetryAfter(h, now)
}

// regained finds the time from which a spent account works again, in the words
// the provider uses: "... on 2025-08-01 at 00:00 UTC".
func regained(text string) (time.Time, bool) {
	const layout = "2006-01-02 at 15:04 UTC"
	for rest := text; ; {
		i := strings.Index(rest, " on ")
		if i < 0 {
			return time.Time{}, false
		}
		rest = rest[i+len(" on "):]
		if len(rest) >= len(layout) {
			if at, err := time.Parse(layout, rest[:len(layout)]); err == nil {
				return at, true
			}
		}
	}
}

// nextMonth is when limits by the month start anew.
func nextMonth(now time.Time) time.Time {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
}

// problem is what the body of an error says.
type problem struct {
	found   bool   // there is an error object
	kind    string // its type
	code    string // its code, or the code in its details
	message string
}

// readProblem finds the error in a body. Anything but a JSON object has none.
func readProblem(body []byte) problem {
	var p problem
	if jsonx.KindOf(body) != jsonx.Object || jsonx.Check(body) != nil {
		return p
	}
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			p.found = r.Str() == "error" || p.found
		case "error":
			switch r.Kind() {
			case jsonx.Object:
				p.found = true
				p.read(&r)
			case jsonx.String:
				p.found = true
				p.message = r.Str()
			default:
			}
		}
	}
	return p
}

func (p *problem) read(r *jsonx.Reader) {
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			p.kind = r.Str()
		case "message":
			p.message = r.Str()
		case "code":
			if s := r.Str(); s != "" && p.code == "" {
				p.code = s
			}
		case "details":
			for r.Object(); r.More(); {
				if string(r.Key()) == "error_code" {
					p.code = r.Str()
				}
			}
		}
	}
}

// word is the provider's code or type, if it is a word: what is longer or
// stranger may quote the request and does not belong into a log.
func (p *problem) word() string {
	for _, s := range []string{p.code, p.kind} {
		if s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == "" {
			return s
		}
	}
	return ""
}

func webPage(h http.Header, body []byte) bool {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '<' ||
		strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/html")
}
