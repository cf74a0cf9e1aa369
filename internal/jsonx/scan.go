package jsonx

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at as one word.
const (
	ones = 0x0101010101010101 // the same byte, eight times, is byte*ones
	tops = 0x80 * ones        // the top bit of each byte
)

// special marks, by its top bit, the first byte of a word that is no plain
// character of a string: a quote, a backslash, or a control character. Marks
// above the first one may be wrong, because a subtraction borrows upwards.
//
// Flipping bit 1 swaps the quote (0x22) with the space (0x20) and leaves the
// control characters below 0x20, so that one comparison finds both.
func special(w uint64) uint64 {
	return (((w ^ 0x02*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones)) &^ w & tops
}

// What a string holds besides plain ASCII.
const (
	escaped uint8 = 1 << iota // at least one escape
	high                      // at least one byte of 0x80 or more
)

// scan finds the end of a string from behind its opening quote: next is the
// place after its closing quote, or that of the fault. Whether bytes of 0x80
// and more are UTF-8 is not looked at.
func scan(b []byte, i int) (next int, marks uint8, f fault) {
	var seen uint64
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			hit := special(w)
			if hit == 0 {
				seen |= w
				i += 8
				continue
			}
			at := bits.TrailingZeros64(hit) &^ 7
			seen |= w & (1<<at - 1)
			i += at >> 3
			break
		}
		for i < len(b) && plain(b[i]) {
			seen |= uint64(b[i])
			i++
		}
		if i >= len(b) {
			return i, marks, faultString
		}
		switch b[i] {
		case '"':
			if seen&tops != 0 {
				marks |= high
			}
			return i + 1, marks, none
		case '\\':
			size := escape(b[i:])
			if size == 0 {
				return i, marks, faultEscape
			}
			marks |= escaped
			i += size
		default:
			return i, marks, faultControl
		}
	}
}

// plain reports whether a byte stands for itself in a string.
func plain(c byte) bool {
	return c >= ' ' && c != '"' && c != '\\'
}

// escape is the length of the escape that b begins with; 0 if it is malformed.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// scalar checks a number, true, false or null.
func scalar(b []byte, i int) (int, fault) {
	switch b[i] {
	case 't':
		return literal(b, i, "true")
	case 'f':
		return literal(b, i, "false")
	case 'n':
		return literal(b, i, "null")
	}
	return number(b, i)
}

func literal(b []byte, i int, word string) (int, fault) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return i, faultValue
	}
	return i + len(word), none
}

// number checks a number: no leading zeros, no plus sign, digits around a dot.
func number(b []byte, i int) (int, fault) {
	start := i
	if b[i] == '-' {
		i++
	}
	first := i
	i = digits(b, i)
	if i == first {
		if first == start { // not even a sign
			return start, faultValue
		}
		return start, faultNumber
	}
	if b[first] == '0' && i > first+1 {
		return start, faultNumber
	}
	if i < len(b) && b[i] == '.' {
		from := i + 1
		if i = digits(b, from); i == from {
			return start, faultNumber
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		from := i + 1
		if from < len(b) && (b[from] == '+' || b[from] == '-') {
			from++
		}
		if i = digits(b, from); i == from {
			return start, faultNumber
		}
	}
	return i, none
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}
