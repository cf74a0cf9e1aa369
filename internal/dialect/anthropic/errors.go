package anthropic

import (
	"bytes"
	_ "embed"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/lexicon"
)

//go:embed failures.tsv
var failures string

// table is what the provider means by its words. It is read when the first
// error comes, and never changes.
var table = sync.OnceValue(func() *lexicon.Table { return lexicon.MustParse(failures) }) //nolint:gochecknoglobals // a constant table

// Error classifies an answer that is a failure: by what stands in front of the
// provider, by its type and code, by its text, by the status.
func (*Dialect) Error(status int, h http.Header, body []byte) *switchgear.Error {
	ruling, edge := lexicon.Edge(status, h, body)
	var said problem
	if !edge {
		if said = readProblem(body); !said.found && status < 400 {
			return shapeless(status, body)
		}
		ruling = said.judge(status)
	}
	return failure(ruling, status, h, body, &said)
}

// inBand classifies an error that came where an answer should have: in the body
// of a 200 or in a stream.
func inBand(body []byte) *switchgear.Error {
	said := readProblem(body)
	return failure(said.judge(0), 0, nil, body, &said)
}

func (p *problem) judge(status int) lexicon.Ruling {
	if status < 400 {
		status = 0
	}
	return table().Judge(lexicon.Said{Status: status, Words: p.words(), Text: p.message})
}

func failure(ruling lexicon.Ruling, status int, h http.Header, body []byte, said *problem) *switchgear.Error {
	e := &switchgear.Error{
		Class: ruling.Class, Marks: ruling.Marks, Status: status, Code: ruling.Code, Message: ruling.Say, Detail: said.message,
		Param: table().Path(said.message), Dialect: name, Body: clip(body),
	}
	if e.Code == "" {
		e.Code = said.label()
	}
	lexicon.Settle(e, h, "")
	if e.Class == switchgear.ClassQuota {
		if until := spent(said, time.Now()); until > 0 {
			e.RetryAfter = until
		}
	}
	return e
}

// shapeless is an answer that is none, and no error either.
func shapeless(status int, body []byte) *switchgear.Error {
	var e *switchgear.Error
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		e = noAnswer("empty_body", "the answer is empty", nil)
	case jsonx.Check(body) != nil:
		e = noAnswer("not_json", "the answer is no valid JSON", nil)
	default:
		e = noAnswer("no_content", "the answer is JSON without content", nil)
	}
	e.Status, e.Body = status, clip(body)
	return e
}

// webPage is a page for people where an answer should be.
func webPage(body []byte) *switchgear.Error {
	ruling, _ := lexicon.Edge(http.StatusOK, nil, body)
	return failure(ruling, http.StatusOK, nil, body, &problem{})
}

// spent is for how long a limit on spending holds, which no header says: until
// the day that the text names, or the next month.
func spent(said *problem, now time.Time) time.Duration {
	if until, ok := regained(said.message); ok {
		return max(until.Sub(now), 0)
	}
	if said.code == "enforced_spend_limit_reached" {
		return nextMonth(now).Sub(now)
	}
	return 0
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
	var code string
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			p.kind = r.Str()
		case "message":
			p.message = r.Str()
		case "code":
			code = r.Str()
		case "details":
			for r.Object(); r.More(); {
				if string(r.Key()) == "error_code" {
					p.code = r.Str()
				}
			}
		}
	}
	if p.code == "" {
		p.code = code
	}
}

// words are its code and its type, the more telling first.
func (p *problem) words() []string {
	words := make([]string, 0, 2)
	for _, word := range []string{p.code, p.kind} {
		if word != "" {
			words = append(words, word)
		}
	}
	return words
}

// label is the code for an Error, if it is a word: what is longer or stranger
// may quote the request and does not belong into a log.
func (p *problem) label() string {
	for _, word := range p.words() {
		if lexicon.Word(word) {
			return word
		}
	}
	return ""
}
