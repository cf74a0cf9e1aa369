package normalise

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// plainUnicode writes the many forms of a character as one: smart quotes,
// dashes, no-break and zero-width spaces, full-width letters, ligatures,
// accents that stand apart from their letter, and \u escapes outside JSON.
func plainUnicode(text string, f Format) (string, bool) {
	quote := `"`
	if f.Kind == JSON && f.Parses(text) {
		quote = `\"` // they stand inside strings
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, c := range text {
		switch s, ok := plain(c); {
		case c == '“' || c == '”' || c == '„' || c == '＂':
			b.WriteString(quote)
		case f.Kind == JSON && (c == '＼' || c < ' '):
			b.WriteRune(c)
		case ok:
			b.WriteString(s)
		default:
			b.WriteRune(c)
		}
	}
	out := compose(b.String())
	if f.Kind != JSON {
		out = unescapeUnicode(out)
	}
	return out, out != text
}

// plain is the common form of a character, if it has another.
func plain(c rune) (string, bool) {
	switch c {
	case '‘', '’', '‚', '′':
		return "'", true
	case '–', '—', '‐', '‑', '−':
		return "-", true
	case '\u00a0', '\u2002', '\u2003', '\u2009', '\u202f', '\u3000':
		return " ", true
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u00ad':
		return "", true
	case '…':
		return "...", true
	case 'ﬀ':
		return "ff", true
	case 'ﬁ':
		return "fi", true
	case 'ﬂ':
		return "fl", true
	}
	if c > '\uff00' && c < '\uff5f' { // full-width ASCII
		return string(c - 0xfee0), true
	}
	return "", false
}

// accents are the marks that may stand apart from their letter, with the
// letters they are seen on and the characters they make together.
func accents(mark rune) string {
	switch mark {
	case '\u0300':
		return "AÀEÈIÌOÒUÙaàeèiìoòuù"
	case '\u0301':
		return "AÁEÉIÍOÓUÚYÝaáeéiíoóuúyýCĆcćNŃnńSŚsśZŹzź"
	case '\u0302':
		return "AÂEÊIÎOÔUÛaâeêiîoôuû"
	case '\u0303':
		return "AÃNÑOÕaãnñoõ"
	case '\u0308':
		return "AÄEËIÏOÖUÜaäeëiïoöuüyÿ"
	case '\u030a':
		return "AÅaåUŮuů"
	case '\u030c':
		return "CČcčDĎEĚeěNŇnňRŘrřSŠsšZŽzž"
	case '\u0327':
		return "CÇcçSŞsş"
	default:
		return ""
	}
}

// compose joins accents to their letters.
func compose(text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool { return accents(c) != "" }) {
		return text
	}
	out := make([]rune, 0, len(text))
	for _, c := range text {
		pairs := []rune(accents(c))
		joined := false
		for i := 0; i+1 < len(pairs) && len(out) > 0; i += 2 {
			if out[len(out)-1] == pairs[i] {
				out[len(out)-1] = pairs[i+1]
				joined = true
				break
			}
		}
		if !joined {
			out = append(out, c)
		}
	}
	return string(out)
}

// unescapeUnicode writes \u00e9 as the character it stands for. Escapes of
// control characters and of the backslash stay: undoing them would make
// something new to undo.
func unescapeUnicode(text string) string {
	if !strings.Contains(text, `\u`) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		c, n := unicodeEscape(text[i:])
		if s, again := plain(c); again && n > 0 && s != "" {
			b.WriteString(s)
		} else if n > 0 {
			b.WriteRune(c)
		} else {
			b.WriteByte(text[i])
			n = 1
		}
		i += n
	}
	return b.String()
}

// unicodeEscape reads an escape, or a pair of them, that a text begins with.
func unicodeEscape(s string) (rune, int) {
	first, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) {
		second, ok := hex4(s[6:])
		if c := utf16.DecodeRune(first, second); ok && c != '\ufffd' {
			return c, 12
		}
		return 0, 0
	}
	if first < 0xa0 || accents(first) != "" || strings.ContainsRune("“”„＂＼ｕ", first) {
		return 0, 0
	}
	if s, ok := plain(first); ok && s == "" {
		return 0, 0
	}
	if first > '\uff00' && first < '\uff5f' {
		return 0, 0
	}
	return first, 6
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
