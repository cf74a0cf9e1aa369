package jsonx

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestWriter(t *testing.T) {
	var w Writer
	w.Object()
	w.Key("s\"")
	w.Str("a\n")
	w.Key("list")
	w.Array()
	w.Int(math.MinInt64)
	w.Float(0.1)
	w.Float(1e21)
	w.Float(1e-7)
	w.Float(math.NaN())
	w.Float(math.Inf(-1))
	w.Bool(true)
	w.Bool(false)
	w.Null()
	w.Raw([]byte(`{"raw": 1}`))
	w.Raw(nil)
	w.Object()
	w.End()
	w.Array()
	w.Array()
	w.End()
	w.Int(1)
	w.End()
	w.End()
	w.Key("end")
	w.Object()
	w.Key("a")
	w.Int(1)
	w.Key("b")
	w.Int(2)
	w.End()
	w.End()
	want := `{"s\"":"a\n","list":[-9223372036854775808,0.1,1e+21,1e-07,null,null,true,false,null,{"raw": 1},null,{},[[],1]],"end":{"a":1,"b":2}}`
	if got := string(w.Buf()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := Check(w.Buf()); err != nil {
		t.Error(err)
	}
}

func TestSetMembers(t *testing.T) {
	set := func(nameValues ...string) (members []Member) {
		for i := 0; i < len(nameValues); i += 2 {
			members = append(members, Member{Name: nameValues[i], Value: []byte(nameValues[i+1])})
		}
		return members
	}
	tests := []struct {
		doc, want string
		members   []Member
	}{
		{`{}`, `{}`, nil},
		{` { } `, ` { "a":1} `, set("a", `1`)},
		{`{}`, `{"a":1,"b\"":[]}`, set("a", `1`, `b"`, `[]`)},
		{`{"a": 1 , "b":2}`, `{"a": "x" , "b":2}`, set("a", `"x"`)},
		{`{"a":1,"b":2}`, `{"a":3,"b":{}}`, set("b", `{}`, "a", `3`)},
		{"{\"a\":1 \n} ", "{\"a\":1 \n,\"c\":2,\"d\":3} ", set("c", `2`, "d", `3`)},
		{`{"x":{"a":1}}`, `{"x":{"a":1},"a":2}`, set("a", `2`)},
	}
	for _, tt := range tests {
		pieces, err := SetMembers([]byte(tt.doc), tt.members...)
		if got := string(Join(pieces)); got != tt.want || err != nil {
			t.Errorf("%s with %v: %s, %v, want %s", tt.doc, tt.members, got, err, tt.want)
		}
	}
	var syntax *SyntaxError
	if _, err := SetMembers([]byte(`[]`), set("a", `1`)...); !errors.As(err, &syntax) {
		t.Errorf("an array: %v", err)
	}
	var member *MemberError
	for _, doc := range []string{`{"a":1,"a":2}`, `{"A":1}`} {
		if _, err := SetMembers([]byte(doc), set("a", `1`)...); !errors.As(err, &member) {
			t.Errorf("%s: %v", doc, err)
		}
	}
	if _, err := SetMembers([]byte(`{}`), set("a", `1`, "a", `2`)...); !errors.As(err, &member) {
		t.Errorf("one member set twice: %v", err)
	}
}

func TestPiecesAlias(t *testing.T) {
	doc := []byte(`{"model":"a","x":1}`)
	pieces := Pieces(doc, Edit{Span: Span{9, 12}, New: []byte(`"bb"`)}, Edit{Span: Span{18, 18}, New: []byte(`,"y":2`)})
	if got := string(Join(pieces)); got != `{"model":"bb","x":1,"y":2}` {
		t.Error(got)
	}
	if len(pieces) != 5 || &pieces[0][0] != &doc[0] || &pieces[2][0] != &doc[12] {
		t.Errorf("%d pieces, or they are copies", len(pieces))
	}
	if got := Pieces(doc, Edit{Span: Span{0, len(doc)}}); len(got) != 0 {
		t.Errorf("all deleted leaves %q", got)
	}
}

func TestGrow(t *testing.T) {
	var w Writer
	w.Object()
	w.Key("a")
	w.Grow(1 << 10)
	before := &w.Buf()[0]
	w.Str(strings.Repeat("x", 1000))
	w.End()
	if &w.Buf()[0] != before || Check(w.Buf()) != nil {
		t.Errorf("%s", w.Buf())
	}
}
