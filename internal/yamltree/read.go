package yamltree

import (
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Read reads the one document of a text, and finds everything that is wrong
// with it. The tree is nil if there is nothing to go on with.
func Read(text []byte, limits Limits) (*Node, []Flaw) {
	r := &reader{}
	switch {
	case len(text) > limits.Bytes:
		return r.fail(Flaw{Fault: TooLarge, Line: 1, Col: 1})
	case !utf8.Valid(text):
		return r.fail(Flaw{Fault: NotUTF8, Line: 1, Col: 1})
	case tooDeep(text, limits.Depth):
		return r.fail(Flaw{Fault: TooDeep, Line: 1, Col: 1})
	}
	file, err := parse(text)
	if err != nil {
		f := Flaw{Fault: NotYAML, Line: 1, Col: 1}
		if broken, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			f.Line, f.Col = at(broken.Token)
			f.Said = broken.Message
		}
		return r.fail(f)
	}
	body := r.document(file.Docs)
	if body == nil {
		return r.fail(Flaw{Fault: Empty, Line: 1, Col: 1})
	}
	return r.convert(body), r.flaws
}

// reader collects what is wrong.
type reader struct {
	flaws []Flaw
	path  []Step // to the value that is read
}

func (r *reader) fail(f Flaw) (*Node, []Flaw) { return nil, append(r.flaws, f) }

func (r *reader) flaw(f Fault, line, col int) *Flaw {
	r.flaws = append(r.flaws, Flaw{Fault: f, Line: line, Col: col, Path: slices.Clone(r.path)})
	return &r.flaws[len(r.flaws)-1]
}

// document is the first that holds something.
func (r *reader) document(docs []*ast.DocumentNode) ast.Node {
	var body ast.Node
	for _, doc := range docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body != nil {
			line, col := at(start(doc.Body))
			r.flaw(SecondDocument, line, col)
			break
		}
		body = doc.Body
	}
	return body
}

// tooDeep looks at tokens only.
func tooDeep(text []byte, most int) bool {
	flow, line, onLine := 0, 0, 0
	for _, t := range lexer.Tokenize(string(text)) {
		if t.Position.Line != line {
			line, onLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			onLine++
		default:
			if t.Position.IndentNum > most*8 {
				return true
			}
		}
		if flow > most || onLine > most {
			return true
		}
	}
	return false
}

// parse turns a panic of the library into an error.
func parse(text []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the YAML reader gave up")
		}
	}()
	return parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
}

// start is where a value begins. The library takes the first colon for the
// start of a map without braces.
func start(n ast.Node) *token.Token {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 && v.Start.Type != token.MappingStartType {
			return v.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return v.Key.GetToken()
	}
	return n.GetToken()
}

func at(t *token.Token) (line, col int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return t.Position.Line, t.Position.Column
}

// convert turns the library's tree into ours.
func (r *reader) convert(n ast.Node) *Node {
	if n == nil || n.GetToken() == nil {
		return &Node{Kind: Missing}
	}
	out := &Node{}
	out.Line, out.Col = at(start(n))
	switch v := n.(type) {
	case *ast.MappingNode:
		out.Kind, out.Flow = Map, v.IsFlowStyle
		for _, e := range v.Values {
			r.entry(out, e)
		}
	case *ast.MappingValueNode:
		out.Kind = Map
		r.entry(out, v)
	case *ast.SequenceNode:
		out.Kind, out.Flow = List, v.IsFlowStyle
		for i, item := range v.Values {
			r.path = append(r.path, Step{Index: i, List: true})
			out.Items = append(out.Items, r.convert(item))
			r.path = r.path[:len(r.path)-1]
		}
	default:
		r.scalar(out, n)
	}
	return out
}

func (r *reader) scalar(out *Node, n ast.Node) {
	raw := n.GetToken().Value
	switch v := n.(type) {
	case *ast.NullNode:
		out.Kind = Null
	case *ast.LiteralNode:
		out.Kind, out.Quoted = Text, true
		if v.Value != nil {
			out.Text = v.Value.Value
		}
	case *ast.StringNode:
		out.Kind, out.Text = Text, v.Value
		out.Quoted = v.Token.Type == token.SingleQuoteType || v.Token.Type == token.DoubleQuoteType
	case *ast.IntegerNode, *ast.FloatNode:
		out.Kind, out.Text = Number, raw
	case *ast.BoolNode:
		out.Kind, out.Text, out.Truth = Bool, raw, "false"
		if v.Value {
			out.Truth = "true"
		}
	case *ast.InfinityNode, *ast.NanNode:
		out.Kind, out.Text = Other, raw
	default:
		out.Kind = Odd
		r.flaw(OddValue, out.Line, out.Col)
	}
}

// entry adds a key and its value to a map, once.
func (r *reader) entry(out *Node, e *ast.MappingValueNode) {
	line, col := at(e.Key.GetToken())
	switch e.Key.(type) {
	case *ast.MergeKeyNode, *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.flaw(OddKey, line, col)
		return
	}
	key := e.Key.GetToken().Value
	r.path = append(r.path, Step{Key: key})
	defer func() { r.path = r.path[:len(r.path)-1] }()
	for i := range out.Entries {
		if out.Entries[i].Key == key {
			r.flaw(Twice, line, col).First = out.Entries[i].Line
			return
		}
	}
	out.Entries = append(out.Entries, Entry{Key: key, Line: line, Col: col, Value: r.convert(e.Value)})
}
