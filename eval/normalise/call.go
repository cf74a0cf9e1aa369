package normalise

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Call is a tool call that a model wrote as text.
type Call struct {
	Name       string
	Arguments  map[string]any // as JSON has them: string, json.Number, bool, nil, []any, map[string]any
	Positional []any          // arguments without a name
}

// maxDepth bounds how deep the arguments of a call may nest.
const maxDepth = 64

var errCalls = errors.New("this is not a list of calls")

// ParseCalls reads calls as a harness that runs a model's text as function
// calls does: one or several, with or without brackets around them, arguments
// written as in Python or JSON. The bracket that opens or the one that closes
// may be missing. An empty list is no call, and no error.
func ParseCalls(text string) ([]Call, error) {
	p := &callParser{s: text}
	calls, err := p.calls()
	if err != nil {
		return nil, err
	}
	if p.i < len(p.s) {
		return nil, errCalls
	}
	return calls, nil
}

// parseCallsAt reads the calls that a text begins with, and says where they end.
func parseCallsAt(text string) ([]Call, int, error) {
	p := &callParser{s: text, prefix: true}
	calls, err := p.calls()
	return calls, p.i, err
}

// parseStrings reads a list of strings, quoted as in Python or JSON.
func parseStrings(text string) ([]string, bool) {
	p := &callParser{s: text}
	p.space()
	if p.peek() != '[' {
		return nil, false
	}
	v, err := p.value(0)
	p.space()
	list, ok := v.([]any)
	if err != nil || !ok || p.i < len(p.s) || len(list) == 0 {
		return nil, false
	}
	var out []string
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

type callParser struct {
	s      string
	i      int
	prefix bool // text after the calls is not an error, and brackets must match
}

func (p *callParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *callParser) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

// take moves over a byte if it is next.
func (p *callParser) take(c byte) bool {
	p.space()
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

func (p *callParser) calls() ([]Call, error) {
	bracket := p.take('[')
	var calls []Call
	for {
		p.space()
		if bracket && p.peek() == ']' {
			break
		}
		if p.i >= len(p.s) && len(calls) > 0 && !p.prefix {
			break
		}
		c, err := p.call()
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
		end := p.i
		if !p.take(',') {
			p.i = end
			break
		}
	}
	end := p.i
	if !p.take(']') {
		p.i = end
		if bracket && p.prefix {
			return nil, errCalls
		}
	}
	if !bracket && p.prefix {
		p.i = end
	}
	if !p.prefix {
		p.space()
	}
	return calls, nil
}

// name reads a name with dots in it.
func (p *callParser) name() string {
	start := p.i
	if p.i < len(p.s) && isLetter(p.s[p.i]) {
		for p.i < len(p.s) && (isNameByte(p.s[p.i]) || (p.s[p.i] == '-' && p.i+1 < len(p.s) && isLetter(p.s[p.i+1]))) {
			p.i++
		}
	}
	return p.s[start:p.i]
}

func (p *callParser) call() (Call, error) {
	c := Call{Name: p.name(), Arguments: map[string]any{}}
	if c.Name == "" || strings.HasSuffix(c.Name, ".") || !p.take('(') {
		return c, errCalls
	}
	for !p.take(')') {
		p.space()
		start := p.i
		name := p.name()
		if name != "" && !strings.Contains(name, ".") && p.take('=') {
			v, err := p.value(0)
			if err != nil {
				return c, err
			}
			if _, again := c.Arguments[name]; again {
				return c, errCalls
			}
			c.Arguments[name] = v
		} else {
			p.i = start
			v, err := p.value(0)
			if err != nil {
				return c, err
			}
			c.Positional = append(c.Positional, v)
		}
		if !p.take(',') {
			if !p.take(')') {
				return c, errCalls
			}
			break
		}
	}
	return c, nil
}

// value reads a literal.
func (p *callParser) value(depth int) (any, error) {
	p.space()
	if depth > maxDepth {
		return nil, errCalls
	}
	switch c := p.peek(); {
	case c == '"' || c == '\'':
		return p.text(c)
	case c == '[' || c == '(':
		return p.list(c, depth)
	case c == '{':
		return p.object(depth)
	case c == '-' || c == '+' || c == '.' || (c >= '0' && c <= '9'):
		return p.number()
	case isLetter(c):
		switch p.name() {
		case "True", "true":
			return true, nil
		case "False", "false":
			return false, nil
		case "None", "null":
			return nil, nil //nolint:nilnil // the value is null
		}
	}
	return nil, errCalls
}

func (p *callParser) list(open byte, depth int) (any, error) {
	p.i++
	end := byte(']')
	if open == '(' {
		end = ')'
	}
	items := []any{}
	for !p.take(end) {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		if !p.take(',') {
			if !p.take(end) {
				return nil, errCalls
			}
			break
		}
	}
	return items, nil
}

func (p *callParser) object(depth int) (any, error) {
	p.i++
	out := map[string]any{}
	for !p.take('}') {
		key, err := p.value(depth + 1)
		name, ok := key.(string)
		if err != nil || !ok || !p.take(':') {
			return nil, errCalls
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out[name] = v
		if !p.take(',') {
			if !p.take('}') {
				return nil, errCalls
			}
			break
		}
	}
	return out, nil
}

func (p *callParser) number() (any, error) {
	start := p.i
	for p.i < len(p.s) && (isNameByte(p.s[p.i]) || p.s[p.i] == '-' || p.s[p.i] == '+') {
		p.i++
	}
	word := strings.TrimPrefix(strings.ReplaceAll(p.s[start:p.i], "_", ""), "+")
	if !json.Valid([]byte(word)) {
		f, err := strconv.ParseFloat(word, 64)
		if err != nil || strings.ContainsAny(word, "xXpPnNiI") {
			return nil, errCalls
		}
		word = strconv.FormatFloat(f, 'g', -1, 64)
	}
	return json.Number(word), nil
}

// text reads a quoted string. A raw newline in it is an error, as it is to
// Python.
func (p *callParser) text(quote byte) (any, error) {
	p.i++
	var b strings.Builder
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == quote:
			return b.String(), nil
		case c == '\n':
			return nil, errCalls
		case c == '\\' && p.i < len(p.s):
			p.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	return nil, errCalls
}

// escape writes what a backslash and what follows stand for.
func (p *callParser) escape(b *strings.Builder) {
	c := p.s[p.i]
	p.i++
	switch c {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case '\\', '\'', '"', '/':
		b.WriteByte(c)
	case 'u':
		if p.i+4 <= len(p.s) {
			if r, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 32); err == nil {
				b.WriteRune(rune(r))
				p.i += 4
				return
			}
		}
		b.WriteString(`\u`)
	default:
		b.WriteByte('\\')
		b.WriteByte(c)
	}
}

// WriteCalls writes calls in the form [ParseCalls] reads, arguments in the
// order of their names.
func WriteCalls(calls []Call) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, c := range calls {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name)
		b.WriteByte('(')
		first := true
		for _, v := range c.Positional {
			writeArgument(&b, "", v, &first)
		}
		for _, name := range slices.Sorted(maps.Keys(c.Arguments)) {
			writeArgument(&b, name, c.Arguments[name], &first)
		}
		b.WriteByte(')')
	}
	b.WriteByte(']')
	return b.String()
}

func writeArgument(b *strings.Builder, name string, v any, first *bool) {
	if !*first {
		b.WriteString(", ")
	}
	*first = false
	if name != "" {
		b.WriteString(name)
		b.WriteByte('=')
	}
	s, _ := encode(v)
	b.WriteString(s)
}
