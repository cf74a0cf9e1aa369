package jsonx

import (
	"bytes"
	"strconv"
)

// Skip consumes the next value.
func (r *Reader) Skip() {
	if r.begin() {
		r.skip()
	}
}

// Raw consumes the next value and returns its bytes as they stand in the
// document, without the space around them; nil if there is none.
func (r *Reader) Raw() []byte {
	if !r.begin() {
		return nil
	}
	return r.skip()
}

// Str consumes the next value and returns its text if it is a string.
func (r *Reader) Str() string {
	if !r.begin() {
		return ""
	}
	b := r.c.b
	if b[r.i] != '"' {
		r.skip()
		return ""
	}
	next, marks, f := scan(b, r.i+1)
	if f != none {
		r.fail(next, f)
		return ""
	}
	raw := b[r.i+1 : next-1]
	r.i, r.pending = next, false
	return text(raw, marks)
}

// Bool consumes the next value and returns it if it is true or false.
func (r *Reader) Bool() (v, ok bool) {
	raw := r.Raw()
	switch string(raw) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Float consumes the next value and returns it if it is a number that a float64
// can hold.
func (r *Reader) Float() (float64, bool) {
	raw := r.Raw()
	if KindOf(raw) != Number {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0, false
	}
	return v, true
}

// Int consumes the next value and returns it if it is a whole number that an
// int64 can hold, however it is written: 1000, 1e3 and 1000.0 are the same.
func (r *Reader) Int() (int64, bool) {
	raw := r.Raw()
	if KindOf(raw) != Number {
		return 0, false
	}
	if len(raw) <= 18 && !bytes.ContainsAny(raw, ".eE") {
		v, err := strconv.ParseInt(string(raw), 10, 64)
		return v, err == nil
	}
	return integer(raw)
}

// begin goes to the value that comes next and reports whether there is one.
func (r *Reader) begin() bool {
	r.refused = false
	if r.fault != none {
		return false
	}
	if !r.pending {
		return r.fail(r.i, faultUnread)
	}
	r.i = space(r.c.b, r.i)
	if r.i >= len(r.c.b) {
		return r.fail(r.i, faultEnd)
	}
	return true
}

// skip consumes the value at the cursor and returns its bytes.
func (r *Reader) skip() []byte {
	start := r.i
	next, f := r.c.value(start)
	if f != none {
		r.fail(next, f)
		return nil
	}
	r.i, r.pending = next, false
	return r.c.b[start:next]
}

// Empty reports whether a value says nothing: null, or a string, array or
// object that holds nothing.
func Empty(raw []byte) bool {
	r := NewReader(raw)
	switch r.Kind() {
	case Null:
		return true
	case String:
		return r.Str() == ""
	case Array:
		r.Array()
		return !r.More()
	case Object:
		r.Object()
		return !r.More()
	default:
		return false
	}
}
