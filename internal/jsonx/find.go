package jsonx

import (
	"unicode"
	"unicode/utf8"
)

// Span is a half-open range of bytes: from Start up to, not including, End.
type Span struct{ Start, End int }

// Find checks b as Check does, demands that it is an object, and in the same
// pass finds the values of its members with the given names: spans[i] is where
// the value of names[i] stands, and zero when there is none. Spans must be as
// long as names.
//
// A watched name that appears twice, is written with escapes or differs only by
// case is a *MemberError: readers of JSON disagree about what such a body says,
// and what we route by must be what the provider reads. A body that is valid
// costs no allocation.
func Find(b []byte, names []string, spans []Span) error {
	_, err := find(b, names, spans)
	return err
}

// layout is what SetMembers needs to know of an object besides its values.
type layout struct {
	closing int // where its closing brace stands
	empty   bool
}

func find(b []byte, names []string, spans []Span) (layout, error) {
	clear(spans)
	if marked(b) {
		return layout{}, faultBOM.at(0)
	}
	i := space(b, 0)
	if i >= len(b) {
		return layout{}, faultEnd.at(i)
	}
	if b[i] != '{' {
		// What is no JSON at all is called so.
		if at, f := check(b); f != none {
			return layout{}, f.at(at)
		}
		return layout{}, faultObject.at(i)
	}
	c := checker{b: b}
	c.push(true)
	out := layout{}
	i = space(b, i+1)
	if i < len(b) && b[i] == '}' {
		out = layout{closing: i, empty: true}
	} else {
		closing, err := c.members(i, names, spans)
		if err != nil {
			return layout{}, err
		}
		out.closing = closing
	}
	if at, f := end(b, out.closing+1); f != none {
		return layout{}, f.at(at)
	}
	return out, nil
}

// members checks the members of the outermost object from its first one on and
// returns where its closing brace stands.
func (c *checker) members(i int, names []string, spans []Span) (int, error) {
	for {
		var f fault
		key := space(c.b, i)
		i, f = c.name(key)
		if f != none {
			return 0, f.at(i)
		}
		which, err := watched(c.b[key+1:i-1], names, spans)
		if err != nil {
			return 0, err
		}
		if i, f = colon(c.b, i); f != none {
			return 0, f.at(i)
		}
		start := space(c.b, i)
		if i, f = c.value(start); f != none {
			return 0, f.at(i)
		}
		if which >= 0 {
			spans[which] = Span{Start: start, End: i}
		}
		i = space(c.b, i)
		switch {
		case i >= len(c.b):
			return 0, faultEnd.at(i)
		case c.b[i] == '}':
			return i, nil
		case c.b[i] != ',':
			return 0, faultNext.at(i)
		}
		i++
	}
}

// watched returns which of the names a member's name is, or -1. The name stands
// in raw as the document writes it, between its quotes.
func watched(raw []byte, names []string, spans []Span) (int, error) {
	for n, name := range names {
		if string(raw) == name {
			if spans[n].End != 0 {
				return 0, &MemberError{Name: name, Problem: problemTwice}
			}
			return n, nil
		}
	}
	for _, name := range names {
		if exact, folded := spells(raw, name); exact {
			return 0, &MemberError{Name: name, Problem: problemEscaped}
		} else if folded {
			return 0, &MemberError{Name: name, Problem: problemCase}
		}
	}
	return -1, nil
}

// spells reports whether raw, the inside of a JSON string, is the name once its
// escapes are undone: exactly, or but for upper and lower case. Case is that of
// Unicode, because readers exist for whom "\u017Ftream" is "stream".
func spells(raw []byte, name string) (exact, folded bool) {
	exact = true
	for len(raw) > 0 && name != "" {
		got, size := char(raw)
		want, width := utf8.DecodeRuneInString(name)
		if got != want {
			exact = false
			if !sameLetter(got, want) {
				return false, false
			}
		}
		raw, name = raw[size:], name[width:]
	}
	same := len(raw) == 0 && name == ""
	return exact && same, same
}

// sameLetter reports whether two different runes differ by case only.
func sameLetter(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return a^b == 0x20 && a|0x20 >= 'a' && a|0x20 <= 'z'
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
