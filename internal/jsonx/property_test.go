package jsonx

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	spaces  = rapid.SampledFrom([]string{"", "", "", " ", "\n", "\t\r\n  "})
	numbers = rapid.SampledFrom([]string{"0", "-1", "12.5", "1e3", "-0.0E-7", "12345678901234567890", "1E+2", "0.1"})
	// The inside of strings: short and long runs, every escape, and bytes of 2, 3 and 4.
	bits8 = rapid.SampledFrom([]string{
		"", "a", "model", "eight by", "a run that is longer than a word or two", `\n`, `\"`, `\\`, `\/`, `\b\f\r\t`, `\u00e9`, `\u0061`, `\ud83d\ude00`, `\ud800`, "é", "漢字", "😀", "\u2028", "\x7f",
	})
	// Names differ by more than case: Find is tried on these documents too.
	memberNames = rapid.SampledFrom([]string{"a", "b", "c", "model", "stream", "messages", "max_tokens", "é", "", "with space"})
)

// inside draws what stands between the quotes of a string.
func inside(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(bits8, 0, 5).Draw(t, "string"), "")
}

// What there is at each depth: mostly containers outside, no more of them from
// the fourth level on.
var (
	outerKinds = rapid.SampledFrom([]Kind{Object, Object, Array, Array, String, Number, Bool})
	innerKinds = rapid.SampledFrom([]Kind{Object, Array, String, String, Number, Bool})
	leafKinds  = rapid.SampledFrom([]Kind{String, String, Number, Bool})
)

// value draws a valid value, with space in it wherever there may be some.
func value(t *rapid.T, depth int) string {
	kinds := innerKinds
	switch {
	case depth < 2:
		kinds = outerKinds
	case depth > 3:
		kinds = leafKinds
	}
	switch kinds.Draw(t, "kind") {
	case Object:
		return object(t, depth+1)
	case Array:
		var elements []string
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			elements = append(elements, spaces.Draw(t, "s")+value(t, depth+1)+spaces.Draw(t, "s"))
		}
		return "[" + spaces.Draw(t, "s") + strings.Join(elements, ",") + "]"
	case String:
		return `"` + inside(t) + `"`
	case Number:
		return numbers.Draw(t, "number")
	default:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word")
	}
}

// object draws a valid object whose names are distinct.
func object(t *rapid.T, depth int) string {
	var members []string
	for _, name := range rapid.SliceOfNDistinct(memberNames, 0, 6, rapid.ID[string]).Draw(t, "names") {
		members = append(members, spaces.Draw(t, "s")+`"`+name+`"`+spaces.Draw(t, "s")+":"+spaces.Draw(t, "s")+value(t, depth)+spaces.Draw(t, "s"))
	}
	return "{" + spaces.Draw(t, "s") + strings.Join(members, ",") + "}"
}

func document(t *rapid.T) string {
	return spaces.Draw(t, "s") + value(t, 0) + spaces.Draw(t, "s")
}

func topObject(t *rapid.T) string {
	return spaces.Draw(t, "s") + object(t, 0) + spaces.Draw(t, "s")
}

func TestCheckOfRandomDocuments(t *testing.T) {
	broken := rapid.SampledFrom([]string{"{", "}", "[", "]", ",", ":", `"`, `\`, "0", "-", ".", "e", "t", "u", " ", "\n", "\x00", "\x1f", "\x80", "\xff", "\xed\xa0\x80", "é", `\u12`, "\uFEFF"})
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(document(t))
		if err := Check(doc); err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "mutations") {
			from := rapid.IntRange(0, len(doc)).Draw(t, "from")
			to := min(len(doc), from+rapid.IntRange(0, 2).Draw(t, "cut"))
			doc = bytes.Join([][]byte{doc[:from], []byte(broken.Draw(t, "new")), doc[to:]}, nil)
			if got, want := Check(doc), valid(doc); (got == nil) != want {
				t.Fatalf("%q: %v, want valid: %v", doc, got, want)
			}
		}
		// Not checked, and perhaps no JSON: a Reader must come to an end.
		r := NewReader(doc)
		tree(&r)
	})
}

func TestFindOfRandomObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := topObject(t)
		names := rapid.SliceOfNDistinct(memberNames, 0, 5, rapid.ID[string]).Draw(t, "watched")
		agreesOnMembers(t, []byte(doc), names)
	})
}

// agreesOnMembers holds Find against the standard library, on an object whose
// names are distinct.
func agreesOnMembers(t rapid.TB, doc []byte, names []string) {
	t.Helper()
	var want map[string]json.RawMessage
	if err := json.Unmarshal(doc, &want); err != nil {
		t.Fatalf("%q: %v", doc, err)
	}
	spans := make([]Span, len(names))
	if err := Find(doc, names, spans); err != nil {
		t.Fatalf("%q: %v", doc, err)
	}
	for i, name := range names {
		raw, there := want[name]
		got := doc[spans[i].Start:spans[i].End]
		if there != (spans[i].End != 0) || !bytes.Equal(got, raw) {
			t.Fatalf("%q of %q is %q, want %q", name, doc, got, raw)
		}
	}
}

func TestReaderOfRandomDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(document(t))
		r := NewReader(doc)
		got := tree(&r)
		if diff := cmp.Diff(decode(t, doc), got); diff != "" || r.Err() != nil {
			t.Fatalf("%q: error %v (-want +got):\n%s", doc, r.Err(), diff)
		}
	})
}

// TestSetMembersOfRandomObjects: patching is decoding, setting and encoding, but
// for the bytes of all members that were not set.
func TestSetMembersOfRandomObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(topObject(t))
		var members []Member
		for _, name := range rapid.SliceOfNDistinct(memberNames, 0, 4, rapid.ID[string]).Draw(t, "set") {
			members = append(members, Member{Name: name, Value: []byte(value(t, 3))})
		}
		pieces, err := SetMembers(doc, members...)
		if err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		patched := Join(pieces)

		before, want := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		if err := json.Unmarshal(doc, &before); err != nil {
			t.Fatal(err)
		}
		maps.Copy(want, before)
		for _, m := range members {
			want[m.Name] = m.Value
		}
		got := map[string]json.RawMessage{}
		if err := json.Unmarshal(patched, &got); err != nil || Check(patched) != nil {
			t.Fatalf("%q: %v, %v", patched, err, Check(patched))
		}
		if diff := cmp.Diff(want, got); diff != "" { // raw bytes: untouched is untouched
			t.Fatalf("%q became %q (-want +got):\n%s", doc, patched, diff)
		}
		if len(members) == 0 && !bytes.Equal(patched, doc) {
			t.Fatalf("%q became %q though nothing was set", doc, patched)
		}
	})
}

// TestPiecesOfRandomEdits holds Pieces against building the document anew.
func TestPiecesOfRandomEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(rapid.StringMatching(`[a-z]{0,30}`).Draw(t, "doc"))
		var edits []Edit
		var want []byte
		at := 0
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			start := rapid.IntRange(at, len(doc)).Draw(t, "start")
			end := rapid.IntRange(start, len(doc)).Draw(t, "end")
			edit := Edit{Span: Span{Start: start, End: end}, New: []byte(rapid.StringMatching(`[A-Z]{0,3}`).Draw(t, "new"))}
			edits = append(edits, edit)
			want = append(append(want, doc[at:start]...), edit.New...)
			at = end
		}
		want = append(want, doc[at:]...)
		if got := Join(Pieces(doc, edits...)); !bytes.Equal(got, want) {
			t.Fatalf("%q with %v: %q, want %q", doc, edits, got, want)
		}
	})
}

// TestTextComesBack: what AppendQuote writes is JSON, and Unquote and the
// standard library read it back; bytes that are not UTF-8 apart.
func TestTextComesBack(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"a", "eight by", "\"", "\\", "\n", "\x00", "\x1f", "\x7f", "é", "漢", "😀", "\u2028", "\xff", "\xe6\xbc", "\xed\xa0\x80", "a longer run of plain text"})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "s"), "")
		quoted := AppendQuote(nil, s)
		if err := Check(quoted); err != nil {
			t.Fatalf("%q is quoted as %q: %v", s, quoted, err)
		}
		want := string([]rune(s))
		var std string
		if err := json.Unmarshal(quoted, &std); err != nil || std != want {
			t.Fatalf("%q is read as %q by the standard library: %v", s, std, err)
		}
		if got, ok := Unquote(quoted); !ok || got != want {
			t.Fatalf("%q comes back as %q", s, got)
		}
	})
}

// TestWriterOfRandomDocuments writes what a Reader reads: the same document
// must come out.
func TestWriterOfRandomDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(document(t))
		r := NewReader(doc)
		var w Writer
		rewrite(&r, &w)
		if err := Check(w.Buf()); err != nil || r.Err() != nil {
			t.Fatalf("%q became %q: %v, %v", doc, w.Buf(), err, r.Err())
		}
		if diff := cmp.Diff(decode(t, doc), decode(t, w.Buf())); diff != "" {
			t.Fatalf("%q became %q (-want +got):\n%s", doc, w.Buf(), diff)
		}
	})
}

func rewrite(r *Reader, w *Writer) {
	switch r.Kind() {
	case Object:
		w.Object()
		for r.Object(); r.More(); {
			w.Key(string(r.Key()))
			rewrite(r, w)
		}
		w.End()
	case Array:
		w.Array()
		for r.Array(); r.More(); {
			rewrite(r, w)
		}
		w.End()
	case String:
		w.Str(r.Str())
	case Bool:
		v, _ := r.Bool()
		w.Bool(v)
	default:
		w.Raw(r.Raw())
	}
}
