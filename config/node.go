package config

import (
	"strings"

	"github.com/switchgear-dev/switchgear/internal/yamltree"
)

// kind is what a value of the file is.
type kind uint8

const (
	kindBad kind = iota // already complained about
	kindNull
	kindScalar
	kindMap
	kindList
)

// node is a value of the file, free of YAML's finer points.
type node struct {
	kind    kind
	pos     Position
	text    string // of a scalar, without its quotes
	quoted  bool
	entries []entry
	items   []*node
}

// entry is a key of a map and its value.
type entry struct {
	key   string
	pos   Position
	value *node
}

// What a file may hold: far above what a routing table needs, and far below
// what hurts.
const (
	maxBytes = 1 << 20
	maxDepth = 40
)

// tree reads YAML. It returns nil if there is nothing to go on with.
func (r *reader) tree(text []byte) *node {
	root, flaws := yamltree.Read(text, yamltree.Limits{Bytes: maxBytes, Depth: maxDepth})
	for i := range flaws {
		r.flaw(&flaws[i])
	}
	if root == nil {
		return nil
	}
	return r.convert(root)
}

// flaw says in our words what is wrong with a text.
func (r *reader) flaw(f *yamltree.Flaw) {
	pos, path := Position{File: r.name, Line: f.Line, Col: f.Col}, ""
	for _, step := range f.Path {
		if step.List {
			path = index(path, step.Index)
		} else {
			path = child(path, step.Key)
		}
	}
	switch f.Fault {
	case yamltree.TooLarge:
		r.errorf(pos, "", "the file is larger than 1 MiB", "A routing table needs a few kilobytes; is this the right file?")
	case yamltree.NotUTF8:
		r.errorf(pos, "", "the file is not UTF-8 text", "Save it as UTF-8.")
	case yamltree.TooDeep:
		r.errorf(pos, "", "the file is nested too deeply", "Nothing in a routing table goes deeper than 40 levels.")
	case yamltree.NotYAML:
		r.syntax(pos, f.Said)
	case yamltree.SecondDocument:
		r.errorf(pos, "", "the file holds more than one document", "Keep what stands before the second ---.")
	case yamltree.Empty:
		r.errorf(pos, "", "the file is empty", `Begin it with "version: 1".`)
	case yamltree.OddValue:
		r.errorf(pos, path, "anchors, aliases, tags and merge keys are not used here", "Write the value out.")
	case yamltree.OddKey:
		r.errorf(pos, path, "a key must be plain text", "Write key: value.")
	case yamltree.Twice:
		r.errorf(pos, path, "it stands here a second time; the first is in line "+itoa(f.First), "Keep one of them.")
	}
}

// convert gives the values of a tree their places in the file.
func (r *reader) convert(n *yamltree.Node) *node {
	out := &node{kind: kindBad, text: n.Text, quoted: n.Quoted}
	if n.Kind != yamltree.Missing {
		out.pos = Position{File: r.name, Line: n.Line, Col: n.Col}
	}
	switch {
	case n.Kind == yamltree.Null:
		out.kind = kindNull
	case n.Kind.Scalar():
		out.kind = kindScalar
	case n.Kind == yamltree.List:
		out.kind = kindList
		for _, item := range n.Items {
			out.items = append(out.items, r.convert(item))
		}
	case n.Kind == yamltree.Map:
		out.kind = kindMap
		for _, e := range n.Entries {
			out.entries = append(out.entries, entry{key: e.Key, pos: Position{File: r.name, Line: e.Line, Col: e.Col}, value: r.convert(e.Value)})
		}
	}
	return out
}

// syntax reports what the YAML library stumbled over, in our own words: its
// own may quote the file, and the file may hold what must not be shown.
func (r *reader) syntax(pos Position, said string) {
	for _, s := range stumbles() {
		if strings.Contains(said, s.said) {
			r.errorf(pos, "", s.message, s.fix)
			return
		}
	}
	r.errorf(pos, "", "this is not YAML", "Look for a missing colon, quote or bracket here or in the line before.")
}

type stumble struct{ said, message, fix string }

// stumbles maps words of the library's messages to ours.
func stumbles() []stumble {
	return []stumble{
		{"or '}' must be specified", "the braces { } are not closed here, or a comma is missing", `Close them; a value with ${...} inside braces needs quotes: {key: "${NAME}"}.`},
		{"or ']' must be specified", "the brackets [ ] are not closed here, or a comma is missing", "Close them."},
		{"end token '}'", "these braces { are never closed", "Close them with }."},
		{"end token ']'", "these brackets [ are never closed", "Close them with ]."},
		{"sequence end token", "these brackets [ are never closed", "Close them with ]."},
		{"quoted text", "this quote is never closed", "Close it."},
		{"tab character", "a tab stands where YAML wants spaces", "Indent with spaces."},
		{"character '\t'", "a tab stands where YAML wants spaces", "Indent with spaces."},
		{"invalid header option", "a value that begins with > or | means a block of text in YAML", `Put it in quotes: ">150000".`},
		{"reserved character", "a value must not begin with this character", "Put it in quotes."},
		{"mapping value is not allowed", "a key and its value are not allowed in this place", "Check the indentation; a value that holds a colon and a space needs quotes."},
		{"value is not allowed in this context", "a value is not allowed in this place", "Check the indentation of this line against the one before."},
		{"unexpected key name", "this looks like a key, but has no colon", "Write key: value."},
		{"non-map value", "this stands where a key and its value should", "Write key: value."},
	}
}
