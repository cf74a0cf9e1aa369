package normalise

import "strings"

// stripFence takes the inside of an answer that is one fenced block. A fence
// inside a string of JSON is no fence: there it does not begin a line.
func stripFence(text string, _ Format) (string, bool) {
	s := strings.TrimSpace(text)
	fence := "```"
	if strings.HasPrefix(s, "~~~") {
		fence = "~~~"
	}
	if len(s) < 2*len(fence) || !strings.HasPrefix(s, fence) || !strings.HasSuffix(s, fence) {
		return text, false
	}
	inner := strings.TrimRight(s[:len(s)-len(fence)], fence[:1])
	inner = strings.TrimLeft(inner, fence[:1])
	inner = inner[len(info(inner)):]
	if hasFence(inner) || strings.TrimSpace(inner) == "" {
		return text, false
	}
	return strings.TrimSpace(inner), true
}

// info is the word after an opening fence: json, python, plaintext.
func info(s string) string {
	end := strings.IndexFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '+' && c != '-' && c != '#'
	})
	if end < 0 {
		end = len(s)
	}
	if end < len(s) && (s[end] == '{' || s[end] == '[') {
		return s[:end]
	}
	if end < len(s) && s[end] != '\n' && s[end] != '\r' && s[end] != ' ' && s[end] != '\t' {
		return "" // the block begins on the line of the fence, and this is its first word
	}
	if end == len(s) {
		return ""
	}
	return s[:end]
}

// hasFence reports whether a line of a text begins with a fence.
func hasFence(s string) bool {
	for line := range strings.Lines(s) {
		line = strings.TrimLeft(line, " \t")
		if strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") {
			return true
		}
	}
	return strings.HasSuffix(strings.TrimSpace(s), "```")
}

// blocks are the insides of the fenced blocks of a text, in order.
func blocks(s string) []string {
	var found []string
	start, fence := -1, ""
	at := 0
	for line := range strings.Lines(s) {
		head := strings.TrimLeft(line, " \t")
		switch {
		case start < 0 && (strings.HasPrefix(head, "```") || strings.HasPrefix(head, "~~~")):
			start, fence = at+len(line), head[:3]
		case start >= 0 && strings.HasPrefix(head, fence):
			found = append(found, strings.TrimSpace(s[start:at]))
			start = -1
		}
		at += len(line)
	}
	return found
}
