package jsonx

import (
	"bytes"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may be nested. Real requests stay
// below 30; the bound keeps a body of brackets from costing more than its bytes.
const MaxDepth = 1000

// Check reports whether b is exactly one JSON value as RFC 8259 has it: UTF-8,
// no byte order mark, nothing after the value, nested no deeper than MaxDepth.
// An error is a *SyntaxError. A valid document costs no allocation.
func Check(b []byte) error {
	if i, f := check(b); f != none {
		return f.at(i)
	}
	return nil
}

func check(b []byte) (int, fault) {
	if marked(b) {
		return 0, faultBOM
	}
	c := checker{b: b}
	i, f := c.value(0)
	if f != none {
		return i, f
	}
	return end(b, i)
}

func marked(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\uFEFF"))
}

// end demands that nothing but space follows.
func end(b []byte, i int) (int, fault) {
	if i = space(b, i); i < len(b) {
		return i, faultTrailing
	}
	return i, none
}

// checker walks over values. It remembers the containers it is in as one bit
// each, so that depth costs neither stack nor heap.
type checker struct {
	b     []byte
	lax   bool // strings may hold bytes that are not UTF-8
	depth int
	kinds [MaxDepth/64 + 1]uint64 // by depth: set for an object, clear for an array
}

// value checks the value at or after i and returns its end, or the place and
// the kind of the fault.
func (c *checker) value(i int) (int, fault) {
	for base := c.depth; ; {
		i = space(c.b, i)
		if i >= len(c.b) {
			return i, faultEnd
		}
		var inside bool
		var f fault
		switch first := c.b[i]; first {
		case '"':
			i, f = c.text(i + 1)
		case '{', '[':
			i, inside, f = c.open(i, first == '{')
		default:
			i, f = scalar(c.b, i)
		}
		if f != none {
			return i, f
		}
		if inside {
			continue
		}
		after, done, f := c.next(i, base)
		if done || f != none {
			return after, f
		}
		i = after
	}
}

// open enters the container whose bracket is at i, up to its first value. An
// empty one is left again at once.
func (c *checker) open(i int, object bool) (next int, inside bool, f fault) {
	if c.depth == MaxDepth {
		return i, false, faultDepth
	}
	i = space(c.b, i+1)
	if i >= len(c.b) {
		return i, false, faultEnd
	}
	closing := byte(']')
	if object {
		closing = '}'
	}
	if c.b[i] == closing {
		return i + 1, false, none
	}
	c.push(object)
	if object {
		i, f = c.key(i)
	}
	return i, true, f
}

func (c *checker) push(object bool) {
	word, bit := c.depth>>6, uint64(1)<<(c.depth&63)
	if object {
		c.kinds[word] |= bit
	} else {
		c.kinds[word] &^= bit
	}
	c.depth++
}

func (c *checker) inObject() bool {
	d := c.depth - 1
	return c.kinds[d>>6]>>(d&63)&1 != 0
}

// next goes from the end of a value to the start of the next one and closes
// what ends on the way. It is done when it is back at the depth base.
func (c *checker) next(i, base int) (after int, done bool, f fault) {
	for c.depth > base {
		i = space(c.b, i)
		if i >= len(c.b) {
			return i, false, faultEnd
		}
		object := c.inObject()
		switch b := c.b[i]; {
		case b == ',' && object:
			i, f = c.key(i + 1)
			return i, false, f
		case b == ',':
			return i + 1, false, none
		case b == '}' && object, b == ']' && !object:
			c.depth--
			i++
		default:
			return i, false, faultNext
		}
	}
	return i, true, none
}

// key checks a member's name and its colon, and returns what follows them.
func (c *checker) key(i int) (int, fault) {
	i, f := c.name(space(c.b, i))
	if f != none {
		return i, f
	}
	return colon(c.b, i)
}

// name checks a member's name, whose opening quote must be at i.
func (c *checker) name(i int) (int, fault) {
	if i >= len(c.b) {
		return i, faultEnd
	}
	if c.b[i] != '"' {
		return i, faultKey
	}
	return c.text(i + 1)
}

// colon demands a colon at or after i and returns what follows it.
func colon(b []byte, i int) (int, fault) {
	i = space(b, i)
	if i >= len(b) {
		return i, faultEnd
	}
	if b[i] != ':' {
		return i, faultColon
	}
	return i + 1, none
}

// text checks a string from behind its opening quote.
func (c *checker) text(i int) (int, fault) {
	next, marks, f := scan(c.b, i)
	if f == none && marks&high != 0 && !c.lax && !utf8.Valid(c.b[i:next]) {
		return i + invalidAt(c.b[i:next]), faultUTF8
	}
	return next, f
}

// invalidAt is the offset of the first byte that is not UTF-8.
func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

// space returns the first place at or after i that holds no white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}
