package config

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
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
	if !r.readable(text) {
		return nil
	}
	file, err := parseYAML(text)
	if err != nil {
		r.syntax(err)
		return nil
	}
	docs := file.Docs
	var body ast.Node
	for _, doc := range docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body != nil {
			r.errorf(r.at(start(doc.Body)), "", "the file holds more than one document", "Keep what stands before the second ---.")
			break
		}
		body = doc.Body
	}
	if body == nil {
		r.errorf(Position{File: r.name, Line: 1, Col: 1}, "", "the file is empty", `Begin it with "version: 1".`)
		return nil
	}
	return r.convert(body, "")
}

// readable refuses what the YAML library should not see.
func (r *reader) readable(text []byte) bool {
	start := Position{File: r.name, Line: 1, Col: 1}
	switch {
	case len(text) > maxBytes:
		r.errorf(start, "", "the file is larger than 1 MiB", "A routing table needs a few kilobytes; is this the right file?")
	case !utf8.Valid(text):
		r.errorf(start, "", "the file is not UTF-8 text", "Save it as UTF-8.")
	case tooDeep(text):
		r.errorf(start, "", "the file is nested too deeply", "Nothing in a routing table goes deeper than 40 levels.")
	default:
		return true
	}
	return false
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
func (r *reader) convert(n ast.Node, path string) *node {
	if n == nil || n.GetToken() == nil {
		return &node{kind: kindBad}
	}
	out := &node{pos: r.at(start(n))}
	switch v := n.(type) {
	case *ast.MappingNode:
		out.kind = kindMap
		for _, e := range v.Values {
			r.addEntry(out, e, path)
		}
	case *ast.MappingValueNode:
		out.kind = kindMap
		r.addEntry(out, v, path)
	case *ast.SequenceNode:
		out.kind = kindList
		for i, item := range v.Values {
			out.items = append(out.items, r.convert(item, index(path, i)))
		}
	case *ast.NullNode:
		out.kind = kindNull
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
		r.errorf(out.pos, path, "anchors, aliases, tags and merge keys are not used here", "Write the value out.")
	}
	return out
}

// addEntry adds a key and its value to a map, once.
func (r *reader) addEntry(out *node, e *ast.MappingValueNode, path string) {
	key, pos := e.Key.GetToken().Value, r.at(e.Key.GetToken())
	switch e.Key.(type) {
	case *ast.MergeKeyNode, *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.errorf(pos, path, "a key must be plain text", "Write key: value.")
		return
	}
	for _, other := range out.entries {
		if other.key == key {
			r.errorf(pos, child(path, key), "it stands here a second time; the first is in line "+itoa(other.pos.Line), "Keep one of them.")
			return
		}
	}
	out.entries = append(out.entries, entry{key: key, pos: pos, value: r.convert(e.Value, child(path, key))})
}

func (r *reader) at(t *token.Token) Position {
	if t == nil || t.Position == nil {
		return Position{File: r.name, Line: 1, Col: 1}
	}
	return Position{File: r.name, Line: t.Position.Line, Col: t.Position.Column}
}

// syntax reports what the YAML library stumbled over, in our own words: its
// own may quote the file, and the file may hold what must not be shown.
func (r *reader) syntax(err error) {
	pos := Position{File: r.name, Line: 1, Col: 1}
	said := ""
	if broken, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		pos, said = r.at(broken.Token), broken.Message
	}
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
