package normalise

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// number is a number as people write it: currency, thousands, percent.
var number = regexp.MustCompile(`^[-+]?[$€£]?\s?[-+]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?\s?(%|[$€£])?$`)

// Number reads a number as people write it ("$1,234.50", "12 %") and gives it
// as JSON writes it. The sign of percent is dropped, not applied.
func Number(text string) (string, bool) {
	s := strings.TrimSpace(text)
	if len(s) > 64 || !number.MatchString(s) {
		return "", false
	}
	negative := strings.Contains(s, "-")
	s = strings.Map(func(c rune) rune {
		if (c < '0' || c > '9') && c != '.' {
			return -1
		}
		return c
	}, s)
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) > 1 && whole[0] == '0' {
		return "", false // a code, not a number
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// cleanNumbers writes what is meant as a number as one: a whole text, or the
// strings of a JSON value.
func cleanNumbers(text string, f Format) (string, bool) {
	switch f.Kind {
	case Text:
		return orSame(text)(Number(text))
	case JSON:
		v, err := decode(text)
		if err != nil {
			return text, false
		}
		changed := false
		v = cleanValue(v, &changed)
		out, ok := encode(v)
		return out, ok && changed
	case Calls:
		return text, false
	default:
		return text, false
	}
}

func orSame(text string) func(string, bool) (string, bool) {
	return func(out string, ok bool) (string, bool) {
		if !ok {
			return text, false
		}
		return out, out != text
	}
}

func cleanValue(v any, changed *bool) any {
	switch v := v.(type) {
	case string:
		if n, ok := Number(v); ok {
			*changed = true
			return json.Number(n)
		}
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i], changed)
		}
	case map[string]any:
		for key := range v {
			v[key] = cleanValue(v[key], changed)
		}
	}
	return v
}

// mapKeys gives objects the keys they were told to have, where only case,
// dashes and underscores differ, and takes an object out of one that only
// wraps it.
func mapKeys(text string, f Format) (string, bool) {
	if f.Kind != JSON {
		return text, false
	}
	v, err := decode(text)
	if err != nil {
		return text, false
	}
	changed := false
	for {
		inner, ok := wrapped(v, f.Words)
		if !ok {
			break
		}
		v, changed = inner, true
	}
	if len(f.Words) > 0 {
		v = renameKeys(v, f.Words, &changed)
	}
	out, ok := encode(v)
	return out, ok && changed
}

// wrapped is the object inside an object with one key that says nothing.
func wrapped(v any, words []string) (any, bool) {
	object, ok := v.(map[string]any)
	if !ok || len(object) != 1 {
		return nil, false
	}
	for key, inner := range object {
		_, isObject := inner.(map[string]any)
		if !isObject || slices.ContainsFunc(words, func(w string) bool { return fold(w) == fold(key) }) {
			return nil, false
		}
		return inner, len(words) > 0 || slices.Contains([]string{"result", "response", "output", "data", "json", "answer"}, fold(key))
	}
	return nil, false
}

func renameKeys(v any, words []string, changed *bool) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = renameKeys(v[i], words, changed)
		}
	case map[string]any:
		keys := map[string]int{}
		for key := range v {
			keys[fold(key)]++
		}
		out := make(map[string]any, len(v))
		for key, inner := range v {
			name := key
			if !slices.Contains(words, key) && keys[fold(key)] == 1 {
				if w, ok := only(words, func(w string) bool { return fold(w) == fold(key) }); ok {
					name = w
					*changed = true
				}
			}
			out[name] = renameKeys(inner, words, changed)
		}
		return out
	}
	return v
}

// fold is a name without what differs between the ways of writing names.
func fold(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' {
			return -1
		}
		return c
	}, strings.ToLower(s))
}
