package jsonx

import (
	"math"
	"slices"
	"strconv"
)

// Writer appends JSON and places the commas. Its zero value is ready:
//
//	var w jsonx.Writer
//	w.Object()
//	w.Key("model")
//	w.Str(model)
//	w.End()
//	body := w.Buf()
//
// What is written is valid if each Object and Array has its End, each value in
// an object its Key, and Raw is given valid values.
type Writer struct {
	buf     []byte
	closers []byte // the brackets that End has to write, innermost last
	comma   bool   // the next member or element follows another one
}

// Buf returns what was written. Writing on may change it.
func (w *Writer) Buf() []byte { return w.buf }

// Grow makes room for n more bytes, so that writing them moves nothing.
func (w *Writer) Grow(n int) { w.buf = slices.Grow(w.buf, n) }

// Object begins an object; End ends it.
func (w *Writer) Object() { w.open('{', '}') }

// Array begins an array; End ends it.
func (w *Writer) Array() { w.open('[', ']') }

// End ends the innermost object or array. It panics when there is none.
func (w *Writer) End() {
	last := len(w.closers) - 1
	w.buf = append(w.buf, w.closers[last])
	w.closers = w.closers[:last]
	w.comma = last > 0
}

// Key writes the name of the member whose value comes next.
func (w *Writer) Key(name string) {
	w.separate()
	w.buf = AppendQuote(w.buf, name)
	w.buf = append(w.buf, ':')
	w.comma = false
}

// Str writes a string.
func (w *Writer) Str(s string) {
	w.separate()
	w.buf = AppendQuote(w.buf, s)
}

// Int writes a whole number.
func (w *Writer) Int(n int64) {
	w.separate()
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

// Float writes a number in its shortest exact form, and null for what JSON has
// no number for: infinities and NaN.
func (w *Writer) Float(f float64) {
	size := math.Abs(f)
	if math.IsInf(size, 1) || math.IsNaN(f) {
		w.Null()
		return
	}
	format := byte('f')
	if size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	w.separate()
	w.buf = strconv.AppendFloat(w.buf, f, format, -1, 64)
}

// Bool writes true or false.
func (w *Writer) Bool(b bool) {
	w.separate()
	w.buf = strconv.AppendBool(w.buf, b)
}

// Null writes null.
func (w *Writer) Null() {
	w.separate()
	w.buf = append(w.buf, "null"...)
}

// Raw writes a value that is JSON already, and null when there is none.
func (w *Writer) Raw(b []byte) {
	if len(b) == 0 {
		w.Null()
		return
	}
	w.separate()
	w.buf = append(w.buf, b...)
}

func (w *Writer) open(bracket, closer byte) {
	w.separate()
	w.buf = append(w.buf, bracket)
	w.closers = append(w.closers, closer)
	w.comma = false
}

// separate writes the comma that the next member or element needs, and notes
// that the one after it needs one.
func (w *Writer) separate() {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = len(w.closers) > 0
}
