package normalise

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestApply(t *testing.T) {
	f := func(in string, format Format, names []string, want string, used ...string) {
		t.Helper()
		got, did := Apply(in, format, names)
		if got != want || !slices.Equal(did, used) {
			t.Errorf("Apply(%q, %v)\n got %q by %v\nwant %q by %v", in, names, got, did, want, used)
		}
	}
	object := Format{Kind: JSON}
	fenced := "```json\n{\"a\": \"x\ny\"}\n```"
	f(fenced, object, []string{"escape_controls", "strip_fence"}, `{"a": "x\ny"}`, "strip_fence", "escape_controls")
	f(fenced, object, []string{"strip_fence"}, fenced) // half mended is not mended
	f(fenced, object, nil, fenced)
	f(`{"a": "`+"```"+`"}`, object, Names(), `{"a": "`+"```"+`"}`)
	f("free text", Format{}, Names(), "free text")
	f(`"`+"```json\\n{}\\n```"+`"`, object, Names(), "{}", "extract")
	f(`{"total": "$1"}`, object, Names(), `{"total": "$1"}`) // rungs that refine are no business of serving
	long := strings.Repeat(" ", MaxBytes) + "```{}```"
	f(long, object, Names(), long)
}

func climb(text string, f Format) []string {
	var out []string
	for v := range Climb(text, f) {
		out = append(out, v.Rung+": "+v.Text)
	}
	return out
}

func TestClimb(t *testing.T) {
	for _, test := range []struct {
		text string
		f    Format
		want []string
	}{
		{`{"a":1}`, Format{Kind: JSON}, []string{`: {"a":1}`}},
		{"```json\n{\"a\": \"$1\"}\n```", Format{Kind: JSON}, []string{
			": ```json\n{\"a\": \"$1\"}\n```", `strip_fence: {"a": "$1"}`, `clean_numbers: {"a":1}`,
		}},
		{"not JSON", Format{Kind: JSON}, []string{": not JSON"}},
		{"Sure:\n*a*\nb\nLet me know.", Format{}, []string{
			": Sure:\n*a*\nb\nLet me know.",
			"drop_first_line: *a*\nb\nLet me know.",
			"drop_last_line: Sure:\n*a*\nb",
			"strip_markdown: Sure:\na\nb\nLet me know.",
			"drop_last_line: *a*\nb",
			"strip_markdown: a\nb\nLet me know.",
			"strip_markdown: Sure:\na\nb",
			"strip_markdown: a\nb",
		}},
		{`['math_hypot(x=1)']`, Format{Kind: Calls, Words: []string{"math.hypot"}}, []string{
			`: ['math_hypot(x=1)']`, `unwrap_string: [math_hypot(x=1)]`, `map_names: [math.hypot(x=1)]`,
		}},
	} {
		if diff := cmp.Diff(test.want, climb(test.text, test.f)); diff != "" {
			t.Errorf("%q: %s", test.text, diff)
		}
	}
}

// TestClimbStops: whoever stops at the first reading that passes pays for no
// other.
func TestClimbStops(t *testing.T) {
	n := 0
	for range Climb("Sure:\n*a*", Format{}) {
		n++
		if n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d readings", n)
	}
}

// TestHostile gives every rung the texts that make careless scanners slow. The
// limit is some fifty times what they take.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second or two")
	}
	for _, unit := range []string{
		"{", "[", "[[", `{"`, `"`, `\`, `\"`, "```\n", "`", "* ", "f(", "[f(", "f(a=[", "# ", "[1", "[1]", "$", "1,", ".", "\n", "Sure:\n", "Answer: ",
		`\u00e9`, "e\u0301", "'", "//", "/*", "{'a':", `"{\"a\":`, "Let me know\n", "a.b-", "\u200b",
	} {
		text := strings.Repeat(unit, MaxBytes/8/len(unit))
		for _, kind := range []Kind{Text, JSON, Calls} {
			start := time.Now()
			for range Climb(text, Format{Kind: kind, Words: []string{"a", "b"}, Short: true}) {
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%q as %s took %v", unit, kind, took)
			}
		}
	}
}

// FuzzRungs checks what every rung promises.
func FuzzRungs(f *testing.F) {
	for _, s := range []string{
		"```json\n{\"a\": 1}\n```", `Here: {"a": "\(x\)"} bye`, "[f(a='b', c=[1, {'d': None}])]", `"{\"a\": \"{}\"}"`, `['f(a=1)']`,
		"{'a': True,}", "**Answer:** “x”.", `a\_b\\_c`, "caf\\u00e9 e\u0301 ａ\u0301", "$1,234.50", "Sure:\nx\nNote: y",
		"## # x [[1]2]", `{"result":{"data":{"A-b":1}}}`, `[{"name":"f","arguments":{"a":1}}]`, "~~~\n~~~", "\\\\u200bu00e9", "\ufeff \r\n",
	} {
		for kind := range byte(4) {
			f.Add(s, kind)
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind byte) {
		format := Format{Kind: Kind(kind % 3), Words: []string{"a_b", "f.g", "Yes"}, Short: kind >= 3}
		for _, r := range Ladder() {
			once, acted := r.Apply(text, format)
			if acted == (once == text) {
				t.Errorf("%s says %v of %q -> %q", r.Name, acted, text, once)
			}
			if acted && !r.refines && format.Parses(text) {
				t.Errorf("%s changed %q, which parses", r.Name, text)
			}
			if twice, again := r.Apply(once, format); again && acted && !strings.HasPrefix(r.Name, "drop_") {
				t.Errorf("%s: %q -> %q -> %q", r.Name, text, once, twice)
			}
		}
		mended, used := Apply(text, format, Names())
		if (len(used) > 0) != (mended != text) || (len(used) > 0 && !format.Parses(mended)) {
			t.Errorf("mended %q to %q by %v", text, mended, used)
		}
		n := 0
		for v := range Climb(text, format) {
			if n++; n > 40 || (v.Rung == "") != (n == 1) {
				t.Fatalf("reading %d of %q is %+v", n, text, v)
			}
		}
		if calls, err := ParseCalls(text); err == nil {
			again, err := ParseCalls(WriteCalls(calls))
			if err != nil || WriteCalls(again) != WriteCalls(calls) {
				t.Errorf("calls %q -> %q: %v", text, WriteCalls(calls), err)
			}
		}
	})
}
