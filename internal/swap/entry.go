package swap

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
)

// addEntry are the ways to give a step one more entry after the one that names
// its model: with braces around a step that is a plain name, within braces that
// are there, and on a line of its own.
func addEntry(l *layout, t token, use splice, entry string) [][]splice {
	ways := [][]splice{
		{{use.start, use.end, "{use: " + use.text + ", " + entry + "}"}},
		{use, {t.end, t.end, ", " + entry}},
	}
	at := l.lines[t.line-1]
	indent, ok := blockIndent(l.text[at.start:t.start])
	if !ok {
		return ways
	}
	return append(ways, []splice{use, {at.end, at.end, lineEnd(l, t.line) + strings.Repeat(" ", indent) + entry}})
}

// keyed is what stands before a step's model on a line of its own.
var keyed = regexp.MustCompile(`^( *(?:- +)*)use *: *$`)

// blockIndent is how far a step's entries are indented that stand on lines of
// their own; false if they do not.
func blockIndent(head []byte) (int, bool) {
	m := keyed.FindSubmatch(head)
	if m == nil {
		return 0, false
	}
	return len(m[1]), true
}

// lineEnd is what ends a line, or if it is the last the line before.
func lineEnd(l *layout, number int) string {
	for i := number - 1; i >= 0; i-- {
		if i+1 < len(l.lines) {
			return string(l.text[l.lines[i].end:l.lines[i+1].start])
		}
	}
	return "\n"
}

// withLevers are the ways to change a step's model and its levers.
func withLevers(l *layout, at Place, t token, use splice, levers string) [][]splice {
	step, _, err := at.find(l.cfg)
	if err != nil {
		return nil
	}
	if step.WithAt.IsZero() {
		if levers == "" {
			return [][]splice{{use}}
		}
		return addEntry(l, t, use, "with: "+levers)
	}
	start, end, ok := l.value(step.WithAt)
	switch {
	case !ok:
		return nil
	case levers == "":
		cut, ok := l.removal(start, end)
		if !ok {
			return nil
		}
		return [][]splice{{use, cut}}
	default:
		return [][]splice{{use, {start, end, levers}}}
	}
}

// withoutCanary are the ways to take a step's canary out, and give it the levers
// that the canary had of its own; nil for those it has.
func withoutCanary(l *layout, at Place, use splice, levers *string) [][]splice {
	step, _, err := at.find(l.cfg)
	if err != nil {
		return nil
	}
	start, end, ok := l.value(step.Canary.Pos)
	if !ok {
		return nil
	}
	if levers != nil && step.WithAt.IsZero() && *levers != "{}" {
		return [][]splice{{use, {entryStart(l.text, start), end, "with: " + *levers}}}
	}
	cut, ok := l.removal(start, end)
	if !ok {
		return nil
	}
	way := []splice{use, cut}
	if levers != nil && !step.WithAt.IsZero() {
		start, end, ok := l.value(step.WithAt)
		if !ok {
			return nil
		}
		way = append(way, splice{start, end, *levers})
	}
	return [][]splice{way}
}

// value is where a map in braces begins and ends.
func (l *layout) value(pos config.Position) (start, end int, ok bool) {
	start = l.offset(pos)
	end = braces(l.text, start)
	return start, end, end >= 0
}

// braces is where the braces end that open at a place; -1 if none do.
func braces(text []byte, at int) int {
	if at < 0 || at >= len(text) || text[at] != '{' {
		return -1
	}
	depth := 0
	for i := at; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case c == '\'' || c == '"':
			n := inQuotes(text[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		case c == '#' && i > 0 && strings.IndexByte(" \t\r\n", text[i-1]) >= 0:
			n := bytes.IndexAny(text[i:], "\r\n")
			if n < 0 {
				return -1
			}
			i += n - 1
		}
	}
	return -1
}

// inQuotes is how long a text in quotes is; -1 if it does not end. A quote within
// a word is taken for the beginning of one, which the check of the meaning finds.
func inQuotes(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[0] == '"' && text[i] == '\\':
			i++
		case text[i] == text[0]:
			return i + 1
		}
	}
	return -1
}

// entryStart is where the entry begins whose value is at a place.
func entryStart(text []byte, value int) int {
	head := bytes.TrimRight(text[:value], " \t\r\n")
	head = bytes.TrimRight(bytes.TrimSuffix(head, []byte(":")), " \t")
	return len(bytes.TrimRight(head, "abcdefghijklmnopqrstuvwxyz_\"'"))
}

// removal takes an entry out: with the comma that is then one too many, or with
// its line.
func (l *layout) removal(value, end int) (splice, bool) {
	start := entryStart(l.text, value)
	head := bytes.TrimRight(l.text[:start], " \t\r\n")
	if len(head) == 0 {
		return splice{}, false
	}
	switch head[len(head)-1] {
	case ',':
		return splice{len(head) - 1, end, ""}, true
	case '{':
		rest := bytes.TrimLeft(l.text[end:], " \t\r\n")
		rest = bytes.TrimLeft(bytes.TrimPrefix(rest, []byte(",")), " \t")
		return splice{start, len(l.text) - len(rest), ""}, true
	}
	from, to := start, end
	for from > 0 && l.text[from-1] == ' ' {
		from--
	}
	if from > 0 && l.text[from-1] != '\n' && l.text[from-1] != '\r' {
		return splice{}, false // it stands behind a dash
	}
	if n := bytes.IndexAny(l.text[to:], "\r\n"); n >= 0 {
		to += n
	} else {
		to = len(l.text)
	}
	if rest := bytes.TrimSpace(l.text[end:to]); len(rest) > 0 && rest[0] != '#' {
		return splice{}, false
	}
	switch {
	case bytes.HasPrefix(l.text[to:], []byte("\r\n")):
		to += 2
	case to < len(l.text):
		to++
	}
	return splice{from, to, ""}, true
}

// lone is a step in braces that says nothing but its model.
var lone = regexp.MustCompile(`\{ *use *: *([^\s{}\[\],#'"]+|'[^'\r\n]*'|"[^"\\\r\n]*") *\}`)

// plainer are the texts that splices make, the plainest first: a step that is
// left with nothing but its model needs no braces. It is the meaning that is
// checked, and so what of the text stays.
func plainer(text []byte, splices []splice) [][]byte {
	made := apply(text, splices)
	if made == nil {
		return nil
	}
	out := [][]byte{made}
	if !slices.ContainsFunc(splices, func(s splice) bool { return s.text == "" && s.end > s.start }) {
		return out
	}
	before := lone.FindAllIndex(text, -1)
	after := lone.FindAllSubmatchIndex(made, -1)
	if len(after) != len(before)+1 {
		return out
	}
	for i, m := range after {
		if i < len(before) && before[i][0] == m[0] && bytes.Equal(text[before[i][0]:before[i][1]], made[m[0]:m[1]]) {
			continue
		}
		bare := append(append(append([]byte{}, made[:m[0]]...), made[m[2]:m[3]]...), made[m[1]:]...)
		return [][]byte{bare, made}
	}
	return out
}
