package lexicon

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

func line(cells ...string) string { return strings.Join(cells, "\t") }

const version = "version: 2026-01-01\n"

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"no version", line("code", "*", "x", "auth", "-", "-", "w", "e"), "has no version"},
		{"few columns", version + line("code", "*", "x"), "line 2: 3 columns"},
		{"no evidence", version + line("code", "*", "x", "auth", "-", "-", "w", ""), "no evidence"},
		{"a kind", version + line("word", "*", "x", "auth", "-", "-", "w", "e"), `no kind "word"`},
		{"a status", version + line("code", "4xx", "x", "auth", "-", "-", "w", "e"), `"4xx" is no status`},
		{"a range backwards", version + line("code", "500-400", "x", "auth", "-", "-", "w", "e"), "is no status"},
		{"a class", version + line("code", "*", "x", "bad", "-", "-", "w", "e"), `"bad" is no class`},
		{"a class of the gateway's own", version + line("code", "*", "x", "exhausted", "-", "-", "w", "e"), `"exhausted" is no class`},
		{"a mark", version + line("code", "*", "x", "auth", "-", "odd", "w", "e"), `no mark "odd"`},
		{"a code that is a sentence", version + line("code", "*", "x", "auth", "a b", "-", "w", "e"), `"a b" is no code`},
		{"upper case", version + line("text", "*", "X", "auth", "-", "-", "w", "e"), "lower case"},
		{"a text that decides nothing", version + line("text", "*", "x", "-", "-", "-", "w", "e"), "needs a class"},
	} {
		if _, err := Parse(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestOrder: what is asked first, and which statuses a row covers.
func TestOrder(t *testing.T) {
	table := MustParse(version + "# comment\n\n" + strings.Join([]string{
		line("first", "429", "pool", "overloaded", "-", "-", "w", "e"),
		line("code", "*", "limit", "rate_limited", "-", "ramp", "w", "e"),
		line("code", "0", "general", "invalid", "-", "unsure", "w", "e"),
		line("code", "*", "general", "-", "-", "-", "w", "e"),
		line("text", "400-499", "^begins", "context", "own", "-", "w", "e", "our words"),
		line("text", "400-499", "=all of it", "policy", "-", "-", "w", "e"),
		line("member", "*", "messages", "-", "-", "-", "w", "e"),
		line("silent", "404", "any", "connect", "-", "edge", "w", "e"),
		line("status", "400-499", "any", "invalid", "-", "unsure", "w", "e"),
	}, "\n"))
	for _, c := range []struct {
		name  string
		said  Said
		class switchgear.Class
		marks switchgear.Mark
	}{
		{"first goes before a code", Said{429, []string{"limit"}, "The POOL.", ""}, switchgear.ClassOverloaded, 0},
		{"not under another status", Said{400, []string{"limit"}, "The pool.", ""}, switchgear.ClassRateLimited, switchgear.MarkRamp},
		{"a code in any case", Said{500, []string{"LIMIT"}, "", ""}, switchgear.ClassRateLimited, switchgear.MarkRamp},
		{"a code goes before a text", Said{400, []string{"limit"}, "begins", ""}, switchgear.ClassRateLimited, switchgear.MarkRamp},
		{"a known word lets the text speak", Said{400, []string{"general"}, "begins", ""}, switchgear.ClassContext, 0},
		{"a known word is no stranger", Said{400, []string{"general"}, "x", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"a stranger is counted", Said{400, []string{"general", "new"}, "x", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure | switchgear.MarkUnclassified},
		{"a status is no word", Said{400, []string{"400"}, "x", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"a sentence is no word", Said{400, []string{"a b"}, "x", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"the beginning of a line", Said{400, nil, "x\nbegins", ""}, switchgear.ClassContext, 0},
		{"not within one", Said{400, nil, "x begins", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"all of it", Said{400, nil, "All of it.", ""}, switchgear.ClassPolicy, 0},
		{"not a part of it", Said{400, nil, "All of it, and more.", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"a member is named", Said{400, nil, "x", "tools"}, switchgear.ClassInvalid, 0},
		{"a member is named in the text", Said{400, nil, "messages.0.x: odd", ""}, switchgear.ClassInvalid, 0},
		{"no member is", Said{400, nil, "upstream: odd", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"silence", Said{404, nil, "", ""}, switchgear.ClassConnect, switchgear.MarkEdge},
		{"a word is no silence", Said{404, nil, "x", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"a status in no row", Said{700, nil, "x", ""}, switchgear.ClassServer, 0},
		{"no status: any row", Said{0, nil, "begins", ""}, switchgear.ClassContext, 0},
		{"no status: its own rows", Said{0, []string{"general"}, "x", ""}, switchgear.ClassInvalid, switchgear.MarkUnsure},
		{"no status, no words", Said{0, nil, "", ""}, switchgear.ClassServer, 0},
	} {
		got := table.Judge(c.said)
		if got.Class != c.class || got.Marks != c.marks || got.Say == "" {
			t.Errorf("%s: %+v, want %s with marks %b", c.name, got, c.class, c.marks)
		}
	}
	if got := table.Judge(Said{Status: 400, Text: "begins"}); got.Say != "our words" || got.Code != "own" {
		t.Errorf("%+v", got)
	}
	if table.Version != "2026-01-01" {
		t.Errorf("version %q", table.Version)
	}
}

// TestLongTexts: what stands far behind is not looked at: it may be the request.
func TestLongTexts(t *testing.T) {
	table := MustParse(version + line("text", "*", "needle", "quota", "-", "-", "w", "e"))
	if got := table.Judge(Said{Status: 400, Text: strings.Repeat("x", longestText) + "needle"}); got.Class == switchgear.ClassQuota {
		t.Error("a text is searched to its end")
	}
	if got := table.Path("messages.İ: x"); got != "" {
		t.Errorf("%q", got)
	}
}

// TestQuotes: what stands in quotes is the caller's, and is not held against a
// key or a model.
func TestQuotes(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                         "plain",
		"a 'b c' d":                     "a  d",
		"this model's limit isn't high": "this model's limit isn't high",
		"invalid value: 'it's broke'.":  "invalid value: .",
		"`x` and \"y 'z'\"":             " and ",
		"an open 'quote":                "an open 'quote",
		"'":                             "'",
		"":                              "",
	} {
		if got := unquoted(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	table := MustParse(version + line("text", "*", "no money", "quota", "-", "-", "w", "e") + "\n" + line("text", "*", "too long", "context", "-", "-", "w", "e"))
	for text, want := range map[string]switchgear.Class{
		"There is no money.":       switchgear.ClassQuota,
		"Invalid value 'no money'": switchgear.ClassServer,
		"The 'prompt too long'":    switchgear.ClassContext,
	} {
		if got := table.Judge(Said{Status: 400, Text: text}); got.Class != want {
			t.Errorf("%q: %s, want %s", text, got.Class, want)
		}
	}
}

// TestMentions: which texts speak of a member of the request.
func TestMentions(t *testing.T) {
	table := MustParse(version + line("member", "*", "max_tokens", "-", "-", "-", "w", "e") + "\n" + line("member", "*", "messages", "-", "-", "-", "w", "e"))
	for text, want := range map[string]bool{
		"max_tokens is odd":         true,
		"my_max_tokens is odd":      false,
		"max_tokens2":               false,
		"messages are odd":          false,
		"invalid messages: none":    true,
		"'messages' are odd":        true,
		"'messages[3]' is odd":      true,
		"`messages.0` is odd":       true,
		"x'messages":                false,
		"messages":                  false,
		"something is odd with you": false,
	} {
		if got := table.mentions(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestLogin(t *testing.T) {
	for address, want := range map[string]bool{
		"https://login.example.com/":               true,
		"/login?next=/v1":                          true,
		"https://example.com/oauth2/authorize":     true,
		"https://example.com/cdn-cgi/access/login": true,
		"https://example.com/v1/chat?from=login":   false,
		"https://example.com/v1/chat/completions":  false,
		"https://blogin.example.com/":              false,
		"":                                         false,
		"://":                                      false,
	} {
		if got := login(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

// TestSettle holds the bounds of a wait, whichever way it is said.
func TestSettle(t *testing.T) {
	for _, c := range []struct {
		name   string
		class  switchgear.Class
		header map[string]string
		hint   string
		text   string
		want   time.Duration
		became switchgear.Class
	}{
		{"a header goes before the text", switchgear.ClassRateLimited, map[string]string{"Retry-After": "3"}, "", "try again in 9s", 3 * time.Second, switchgear.ClassRateLimited},
		{"a hint goes before the text", switchgear.ClassRateLimited, nil, "4s", "try again in 9s", 4 * time.Second, switchgear.ClassRateLimited},
		{"the text", switchgear.ClassOverloaded, nil, "", "Please retry after 20 seconds.", 20 * time.Second, switchgear.ClassOverloaded},
		{"the text, in one word", switchgear.ClassRateLimited, nil, "", "Please try again in 6ms.", 250 * time.Millisecond, switchgear.ClassRateLimited},
		{"the text, in minutes", switchgear.ClassRateLimited, nil, "", "try again in 2 minutes", 2 * time.Minute, switchgear.ClassRateLimited},
		{"the text, in hours", switchgear.ClassRateLimited, nil, "", "Please try again in 114h18m0s.", 5 * time.Minute, switchgear.ClassQuota},
		{"a day", switchgear.ClassRateLimited, nil, "", "retry after 86400 seconds", 5 * time.Minute, switchgear.ClassQuota},
		{"nonsense", switchgear.ClassRateLimited, nil, "", "try again in NaN seconds", 0, switchgear.ClassRateLimited},
		{"below nothing", switchgear.ClassRateLimited, nil, "-3s", "try again in -3 seconds", 0, switchgear.ClassRateLimited},
		{"no unit", switchgear.ClassRateLimited, nil, "", "try again in 3 moons", 0, switchgear.ClassRateLimited},
		{"a century", switchgear.ClassRateLimited, nil, "", "try again in 876000h", 0, switchgear.ClassRateLimited},
		{"just under five minutes", switchgear.ClassRateLimited, map[string]string{"Retry-After": "299"}, "", "", 299 * time.Second, switchgear.ClassRateLimited},
		{"an overload is no quota", switchgear.ClassOverloaded, map[string]string{"Retry-After": "900"}, "", "", 5 * time.Minute, switchgear.ClassOverloaded},
		{"a terminal error", switchgear.ClassInvalid, map[string]string{"Retry-After": "3"}, "", "", 0, switchgear.ClassInvalid},
		{"room left", switchgear.ClassRateLimited, map[string]string{"X-Ratelimit-Remaining-Tokens": "9"}, "", "", 0, switchgear.ClassOverloaded},
		{"room left, and an absurd hint", switchgear.ClassRateLimited, map[string]string{"X-Ratelimit-Remaining-Tokens": "9", "Retry-After": "soon"}, "", "", 0, switchgear.ClassRateLimited},
		{"room that is no number", switchgear.ClassRateLimited, map[string]string{"X-Ratelimit-Remaining-Tokens": "NaN"}, "", "", 0, switchgear.ClassRateLimited},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := http.Header{}
				for name, value := range c.header {
					h.Set(name, value)
				}
				e := &switchgear.Error{Class: c.class, Status: http.StatusTooManyRequests, Detail: c.text}
				Settle(e, h, c.hint)
				if e.RetryAfter != c.want || e.Class != c.became {
					t.Errorf("%s, %v; want %s, %v", e.Class, e.RetryAfter, c.became, c.want)
				}
			})
		})
	}
	ramp := &switchgear.Error{Class: switchgear.ClassRateLimited, Marks: switchgear.MarkRamp, Status: http.StatusTooManyRequests}
	if Settle(ramp, http.Header{"X-Ratelimit-Remaining-Tokens": {"9"}}, ""); ramp.Class != switchgear.ClassRateLimited {
		t.Error("a plea for a lower rate does not depend on what remains")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(version + line("text", "400-499", "^x", "auth", "-", "edge,ramp", "w", "e", "say"))
	f.Add("version: \n\t\t\t")
	f.Fuzz(func(t *testing.T, data string) {
		table, err := Parse(data)
		if (table == nil) == (err == nil) {
			t.Fatalf("%v, %v", table, err)
		}
		if table != nil {
			table.Judge(Said{Status: 400, Words: []string{"x"}, Text: data})
		}
	})
}
