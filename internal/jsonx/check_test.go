package jsonx

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// documents are valid and invalid alike: tables, seeds of fuzzing, and raw
// material of the properties.
var documents = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `null`, `true`, `false`, ` 1 `, "\t\r\n{ } ", `{"a":1}`, `{"a":{"b":[1,{"c":null}]},"d":[]}`,
	`[1,2.5,-3e10,4E+2,5e-7,0.0,-0.1e1]`, `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\ud800"`, `"\udc00\ud800"`, `"é漢字😀"`,
	`{"model":"m","stream":true,"messages":[{"role":"user","content":"Hi\n\"there\" \u2028"}],"max_tokens":16}`,
	`{"":""}`, `[[[[]]],{"a":{}}]`, `{"a":1,"a":2}`, `123456789012345678901234567890`, `"a long string of more than eight bytes \\ and an escape near the end\n"`,

	``, ` `, `{`, `}`, `[`, `]`, `"`, `"a`, `"\`, `"\"`, `"\u12`, `"\u12g4"`, `"\x"`, `-`, `01`, `-01`, `+1`, `1.`, `.5`, `1e`, `1e+`, `1.e1`, `0x1`, `1a`,
	`nul`, `nulll`, `tru`, `True`, `NaN`, `Infinity`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{'a':1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:2}`,
	`[1,]`, `[,1]`, `[1 2]`, `[}`, `{]`, `[1}`, `{"a":1]`, `1 2`, `{}{}`, `{} x`, "\"a\nb\"", "\"a\x00b\"", "\"\x1f\"", "\"long enough for a word \x1f \"", "\uFEFF{}", "{}\uFEFF",
	"\"\x80\"", "\"\xff long enough for a whole word\"", "\"\xed\xa0\x80\"", "\"\xc3\"", "{\"\xc3\":1}", "\xc3\xa9", "{\"a\":1}\x00", "[1]\v", "\u00a01",
}

// valid is what Check promises, in terms of the standard library.
func valid(b []byte) bool { return json.Valid(b) && utf8.Valid(b) }

func TestCheckAgreesWithStandardLibrary(t *testing.T) {
	for _, doc := range documents {
		if got, want := Check([]byte(doc)) == nil, valid([]byte(doc)); got != want {
			t.Errorf("Check(%q) = %v, want valid: %v", doc, Check([]byte(doc)), want)
		}
		for cut := range doc { // each prefix, too
			if got, want := Check([]byte(doc[:cut])) == nil, valid([]byte(doc[:cut])); got != want {
				t.Errorf("Check(%q) = %v, want valid: %v", doc[:cut], Check([]byte(doc[:cut])), want)
			}
		}
	}
}

func TestCheckNamesFault(t *testing.T) {
	tests := []struct {
		doc    string
		offset int
		reason fault
	}{
		{"", 0, faultEnd},
		{"  ", 2, faultEnd},
		{"\uFEFF{}", 0, faultBOM},
		{"{} x", 3, faultTrailing},
		{`{"a" 1}`, 5, faultColon},
		{`{"a":1,}`, 7, faultKey},
		{`{a:1}`, 1, faultKey},
		{`[1 2]`, 3, faultNext},
		{`[1}`, 2, faultNext},
		{`[1,]`, 3, faultValue},
		{`[truE]`, 1, faultValue},
		{`[-]`, 1, faultNumber},
		{`[01]`, 1, faultNumber},
		{`[1.e1]`, 1, faultNumber},
		{`["a\x"]`, 3, faultEscape},
		{"[\"a\n\"]", 3, faultControl},
		{`["abc`, 5, faultString},
		{`{"a":[`, 6, faultEnd},
		{"[\"\u00e9\xff\"]", 4, faultUTF8},
	}
	for _, tt := range tests {
		err := Check([]byte(tt.doc))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != tt.offset || syntax.Reason != tt.reason.reason() {
			t.Errorf("Check(%q) = %v, want byte %d: %s", tt.doc, err, tt.offset, tt.reason.reason())
		}
	}
}

func TestCheckDepth(t *testing.T) {
	for _, pair := range []string{"[]", `{"a":}`} {
		opening, closing := pair[:len(pair)-1], pair[len(pair)-1:]
		nest := func(depth int) []byte {
			return []byte(strings.Repeat(opening, depth) + "0" + strings.Repeat(closing, depth))
		}
		if err := Check(nest(MaxDepth)); err != nil {
			t.Errorf("depth %d of %s: %v", MaxDepth, pair, err)
		}
		var syntax *SyntaxError
		if err := Check(nest(MaxDepth + 1)); !errors.As(err, &syntax) || syntax.Offset != MaxDepth*len(opening) {
			t.Errorf("depth %d of %s: %v", MaxDepth+1, pair, err)
		}
		spans := make([]Span, 1)
		if err := Find(nest(MaxDepth), []string{"a"}, spans); (err == nil) != (opening != "[") {
			t.Errorf("Find at depth %d of %s: %v", MaxDepth, pair, err)
		}
		if err := Find(nest(MaxDepth+1), []string{"a"}, spans); err == nil {
			t.Errorf("Find went deeper than %d in %s", MaxDepth, pair)
		}
	}
	// 32 MiB of brackets are refused at the first one too deep, not read.
	brackets := bytes.Repeat([]byte("["), 32<<20)
	var syntax *SyntaxError
	if err := Check(brackets); !errors.As(err, &syntax) || syntax.Offset != MaxDepth {
		t.Errorf("32 MiB of brackets: %v", err)
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "SECRET"
	for _, doc := range []string{`{"SECRET" 1}`, `{"a":SECRET}`, `SECRET`, "[\"SECRET\xff\"]", `{"a":"SECRET\x"}`, `[1]SECRET`} {
		if err := Check([]byte(doc)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Check(%q) = %v", doc, err)
		}
		if err := Find([]byte(doc), nil, nil); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Find(%q) = %v", doc, err)
		}
	}
}
