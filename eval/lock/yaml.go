package lock

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
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
	if err := readable(text); err != nil {
		return nil, err
	}
	file, err := parseYAML(text)
	if err != nil {
		out := &flaw{line: 1, col: 1, message: "this is not YAML", fix: "Take the file from version control."}
		if broken, ok := errors.AsType[*yaml.SyntaxError](err); ok && broken.Token != nil && broken.Token.Position != nil {
			out.line, out.col = broken.Token.Position.Line, broken.Token.Position.Column
		}
		return nil, out
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body != nil {
			return nil, &flaw{line: 1, col: 1, message: "the file holds more than one document", fix: "Take the file from version control."}
		}
		body = doc.Body
	}
	if body == nil {
		return &node{kind: kindMap, line: 1, col: 1}, nil
	}
	return convert(body)
}

// readable refuses what the library should not see.
func readable(text []byte) error {
	switch {
	case len(text) > maxBytes:
		return &flaw{line: 1, col: 1, message: "the file is larger than 16 MiB", fix: "Is this the right file?"}
	case !utf8.Valid(text):
		return &flaw{line: 1, col: 1, message: "the file is not UTF-8 text", fix: "Take the file from version control."}
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			return &flaw{
				line: i + 1, col: 1, message: "the file holds the marks of a merge that is not finished",
				fix: "Keep the entries of both sides and remove the marks; then run switchgear lock verify.",
			}
		}
	}
	if tooDeep(text) {
		return &flaw{line: 1, col: 1, message: "the file is nested too deeply", fix: "Is this the right file?"}
	}
	return nil
}

// tooDeep looks at tokens only: the library's parser recurses, and a recursion
// without end takes the process with it.
func tooDeep(text []byte) bool {
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
			if t.Position.IndentNum > maxDepth*8 {
				return true
			}
		}
		if flow > maxDepth || onLine > maxDepth {
			return true
		}
	}
	return false
}

// parseYAML turns a panic of the library into an error.
func parseYAML(text []byte) (file *ast.File, err error) {
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

// convert turns the library's tree into ours.
func convert(n ast.Node) (*node, error) {
	if n == nil || n.GetToken() == nil {
		return &node{kind: kindNull}, nil
	}
	at := start(n).Position
	out := &node{line: at.Line, col: at.Column}
	switch v := n.(type) {
	case *ast.MappingNode:
		out.kind, out.flow = kindMap, v.IsFlowStyle
		for _, e := range v.Values {
			if err := out.convertField(e); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		out.kind = kindMap
		return out, out.convertField(v)
	case *ast.SequenceNode:
		out.kind, out.flow = kindList, v.IsFlowStyle
		for _, item := range v.Values {
			value, err := convert(item)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, value)
		}
	case *ast.NullNode:
	case *ast.LiteralNode:
		out.kind, out.quoted = kindScalar, true
		if v.Value != nil {
			out.text = v.Value.Value
		}
	case *ast.StringNode:
		out.kind, out.text = kindScalar, v.Value
		out.quoted = v.Token.Type == token.SingleQuoteType || v.Token.Type == token.DoubleQuoteType
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = kindScalar, n.GetToken().Value
	default:
		return nil, &flaw{line: at.Line, col: at.Column, message: "anchors, aliases, tags and merge keys are not used here", fix: "Write the value out."}
	}
	return out, nil
}

// convertField adds a key and its value to a map, once.
func (n *node) convertField(e *ast.MappingValueNode) error {
	t := e.Key.GetToken()
	key, at := t.Value, t.Position
	switch e.Key.(type) {
	case *ast.MergeKeyNode, *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return &flaw{line: at.Line, col: at.Column, message: "a key must be plain text", fix: "Write key: value."}
	}
	for i := range n.fields {
		if n.fields[i].key == key {
			return &flaw{
				line: at.Line, col: at.Column, message: fmt.Sprintf("%q stands here a second time; the first is in line %d", key, n.fields[i].line),
				fix: "Keep one of them.",
			}
		}
	}
	value, err := convert(e.Value)
	if err != nil {
		return err
	}
	n.fields = append(n.fields, field{key: key, line: at.Line, col: at.Column, value: value})
	return nil
}
