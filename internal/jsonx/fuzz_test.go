package jsonx

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seed(f *testing.F) {
	f.Helper()
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
}

// deeper reports whether b may be nested deeper than we allow, which is deep
// enough for the standard library.
func deeper(b []byte) bool {
	return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > MaxDepth
}

func FuzzCheck(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		err := Check(b)
		if (err == nil) != valid(b) && !deeper(b) {
			t.Errorf("%v, want valid: %v", err, valid(b))
		}
		var syntax *SyntaxError
		if err != nil && (!errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(b)) {
			t.Errorf("%#v in %d bytes", err, len(b))
		}
	})
}

// FuzzFind: what Find accepts, Check does, and what it finds is what every
// reader that follows the standard library finds under that name, in any case.
func FuzzFind(f *testing.F) {
	seed(f)
	f.Add([]byte(`{"\u006dodel":1,"Model":2}`))
	f.Add([]byte("{\"\u017ftream\":1}"))
	names := []string{"model", "stream"}
	f.Fuzz(func(t *testing.T, b []byte) {
		spans := make([]Span, len(names))
		err := Find(b, names, spans)
		_, member := errors.AsType[*MemberError](err)
		if checked := Check(b); err == nil != (checked == nil && KindOf(b) == Object) && !member {
			t.Fatalf("Find says %v, Check %v", err, checked)
		}
		if err != nil {
			return
		}
		var std struct { // found whatever the case
			Model  json.RawMessage `json:"model"`
			Stream json.RawMessage `json:"stream"`
		}
		if err := json.Unmarshal(b, &std); err != nil {
			t.Fatal(err)
		}
		for i, want := range []json.RawMessage{std.Model, std.Stream} {
			if got := b[spans[i].Start:spans[i].End]; !bytes.Equal(got, want) {
				t.Errorf("%s is %q, want %q", names[i], got, want)
			}
		}
		pieces, err := SetMembers(b, Member{Name: "model", Value: []byte(`"other"`)})
		if patched := Join(pieces); err != nil || Find(patched, names, spans) != nil || string(patched[spans[0].Start:spans[0].End]) != `"other"` {
			t.Errorf("patched: %q, %v", patched, err)
		}
	})
}

func FuzzReader(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(b)
		got := tree(&r)
		err := r.Err()
		for _, read := range []func(){r.Object, r.Array, r.Skip, func() { r.Int() }, func() { r.Str() }, func() { r.Raw() }, func() { r.More() }} {
			read()
		}
		other := NewReader(b) // with the wrong kinds: it must come to an end
		for other.Array(); other.More(); {
			for other.Object(); other.More(); {
				other.Int()
			}
		}
		if !json.Valid(b) || deeper(b) {
			return
		}
		if diff := cmp.Diff(decode(t, b), got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if err := other.Err(); err != nil {
			t.Errorf("with the wrong kinds: %v", err)
		}
	})
}
