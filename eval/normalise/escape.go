package normalise

import (
	"fmt"
	"strconv"
	"strings"
)

// inStrings walks JSON and hands every byte of its strings to f, which writes
// what is to stand in their place and says how many bytes it took.
func inStrings(text string, f func(b *strings.Builder, i int) int) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/16)
	quoted := false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
			i++
		case quoted:
			i += f(&b, i)
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// fixEscapes doubles the backslashes that JSON does not know. Where there is
// one, \b and \f before a letter are taken for LaTeX too (\boxed, \frac): what
// they stand for in JSON, nobody writes. Inside a name (a\_b) the backslash goes.
func fixEscapes(text string, f Format) (string, bool) {
	if f.Kind != JSON || !hasBadEscape(text) {
		return text, false
	}
	return inStrings(text, func(b *strings.Builder, i int) int {
		c := text[i]
		if c != '\\' || i+1 >= len(text) {
			b.WriteByte(c)
			return 1
		}
		next := text[i+1]
		switch {
		case next == '_' && i > 0 && isNameByte(text[i-1]) && i+2 < len(text) && isNameByte(text[i+2]):
			b.WriteByte('_')
			return 2
		case !knownEscape(text, i), (next == 'b' || next == 'f') && i+2 < len(text) && isLetter(text[i+2]):
			b.WriteString(`\\`)
			return 1
		}
		b.WriteString(text[i : i+2])
		return 2
	}), true
}

func hasBadEscape(text string) bool {
	bad := false
	inStrings(text, func(_ *strings.Builder, i int) int {
		if text[i] != '\\' || i+1 >= len(text) {
			return 1
		}
		bad = bad || !knownEscape(text, i)
		return 2
	})
	return bad
}

// knownEscape reports whether the backslash at i begins an escape of JSON.
func knownEscape(text string, i int) bool {
	if i+1 >= len(text) {
		return false
	}
	switch text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		if i+6 > len(text) {
			return false
		}
		_, err := strconv.ParseUint(text[i+2:i+6], 16, 16)
		return err == nil
	default:
		return false
	}
}

// escapeControls writes raw newlines, tabs and the like inside strings as JSON
// wants them.
func escapeControls(text string, f Format) (string, bool) {
	if f.Kind != JSON {
		return text, false
	}
	out := inStrings(text, func(b *strings.Builder, i int) int {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text) && text[i+1] >= ' ':
			b.WriteString(text[i : i+2])
			return 2
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ':
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
		return 1
	})
	return out, out != text
}

// unescapeMarkdown takes the backslashes away that Markdown wants before marks
// of emphasis. In JSON it looks outside of strings only.
func unescapeMarkdown(text string, f Format) (string, bool) {
	if !strings.ContainsRune(text, '\\') {
		return text, false
	}
	var b strings.Builder
	b.Grow(len(text))
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if f.Kind == JSON && c == '"' && (i == 0 || text[i-1] != '\\') {
			quoted = !quoted
		}
		if c == '\\' && i+1 < len(text) && !quoted {
			next := text[i+1]
			if strings.IndexByte("_*[]#~", next) >= 0 {
				continue
			}
			if next == '\\' {
				b.WriteString(`\\`)
				i++
				continue
			}
		}
		b.WriteByte(c)
	}
	out := b.String()
	return out, out != text
}

// unwrapString reads an answer that is a JSON string holding the answer, or a
// list of strings that each hold a call.
func unwrapString(text string, f Format) (string, bool) {
	switch f.Kind {
	case JSON:
		v, err := decode(text)
		inner, ok := v.(string)
		for depth := 0; ok && err == nil && depth < 8; depth++ {
			if isJSON(inner) {
				return inner, true
			}
			v, err = decode(inner)
			inner, ok = v.(string)
		}
		return text, false
	case Calls:
		items, ok := parseStrings(text)
		if !ok {
			return text, false
		}
		var all []Call
		for _, item := range items {
			calls, err := ParseCalls(item)
			if err != nil {
				return text, false
			}
			all = append(all, calls...)
		}
		return WriteCalls(all), true
	case Text:
		return text, false
	default:
		return text, false
	}
}

func isLetter(c byte) bool { return (c|0x20 >= 'a' && c|0x20 <= 'z') || c == '_' }

func isNameByte(c byte) bool { return isLetter(c) || (c >= '0' && c <= '9') || c == '.' }
