package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLeversText: what is written is read again, and says what was set.
func TestLeversText(t *testing.T) {
	for _, text := range []string{
		"none", "effort: high", "thinking: adaptive, effort: low, cache: 1h", "thinking: off", "thinking: {budget: 8000}, max_tokens: 500, temperature: 0.2",
		"cache: on, tier: priority", `effort: "true"`, `tier: "a b"`,
	} {
		l, _, err := ParseLevers(text, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := LeversText(l); got != text {
			t.Errorf("%s became %s", text, got)
		}
		braced, _, err := ParseLevers("{"+text+"}", nil)
		if text != "none" && (err != nil || cmp.Diff(l, braced) != "") {
			t.Errorf("%s in braces: %v, %v", text, braced, err)
		}
	}
	l, shown, err := ParseLevers("{effort: high, body: {top_k: 40}}", nil)
	if err != nil || LeversText(l) != "" || shown != "effort=high body.top_k" {
		t.Errorf("%v, %q, %v", l, shown, err)
	}
	for text, want := range map[string]string{
		"efort: high": `efort: no such setting. Did you mean "effort"?`,
		"thinking: 7": `thinking: "7" is not one of adaptive, off, {budget: N}`,
		"effort: a\n": "", "effort: [": "",
		"effort: a\nb: c": "levers are one line: {effort: high}",
	} {
		_, _, err := ParseLevers(text, nil)
		if want == "" {
			continue
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
