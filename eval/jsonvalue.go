package eval

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/switchgear-dev/switchgear/config"
)

// readJSON reads the value that stands in one line of a JSON file. The line
// must have been found valid; what is wrong with it otherwise (nesting, keys
// that stand twice) is complained about here.
func (r *reader) readJSON(line []byte, number int) *Value {
	p := &jsonReader{r: r, s: line, line: number, col: 1}
	return p.value("", 0)
}

// jsonReader walks a line of JSON that is known to be valid, and keeps count of
// the column as it goes.
type jsonReader struct {
	r    *reader
	s    []byte
	i    int
	line int

	from int // the byte that col stands for
	col  int
}

// pos is where the reader stands. Columns count characters.
func (p *jsonReader) pos() config.Position {
	p.col += utf8.RuneCount(p.s[p.from:p.i])
	p.from = p.i
	return config.Position{File: p.r.file, Line: p.line, Col: p.col}
}

func (p *jsonReader) space() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t' || p.s[p.i] == '\r' || p.s[p.i] == '\n') {
		p.i++
	}
}

// next moves over white space and gives the byte after it.
func (p *jsonReader) next() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonReader) value(path string, depth int) *Value {
	c := p.next()
	v := &Value{Pos: p.pos()}
	start := p.i
	switch {
	case depth > maxDepth:
		p.r.errorf(v.Pos, path, "this is nested too deeply", "Nothing here goes deeper than 100 levels.")
		p.i = len(p.s)
		return v
	case c == '{':
		v.Kind = Map
		p.object(v, path, depth)
	case c == '[':
		v.Kind = List
		p.list(v, path, depth)
	case c == '"':
		v.Kind, v.Text = String, p.text()
	default:
		for p.i < len(p.s) && strings.IndexByte(" \t\r\n,]}", p.s[p.i]) < 0 {
			p.i++
		}
		v.Text = string(p.s[start:p.i])
		switch c {
		case 't', 'f':
			v.Kind = Bool
		case 'n':
			v.Kind = Null
		default:
			v.Kind = Number
		}
	}
	v.raw = p.s[start:p.i]
	return v
}

func (p *jsonReader) object(v *Value, path string, depth int) {
	p.i++
	for p.next() == '"' {
		pos := p.pos()
		key := p.text()
		p.next() // the colon
		p.i++
		first := p.r.firstOf(v, key, pos, path)
		inner := p.value(child(path, key), depth+1)
		if first {
			v.Entries = append(v.Entries, Entry{Key: key, Pos: pos, Value: inner})
		}
		if p.next() == ',' {
			p.i++
		}
	}
	p.i++
}

func (p *jsonReader) list(v *Value, path string, depth int) {
	p.i++
	for c := p.next(); c != ']' && c != 0; c = p.next() {
		v.Items = append(v.Items, p.value(index(path, len(v.Items)), depth+1))
		if p.next() == ',' {
			p.i++
		}
	}
	p.i++
}

// text reads the string that begins here.
func (p *jsonReader) text() string {
	start := p.i
	escaped := false
	for p.i++; p.i < len(p.s) && p.s[p.i] != '"'; p.i++ {
		if p.s[p.i] == '\\' {
			escaped = true
			p.i++
		}
	}
	p.i = min(p.i+1, len(p.s))
	if !escaped && utf8.Valid(p.s[start+1:p.i-1]) {
		return string(p.s[start+1 : p.i-1])
	}
	var s string
	_ = json.Unmarshal(p.s[start:p.i], &s) // the line is valid
	return s
}
