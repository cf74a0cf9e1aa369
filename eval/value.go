package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear/config"
)

// ValueKind is what a [Value] is.
type ValueKind uint8

// The kinds of values.
const (
	Bad ValueKind = iota // complained about already
	Null
	Bool
	Number
	String
	List
	Map
)

// String is the kind as messages name it.
func (k ValueKind) String() string {
	return [...]string{"nothing", "empty", "true or false", "a number", "text", "a list", "a map"}[min(k, Map)]
}

// Value is a value of a file and the place it stands in, whether the file is
// YAML or JSON.
type Value struct {
	Kind    ValueKind
	Pos     config.Position
	Text    string // of a String its content, of a Number or Bool as JSON writes it
	Items   []*Value
	Entries []Entry

	raw []byte // as it stands in a JSON file
}

// Entry is a key of a map and its value.
type Entry struct {
	Key   string
	Pos   config.Position
	Value *Value
}

// Get finds the value of a key; nil if it is not there.
func (v *Value) Get(key string) *Value {
	for i := range v.Entries {
		if v.Entries[i].Key == key {
			return v.Entries[i].Value
		}
	}
	return nil
}

// JSON is the value as compact JSON with its keys in order: the same for
// everything that means the same.
func (v *Value) JSON() json.RawMessage { return v.appendJSON(nil) }

func (v *Value) appendJSON(b []byte) []byte {
	switch v.Kind {
	case Bool, Number:
		return append(b, v.Text...)
	case String:
		return appendString(b, v.Text)
	case List:
		b = append(b, '[')
		for i, item := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	case Map:
		entries := slices.SortedFunc(slices.Values(v.Entries), func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
		b = append(b, '{')
		for i := range entries {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, entries[i].Key)
			b = append(b, ':')
			b = entries[i].Value.appendJSON(b)
		}
		return append(b, '}')
	case Bad, Null:
		return append(b, "null"...)
	default:
		return append(b, "null"...)
	}
}

// appendString writes a string as JSON, without escaping what HTML would mind.
func appendString(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return append(b, `""`...) // never: a string can always be written
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// number is a YAML number as JSON writes it; false for what JSON cannot say.
func number(text string) (string, bool) {
	if text != "" && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && json.Valid([]byte(text)) {
		return text, true
	}
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		return strconv.FormatInt(i, 10), true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", false
	}
	return strconv.FormatFloat(f, 'g', -1, 64), true
}

// Canonical is JSON made compact, with its keys in order and its numbers as
// they are written.
func Canonical(text []byte) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
