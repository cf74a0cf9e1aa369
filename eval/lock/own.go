package lock

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// ownReader reads the part of YAML that this package writes, and gives up at
// the first sign of anything else. A lock of 500 entries is read in a few
// milliseconds, where the library takes a few hundred.
type ownReader struct {
	ownNodes

	lines []ownLine
	next  int
}

// ownNodes makes nodes many at a time: a lock has tens of thousands.
type ownNodes struct{ spare []node }

func (o *ownNodes) node(k kind, line, col int) *node {
	if len(o.spare) == 0 {
		o.spare = make([]node, 512)
	}
	n := &o.spare[0]
	o.spare = o.spare[1:]
	n.kind, n.line, n.col = k, line, col
	return n
}

// ownLine is a line without its indentation.
type ownLine struct {
	number, indent int
	text           string
}

// readOwn reads a text as this package writes it. It reports whether it could:
// if not, nothing is known of the text.
func readOwn(text []byte) (*node, bool) {
	if len(text) > maxBytes || !utf8.Valid(text) || bytes.IndexByte(text, '\r') >= 0 {
		return nil, false
	}
	r := &ownReader{}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "#") && len(r.lines) == 0 {
			continue // the header
		}
		bare := strings.TrimLeft(line, " ")
		if bare == "" {
			return nil, false
		}
		r.lines = append(r.lines, ownLine{number: i + 1, indent: len(line) - len(bare), text: bare})
	}
	if len(r.lines) == 0 || r.lines[0].indent != 0 {
		return nil, false
	}
	n, ok := r.block(0, 0)
	return n, ok && r.next == len(r.lines)
}

// block reads the map or list that begins with the next line.
func (r *ownReader) block(indent, depth int) (*node, bool) {
	if depth > maxDepth || r.next >= len(r.lines) || r.lines[r.next].indent != indent {
		return nil, false
	}
	if strings.HasPrefix(r.lines[r.next].text, "-") {
		return r.list(indent, depth)
	}
	return r.fields(indent, depth)
}

// fields reads the entries of a map.
func (r *ownReader) fields(indent, depth int) (*node, bool) {
	n := r.node(kindMap, r.lines[r.next].number, indent+1)
	n.fields = make([]field, 0, 8)
	seen := map[string]bool{}
	for r.next < len(r.lines) && r.lines[r.next].indent == indent {
		line := r.lines[r.next]
		s := ownScanner{nodes: &r.ownNodes, line: line.number, col: indent + 1, rest: line.text}
		key, ok := s.key()
		if !ok || n.twice(seen, key.text) || !strings.HasPrefix(s.rest, ":") {
			return nil, false
		}
		s.skip(1)
		value, ok := r.value(&s, indent, depth)
		if !ok {
			return nil, false
		}
		n.fields = append(n.fields, field{key: key.text, line: key.line, col: key.col, value: value})
	}
	return n, true
}

// twice reports whether a key stands in a map already. Few keys are looked
// through; of many a set is made.
func (n *node) twice(seen map[string]bool, key string) bool {
	const few = 24
	if len(n.fields) < few {
		for i := range n.fields {
			if n.fields[i].key == key {
				return true
			}
		}
		return false
	}
	if len(n.fields) == few {
		for i := range n.fields {
			seen[n.fields[i].key] = true
		}
	}
	was := seen[key]
	seen[key] = true
	return was
}

// value reads what stands after a key's colon: the rest of the line, or the
// lines below.
func (r *ownReader) value(s *ownScanner, indent, depth int) (*node, bool) {
	r.next++
	if s.rest == "" {
		return r.block(indent+2, depth+1)
	}
	if !strings.HasPrefix(s.rest, " ") {
		return nil, false
	}
	s.skip(1)
	n, ok := s.flow(depth + 1)
	return n, ok && s.rest == ""
}

// list reads the items of a list.
func (r *ownReader) list(indent, depth int) (*node, bool) {
	n := r.node(kindList, r.lines[r.next].number, indent+1)
	for r.next < len(r.lines) && r.lines[r.next].indent == indent {
		line := &r.lines[r.next]
		rest, ok := strings.CutPrefix(line.text, "- ")
		if !ok {
			return nil, false
		}
		line.text, line.indent = rest, indent+2
		var item *node
		s := ownScanner{nodes: &r.ownNodes, line: line.number, col: indent + 3, rest: rest}
		if one, alone := s.flow(depth + 1); alone && s.rest == "" {
			item = one
			r.next++
		} else if item, ok = r.block(indent+2, depth+1); !ok || item.kind != kindMap {
			return nil, false
		}
		n.items = append(n.items, item)
	}
	return n, true
}

// ownScanner reads values that stand on one line.
type ownScanner struct {
	nodes     *ownNodes
	line, col int
	rest      string
}

func (s *ownScanner) skip(n int) {
	s.col += utf8.RuneCountInString(s.rest[:n])
	s.rest = s.rest[n:]
}

// flow reads a map or list in braces or brackets, or a text.
func (s *ownScanner) flow(depth int) (*node, bool) {
	switch {
	case depth > maxDepth || s.rest == "":
		return nil, false
	case s.rest[0] == '{':
		return s.members(depth)
	case s.rest[0] == '[':
		return s.elements(depth)
	default:
		return s.text()
	}
}

func (s *ownScanner) members(depth int) (*node, bool) {
	n := s.nodes.node(kindMap, s.line, s.col)
	n.flow = true
	s.skip(1)
	for !s.take("}") {
		if len(n.fields) > 0 && !s.take(", ") {
			return nil, false
		}
		key, ok := s.key()
		if !ok || !s.take(": ") {
			return nil, false
		}
		for i := range n.fields {
			if n.fields[i].key == key.text {
				return nil, false
			}
		}
		value, ok := s.flow(depth + 1)
		if !ok {
			return nil, false
		}
		n.fields = append(n.fields, field{key: key.text, line: key.line, col: key.col, value: value})
	}
	return n, true
}

func (s *ownScanner) elements(depth int) (*node, bool) {
	n := s.nodes.node(kindList, s.line, s.col)
	n.flow = true
	s.skip(1)
	for !s.take("]") {
		if len(n.items) > 0 && !s.take(", ") {
			return nil, false
		}
		value, ok := s.flow(depth + 1)
		if !ok {
			return nil, false
		}
		n.items = append(n.items, value)
	}
	return n, true
}

func (s *ownScanner) take(what string) bool {
	if !strings.HasPrefix(s.rest, what) {
		return false
	}
	s.skip(len(what))
	return true
}

// key reads the key of a map.
func (s *ownScanner) key() (*node, bool) {
	n, ok := s.text()
	return n, ok && n.kind == kindScalar && (n.quoted || !strings.Contains(n.text, ":"))
}

// text reads a text with or without quotes.
func (s *ownScanner) text() (*node, bool) {
	n := s.nodes.node(kindScalar, s.line, s.col)
	if strings.HasPrefix(s.rest, `"`) {
		end := closing(s.rest)
		switch {
		case end < 0:
			return nil, false
		case strings.IndexByte(s.rest[:end], '\\') < 0:
			n.text = s.rest[1 : end-1]
		case json.Unmarshal([]byte(s.rest[:end]), &n.text) != nil:
			return nil, false
		}
		n.quoted = true
		s.skip(end)
		return n, true
	}
	end := 0
	for end < len(s.rest) && (isAlnum(s.rest[end]) || strings.IndexByte(plainMarks, s.rest[end]) >= 0) {
		end++
	}
	for end > 0 && s.rest[end-1] == ':' { // it is the key's
		end--
	}
	n.text = s.rest[:end]
	switch {
	case n.text == "null":
		n.kind, n.text = kindNull, ""
	case !plain(n.text) && !numeric(n.text) && n.text != "true" && n.text != "false":
		return nil, false
	}
	s.skip(end)
	return n, true
}

// closing finds the end of a text in quotes, if it holds no other escapes than
// those this package writes; -1 if it does.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return i + 1
		case s[i] < ' ' || s[i] == 0x7f:
			return -1
		case s[i] != '\\':
		case i+1 < len(s) && strings.IndexByte(`"\nrt`, s[i+1]) >= 0:
			i++
		case strings.HasPrefix(s[i:], `\u00`) || strings.HasPrefix(s[i:], `\u202`):
			i += 5
		default:
			return -1
		}
	}
	return -1
}
