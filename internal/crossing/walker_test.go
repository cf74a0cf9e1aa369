package crossing

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// TestEveryLeafIsRead walks the JSON of every recorded request, writes what was
// read of it in its own dialect again, and looks for each of its leaves there:
// what is missing was neither typed, nor kept in Extra, nor named.
func TestEveryLeafIsRead(t *testing.T) {
	a, o := sides()
	for _, s := range []*side{a, o} {
		t.Run(s.name, func(t *testing.T) {
			missing := count{}
			s.requests(t, func(r *corpus.Record, q *switchgear.Request) {
				body, dropped, err := s.encode(q, s.model, streams(r.RequestBody))
				if err != nil {
					t.Errorf("record %s cannot be written in its own dialect: %v", r.ID, err)
					return
				}
				for _, name := range dropped {
					missing.add("named: "+places.ReplaceAllString(name, "[]"), r.ID)
				}
				before, after := leavesOf(s, r.RequestBody), leavesOf(s, body)
				for _, line := range without(before, after) {
					if r.Status >= 400 {
						break // it may well be nonsense
					}
					missing.add(line, r.ID)
					if len(dropped) == 0 {
						t.Errorf("record %s: %.90q was neither read nor named", r.ID, line)
					}
				}
			})
			missing.log(t, "not written again", 3)
		})
	}
}

// streams reports whether a request asks for a stream.
func streams(body []byte) bool {
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		if string(r.Key()) == "stream" {
			v, _ := r.Bool()
			return v
		}
	}
	return false
}

// leavesOf are the scalars of a body with their paths, without places in
// arrays.
func leavesOf(s *side, body []byte) facts {
	w := walker{side: s}
	r := jsonx.NewReader(body)
	w.walk(&r, "")
	return w.out
}

type walker struct {
	side *side
	out  facts
}

func (w *walker) walk(r *jsonx.Reader, path string) {
	switch r.Kind() {
	case jsonx.Object:
		for r.Object(); r.More(); {
			w.walk(r, path+"."+string(r.Key()))
		}
	case jsonx.Array:
		for r.Array(); r.More(); {
			w.walk(r, path+"[]")
		}
	case jsonx.Null:
		r.Skip() // says nothing anywhere
	case jsonx.String:
		w.leaf(path, r.Str())
	case jsonx.Number:
		n, _ := r.Float()
		w.leaf(path, strconv.FormatFloat(n, 'g', -1, 64))
	default:
		w.leaf(path, string(r.Raw()))
	}
}

// spellings are two ways to say the same; the second is the one compared.
var spellings = []struct{ from, to string }{
	{".output_format", ".output_config.format"},
	{".max_tokens", ".max_completion_tokens"},
	{".messages[].cache_control.", ".messages[].content[].cache_control."},
	{".messages[].content[].image_url ", ".messages[].content[].image_url.url "},
	{".tool_choice any", ".tool_choice required"},
}

// idle are leaves that say what holds without them.
var idle = []string{
	".is_error false", ".strict false", ".description ", ".n 1", ".frequency_penalty 0", ".presence_penalty 0", ".logprobs false",
	".content ", ".text ", ".tool_calls[].index ", ".reasoning_content ", ".reasoning ", ".refusal ", ".response_format.type text", ".name ", ".system ", ".tools[].type custom", ".stream_options.include_usage false",
}

// leaf adds a leaf, in the longer of two spellings.
func (w *walker) leaf(path, value string) {
	for i, s := range spellings {
		if rest, ok := strings.CutPrefix(path+" "+value, s.from); ok && w.side != nil && (w.side.name == "openai") == (i > 0) {
			path = strings.TrimSuffix(s.to+rest, " "+value)
			if i == len(spellings)-1 {
				path, value, _ = strings.Cut(s.to, " ")
			}
		}
	}
	switch {
	case path == ".model" || path == ".stream": // the envelope's
	case slices.ContainsFunc(idle, func(s string) bool { return strings.HasSuffix(path+" "+value, s) }):
	case strings.HasSuffix(path, ".tool_calls[].index"):
	case path == ".messages[].role": // turns may be joined
		if value == "developer" {
			value = "system"
		}
		if line := path + " " + value; !slices.Contains(w.out, line) {
			w.out.add(line)
		}
	case last(path, "system", "content"):
		w.out.add(path+"[].type", "text")
		w.out.add(path+"[].text", value)
	case path == ".stop":
		w.out.add(path+"[]", value)
	case last(path, "arguments"):
		w.out.add(path, arguments(value))
	default:
		w.out.add(path, value)
	}
}

func last(path string, words ...string) bool {
	for _, word := range words {
		if n := len(path) - len(word); n >= 0 && path[n:] == word && (n == 0 || path[n-1] == '.' || word == "[]") {
			return true
		}
	}
	return false
}
