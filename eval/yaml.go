package eval

import (
	"strings"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/yamltree"
)

// What a YAML file may hold. Sets with more cases than fit keep them in JSONL,
// which has no such limit.
const (
	maxYAML  = 4 << 20
	maxDepth = 100
)

// readYAML reads the one document of a YAML file; nil if there is nothing to
// go on with.
func (r *reader) readYAML(text []byte) *Value {
	root, flaws := yamltree.Read(text, yamltree.Limits{Bytes: maxYAML, Depth: maxDepth})
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
	pos, path := r.at(f.Line, f.Col), ""
	for _, step := range f.Path {
		if step.List {
			path = index(path, step.Index)
		} else {
			path = child(path, step.Key)
		}
	}
	switch f.Fault {
	case yamltree.TooLarge:
		r.errorf(pos, "", "the file is larger than 4 MiB", "Put the cases into a JSONL file: cases: NAME.jsonl.")
	case yamltree.NotUTF8:
		r.errorf(pos, "", "the file is not UTF-8 text", "Save it as UTF-8.")
	case yamltree.TooDeep:
		r.errorf(pos, "", "the file is nested too deeply", "Nothing here goes deeper than 100 levels.")
	case yamltree.NotYAML:
		r.syntax(pos, f.Said)
	case yamltree.SecondDocument:
		r.errorf(pos, "", "the file holds more than one document", "Keep what stands before the second ---.")
	case yamltree.Empty:
		r.errorf(pos, "", "the file is empty", "See docs/evals.md for what a set looks like.")
	case yamltree.OddValue:
		r.errorf(pos, path, "anchors, aliases, tags and merge keys are not used here", "Write the value out.")
	case yamltree.OddKey:
		r.errorf(pos, path, "a key must be plain text", "Write key: value.")
	case yamltree.Twice:
		r.errorf(pos, path, "it stands here a second time; the first is in line "+itoa(f.First), "Keep one of them.")
	}
}

func (r *reader) at(line, col int) config.Position {
	return config.Position{File: r.file, Line: max(line, 1), Col: max(col, 1)}
}

// convert gives the values of a tree their places in the file.
func (r *reader) convert(n *yamltree.Node) *Value {
	out := &Value{Pos: r.at(n.Line, n.Col), Text: n.Text}
	switch n.Kind {
	case yamltree.Missing, yamltree.Null:
		out.Kind = Null
	case yamltree.Odd:
		out.Kind = Bad
	case yamltree.Text, yamltree.Other:
		out.Kind = String
	case yamltree.Bool:
		out.Kind, out.Text = Bool, n.Truth
	case yamltree.Number:
		text, ok := number(strings.ReplaceAll(n.Text, "_", ""))
		if out.Kind, out.Text = Number, text; !ok {
			out.Kind, out.Text = String, n.Text
		}
	case yamltree.List:
		out.Kind = List
		for _, item := range n.Items {
			out.Items = append(out.Items, r.convert(item))
		}
	case yamltree.Map:
		out.Kind = Map
		for _, e := range n.Entries {
			out.Entries = append(out.Entries, Entry{Key: e.Key, Pos: r.at(e.Line, e.Col), Value: r.convert(e.Value)})
		}
	}
	return out
}

// firstOf complains about a key that a map has already.
func (r *reader) firstOf(out *Value, key string, pos config.Position, path string) bool {
	for i := range out.Entries {
		if out.Entries[i].Key == key {
			r.errorf(pos, child(path, key), "it stands here a second time; the first is in line "+itoa(out.Entries[i].Pos.Line), "Keep one of them.")
			return false
		}
	}
	return true
}

// syntax says in our words what the YAML library stumbled over: its own may
// quote the file, and the file holds prompts.
func (r *reader) syntax(pos config.Position, said string) {
	for _, s := range [][3]string{
		{"or '}' must be specified", "the braces { } are not closed here, or a comma is missing", "Close them; a value with braces or a colon in it needs quotes."},
		{"or ']' must be specified", "the brackets [ ] are not closed here, or a comma is missing", "Close them; a value with brackets in it needs quotes."},
		{"end token", "a bracket or brace is never closed", "Close it."},
		{"quoted text", "this quote is never closed", "Close it."},
		{"tab", "a tab stands where YAML wants spaces", "Indent with spaces."},
		{"character '\t'", "a tab stands where YAML wants spaces", "Indent with spaces."},
		{"reserved character", "a value must not begin with this character", "Put it in quotes."},
		{"not allowed in this context", "a value is not allowed in this place", "Check the indentation; a value that holds a colon and a space needs quotes."},
		{"mapping value is not allowed", "a key and its value are not allowed in this place", "Check the indentation; a value that holds a colon and a space needs quotes."},
		{"unexpected key name", "this looks like a key, but has no colon", "Write key: value."},
		{"non-map value", "this stands where a key and its value should", "Write key: value."},
	} {
		if strings.Contains(said, s[0]) {
			r.errorf(pos, "", s[1], s[2])
			return
		}
	}
	r.errorf(pos, "", "this is not YAML", "Look for a missing colon, quote or bracket here or in the line before.")
}
