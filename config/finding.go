package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Position is a place in a file. Line and column count from 1; a column counts
// characters, not bytes.
type Position struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// IsZero reports whether there is no place.
func (p Position) IsZero() bool { return p.Line == 0 }

// String is "file:line:col", or as much of it as there is.
func (p Position) String() string {
	if p.IsZero() {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Severity says whether a finding stops the configuration from being used.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // it is not used
	Warning                 // it is used, and this should be looked at
)

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText makes the severity a word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is something wrong with a configuration. It never holds a secret.
type Finding struct {
	Pos      Position `json:"pos"`
	Path     string   `json:"path"`    // where in the structure: "routes.chat.chain[1]"; "" for the whole file
	Message  string   `json:"message"` // what is wrong, without the full stop
	Fix      string   `json:"fix"`     // how to mend it, in whole sentences; may be empty
	Severity Severity `json:"severity"`
	Gate     bool     `json:"gate,omitempty"` // it is about the evidence for a target, and not about the file
}

// String is one line: file:line:col path: what is wrong. How to mend it.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Pos.String())
	if f.Path != "" {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.Path)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if f.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Message)
	b.WriteByte('.')
	if f.Fix != "" {
		b.WriteByte(' ')
		b.WriteString(f.Fix)
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?' // a terminal must not obey what a file says
		}
		return c
	}, b.String())
}

// HasErrors reports whether one of the findings is an error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Sort puts findings into the order of the file.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
		)
	})
}

// DidYouMean is the sentence that offers the name nearest to word, or "" if
// none is near.
func DidYouMean(word string, names []string) string {
	if near, ok := Nearest(word, names); ok {
		return `Did you mean "` + near + `"?`
	}
	return ""
}

// join makes one text of sentences, leaving out the empty ones.
func join(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}
