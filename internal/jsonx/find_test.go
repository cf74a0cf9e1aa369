package jsonx

import (
	"errors"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	names := []string{"model", "stream", "k"}
	tests := map[string]struct {
		doc  string
		want [3]string
	}{
		"empty":              {`{}`, [3]string{}},
		"none":               {`{"a":1}`, [3]string{}},
		"all":                {`{"k":[1, {}],"model":"m","x":{"model":"inner"},"stream":true}`, [3]string{`"m"`, `true`, `[1, {}]`}},
		"space":              {" { \"model\" :\t\"m\" ,\n\"stream\": false } ", [3]string{`"m"`, `false`, ``}},
		"inner ones":         {`{"a":[{"model":1,"model":2,"Model":3}]}`, [3]string{}},
		"duplicate of other": {`{"a":1,"a":2,"model":"m"}`, [3]string{`"m"`, ``, ``}},
		"escaped other":      {`{"\u0061":1,"mode\n":2,"\u006dodels":3,"é":4}`, [3]string{}},
		"prefix":             {`{"mod":1,"models":2,"":3}`, [3]string{}},
	}
	for name, tt := range tests {
		spans := []Span{{1, 2}, {1, 2}, {1, 2}} // must be cleared
		if err := Find([]byte(tt.doc), names, spans); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, want := range tt.want {
			if got := tt.doc[spans[i].Start:spans[i].End]; got != want || (want == "") != (spans[i] == Span{}) {
				t.Errorf("%s: %s is %q at %v, want %q", name, names[i], got, spans[i], want)
			}
		}
	}
}

func TestFindRefuses(t *testing.T) {
	names := []string{"model", "stream", "k"}
	for doc, want := range map[string]string{
		`{"model":1,"model":1}`:       problemTwice,
		`{"\u006dodel":1}`:            problemEscaped,
		`{"model":1,"mode\u006c":1}`:  problemEscaped,
		`{"Model":1}`:                 problemCase,
		`{"model":1,"MODEL":2}`:       problemCase,
		"{\"\u017ftream\":1}":         problemCase, // long s
		`{"\u017Ftream":1}`:           problemCase,
		"{\"\u212a\":1}":              problemCase, // Kelvin
		`{"a":{},"STREAM":1,"k":"x"}`: problemCase,
	} {
		var member *MemberError
		if err := Find([]byte(doc), names, make([]Span, 3)); !errors.As(err, &member) || member.Problem != want {
			t.Errorf("Find(%q) = %v, want %q", doc, err, want)
		}
	}
	for doc, want := range map[string]fault{
		`[]`: faultObject, ` "model"`: faultObject, `1`: faultObject, `nul`: faultValue, ``: faultEnd,
		"\uFEFF{}": faultBOM, `{} {}`: faultTrailing, `{"a":1,}`: faultKey, `{"a":1`: faultEnd, `{`: faultEnd, `{"a":1]`: faultNext,
		`{"a"1}`: faultColon, `{"a":"\q"}`: faultEscape, "{\"a\":\"\xff\"}": faultUTF8, "{\"\xff\":1}": faultUTF8, `{"a":[}`: faultValue,
	} {
		var syntax *SyntaxError
		if err := Find([]byte(doc), names, make([]Span, 3)); !errors.As(err, &syntax) || syntax.Reason != want.reason() {
			t.Errorf("Find(%q) = %v, want %q", doc, err, want.reason())
		}
	}
}

func TestFindAllocs(t *testing.T) {
	names, spans := []string{"model", "stream"}, make([]Span, 2)
	for _, size := range []int{500, 200 << 10} {
		body := chatBody(size)
		if n := testing.AllocsPerRun(100, func() {
			if Find(body, names, spans) != nil || Check(body) != nil {
				t.Fatal("refused")
			}
		}); n != 0 {
			t.Errorf("%d bytes: %v allocations", size, n)
		}
		if string(body[spans[0].Start:spans[0].End]) != `"support-reply"` {
			t.Errorf("found %v", spans)
		}
	}
	escapedKeys := []byte(`{"\u0061 member name that is long enough to need memory of its own":1,"é":2}`)
	if n := testing.AllocsPerRun(100, func() { Find(escapedKeys, names, spans) }); n != 0 {
		t.Errorf("escaped names: %v allocations", n)
	}
}

// chatBody is a chat request of about size bytes: prompts of prose with a line
// break every 80 bytes or so, some quotes, and a few letters beyond ASCII in
// one message of eight.
func chatBody(size int) []byte {
	prose := strings.Repeat("When the order has shipped, tell the customer which carrier has it and when. ", 1) + `\n` +
		`Say \"thank you\" once, never twice; do not promise dates that we cannot keep at all.\n`
	var w Writer
	w.Object()
	w.Key("model")
	w.Str("support-reply")
	w.Key("stream")
	w.Bool(true)
	w.Key("temperature")
	w.Float(0.2)
	w.Key("messages")
	w.Array()
	for n := 0; n == 0 || len(w.Buf()) < size-200; n++ {
		w.Object()
		w.Key("role")
		w.Str([]string{"user", "assistant"}[n%2])
		w.Key("content")
		text := strings.Repeat(prose, min(12, max(1, (size-len(w.Buf()))/len(prose)-1)))
		if n%8 == 7 {
			text += "Größe: 漢字"
		}
		w.Raw([]byte(`"` + text + `"`))
		w.End()
	}
	w.End()
	w.End()
	return w.Buf()
}

func BenchmarkFind(b *testing.B) {
	names, spans := []string{"model", "stream"}, make([]Span, 2)
	for _, size := range []struct {
		name  string
		bytes int
	}{{"0.5KB", 500}, {"10KB", 10 << 10}, {"200KB", 200 << 10}} {
		body := chatBody(size.bytes)
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Find(body, names, spans); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
