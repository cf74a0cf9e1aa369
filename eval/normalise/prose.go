package normalise

import (
	"regexp"
	"strings"
)

//nolint:gochecknoglobals // compiled once
var (
	affix   = regexp.MustCompile(`(?i)^\W{0,4}(?:so,? |therefore,? |thus,? )?(?:the )?(?:final |correct )?(?:answer|result|label|category|classification|output)(?:(?: is)?\s*[:=]?\**\s+|:)`)
	anyNum  = regexp.MustCompile(`[-+]?[$€£]?\d[\d,]*(?:\.\d+)?`)
	boxed   = regexp.MustCompile(`\\boxed\{([^{}]*)\}`)
	marker  = regexp.MustCompile(`####[ \t]*([^\n]+)`)
	opening = regexp.MustCompile(`(?i)^(certainly|sure|of course|absolutely|okay|ok|great|here|below|as requested|i'd be happy|i would be happy|got it|no problem|yes|thank you|understood|alright)\b`)
	parting = regexp.MustCompile(`(?i)^(let me know|i hope|hope this|feel free|please let me|would you like|if you('d| would| need| have)|this (response|answer|poem|letter|summary|list)|note:|\(note|is there anything|do you)`)
	heading = regexp.MustCompile(`(?m)^[ \t]*(?:#{1,6}[ \t]+)+`)
)

// stripAffixes takes away what stands around a short answer. A label in
// another case becomes the label.
func stripAffixes(text string, f Format) (string, bool) {
	if f.Kind != Text {
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
	if f.Kind != Text {
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

// dropFirstLine drops the sentence that some models put in front of what was
// asked for.
func dropFirstLine(text string, f Format) (string, bool) {
	if f.Kind != Text {
		return text, false
	}
	s := text
	for {
		line, rest, ok := strings.Cut(strings.TrimLeft(s, " \t\r\n"), "\n")
		if !ok || !isPreamble(line) || strings.TrimSpace(rest) == "" {
			break
		}
		s = strings.TrimLeft(rest, " \t\r\n")
	}
	return s, s != text
}

func isPreamble(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) < 400 && (opening.MatchString(line) || strings.HasSuffix(line, ":"))
}

// dropLastLine drops the sentence that some models put behind.
func dropLastLine(text string, f Format) (string, bool) {
	if f.Kind != Text {
		return text, false
	}
	s := text
	for {
		trimmed := strings.TrimRight(s, " \t\r\n")
		i := strings.LastIndexByte(trimmed, '\n')
		if i < 0 || len(trimmed)-i > 400 || !parting.MatchString(strings.TrimSpace(trimmed[i+1:])) || strings.TrimSpace(trimmed[:i]) == "" {
			break
		}
		s = strings.TrimRight(trimmed[:i], " \t\r\n")
	}
	return s, s != text
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
