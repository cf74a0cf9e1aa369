package lock

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// kind is what a value of the file is.
type kind uint8

const (
	kindNull kind = iota
	kindScalar
	kindMap
	kindList
)

// node is a value of the file, free of YAML's finer points.
type node struct {
	kind      kind
	line, col int
	text      string // of a scalar
	quoted    bool
	flow      bool // written on one line
	fields    []field
	items     []*node
}

// field is a key of a map and its value.
type field struct {
	key       string
	line, col int
	value     *node
}

// get finds the value of a key; nil if it is not there or null.
func (n *node) get(key string) *node {
	for i := range n.fields {
		if n.fields[i].key == key && n.fields[i].value.kind != kindNull {
			return n.fields[i].value
		}
	}
	return nil
}

// put adds a text to a map, unless it is empty.
func (n *node) put(key, text string) {
	if text != "" {
		n.add(key, &node{kind: kindScalar, text: text, quoted: !plain(text)})
	}
}

// number adds a number to a map.
func (n *node) number(key string, f float64) { n.add(key, number(f)) }

func (n *node) add(key string, value *node) {
	n.fields = append(n.fields, field{key: key, value: value})
}

func number(f float64) *node {
	return &node{kind: kindScalar, text: strconv.FormatFloat(f, 'g', -1, 64)}
}

// words is a list of texts on one line.
func words(list []string) *node {
	n := &node{kind: kindList, flow: true}
	for _, w := range list {
		n.items = append(n.items, &node{kind: kindScalar, text: w, quoted: !plain(w)})
	}
	return n
}

// plain reports whether a text can stand without quotes, for every reader of
// YAML: it begins with a letter, or is a date, and is no word that some readers
// take for something else.
func plain(s string) bool {
	if s == "" || strings.HasSuffix(s, ":") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && strings.IndexByte(plainMarks, c) < 0 {
			return false
		}
	}
	if c := s[0]; c >= '0' && c <= '9' {
		return len(s) == len("2006-01-02T15:04:05Z") && s[4] == '-' && s[len(s)-1] == 'Z'
	}
	const longest = len("false") // of the words that follow
	if len(s) > longest {
		return isAlnum(s[0])
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return false
	}
	return isAlnum(s[0])
}

// plainKey reports whether a key can stand without quotes: readers differ over
// those with a colon inside.
func plainKey(s string) bool { return plain(s) && !strings.Contains(s, ":") }

// plainMarks are the signs that a text without quotes may hold.
const plainMarks = "_./:+@=-"

func isAlnum(c byte) bool {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
}

// numeric reports whether a text is a number as this package writes them.
func numeric(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXpP_iInN")
}

// write prints a value as YAML. A map or list that is no flow begins on a line
// of its own.
func write(b *bytes.Buffer, n *node, indent string) {
	switch {
	case n.kind == kindNull:
		b.WriteString(" null\n")
	case n.kind == kindScalar || n.flow || (len(n.fields) == 0 && len(n.items) == 0):
		b.WriteByte(' ')
		writeFlow(b, n)
		b.WriteByte('\n')
	case n.kind == kindMap:
		b.WriteByte('\n')
		writeFields(b, n.fields, indent, indent)
	default:
		b.WriteByte('\n')
		for _, item := range n.items {
			b.WriteString(indent + "-")
			if item.kind == kindMap && !item.flow && len(item.fields) > 0 {
				writeFields(b, item.fields, " ", indent+"  ")
				continue
			}
			write(b, item, indent+"  ")
		}
	}
}

// writeFields prints the entries of a map, the first of them after its own
// indentation.
func writeFields(b *bytes.Buffer, fields []field, first, rest string) {
	for i := range fields {
		b.WriteString(first)
		first = rest
		writeText(b, fields[i].key, !plainKey(fields[i].key))
		b.WriteByte(':')
		write(b, fields[i].value, rest+"  ")
	}
}

// writeFlow prints a value on one line.
func writeFlow(b *bytes.Buffer, n *node) {
	switch n.kind {
	case kindNull:
		b.WriteString("null")
	case kindScalar:
		writeText(b, n.text, n.quoted || (!plain(n.text) && !numeric(n.text) && n.text != "true" && n.text != "false"))
	case kindMap:
		b.WriteByte('{')
		for i := range n.fields {
			if i > 0 {
				b.WriteString(", ")
			}
			writeText(b, n.fields[i].key, !plainKey(n.fields[i].key))
			b.WriteString(": ")
			writeFlow(b, n.fields[i].value)
		}
		b.WriteByte('}')
	case kindList:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			writeFlow(b, item)
		}
		b.WriteByte(']')
	}
}

// writeText prints a text, in JSON's quotes if need be: YAML reads them alike.
func writeText(b *bytes.Buffer, s string, quoted bool) {
	if !quoted {
		b.WriteString(s)
		return
	}
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err == nil { // a string always encodes
		b.Truncate(b.Len() - 1) // the line break
	}
}
