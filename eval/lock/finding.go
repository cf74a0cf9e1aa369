package lock

import (
	"strconv"
	"strings"
)

// Position is a place in a lock. Line and column count from 1.
type Position struct {
	File      string
	Line, Col int
}

// String is "file:line:col", or as much of it as there is.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Finding is something wrong with a lock, or with what is wanted of it.
type Finding struct {
	Pos     Position // in the lock; without a line if there is no such place
	Path    string   // where in the lock: "routes.chat.targets.openai/gpt-5.4.evidence[0]"
	Claim   int      // which of the claims it is about, from 0; -1 for the lock itself
	Message string   // what is wrong, without the full stop
	Fix     string   // how to mend it, in whole sentences
	Warning bool     // it stops nothing
}

// String is one line: file:line:col path: what is wrong. How to mend it.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Pos.String())
	if f.Path != "" {
		b.WriteString(" " + f.Path)
	}
	b.WriteString(": ")
	if f.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Message + ".")
	if f.Fix != "" {
		b.WriteString(" " + f.Fix)
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?' // a terminal must not obey what a file says
		}
		return c
	}, b.String())
}

// HasErrors reports whether one of the findings stops something.
func HasErrors(findings []Finding) bool {
	for i := range findings {
		if !findings[i].Warning {
			return true
		}
	}
	return false
}
