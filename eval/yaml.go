package eval

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/switchgear-dev/switchgear/config"
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
	top := config.Position{File: r.file, Line: 1, Col: 1}
	switch {
	case len(text) > maxYAML:
		r.errorf(top, "", "the file is larger than 4 MiB", "Put the cases into a JSONL file: cases: NAME.jsonl.")
		return nil
	case !utf8.Valid(text):
		r.errorf(top, "", "the file is not UTF-8 text", "Save it as UTF-8.")
		return nil
	case tooDeep(text):
		r.errorf(top, "", "the file is nested too deeply", "Nothing here goes deeper than 100 levels.")
		return nil
	}
	file, err := parseYAML(text)
	if err != nil {
		r.syntax(err)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
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
		r.errorf(top, "", "the file is empty", "See docs/evals.md for what a set looks like.")
		return nil
	}
	return r.convert(body, "")
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

// tooDeep looks at tokens alone: the library's parser recurses.
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

// start is the token a value begins with. The library takes the first colon
// for the start of a map without braces.
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

func (r *reader) at(t *token.Token) config.Position {
	if t == nil || t.Position == nil {
		return config.Position{File: r.file, Line: 1, Col: 1}
	}
	return config.Position{File: r.file, Line: max(t.Position.Line, 1), Col: max(t.Position.Column, 1)}
}

// convert turns the library's tree into ours.
func (r *reader) convert(n ast.Node, path string) *Value {
	if n == nil || n.GetToken() == nil {
		return &Value{Kind: Null, Pos: config.Position{File: r.file, Line: 1, Col: 1}}
	}
	out := &Value{Pos: r.at(start(n))}
	switch v := n.(type) {
	case *ast.MappingNode:
		out.Kind = Map
		for _, e := range v.Values {
			r.addEntry(out, e, path)
		}
	case *ast.MappingValueNode:
		out.Kind = Map
		r.addEntry(out, v, path)
	case *ast.SequenceNode:
		out.Kind = List
		for i, item := range v.Values {
			out.Items = append(out.Items, r.convert(item, index(path, i)))
		}
	case *ast.NullNode:
		out.Kind = Null
	case *ast.LiteralNode:
		out.Kind = String
		if v.Value != nil {
			out.Text = v.Value.Value
		}
	case *ast.StringNode:
		out.Kind, out.Text = String, v.Value
	case *ast.BoolNode:
		out.Kind, out.Text = Bool, "false"
		if v.Value {
			out.Text = "true"
		}
	case *ast.IntegerNode, *ast.FloatNode:
		text, ok := number(strings.ReplaceAll(n.GetToken().Value, "_", ""))
		if out.Kind, out.Text = Number, text; !ok {
			out.Kind, out.Text = String, n.GetToken().Value
		}
	case *ast.InfinityNode, *ast.NanNode:
		out.Kind, out.Text = String, n.GetToken().Value
	default:
		out.Kind = Bad
		r.errorf(out.Pos, path, "anchors, aliases, tags and merge keys are not used here", "Write the value out.")
	}
	return out
}

// addEntry adds a key and its value to a map, once.
func (r *reader) addEntry(out *Value, e *ast.MappingValueNode, path string) {
	pos := r.at(e.Key.GetToken())
	switch e.Key.(type) {
	case *ast.MergeKeyNode, *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.errorf(pos, path, "a key must be plain text", "Write key: value.")
		return
	}
	key := e.Key.GetToken().Value
	if s, ok := e.Key.(*ast.StringNode); ok {
		key = s.Value
	}
	if !r.firstOf(out, key, pos, path) {
		return
	}
	out.Entries = append(out.Entries, Entry{Key: key, Pos: pos, Value: r.convert(e.Value, child(path, key))})
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
func (r *reader) syntax(err error) {
	pos, said := config.Position{File: r.file, Line: 1, Col: 1}, ""
	if broken, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		pos, said = r.at(broken.Token), broken.Message
	}
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
