package normalise

import (
	"regexp"
	"strings"
)

var (
	affix   = regexp.MustCompile(`(?i)^\W{0,4}(?:so,? |therefore,? |thus,? )?(?:the )?(?:final |correct )?(?:answer|result|label|category|classification|output)(?:(?: is)?\s*[:=]?\**\s+|:)`)
	anyNum  = regexp.MustCompile(`[-+]?[$€£]?\d[\d,]*(?:\.\d+)?`)
	boxed   = regexp.MustCompile(`\\boxed\{([^{}]*)\}`)
	marker  = regexp.MustCompile(`####[ \t]*([^\n]+)`)
	heading = regexp.MustCompile(`(?m)^[ \t]*(?:#{1,6}[ \t]+)+`)
)

// stripAffixes takes away what stands around a short answer. A label in
// another case becomes the label.
func stripAffixes(text string, f Format) (string, bool) {
	if f.Kind != Text || !f.Short {
		return text, false
	}
	s := strings.TrimSpace(text)
	if len(s) > 400 || strings.Contains(s, "\n") {
		return text, false // no short answer
	}
	for {
		before := s
		s = strings.TrimSpace(s[len(affix.FindString(s)):])
		s = strings.Trim(s, "*`\"'“”‘’ \t\n")
		s = strings.TrimSuffix(s, ".")
		if s == before {
			break
		}
	}
	if s == "" {
		return text, false
	}
	if w, ok := only(f.Words, func(w string) bool { return strings.EqualFold(w, s) }); ok {
		s = w
	}
	return s, s != text
}

// lastAnswer takes the answer from the end of a text that lacks the marker it
// was told to set: what is boxed, what stands behind ####, else the last number.
func lastAnswer(text string, f Format) (string, bool) {
	if f.Kind != Text || !f.Short {
		return text, false
	}
	for _, mark := range []*regexp.Regexp{boxed, marker} {
		if all := mark.FindAllStringSubmatch(text, -1); len(all) > 0 {
			text = all[len(all)-1][1]
		}
	}
	all := anyNum.FindAllString(text, -1)
	if len(all) == 0 {
		return text, false
	}
	last := strings.TrimRight(all[len(all)-1], ",")
	if n, ok := Number(last); ok {
		return n, true
	}
	return last, true
}

// dropFirstLine drops the line that some models put in front of what was asked
// for. Which lines those are cannot be told from the words: whether the rest
// passes tells it. It is the one kind of rung that does more when used twice,
// and the ladder uses it once.
func dropFirstLine(text string, f Format) (string, bool) {
	if f.Kind != Text {
		return text, false
	}
	_, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	rest = strings.TrimSpace(rest)
	return rest, rest != ""
}

// dropLastLine drops the line that some models put behind.
func dropLastLine(text string, f Format) (string, bool) {
	s := strings.TrimSpace(text)
	i := strings.LastIndexByte(s, '\n')
	if f.Kind != Text || i < 0 {
		return text, false
	}
	return strings.TrimSpace(s[:i]), true
}

// stripMarkdown takes away emphasis, headings and the marks of citations.
func stripMarkdown(text string, f Format) (string, bool) {
	if f.Kind != Text {
		return text, false
	}
	out := strings.ReplaceAll(text, "*", "")
	out = heading.ReplaceAllString(dropCitations(out), "")
	return out, out != text
}

// dropCitations takes away [1] and the like, also where taking one away makes
// another.
func dropCitations(text string) string {
	if !strings.Contains(text, "[") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		out = append(out, text[i])
		if text[i] != ']' {
			continue
		}
		start := len(out) - 2
		for start >= 0 && len(out)-start <= 5 && out[start] >= '0' && out[start] <= '9' {
			start--
		}
		if digits := len(out) - 2 - start; start >= 0 && digits >= 1 && digits <= 3 && out[start] == '[' {
			out = out[:start]
		}
	}
	return string(out)
}
