package swap

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// styled are the ways people write a step; STEP is where it stands.
func styled() map[string]string {
	const head = "# who answers\nversion: 1\nproviders: {sim: {kind: sim}}\nmodels: {cheap: {model: sim/c, tier: small}}\nroutes:\n"
	return map[string]string{
		"name":          head + "  chat: {chain: [sim/a, sim/z], single_point: ok}  # people\n",
		"quoted":        head + "  chat: {chain: ['sim/a', \"sim/z\"]}  # people\n",
		"list":          head + "  chat:\n    chain:\n      - sim/a  # the first\n      # and then\n      - sim/z\n",
		"braces":        head + "  chat:\n    chain:\n      - {use: sim/a, with: {effort: low}}  # first\n      - sim/z\n",
		"braces behind": head + "  chat:\n    chain:\n      - { with: {effort: low}, use: 'sim/a' }  # first\n      - sim/z\n",
		"block":         head + "  chat:\n    chain:\n      - use: sim/a  # first\n        with:\n          effort: low\n      - sim/z\n",
		"block alone":   head + "  chat:\n    chain:\n      - use: sim/a\n      - sim/z",
		"windows":       strings.ReplaceAll(head+"  chat:\n    chain:\n      - use: sim/a  # first\n      - sim/z\n", "\n", "\r\n"),
		"rule":          head + "  chat: {chain: [sim/z], rules: [{when: {input_tokens: \">9\"}, chain: [sim/a]}]}\n",
	}
}

// TestCanaryEdits: whatever the style, a canary is put in, given another share,
// and taken out again, which gives the bytes there were; or takes the step's
// place, which gives those of a plain swap. What it means each time is checked
// by Change itself.
func TestCanaryEdits(t *testing.T) {
	for name, text := range styled() {
		t.Run(name, func(t *testing.T) {
			at := Place{Route: "chat", Step: 1}
			if name == "rule" {
				at.Rule = 1
			}
			change := func(text string, w Wish) *Edit {
				t.Helper()
				w.Place = at
				e, err := File{Name: "x", Text: []byte(text)}.Change(&w)
				if err != nil {
					t.Fatalf("%v in\n%s", err, text)
				}
				if !strings.HasPrefix(e.Diff(), "-") && !strings.HasPrefix(e.Diff(), "+") {
					t.Errorf("the difference is %q", e.Diff())
				}
				return e
			}
			begun := change(text, Wish{To: "sim/c", Share: 0.05})
			if n := strings.Count(string(begun.Text), "cheap, share: 5%}") + strings.Count(string(begun.Text), "'cheap', share: 5%}"); n != 1 || begun.To.String() != "sim/c" {
				t.Errorf("%d canaries in\n%s", n, begun.Text)
			}
			raised := change(string(begun.Text), Wish{To: "cheap", Share: 0.25})
			if want := strings.Replace(string(begun.Text), "5%", "25%", 1); string(raised.Text) != want {
				t.Error(cmp.Diff(want, string(raised.Text)))
			}
			if ended := change(string(raised.Text), Wish{To: "sim/a"}); string(ended.Text) != text {
				t.Error(cmp.Diff(text, string(ended.Text)))
			}
			swapped := change(text, Wish{To: "cheap"})
			for _, w := range []Wish{{To: "sim/c"}, {Promote: true}} {
				if promoted := change(string(raised.Text), w); string(promoted.Text) != string(swapped.Text) {
					t.Error(cmp.Diff(string(swapped.Text), string(promoted.Text)))
				}
			}
			high := "{effort: high}"
			own := change(text, Wish{With: &high, Share: 0.05})
			if !strings.Contains(string(own.Text), "canary: {use: ") || !strings.Contains(string(own.Text), ", with: {effort: high}, share: 5%}") {
				t.Errorf("levers of its own:\n%s", own.Text)
			}
			if ended := change(string(own.Text), Wish{To: "sim/a"}); string(ended.Text) != text {
				t.Error(cmp.Diff(text, string(ended.Text)))
			}
			if name == "block" {
				return // its levers stand on lines of their own, and are not edited
			}
			promoted := change(string(own.Text), Wish{Promote: true})
			if strings.Contains(string(promoted.Text), "canary") || !strings.Contains(string(promoted.Text), "with: {effort: high}") {
				t.Errorf("its levers are not the step's:\n%s", promoted.Text)
			}
			changed := change(text, Wish{With: &high})
			if !strings.Contains(string(changed.Text), "with: {effort: high}") || strings.Contains(string(changed.Text), "low") {
				t.Errorf("other levers:\n%s", changed.Text)
			}
			none := ""
			bare := change(string(changed.Text), Wish{With: &none})
			if strings.Contains(string(bare.Text), "with") {
				t.Errorf("no levers:\n%s", bare.Text)
			}
		})
	}
}

// TestCanaryWishes: what cannot be done says why, and what can be done instead.
func TestCanaryWishes(t *testing.T) {
	text := styled()["name"]
	tried, err := File{Name: "x", Text: []byte(text)}.Change(&Wish{Place: Place{Route: "chat", Step: 1}, To: "sim/c", Share: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	bad, worse := "{effort: ", "{efort: high}"
	for _, c := range []struct {
		text string
		w    Wish
		want string
	}{
		{text, Wish{To: "sim/c", Share: 0.8}, "a canary answers above 0% and up to 50% of the requests"},
		{text, Wish{To: "sim/c", Share: -0.1}, "a canary answers above 0% and up to 50% of the requests"},
		{text, Wish{To: "sim/a", Share: 0.05}, "step 1 of route chat is sim/a already"},
		{text, Wish{}, "step 1 of route chat is sim/a already"},
		{text, Wish{Promote: true}, "step 1 of route chat has no canary that could take its place"},
		{string(tried.Text), Wish{To: "sim/other"}, "step 1 of route chat tries sim/c already. End that first: switchgear swap plan chat --to sim/a"},
		{string(tried.Text), Wish{To: "sim/other", Share: 0.1}, "step 1 of route chat tries sim/c already. End that first: switchgear swap plan chat --to sim/a"},
		{string(tried.Text), Wish{To: "sim/c", Share: 0.05}, "sim/c answers 5% of the requests of step 1 of route chat already"},
		{text, Wish{With: &worse}, `--with efort: no such setting. Did you mean "effort"`},
		{text, Wish{With: &bad}, "--with "},
	} {
		c.w.Place = Place{Route: "chat", Step: 1}
		_, err := File{Name: "x", Text: []byte(c.text)}.Change(&c.w)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.w, err, c.want)
		}
	}
}
