package normalise

import "testing"

// TestRungs holds, for each rung, answers it must act on and answers it must
// leave alone; where want is empty, the answer is to be left alone.
func TestRungs(t *testing.T) {
	object := Format{Kind: JSON, Words: []string{"total", "due_date"}}
	calls := Format{Kind: Calls, Words: []string{"math.hypot", "find_city"}}
	text := Format{Words: []string{"billing", "technical"}, Short: true}
	f := func(rung string, format Format, in, want string) {
		t.Helper()
		r, ok := Named(rung)
		if !ok {
			t.Fatalf("no rung %q", rung)
		}
		got, acted := r.Apply(in, format)
		if want == "" {
			want = in
		}
		if got != want || acted != (want != in) {
			t.Errorf("%s(%q)\n got %q, %v\nwant %q", rung, in, got, acted, want)
		}
	}

	f("trim", text, "\ufeff yes\r\n", "yes")
	f("trim", text, "yes", "")

	f("strip_fence", object, "```json\n{\"a\": 1}\n```", `{"a": 1}`)
	f("strip_fence", object, "``` \n{\"a\": 1}\n```\n", `{"a": 1}`)
	f("strip_fence", object, "```json {\"a\": 1} ```", `{"a": 1}`)
	f("strip_fence", object, "```json{\"a\": 1}```", `{"a": 1}`)
	f("strip_fence", object, "~~~\n{\"a\": 1}\n~~~", `{"a": 1}`)
	f("strip_fence", object, "```json\n{\"a\": \"x\n y\"}\n```", "{\"a\": \"x\n y\"}") // the next rungs mend the inside
	f("strip_fence", object, `{"a": "`+"```json\\n{}\\n```"+`"}`, "")                  // a fence inside a string of valid JSON
	f("strip_fence", object, "```json\n{\"a\": 1}\n```\nand\n```json\n{\"a\": 2}\n```", "")
	f("strip_fence", object, "Here:\n```json\n{}\n```", "")
	f("strip_fence", object, "``````", "")
	f("strip_fence", object, "```\n```", "")
	f("strip_fence", calls, "```plaintext\n[f(a=1)]\n```", "[f(a=1)]")
	f("strip_fence", text, "```go\nreturn x\n```", "return x")

	f("extract", object, `Here you are: {"a": 1}. Anything else?`, `{"a": 1}`)
	f("extract", object, "Here you are:\n\n```json\n{\"a\": [1, {}]}\n```\nBye", `{"a": [1, {}]}`)
	f("extract", object, `Here you are: {"a": "}"} bye`, `{"a": "}"}`)
	f("extract", object, `Here you are: {"a": 1,}`, `{"a": 1,}`)
	f("extract", object, `{"a": 1} or {"a": 2}`, "")
	f("extract", object, `I'm sorry, I cannot help with that. The format is {"a": 1}.`, "")
	f("extract", object, `no value at all`, "")
	f("extract", object, `{"a": 1`, "")
	f("extract", calls, "Use this:\n\n[f(a='x')]\n\nThe `f()` tool finds it.", "[f(a='x')]")
	f("extract", calls, "<|end_header_id|>\n\n[f(a=1)]", "[f(a=1)]")
	f("extract", calls, "Call `f(a=1)` then", "f(a=1)")
	f("extract", calls, "call it (see above) or [not]", "")
	f("extract", text, `Here you are: {"a": 1}`, "")

	f("extract_last", object, `First {"a": 1}, no: {"a": 2}`, `{"a": 2}`)
	f("extract_last", object, `only {"a": 1}`, "")

	f("fix_escapes", object, `{"a": "\(x\) and \boxed{4}"}`, `{"a": "\\(x\\) and \\boxed{4}"}`)
	f("fix_escapes", object, `{"a\_b": "\u12"}`, `{"a_b": "\\u12"}`)
	f("fix_escapes", object, `{"a": "\n\\( \u00e9"}`, "")
	f("fix_escapes", text, `\(x\)`, "")

	f("escape_controls", object, "{\"a\": \"1\n2\t3\x01\"}", `{"a": "1\n2\t3\u0001"}`)
	f("escape_controls", object, "{\n\"a\": 1\n}", "")

	f("unescape_markdown", calls, `[find\_city(a='b')]`, `[find_city(a='b')]`)
	f("unescape_markdown", object, `{"a": "\_"}`, "")
	f("unescape_markdown", text, `snake\_case and a\\b`, `snake_case and a\\b`)

	f("unwrap_string", object, `"{\"a\": 1}"`, `{"a": 1}`)
	f("unwrap_string", object, `"plain"`, "")
	f("unwrap_string", calls, `['f(a=1)', "g(b='x')"]`, `[f(a=1), g(b="x")]`)
	f("unwrap_string", calls, `['f', 'g']`, "")

	f("relax", object, `{'a': 'it\'s "x"', b: True, "c": [1, 2,], } // so`, `{"a": "it's \"x\"", "b": true, "c": [1, 2] } `)
	f("relax", object, `{"a": None, # why`+"\n"+`"b": 1}`, `{"a": null, "b": 1}`)
	f("relax", object, `{"a": "b"`, "")
	f("relax", object, `it's not JSON`, "")
	f("relax", calls, `[{'name': 'f'}]`, "")

	f("plain_unicode", object, `{“a”: 1}`, `{"a": 1}`)
	f("plain_unicode", object, `{"a": "“b” don’t"}`, `{"a": "\"b\" don't"}`)
	f("plain_unicode", text, "cafe\u0301\u00a0no\u200bw ５ ﬁn", "café now 5 fin")
	f("plain_unicode", text, `caf\u00e9 \ud83d\ude00`, "café 😀")
	f("plain_unicode", text, "plain", "")

	f("clean_numbers", text, " $1,234.50 ", "1234.5")
	f("clean_numbers", text, "12%", "12")
	f("clean_numbers", text, "10 or 100", "")
	f("clean_numbers", object, `{"total":"1,234","zip":"02134"}`, `{"total":1234,"zip":"02134"}`)
	f("clean_numbers", object, `{"total":100}`, "")

	f("map_keys", object, `{"Total": 1, "dueDate": "x"}`, `{"due_date":"x","total":1}`)
	f("map_keys", object, `{"result": {"total": 1}}`, `{"total":1}`)
	f("map_keys", object, `{"total": {"x": 1}}`, "")
	f("map_keys", object, `{"dueDate": 1, "DUE-DATE": 2}`, "")

	f("map_names", calls, `[math_hypot(x=1)]`, `[math.hypot(x=1)]`)
	f("map_names", calls, `[find_city(x=1)]`, "")
	f("map_names", calls, `[tools.find_city(x=1)]`, "")

	f("strip_affixes", text, "**Answer:** Billing.", "billing")
	f("strip_affixes", text, "The answer is “42”.", "42")
	f("strip_affixes", text, "billing", "")

	f("last_answer", text, "so 3 + 4 makes $1,007.", "1007")
	f("last_answer", text, `2 apples, \boxed{12} in all, 3 left`, "12")
	f("last_answer", text, "5 steps\n#### 18\nDone in 2", "18")
	f("last_answer", text, "none", "")

	f("last_answer", Format{}, "a long text about 3 things", "")
	f("strip_affixes", Format{}, "The answer is short.", "")

	f("drop_first_line", text, "Certainly! Here is a poem.\n\nRoses\nViolets", "Roses\nViolets")
	f("drop_first_line", text, "Roses", "")
	f("drop_last_line", text, "Roses\n\nLet me know if you need more.", "Roses")
	f("drop_last_line", text, "Roses", "")
	f("strip_markdown", text, "## A\n*b* and **c** [1] [x]", "A\nb and c  [x]")
	f("strip_markdown", text, "a # b", "")

	f("convert_calls", calls, `[{"name":"f","parameters":{"a":1}}]`, `[f(a=1)]`)
	f("convert_calls", calls, `{"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":\"b\"}"}}]}`, `[f(a="b")]`)
	f("convert_calls", calls, "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", `[f()]`)
	f("convert_calls", calls, `[{"find_city":{"a":1}}]`, `[find_city(a=1)]`)
	f("convert_calls", calls, `[{"lose_city":{"a":1}}]`, "")
	f("convert_calls", calls, `{"name":"Ada","age":36}`, "")
	f("extract", calls, `[find\_city(a=1)]`, "")
	f("dedupe_calls", calls, `[f(a=1), f(a=1), f(a=2)]`, `[f(a=1), f(a=2)]`)
	f("dedupe_calls", calls, `[f(a=1), f(a=2)]`, "")
}

// TestLadder looks for rungs that are not whole.
func TestLadder(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Ladder() {
		if seen[r.Name] || r.About == "" || r.fn == nil || (!r.mends && !r.refines) || (r.Safe && !r.mends) {
			t.Errorf("rung %+v", r)
		}
		seen[r.Name] = true
	}
	if _, ok := Named("strip"); ok {
		t.Error("there is no rung strip")
	}
	if out, ok := (Rung{}).Apply("x", Format{}); ok || out != "x" {
		t.Error("a rung that is none did something")
	}
}

func TestRefuses(t *testing.T) {
	for _, s := range []string{
		"I'm sorry, but I can't assist with that.",
		"I’m sorry, I cannot help with that request.",
		"I cannot provide instructions for this.",
		"Unfortunately, I am unable to help with this.",
		"I apologize, but I do not feel comfortable generating that content.",
		"I won't be able to help you here.",
		"Sorry, I can't comply.",
	} {
		if !Refuses(s) {
			t.Errorf("not seen as a refusal: %s", s)
		}
	}
	for _, s := range []string{
		"I can't believe it is not butter, said the man.",
		"Dear Sir, I'm sorry to hear that we cannot help.",
		"The model says: I cannot help with that.",
		"I am sorry for your loss.",
		"We will not rest.",
		"Yes.",
		"",
	} {
		if Refuses(s) {
			t.Errorf("seen as a refusal: %s", s)
		}
	}
}
