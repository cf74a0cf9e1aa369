package normalise

import (
	"bytes"
	"encoding/json"
	"strings"
)

// MaxBytes is the longest answer a rung looks at: 1 MiB, about ten times the
// longest answer any model on offer writes.
const MaxBytes = 1 << 20

// Kind is what an answer is declared to be.
type Kind uint8

// The kinds of answers.
const (
	Text  Kind = iota // free text: everything has this format
	JSON              // one JSON object or array
	Calls             // tool calls written as text: [find(city="Bern", days=3)]
)

// String is the word used in eval sets.
func (k Kind) String() string {
	switch k {
	case JSON:
		return "json"
	case Calls:
		return "calls"
	case Text:
		return "text"
	default:
		return "text"
	}
}

// ParseKind reads the word used in eval sets.
func ParseKind(word string) (Kind, bool) {
	for _, k := range []Kind{Text, JSON, Calls} {
		if word == k.String() {
			return k, true
		}
	}
	return Text, false
}

// Format is the form an answer is declared to have.
type Format struct {
	Kind Kind
	// Words are the names the answer was told to use: the keys of its schema,
	// the tools it was given, the labels to choose from. They come from the
	// request, never from the expected answer. May be empty.
	Words []string
	// Short says that the answer is a number, a label or a name and nothing
	// else. Only then may a rung take it out of a longer text.
	Short bool
}

// Parses reports whether a text has the format. Space around it does not
// matter, since it does not matter to parsers.
func (f Format) Parses(text string) bool {
	switch f.Kind {
	case JSON:
		return isJSON(text)
	case Calls:
		_, err := ParseCalls(text)
		return err == nil
	case Text:
		return true
	default:
		return true
	}
}

// isJSON reports whether a text is one JSON object or array.
func isJSON(text string) bool {
	s := strings.TrimLeft(text, " \t\r\n")
	return s != "" && (s[0] == '{' || s[0] == '[') && json.Valid([]byte(s))
}

// decode reads JSON, numbers as they are written.
func decode(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// encode writes JSON without escaping what HTML would mind.
func encode(v any) (string, bool) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", false
	}
	return strings.TrimSuffix(b.String(), "\n"), true
}
