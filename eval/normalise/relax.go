package normalise

import (
	"encoding/json"
	"strings"
)

// relax reads JSON as people write it, and writes it as parsers want it: single
// quotes, trailing commas, comments, bare keys, Python's words. It gives up on
// anything that does not come out as JSON.
func relax(text string, f Format) (string, bool) {
	if f.Kind != JSON {
		return text, false
	}
	r := &relaxer{s: text}
	for r.i < len(r.s) {
		if !r.step() {
			return text, false
		}
	}
	out := string(r.out)
	return out, isJSON(out)
}

type relaxer struct {
	s     string
	i     int
	out   []byte
	comma int // where in out a comma stands that nothing has followed yet, plus one; 0 if there is none
}

func (r *relaxer) step() bool {
	c := r.s[r.i]
	switch {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		r.out = append(r.out, c)
		r.i++
		return true
	case c == '#' || strings.HasPrefix(r.s[r.i:], "//"):
		r.skipTo("\n")
		return true
	case strings.HasPrefix(r.s[r.i:], "/*"):
		r.skipTo("*/")
		return true
	case c == ',':
		if r.comma > 0 {
			return false
		}
		r.out = append(r.out, c)
		r.comma = len(r.out)
		r.i++
		return true
	case c == '}' || c == ']':
		if r.comma > 0 {
			r.out = append(r.out[:r.comma-1], r.out[r.comma:]...)
			r.comma = 0
		}
		r.out = append(r.out, c)
		r.i++
		return true
	}
	r.comma = 0
	return r.token(c)
}

func (r *relaxer) skipTo(end string) {
	if i := strings.Index(r.s[r.i:], end); i >= 0 {
		r.i += i + len(end)
	} else {
		r.i = len(r.s)
	}
}

func (r *relaxer) token(c byte) bool {
	switch c {
	case '"', '\'':
		return r.text(c)
	case '{', '[', ':':
		r.out = append(r.out, c)
		r.i++
		return true
	}
	start := r.i
	for r.i < len(r.s) && (isNameByte(r.s[r.i]) || strings.IndexByte("+-$", r.s[r.i]) >= 0) {
		r.i++
	}
	word := r.s[start:r.i]
	switch word {
	case "":
		return false
	case "True":
		word = "true"
	case "False":
		word = "false"
	case "None", "undefined", "NaN":
		word = "null"
	default:
		if !json.Valid([]byte(word)) {
			s, _ := encode(word)
			word = s
		}
	}
	r.out = append(r.out, word...)
	return true
}

// text copies a string, with double quotes around it.
func (r *relaxer) text(quote byte) bool {
	r.i++
	r.out = append(r.out, '"')
	for r.i < len(r.s) {
		c := r.s[r.i]
		r.i++
		switch {
		case c == quote:
			r.out = append(r.out, '"')
			return true
		case c == '\\' && r.i < len(r.s):
			if next := r.s[r.i]; next != '\'' {
				r.out = append(r.out, '\\')
			}
			r.out = append(r.out, r.s[r.i])
			r.i++
		case c == '"':
			r.out = append(r.out, `\"`...)
		default:
			r.out = append(r.out, c)
		}
	}
	return false
}
