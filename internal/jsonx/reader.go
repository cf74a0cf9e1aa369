package jsonx

import (
	"unicode/utf8"
)

// Kind is what a JSON value is.
type Kind uint8

// The kinds. Invalid is no value at all.
const (
	Invalid Kind = iota
	Object
	Array
	String
	Number
	Bool
	Null
)

// KindOf tells the kind of a value by its first byte behind white space.
func KindOf(raw []byte) Kind {
	i := space(raw, 0)
	if i >= len(raw) {
		return Invalid
	}
	switch c := raw[i]; {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return String
	case c == '-', c >= '0' && c <= '9':
		return Number
	case c == 't', c == 'f':
		return Bool
	case c == 'n':
		return Null
	}
	return Invalid
}

// Reader walks once over a document that has passed Check, without building a
// tree:
//
//	r := jsonx.NewReader(body)
//	for r.Object(); r.More(); {
//		switch string(r.Key()) {
//		case "model":
//			model = r.Str()
//		case "messages":
//			for r.Array(); r.More(); {
//				...
//			}
//		}
//	}
//
// Each value is consumed by one of Object, Array, Str, Int, Float, Bool, Raw
// and Skip; More skips a value that was not. A value of another kind than the
// one asked for is skipped too, and no error: providers send null and numbers in
// odd places, and one odd member must not cost the rest of the document. A loop
// over a container must run to its end; to leave one early, take it by Raw and
// read that.
//
// On a document that was not checked a Reader stops at the first fault, which
// Err then tells; it forgives strings that are not UTF-8.
type Reader struct {
	c       checker
	i       int
	name    Span // of the current member's name, between its quotes
	marks   uint8
	pending bool // a value comes next
	first   bool // no member or element of the innermost container was read yet
	refused bool // Object or Array found another kind; the next More is false
	scratch []byte
	fault   fault // none while all is well: the error is made when it is asked for
	at      int   // of the fault
}

// NewReader returns a Reader at the start of b, which it never changes.
func NewReader(b []byte) Reader {
	return Reader{c: checker{b: b, lax: true}, pending: true}
}

// Err returns the fault that stopped the Reader, if any.
func (r *Reader) Err() error {
	if r.fault == none {
		return nil
	}
	return r.fault.at(r.at)
}

// Kind tells the kind of the value that comes next; Invalid when none does.
func (r *Reader) Kind() Kind {
	if !r.pending || r.fault != none {
		return Invalid
	}
	return KindOf(r.c.b[r.i:])
}

// Object enters an object: More then goes from member to member. If something
// else comes next it is skipped, and the following More is false.
func (r *Reader) Object() { r.enter(true) }

// Array enters an array: More then goes from element to element. If something
// else comes next it is skipped, and the following More is false.
func (r *Reader) Array() { r.enter(false) }

// More goes to the next member or element of the innermost container entered
// and reports whether there is one. At the container's end it leaves it.
func (r *Reader) More() bool {
	if r.refused {
		r.refused = false
		return false
	}
	if r.c.depth == 0 || r.fault != none {
		return false
	}
	if r.pending {
		if r.Skip(); r.fault != none {
			return false
		}
	}
	b, object := r.c.b, r.c.inObject()
	r.i = space(b, r.i)
	switch {
	case r.i >= len(b):
		return r.fail(r.i, faultEnd)
	case b[r.i] == '}' && object, b[r.i] == ']' && !object:
		r.i++
		r.c.depth--
		r.first = false
		return false
	case !r.first && b[r.i] != ',':
		return r.fail(r.i, faultNext)
	case !r.first:
		r.i++
	}
	r.first = false
	if object && !r.member() {
		return false
	}
	r.pending = true
	return true
}

// Key is the name of the current member, without quotes and escapes. It is
// valid until the next call of Key, and nil in an array.
func (r *Reader) Key() []byte {
	if r.fault != none || r.c.depth == 0 || !r.c.inObject() {
		return nil
	}
	raw := r.c.b[r.name.Start:r.name.End]
	if r.marks == 0 || (r.marks == high && utf8.Valid(raw)) {
		return raw
	}
	r.scratch = append(r.scratch[:0], text(raw, r.marks)...)
	return r.scratch
}

// enter goes behind the bracket of the container that comes next.
func (r *Reader) enter(object bool) {
	bracket := byte('[')
	if object {
		bracket = '{'
	}
	if !r.begin() {
		return
	}
	if r.c.b[r.i] != bracket {
		r.skip()
		r.refused = true
		return
	}
	if r.c.depth == MaxDepth {
		r.fail(r.i, faultDepth)
		return
	}
	r.c.push(object)
	r.i++
	r.pending, r.first = false, true
}

// member reads a member's name and its colon.
func (r *Reader) member() bool {
	b := r.c.b
	start := space(b, r.i)
	if start >= len(b) {
		return r.fail(start, faultEnd)
	}
	if b[start] != '"' {
		return r.fail(start, faultKey)
	}
	next, marks, f := scan(b, start+1)
	if f != none {
		return r.fail(next, f)
	}
	r.name, r.marks = Span{Start: start + 1, End: next - 1}, marks
	if r.i, f = colon(b, next); f != none {
		return r.fail(r.i, f)
	}
	return true
}

// fail stops the Reader; it is always false.
func (r *Reader) fail(offset int, f fault) bool {
	if r.fault == none {
		r.fault, r.at = f, offset
	}
	r.pending, r.refused = false, false
	return false
}
