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
	if marks&escaped == 0 {
		if marks&high == 0 || utf8.Valid(raw) {
			return string(raw)
		}
		return string([]rune(string(raw))) // each bad byte becomes one U+FFFD
	}
	var out strings.Builder
	out.Grow(len(raw))
	for len(raw) > 0 {
		run := upToEscape(raw)
		if marks&high == 0 || utf8.Valid(raw[:run]) {
			out.Write(raw[:run])
		} else {
			out.WriteString(string([]rune(string(raw[:run]))))
		}
		if raw = raw[run:]; len(raw) > 0 {
			r, size := char(raw)
			out.WriteRune(r)
			raw = raw[size:]
		}
	}
	return out.String()
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
	dst = append(dst, '"')
	for s != "" {
		run := plainRun(s)
		dst = append(dst, s[:run]...)
		if s = s[run:]; s == "" {
			break
		}
		if s[0] < utf8.RuneSelf {
			dst = appendEscape(dst, s[0])
			s = s[1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		dst = utf8.AppendRune(dst, r)
		s = s[size:]
	}
	return append(dst, '"')
}

// plainRun is how many bytes of s can be copied as they are. It stops at bytes
// of 0x80 and more too, unless all that is left of s is UTF-8.
func plainRun(s string) int {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf && plain(s[i]) {
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
