package crossing

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// strip takes what was named as lost out of a copy of a request, so that what
// is left must have come across. It reads the names alone: a name that leads
// nowhere is a mistake.
func strip(t *testing.T, q *switchgear.Request, dropped []string) *switchgear.Request {
	t.Helper()
	q = clone(t, q)
	for _, name := range dropped {
		path, note, _ := strings.Cut(name, " (")
		if strings.Contains(note, " as ") {
			continue // said, with another meaning
		}
		if !remove(reflect.ValueOf(q), path) {
			t.Errorf("%q is named as lost, but is not in the request", name)
		}
	}
	return q
}

// clone copies all that a request points to, but for its wire.
func clone(t *testing.T, q *switchgear.Request) *switchgear.Request {
	t.Helper()
	shallow := *q
	shallow.Wire = nil
	out := new(switchgear.Request)
	copyInto(reflect.ValueOf(out).Elem(), reflect.ValueOf(&shallow).Elem())
	return out
}

func copyInto(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copyInto(to.Elem(), from.Elem())
		}
	case reflect.Struct:
		for i := range from.NumField() {
			copyInto(to.Field(i), from.Field(i))
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				copyInto(to.Index(i), from.Index(i))
			}
		}
	case reflect.Map:
		if !from.IsNil() {
			to.Set(reflect.MakeMap(from.Type()))
			for key, value := range from.Seq2() {
				to.SetMapIndex(key, value)
			}
		}
	default:
		to.Set(from)
	}
}

var member = regexp.MustCompile(`^\.?([a-z_]+)(.*)$`)

// remove empties what a path leads to. Elements of lists stay, empty, so that
// other paths hold.
func remove(v reflect.Value, path string) bool {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return false
		}
		if path == "" {
			break
		}
		v = v.Elem()
	}
	switch {
	case path == "":
		was := !v.IsZero()
		v.SetZero()
		return was
	case v.Kind() == reflect.Map:
		name := strings.TrimPrefix(path, ".")
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		key := reflect.ValueOf(name)
		if !v.MapIndex(key).IsValid() {
			return false
		}
		v.SetMapIndex(key, reflect.Value{})
		return true
	case v.Kind() == reflect.Slice:
		digits, rest, _ := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(digits)
		return err == nil && i < v.Len() && remove(v.Index(i), rest)
	case v.Kind() == reflect.Struct:
		found := member.FindStringSubmatch(path)
		if found == nil {
			return false
		}
		f := v.FieldByName(goName(found[1]))
		return f.IsValid() && remove(f, found[2])
	default:
		return false
	}
}

// goName is the field of a word of a path.
func goName(word string) string {
	switch word {
	case "tool_choice":
		return "Choice"
	case "url", "id", "ttl":
		return strings.ToUpper(word)
	}
	var b strings.Builder
	for part := range strings.SplitSeq(word, "_") {
		if part == "id" {
			b.WriteString("ID")
		} else {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func TestStrip(t *testing.T) {
	q := &switchgear.Request{
		Effort:   "high",
		Messages: []switchgear.Message{{Role: "user", Parts: []switchgear.Part{{Text: "a", Cache: &switchgear.Cache{}}, {Media: &switchgear.Media{FileID: "f", URL: "u"}}}}},
		Extra:    map[string]json.RawMessage{"a.b": []byte("1"), "c": []byte("2")},
		Choice:   &switchgear.ToolChoice{Mode: "any"},
	}
	got := strip(t, q, []string{"messages[0].parts[0].cache", "messages[0].parts[1].media.file_id", "extra.a.b", "tool_choice", "effort (max as high)"})
	want := &switchgear.Request{
		Effort:   "high",
		Messages: []switchgear.Message{{Role: "user", Parts: []switchgear.Part{{Text: "a"}, {Media: &switchgear.Media{URL: "u"}}}}},
		Extra:    map[string]json.RawMessage{"c": []byte("2")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if remove(reflect.ValueOf(q), "messages[0].parts[1].text") || remove(reflect.ValueOf(q), "nowhere") {
		t.Error("nothing was removed")
	}
}
