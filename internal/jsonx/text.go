package jsonx

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote returns the text of a JSON string, quotes included in raw, and whether
// raw is one. Half a surrogate pair becomes U+FFFD, as does a byte that is not
// UTF-8.
func Unquote(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	next, marks, f := scan(raw, 1)
	if f != none || next != len(raw) {
		return "", false
	}
	return text(raw[1:next-1], marks), true
}

// text undoes the escapes of a scanned string, without its quotes.
func text(raw []byte, marks uint8) string {
	if marks&high != 0 && !utf8.Valid(raw) {
		raw = []byte(mended(raw))
	}
	if marks&escaped == 0 {
		return string(raw)
	}
	var out strings.Builder
	out.Grow(len(raw)) // an escape is never shorter than its character
	for {
		run := upToEscape(raw)
		out.Write(raw[:run])
		if raw = raw[run:]; len(raw) == 0 {
			return out.String()
		}
		r, size := char(raw)
		out.WriteRune(r)
		raw = raw[size:]
	}
}

// mended has U+FFFD for each byte that is not UTF-8.
func mended(b []byte) string {
	return string([]rune(string(b)))
}

// upToEscape is the length of b before its first backslash.
func upToEscape(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:]) ^ '\\'*ones
		if hit := (w - ones) &^ w & tops; hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
	}
	for i < len(b) && b[i] != '\\' {
		i++
	}
	return i
}

// char decodes the character that b, the inside of a valid JSON string, begins
// with, and returns how many bytes it takes.
func char(b []byte) (r rune, size int) {
	if b[0] != '\\' {
		return utf8.DecodeRune(b)
	}
	switch b[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		return codePoint(b)
	default:
		return rune(b[1]), 2
	}
}

// codePoint decodes \uXXXX, or a pair of them that is one character.
func codePoint(b []byte) (r rune, size int) {
	r, _ = hex4(b[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		second, _ := hex4(b[8:])
		if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// AppendQuote appends s as a JSON string. Only what must be escaped is: quotes,
// backslashes and control characters, not <, > and &, nor U+2028 and U+2029.
// A byte that is not UTF-8 becomes U+FFFD.
func AppendQuote(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = mended([]byte(s))
	}
	dst = append(dst, '"')
	for {
		run := plainRun(s)
		dst = append(dst, s[:run]...)
		if run == len(s) {
			return append(dst, '"')
		}
		dst = appendEscape(dst, s[run])
		s = s[run+1:]
	}
}

// plainRun is the length of s before the first character that needs an escape.
func plainRun(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8] // the compiler makes one load of the eight
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		if hit := special(w); hit != 0 {
			return i + bits.TrailingZeros64(hit)>>3
		}
	}
	for i < len(s) && plain(s[i]) {
		i++
	}
	return i
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
