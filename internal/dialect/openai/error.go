package openai

import (
	"bytes"
	_ "embed"
	"net/http"
	"sync"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/lexicon"
)

//go:embed failures.tsv
var failures string

// table is what providers mean by their words. It is read when the first error
// comes, and never changes.
var table = sync.OnceValue(func() *lexicon.Table { return lexicon.MustParse(failures) }) //nolint:gochecknoglobals // a constant table

// Error classifies an answer that is none: by what stands in front of the
// provider, by its code and type, by what its message says, by its status.
func (*Dialect) Error(status int, h http.Header, body []byte) *switchgear.Error {
	return classify(status, h, body)
}

func classify(status int, h http.Header, body []byte) *switchgear.Error {
	e := &switchgear.Error{Status: status, Dialect: Name, Body: bytes.Clone(body[:min(len(body), longestError)])}
	ruling, edge := lexicon.Edge(status, h, body)
	var f failure
	if !edge {
		if f = readFailure(body); !f.some && status < 400 {
			e.Class = switchgear.ClassMalformed
			e.Code, e.Message = shapeless(body)
			return e
		}
		ruling = f.judge(status)
		e.Detail, e.Param = f.words(), f.param
	}
	e.Class, e.Marks, e.Message = ruling.Class, ruling.Marks, ruling.Say
	if e.Code = ruling.Code; e.Code == "" {
		e.Code = f.label()
	}
	lexicon.Settle(e, h, f.hint())
	return e
}

// shapeless says what a body with a good status lacks.
func shapeless(body []byte) (code, message string) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return "empty_body", "the provider sent an empty answer"
	case jsonx.Check(body) != nil:
		return "not_json", "the provider sent an answer that is not JSON"
	default:
		return "no_choices", "the provider sent an answer without choices"
	}
}

// judge rules on what the body says under a status. Under a good one the status
// that the body gives counts.
func (f *failure) judge(status int) lexicon.Ruling {
	if status < 300 {
		status = f.effective()
	}
	if f.flagged && status == http.StatusForbidden {
		return lexicon.Ruling{Class: switchgear.ClassPolicy, Say: lexicon.Sentence(switchgear.ClassPolicy)}
	}
	return table().Judge(lexicon.Said{Status: status, Words: f.codes(), Text: f.text(), Param: f.param})
}
