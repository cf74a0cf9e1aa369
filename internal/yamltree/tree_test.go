package yamltree

import (
	"fmt"
	"strings"
	"testing"
)

// show writes a tree on one line, with where everything stands.
func show(n *Node) string {
	at := fmt.Sprintf("%d:%d", n.Line, n.Col)
	switch n.Kind {
	case Map:
		var b strings.Builder
		for _, e := range n.Entries {
			fmt.Fprintf(&b, " %d:%d %s=%s", e.Line, e.Col, e.Key, show(e.Value))
		}
		return "{" + at + b.String() + "}"
	case List:
		var b strings.Builder
		for _, item := range n.Items {
			b.WriteString(" " + show(item))
		}
		return "[" + at + b.String() + "]"
	default:
		quoted := ""
		if n.Quoted {
			quoted = "'"
		}
		return fmt.Sprintf("%s/%d/%s%s", at, n.Kind, quoted, n.Text)
	}
}

func TestRead(t *testing.T) {
	limits := Limits{Bytes: 1000, Depth: 10}
	for text, want := range map[string]string{
		"a: 1\nb: [x, 'y', true]\n":  "{1:1 1:1 a=1:4/4/1 2:1 b=[2:4 2:5/3/x 2:8/3/'y 2:13/5/true]}",
		"a:\n  - b: ~\n    c: 1.5\n": "{1:1 1:1 a=[2:3 {2:5 2:5 b=2:8/2/ 3:5 c=3:8/4/1.5}]}",
		"a: |\n  two\n  lines\n":     "{1:1 1:1 a=1:4/3/'two\nlines\n}",
	} {
		n, flaws := Read([]byte(text), limits)
		if n == nil || len(flaws) > 0 {
			t.Errorf("%q: %v", text, flaws)
			continue
		}
		if got := show(n); got != want {
			t.Errorf("%q is\n%s, want\n%s", text, got, want)
		}
	}
}

// TestFlaws: each fault is found, where it is, and what is right is read on.
func TestFlaws(t *testing.T) {
	limits := Limits{Bytes: 1000, Depth: 10}
	for _, c := range []struct {
		text string
		want string
	}{
		{strings.Repeat("a", 1001), "1@1:1"},
		{"a: \xff", "2@1:1"},
		{strings.Repeat("[", 11), "3@1:1"},
		{"a: [1", "4@1:4"},
		{"a: 1\n---\nb: 2\n", "5@3:1"},
		{"# nothing\n", "6@1:1"},
		{"a: {b: [1, &x 2]}", "7@1:12 a.b[1]"},
		{"<<: {a: 1}", "8@1:1"},
		{"a: 1\nb: 2\na: 3\n", "9@3:1 a first 1"},
	} {
		_, flaws := Read([]byte(c.text), limits)
		if len(flaws) != 1 {
			t.Errorf("%.20q: %+v", c.text, flaws)
			continue
		}
		f := &flaws[0]
		got := fmt.Sprintf("%d@%d:%d", f.Fault, f.Line, f.Col)
		path := ""
		for _, s := range f.Path {
			if s.List {
				path += fmt.Sprintf("[%d]", s.Index)
			} else {
				path += "." + s.Key
			}
		}
		if path != "" {
			got += " " + strings.TrimPrefix(path, ".")
		}
		if f.First > 0 {
			got += fmt.Sprintf(" first %d", f.First)
		}
		if got != c.want {
			t.Errorf("%.20q: %s, want %s", c.text, got, c.want)
		}
	}
}

// FuzzRead: whatever the text, there is a tree or a flaw, and every value stands
// in the text.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"a: 1", "- {b: [c, 'd']}", "a: &x 1\nb: *x", "? a\n: b", "a: |\n x", "\t", "a: 'b", "{", "%YAML 1.2\n---\na: !!str b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, flaws := Read(text, Limits{Bytes: 10_000, Depth: 20})
		if n == nil && len(flaws) == 0 {
			t.Error("neither a tree nor a flaw")
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		var walk func(n *Node)
		walk = func(n *Node) {
			if n.Line > lines {
				t.Errorf("a value in line %d of %d", n.Line, lines)
			}
			for _, e := range n.Entries {
				walk(e.Value)
			}
			for _, item := range n.Items {
				walk(item)
			}
		}
		if n != nil {
			walk(n)
		}
	})
}
