package jsonx

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tree reads the next value into what encoding/json would make of it, numbers
// as they are written.
func tree(r *Reader) any {
	switch r.Kind() {
	case Object:
		out := map[string]any{}
		for r.Object(); r.More(); {
			name := string(r.Key())
			out[name] = tree(r)
		}
		return out
	case Array:
		out := []any{}
		for r.Array(); r.More(); {
			out = append(out, tree(r))
		}
		return out
	case String:
		return r.Str()
	case Bool:
		v, _ := r.Bool()
		return v
	case Number:
		return json.Number(r.Raw())
	default:
		r.Skip()
		return nil
	}
}

// decode is the standard library's reading.
func decode(t rapid.TB, b []byte) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return v
}

func TestReaderAgreesWithStandardLibrary(t *testing.T) {
	for _, doc := range documents {
		if !json.Valid([]byte(doc)) { // not UTF-8 is read all the same
			continue
		}
		r := NewReader([]byte(doc))
		got := tree(&r)
		if diff := cmp.Diff(decode(t, []byte(doc)), got); diff != "" || r.Err() != nil {
			t.Errorf("%q: error %v (-want +got):\n%s", doc, r.Err(), diff)
		}
	}
}

// TestReaderForgivesKinds reads values as what they are not: what comes after
// them must still be read.
func TestReaderForgivesKinds(t *testing.T) {
	for _, value := range []string{`{"a":[1]}`, `[{"a":1},2]`, `"s"`, `12`, `true`, `null`, `{}`, `[]`} {
		for name, read := range map[string]func(*Reader){
			"Object": func(r *Reader) {
				for r.Object(); r.More(); {
					r.Key()
				}
			},
			"Array": func(r *Reader) {
				for r.Array(); r.More(); {
					continue
				}
			},
			"Str": func(r *Reader) { r.Str() }, "Int": func(r *Reader) { r.Int() }, "Float": func(r *Reader) { r.Float() },
			"Bool": func(r *Reader) { r.Bool() }, "Raw": func(r *Reader) { r.Raw() }, "Skip": (*Reader).Skip, "nothing": func(*Reader) {},
		} {
			r := NewReader([]byte(`{"x":` + value + `,"y":[` + value + ` , "after"],"z":"end"}`))
			var got []string
			for r.Object(); r.More(); {
				switch string(r.Key()) {
				case "x":
					read(&r)
				case "y":
					r.Array()
					r.More()
					read(&r)
					if !r.More() || r.Key() != nil {
						t.Errorf("%s as %s: no second element", value, name)
					}
					got = append(got, r.Str())
					if r.More() {
						t.Errorf("%s as %s: a third element", value, name)
					}
				case "z":
					got = append(got, r.Str())
				}
			}
			if diff := cmp.Diff([]string{"after", "end"}, got); diff != "" || r.Err() != nil {
				t.Errorf("%s as %s: %v (-want +got):\n%s", value, name, r.Err(), diff)
			}
			if r.Kind() != Invalid || r.More() {
				t.Errorf("%s as %s: the reader goes on behind the end", value, name)
			}
		}
	}
}

func TestReaderNumbers(t *testing.T) {
	type number struct {
		i    int64
		isI  bool
		f    float64
		isF  bool
		text string
	}
	for _, want := range []number{
		{0, true, 0, true, "0"},
		{0, true, 0, true, "0.000e99999999999999999999"},
		{-7, true, -7, true, "-7"},
		{1000, true, 1000, true, "1e3"},
		{12, true, 12, true, "12.0"},
		{12, true, 12, true, "120e-1"},
		{-1250, true, -1250, true, "-1.25E+3"},
		{0, false, 1.5, true, "1.5"},
		{0, false, 1e-9, true, "1e-9"},
		{9007199254740993, true, 9007199254740992, true, "9007199254740993.0"}, // 2^53+1
		{9223372036854775807, true, 9223372036854775807, true, "9223372036854775807"},
		{-9223372036854775808, true, -9223372036854775808, true, "-9223372036854775808"},
		{-9223372036854775808, true, -9223372036854775808, true, "-9223372036854775808.0"},
		{0, false, 9223372036854775808, true, "9223372036854775808"},
		{0, false, 1e19, true, "1e19"},
		{0, false, 0, false, "1e400"},
		{0, false, 0, true, "1e-400"},
		{0, false, 0, false, "1e99999999999999999999"},
		{0, false, 0, true, "1e-99999999999999999999"},
		{0, false, 0, false, `"1"`},
		{0, false, 0, false, `null`},
	} {
		got := number{text: want.text}
		r := NewReader([]byte("[" + want.text + "," + want.text + "]"))
		r.Array()
		r.More()
		got.i, got.isI = r.Int()
		r.More()
		got.f, got.isF = r.Float()
		if got != want || r.More() || r.Err() != nil {
			t.Errorf("got %+v, %v, want %+v", got, r.Err(), want)
		}
	}
}

func TestReaderAliases(t *testing.T) {
	doc := []byte(` { "a" : [ 1 , {"b" : 2 } ] , "\u0063\n" : "x" } `)
	r := NewReader(doc)
	r.Object()
	r.More()
	if key := r.Key(); string(key) != "a" || &key[0] != &doc[4] {
		t.Errorf("key %q", key)
	}
	if raw := r.Raw(); string(raw) != `[ 1 , {"b" : 2 } ]` || &raw[0] != &doc[9] {
		t.Errorf("raw %q", raw)
	}
	if !r.More() || string(r.Key()) != "c\n" || string(r.Raw()) != `"x"` || r.More() || r.Err() != nil {
		t.Errorf("second member: %q, %v", r.Key(), r.Err())
	}
}

func TestReaderStops(t *testing.T) {
	for _, doc := range []string{"", " ", "{", "[", "[1", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, "[1,", "[1 2]", `{"a":1 "b":2}`, `{a:1}`, `{"a\x":1}`, `{"a" 1}`, "[tru]", "[\"a]", "[1}", strings.Repeat("[", MaxDepth+1)} {
		r := NewReader([]byte(doc))
		tree(&r)
		if _, ok := errors.AsType[*SyntaxError](r.Err()); !ok {
			t.Errorf("%q: %v", doc, r.Err())
		}
		first := r.Err()
		r.Object()
		r.Skip()
		if r.More() || r.Key() != nil || r.Raw() != nil || r.Str() != "" || r.Kind() != Invalid || r.Err().Error() != first.Error() {
			t.Errorf("%q: the reader goes on after %v", doc, first)
		}
	}
	r := NewReader([]byte(`[1]`))
	r.Skip()
	if r.Skip(); r.Err() == nil || !strings.Contains(r.Err().Error(), faultUnread.reason()) {
		t.Errorf("a second value of one: %v", r.Err())
	}
}

func TestReaderAllocs(t *testing.T) {
	doc := []byte(`{"id":"x","n":12,"f":0.5,"b":true,"deep":{"a":[1,2,{"c":null}]},"choices":[{"index":0,"delta":{"x":1}}]}`)
	if n := testing.AllocsPerRun(100, func() {
		r := NewReader(doc)
		for r.Object(); r.More(); {
			switch string(r.Key()) {
			case "n":
				r.Int()
			case "f":
				r.Float()
			case "b":
				r.Bool()
			case "id":
				r.Raw()
			case "choices":
				for r.Array(); r.More(); {
					for r.Object(); r.More(); {
						r.Skip()
					}
				}
			}
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestKindOf(t *testing.T) {
	for raw, want := range map[string]Kind{
		"": Invalid, " ": Invalid, "x": Invalid, "}": Invalid, " \n{": Object, "[": Array, `"`: String, "-1": Number, "9": Number,
		"true": Bool, "false": Bool, "null": Null,
	} {
		if got := KindOf([]byte(raw)); got != want {
			t.Errorf("KindOf(%q) = %d, want %d", raw, got, want)
		}
	}
}

func TestUnquote(t *testing.T) {
	for raw, want := range map[string]string{
		`""`: "", `"a"`: "a", `"a\nb"`: "a\nb", `"\"\\\/\b\f\r\t"`: "\"\\/\b\f\r\t", `"\u00e9\u6f22"`: "é漢", `"\ud83d\ude00!"`: "😀!",
		`"\ud83d"`: "\uFFFD", `"\ude00\ud83d"`: "\uFFFD\uFFFD", `"\ud83d\u0041"`: "\uFFFDA", `"\ud83d\n"`: "\uFFFD\n",
		"\"a\xffb\"": "a\uFFFDb", "\"a\xe6\xbc\\nb\"": "a\uFFFD\uFFFD\nb", `"` + strings.Repeat("word and ", 9) + `\\"`: strings.Repeat("word and ", 9) + `\`,
	} {
		if got, ok := Unquote([]byte(raw)); got != want || !ok {
			t.Errorf("Unquote(%q) = %q, %v, want %q", raw, got, ok, want)
		}
		var std string
		if err := json.Unmarshal([]byte(raw), &std); err != nil || std != want {
			t.Errorf("the standard library reads %q as %q, %v", raw, std, err)
		}
	}
	for _, raw := range []string{``, `"`, `a`, `"a`, `a"`, ` "a"`, `"a" `, `"a"b"`, `"\x"`, `"\u12"`, "\"\n\"", `1`, `"\"`} {
		if got, ok := Unquote([]byte(raw)); ok || got != "" {
			t.Errorf("Unquote(%q) = %q, want a refusal", raw, got)
		}
	}
}

func TestAppendQuote(t *testing.T) {
	for s, want := range map[string]string{
		"": `""`, "a": `"a"`, "<&>": `"<&>"`, "\"\\/": `"\"\\/"`, "\b\f\n\r\t\x00\x1f\x7f": `"\b\f\n\r\t\u0000\u001f` + "\x7f\"",
		"é漢😀\u2028": "\"é漢😀\u2028\"", "a\xffb\xe6\xbcc": "\"a\uFFFDb\uFFFD\uFFFDc\"", strings.Repeat("long text é ", 9) + "\n": `"` + strings.Repeat("long text é ", 9) + `\n"`,
	} {
		if got := string(AppendQuote([]byte("+"), s)); got != "+"+want {
			t.Errorf("AppendQuote(%s) = %s, want %s", strconv.Quote(s), got, want)
		}
	}
}

// BenchmarkReader reads the text out of one chunk of a streamed answer.
func BenchmarkReader(b *testing.B) {
	chunk := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{"content":" a few words\n"},"logprobs":null,"finish_reason":null}]}`)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		text := ""
		r := NewReader(chunk)
		for r.Object(); r.More(); {
			if string(r.Key()) != "choices" {
				continue
			}
			for r.Array(); r.More(); {
				for r.Object(); r.More(); {
					if string(r.Key()) != "delta" {
						continue
					}
					for r.Object(); r.More(); {
						if string(r.Key()) == "content" {
							text = r.Str()
						}
					}
				}
			}
		}
		if text != " a few words\n" || r.Err() != nil {
			b.Fatal(text, r.Err())
		}
	}
}

func BenchmarkAppendQuote(b *testing.B) {
	text, ok := Unquote([]byte(`"` + strings.Repeat(`Say \"thank you\" once, never twice; do not promise dates that we cannot keep.\n`, 100) + `"`))
	if !ok {
		b.Fatal("no text")
	}
	dst := make([]byte, 0, 2*len(text))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendQuote(dst[:0], text)
	}
}

func TestEmpty(t *testing.T) {
	f := func(raw string, want bool) {
		t.Helper()
		if got := Empty([]byte(raw)); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
	for _, raw := range []string{"null", `""`, "[]", "{}", " [ ] ", "{ }"} {
		f(raw, true)
	}
	for _, raw := range []string{"0", "false", `"a"`, "[null]", `{"a":null}`, ""} {
		f(raw, false)
	}
}
