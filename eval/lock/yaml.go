package lock

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/switchgear-dev/switchgear/internal/yamltree"
)

// What a lock may hold: a thousand routes are far below, and what hurts is far
// above.
const (
	maxBytes = 16 << 20
	maxDepth = 40
)

// flaw is why a text is no YAML that this package reads.
type flaw struct {
	line, col    int
	message, fix string
}

func (f *flaw) Error() string { return f.message }

// tree reads a text. What this package wrote itself is read by a reader of its
// own, which is many times faster; everything else by the library.
func tree(text []byte) (*node, error) {
	if n, ok := readOwn(text); ok {
		return n, nil
	}
	return readYAML(text)
}

// readYAML reads any YAML without anchors, aliases and tags.
func readYAML(text []byte) (*node, error) {
	if line := mergeMark(text); line > 0 {
		return nil, &flaw{
			line: line, col: 1, message: "the file holds the marks of a merge that is not finished",
			fix: "Keep the entries of both sides and remove the marks; then run switchgear lock verify.",
		}
	}
	root, flaws := yamltree.Read(text, yamltree.Limits{Bytes: maxBytes, Depth: maxDepth})
	switch {
	case len(flaws) == 0:
		return convert(root), nil
	case flaws[0].Fault == yamltree.Empty:
		return &node{kind: kindMap, line: 1, col: 1}, nil
	default:
		return nil, told(&flaws[0])
	}
}

// mergeMark is the line of a mark that version control left; 0 if there is none.
func mergeMark(text []byte) int {
	if len(text) > maxBytes || !utf8.Valid(text) {
		return 0
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			return i + 1
		}
	}
	return 0
}

// told says in our words what is wrong with a text.
func told(f *yamltree.Flaw) *flaw {
	out := &flaw{line: f.Line, col: f.Col, fix: "Take the file from version control."}
	switch f.Fault {
	case yamltree.TooLarge:
		out.message, out.fix = "the file is larger than 16 MiB", "Is this the right file?"
	case yamltree.NotUTF8:
		out.message = "the file is not UTF-8 text"
	case yamltree.TooDeep:
		out.message, out.fix = "the file is nested too deeply", "Is this the right file?"
	case yamltree.SecondDocument:
		out.line, out.col, out.message = 1, 1, "the file holds more than one document"
	case yamltree.OddValue:
		out.message, out.fix = "anchors, aliases, tags and merge keys are not used here", "Write the value out."
	case yamltree.OddKey:
		out.message, out.fix = "a key must be plain text", "Write key: value."
	case yamltree.Twice:
		key := f.Path[len(f.Path)-1].Key
		out.message, out.fix = fmt.Sprintf("%q stands here a second time; the first is in line %d", key, f.First), "Keep one of them."
	case yamltree.NotYAML, yamltree.Empty:
		out.message = "this is not YAML"
	}
	return out
}

// convert makes a tree of the nodes that this package writes.
func convert(n *yamltree.Node) *node {
	out := &node{line: n.Line, col: n.Col, text: n.Text, quoted: n.Quoted, flow: n.Flow}
	switch {
	case n.Kind.Scalar():
		out.kind = kindScalar
	case n.Kind == yamltree.List:
		out.kind = kindList
		for _, item := range n.Items {
			out.items = append(out.items, convert(item))
		}
	case n.Kind == yamltree.Map:
		out.kind = kindMap
		for _, e := range n.Entries {
			out.fields = append(out.fields, field{key: e.Key, line: e.Line, col: e.Col, value: convert(e.Value)})
		}
	}
	return out
}
