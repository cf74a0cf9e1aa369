package normalise

import "strings"

// maxTries bounds how often a scan starts anew, and with that keeps extracting
// linear.
const maxTries = 32

// extract takes the one value out of the prose around it. It does nothing to a
// refusal that quotes the format, and nothing where there are two values to
// choose from.
func extract(text string, f Format) (string, bool) {
	if f.Kind == Text || Refuses(text) {
		return text, false
	}
	good, other := values(text, f)
	switch {
	case len(good) == 1:
		return good[0], true
	case len(good) == 0 && len(other) == 1:
		return other[0], true // it may parse further up the ladder
	default:
		return text, false
	}
}

// extractLast takes the last of several values.
func extractLast(text string, f Format) (string, bool) {
	if f.Kind == Text || Refuses(text) {
		return text, false
	}
	if good, _ := values(text, f); len(good) > 1 {
		return good[len(good)-1], true
	}
	return text, false
}

// values are the values in a text: those that have the format, and those that
// only look as if. Fenced blocks are looked at first.
func values(text string, f Format) (good, other []string) {
	for _, block := range blocks(text) {
		switch {
		case f.Parses(block):
			good = append(good, block)
		case f.Kind == JSON:
			g, o := jsonIn(block)
			good, other = append(good, g...), append(other, o...)
		}
	}
	switch {
	case len(good)+len(other) > 0:
		return good, other
	case f.Kind == Calls:
		if good = callsIn(text); len(good) > 0 {
			return good, nil
		}
		for _, v := range balanced(text) {
			if _, ok := convertCalls(v, f); ok {
				other = append(other, v)
			}
		}
		return nil, other
	default:
		return jsonIn(text)
	}
}

// jsonIn are the stretches of a text that are JSON, and those that look like it.
func jsonIn(text string) (good, other []string) {
	for _, v := range balanced(text) {
		if isJSON(v) {
			good = append(good, v)
		} else {
			other = append(other, v)
		}
	}
	return good, other
}

// balanced are the outermost stretches of a text whose brackets close, strings
// taken into account.
func balanced(text string) []string {
	var found []string
	at, tries := 0, 0
	for tries < maxTries {
		i := strings.IndexAny(text[at:], "{[")
		if i < 0 {
			break
		}
		start := at + i
		if end, ok := closing(text, start); ok {
			found = append(found, text[start:end])
			at = end
			if len(found) > maxTries {
				break
			}
			continue
		}
		tries++
		at = start + 1
	}
	return found
}

// closing finds the end of the value that begins at start.
func closing(text string, start int) (int, bool) {
	var open []byte
	quoted := false
	for i := start; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			open = append(open, c)
		case c == '}' || c == ']':
			if open[len(open)-1] != c-2 { // '{' and '}', '[' and ']' are two apart
				return 0, false
			}
			open = open[:len(open)-1]
			if len(open) == 0 {
				return i + 1, true
			}
		}
	}
	return 0, false
}

// callsIn are the tool calls in a text: lists of calls, or else single ones.
func callsIn(text string) []string {
	var lists, single []string
	end, tries := 0, 0
	for i := 0; i < len(text) && tries < 2*maxTries; i++ {
		c := text[i]
		if i < end || (c != '[' && (!isLetter(c) || i > 0 && (isNameByte(text[i-1]) || strings.IndexByte("\"'\\", text[i-1]) >= 0))) {
			continue
		}
		if c != '[' && !opensCall(text[i:]) {
			continue
		}
		tries++
		calls, n, err := parseCallsAt(text[i:])
		if err != nil || len(calls) == 0 {
			continue
		}
		end = i + n
		if c == '[' {
			lists = append(lists, text[i:end])
		} else {
			single = append(single, text[i:end])
		}
	}
	if len(lists) > 0 {
		return lists
	}
	return single
}

// opensCall reports whether a text begins with a name and a bracket.
func opensCall(s string) bool {
	for i := 0; i < len(s) && i < 128; i++ {
		if s[i] == '(' {
			return i > 0
		}
		if !isNameByte(s[i]) {
			return false
		}
	}
	return false
}
