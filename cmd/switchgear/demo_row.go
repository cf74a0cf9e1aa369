package main

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tone is what a word of a picture is written in.
type tone uint8

const (
	tonePlain tone = iota
	toneFaint
	toneStrong
	toneGood
	toneBad
	toneWarn
	toneFirst  // the first provider's
	toneSecond // the second one's
)

// span is a piece of a line in one tone.
type span struct {
	text string
	tone tone
}

// row is a line of a picture. One that grows has a part that the run fills from
// left to right, from a column on; what stands there stays.
type row struct {
	spans []span
	grows int // the column; 0 for none
}

func text(t tone, words string) row { return row{spans: []span{{oneLine(words), t}}} }

// oneLine takes what a terminal would obey out of words that come from a file.
func oneLine(words string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, words)
}

// and puts more at the end of a row, from a column on.
func (r row) and(column int, t tone, words string) row {
	if gap := column - r.width(); gap > 0 {
		r.spans = append(r.spans, span{strings.Repeat(" ", gap), tonePlain})
	}
	r.spans = append(r.spans, span{oneLine(words), t})
	return r
}

// right puts more at the right edge.
func (r row) right(width int, t tone, words string) row {
	return r.and(max(width-utf8.RuneCountInString(words), r.width()+1), t, words)
}

func (r row) width() int {
	n := 0
	for _, s := range r.spans {
		n += utf8.RuneCountInString(s.text)
	}
	return n
}

// plain is a row without tones.
func (r row) plain() string {
	var b strings.Builder
	for _, s := range r.spans {
		b.WriteString(s.text)
	}
	return strings.TrimRight(b.String(), " ")
}

// cut shortens a row to a width.
func (r row) cut(width int) row {
	out := row{grows: r.grows}
	for _, s := range r.spans {
		if n := utf8.RuneCountInString(s.text); n > width {
			s.text = string([]rune(s.text)[:max(width, 0)])
		}
		width -= utf8.RuneCountInString(s.text)
		if s.text != "" {
			out.spans = append(out.spans, s)
		}
	}
	return out
}

// ansi is a row for a terminal.
func (r row) ansi(colour bool) string {
	if !colour {
		return r.plain()
	}
	codes := map[tone]int{toneFaint: 2, toneStrong: 1, toneGood: 32, toneBad: 31, toneWarn: 33, toneFirst: 34, toneSecond: 36}
	var b strings.Builder
	for _, s := range r.spans {
		code, toned := codes[s.tone]
		if !toned || strings.TrimSpace(s.text) == "" {
			b.WriteString(s.text)
			continue
		}
		b.WriteString("\x1b[" + strconv.Itoa(code) + "m" + s.text + "\x1b[0m")
	}
	return b.String()
}

// grouped writes a number with a comma every three digits.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
