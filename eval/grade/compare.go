package grade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/switchgear-dev/switchgear/eval"
)

// parseJSON reads a text that is one JSON value.
func parseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, located(text, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind the value, " + place(text, int(d.InputOffset())))
	}
	return v, nil
}

// located says where in a text its JSON breaks off.
func located(text string, err error) error {
	if broken, ok := errors.AsType[*json.SyntaxError](err); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: it reads %s", place(text, int(broken.Offset)-1), eval.Quote(head(text[max(0, min(int(broken.Offset)-1, len(text))):])))
	}
	if strings.TrimSpace(text) == "" {
		return errors.New("the answer is empty")
	}
	return errors.New("it breaks off " + place(text, len(text)))
}

// place names a place in a text for people.
func place(text string, offset int) string {
	before := text[:max(0, min(offset, len(text)))]
	line := strings.Count(before, "\n") + 1
	col := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	if line == 1 {
		return "at character " + strconv.Itoa(col)
	}
	return fmt.Sprintf("in line %d, at character %d", line, col)
}

// head is the beginning of a text, enough to recognise it by.
func head(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "..."
	}
	return text
}

// differs says where two texts part; "" if they are the same.
func differs(want, got string) string {
	if want == got {
		return ""
	}
	i := 0
	for i < len(want) && i < len(got) && want[i] == got[i] {
		i++
	}
	for i > 0 && i < len(got) && !utf8.RuneStart(got[i]) {
		i--
	}
	if i == 0 {
		return "the answer is " + eval.Quote(head(got)) + ", expected " + eval.Quote(head(want))
	}
	return "the answer differs " + place(got, i) + ": it reads " + eval.Quote(head(got[i:])) + ", expected " + eval.Quote(head(want[i:]))
}

// compareOptions say what does not count when values are compared.
type compareOptions struct {
	fold  bool // upper and lower case
	loose bool // case, spaces and punctuation in texts
	near  nearness
}

// compare says where two JSON values part; "" if they are the same. Numbers
// are compared as numbers: 1 and 1.0 are the same.
func compare(path string, want, got any, o compareOptions) string {
	switch want := want.(type) {
	case map[string]any:
		return compareObjects(path, want, got, o)
	case []any:
		list, ok := got.([]any)
		if !ok {
			return unlike(path, want, got)
		}
		if len(list) != len(want) {
			return fmt.Sprintf("%s has %d entries, expected %d", at(path), len(list), len(want))
		}
		for i := range want {
			if why := compare(path+"["+strconv.Itoa(i)+"]", want[i], list[i], o); why != "" {
				return why
			}
		}
		return ""
	case json.Number:
		n, ok := got.(json.Number)
		a, errA := want.Float64()
		b, errB := n.Float64()
		if ok && (n == want || (errA == nil && errB == nil && o.near.holds(a, b))) {
			return ""
		}
	case string:
		if s, ok := got.(string); ok && o.text(s) == o.text(want) {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return unlike(path, want, got)
}

func compareObjects(path string, want map[string]any, got any, o compareOptions) string {
	object, ok := got.(map[string]any)
	if !ok {
		return unlike(path, want, got)
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		inner, ok := object[key]
		if !ok {
			return join(path, key) + " is missing"
		}
		if why := compare(join(path, key), want[key], inner, o); why != "" {
			return why
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if _, ok := want[key]; !ok {
			return join(path, key) + " is not expected"
		}
	}
	return ""
}

func (o compareOptions) text(s string) string {
	if o.loose {
		return strings.Map(func(c rune) rune {
			if strings.ContainsRune(" ,./-_*^'\"", c) {
				return -1
			}
			return c
		}, strings.ToLower(s))
	}
	if o.fold {
		return strings.ToLower(s)
	}
	return s
}

func unlike(path string, want, got any) string {
	return at(path) + " is " + brief(got) + ", expected " + brief(want)
}

// brief is a JSON value, short enough for a sentence.
func brief(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "something"
	}
	if len(text) > 80 {
		return strings.ToValidUTF8(string(text[:80]), "") + "..."
	}
	return string(text)
}

func at(path string) string {
	if path == "" {
		return "the value"
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
