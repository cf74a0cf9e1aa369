package swap

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear/config"
)

const table = `# The table of the house.
version: 1
providers:
  sim: {kind: sim}
  other: {kind: sim}
models:
  quick: {model: sim/quick-1, tier: small}   # short names stay
  slow:  {model: "other/slow-1", tier: frontier}
routes:
  # chat: what people type
  chat: {description: "größer → 'x'", chain: [quick, 'sim/b' , {use: "sim/c", with: {effort: low}}], single_point: ok}
  work:
    single_point: ok
    chain:           # in blocks
      - quick        # first
      -   use: sim/b
          with: {effort: high}
      - "sim\u002fd"
    rules:
      - when: {stream: true}
        chain: [ other/e ,
          sim/f ]   # over two lines
    aliases: [job]
`

func file(text string) File { return File{Name: "switchgear.yaml", Text: []byte(text)} }

func TestReplaceChangesOneScalar(t *testing.T) {
	f := func(at Place, to, old, written string) {
		t.Helper()
		e, err := file(table).Replace(at, to)
		if err != nil {
			t.Errorf("%s to %s: %v", at, to, err)
			return
		}
		if e.Old != old || e.New != written {
			t.Errorf("%s to %s: %s became %s, want %s and %s", at, to, e.Old, e.New, old, written)
		}
		untouched(t, []byte(table), e)
	}
	f(Place{Route: "chat", Step: 1}, "sim/z", "quick", "sim/z")
	f(Place{Route: "chat", Step: 1}, "other/slow-1", "quick", "slow") // it has a short name, which says more
	f(Place{Route: "chat", Step: 2}, "sim/z", "'sim/b'", "'sim/z'")
	f(Place{Route: "chat", Step: 3}, "sim/z", `"sim/c"`, `"sim/z"`)
	f(Place{Route: "chat", Step: 1}, "sim/llama3.2:latest", "quick", `"sim/llama3.2:latest"`) // within brackets YAML takes it for a map
	f(Place{Route: "work", Step: 1}, "sim/llama3.2:latest", "quick", "sim/llama3.2:latest")
	f(Place{Route: "work", Step: 1}, "sim/a#b", "quick", "sim/a#b")
	f(Place{Route: "work", Step: 2}, "sim/it's", "sim/b", "sim/it's")
	f(Place{Route: "chat", Step: 2}, "sim/it's", "'sim/b'", "'sim/it''s'")
	f(Place{Route: "chat", Step: 2}, "sim/a,b", "'sim/b'", "'sim/a,b'")
	f(Place{Route: "chat", Step: 1}, "sim/a,b]", "quick", `"sim/a,b]"`)
	f(Place{Route: "work", Step: 3}, "sim/z", `"sim\u002fd"`, `"sim/z"`)
	f(Place{Route: "job", Rule: 1, Step: 1}, "sim/z", "other/e", "sim/z")
	f(Place{Route: "work", Rule: 1, Step: 2}, "quick", "sim/f", "quick")
}

// untouched checks what an edit promises: all bytes but those of the scalar are
// as they were, and the step serves what was asked for.
func untouched(t interface {
	Helper()
	Errorf(string, ...any)
}, text []byte, e *Edit,
) {
	t.Helper()
	prefix, suffix := text[:e.Offset], text[e.Offset+len(e.Old):]
	if string(text[e.Offset:e.Offset+len(e.Old)]) != e.Old || !bytes.Equal(e.Text, bytes.Join([][]byte{prefix, []byte(e.New), suffix}, nil)) {
		t.Errorf("more than %s at %d changed:\n%s", e.Old, e.Offset, e.Text)
	}
	c, findings := config.Parse("x", e.Text, nil, config.WithoutSecrets())
	if config.HasErrors(findings) {
		t.Errorf("the edited text has mistakes: %v", findings)
		return
	}
	step, _, err := e.Place.find(c)
	if err != nil || step.Target != e.To {
		t.Errorf("%s serves %v (%v), want %s", e.Place, step, err, e.To)
	}
}

func TestReplaceKeepsLineEndsAndMarks(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		for _, lead := range []string{"", "\ufeff"} {
			text := lead + strings.ReplaceAll(table, "\n", end)
			for _, at := range []Place{{Route: "chat", Step: 3}, {Route: "work", Step: 2}, {Route: "work", Rule: 1, Step: 2}} {
				e, err := file(text).Replace(at, "sim/z")
				if err != nil {
					t.Errorf("%q %q %s: %v", lead, end, at, err)
					continue
				}
				untouched(t, []byte(text), e)
			}
		}
	}
}

func TestReplaceSaysWhatElseAShortNameServes(t *testing.T) {
	e, err := file(table).Replace(Place{Route: "chat", Step: 1}, "slow")
	if err != nil {
		t.Fatal(err)
	}
	want := "the short name quick (models, line 7) stays as it is: it also serves step 1 of route work"
	if len(e.Notes) != 1 || e.Notes[0] != want || e.Line != 11 {
		t.Errorf("line %d, %q", e.Line, e.Notes)
	}
	once := strings.Replace(table, "- quick ", "- sim/b2", 1)
	if e, err = file(once).Replace(Place{Route: "chat", Step: 1}, "slow"); err != nil || !strings.Contains(e.Notes[0], "nothing uses it any more") {
		t.Errorf("%v %v", e, err)
	}
}

func TestReplaceRefuses(t *testing.T) {
	env := func(name string) (string, bool) { return "sim/v", name == "MODEL" }
	f := func(text string, at Place, to, want string) {
		t.Helper()
		_, err := File{Name: "switchgear.yaml", Text: []byte(text), Env: env}.Replace(at, to)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s to %s: %v, want %q", at, to, err, want)
		}
	}
	f(table, Place{Route: "chatt", Step: 1}, "slow", `there is no route "chatt". Did you mean "chat"?`)
	f(table, Place{Route: "chat", Step: 4}, "slow", "route chat has 3 steps, so there is no step 4")
	f(table, Place{Route: "chat", Step: 0}, "slow", "no step 0")
	f(table, Place{Route: "chat", Rule: 1, Step: 1}, "slow", "route chat has no rule, not a rule 1")
	f(table, Place{Route: "work", Rule: 1, Step: 3}, "slow", "rule 1 of route work has 2 steps")
	f(table, Place{Route: "chat", Step: 1}, "sloww", `Did you mean "slow"?`)
	f(table, Place{Route: "chat", Step: 1}, "othr/x", `Did you mean "other"?`)
	f(table, Place{Route: "chat", Step: 1}, "quick", "is sim/quick-1 already")
	f(table, Place{Route: "chat", Step: 1}, "sim/quick-1", "is sim/quick-1 already")
	f(table, Place{Route: "chat", Step: 1}, "sim/a b", "printable ASCII")
	f(table, Place{Route: "chat", Step: 1}, "sim/a\n  evil: x", "printable ASCII")
	f(table, Place{Route: "chat", Step: 1}, "sim/${MODEL}", "printable ASCII")
	f(strings.Replace(table, "chain: [quick", "chain: [\"${MODEL}\"", 1), Place{Route: "chat", Step: 1}, "slow", "takes its model from a variable")
	f(strings.Replace(table, "- quick", "- ${MODEL}", 1), Place{Route: "work", Step: 1}, "slow", "takes its model from a variable")
	f(strings.Replace(table, "- quick ", "- >-\n         quick\n     #", 1), Place{Route: "work", Step: 1}, "slow", "cannot be edited")
	f(table+"broken", Place{Route: "chat", Step: 1}, "slow", "mistakes")
}

// TestReplaceThereAndBack writes files in every style there is and edits a step
// at random: only the scalar changes, and the edit back restores the bytes.
func TestReplaceThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, steps := written(t)
		at := Place{Route: "r", Step: rapid.IntRange(1, steps).Draw(t, "step")}
		to := rapid.SampledFrom([]string{"sim/new", "other/llama3:8b", "sim/x#y", "sim/us.a.b-v1:0", "quick", "sim/a{b}", "sim/true"}).Draw(t, "to")
		f := File{Name: "x", Text: []byte(text)}
		e, err := f.Replace(at, to)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		untouched(t, f.Text, e)
		back, err := File{Name: "x", Text: e.Text}.Replace(at, e.From.String())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(e.Old, `'"`) == strings.Trim(back.New, `'"`) && quoted(e.Old) == quoted(e.New) && !bytes.Equal(back.Text, f.Text) {
			t.Errorf("there and back:\n%s\n%s", f.Text, back.Text)
		}
	})
}

func quoted(s string) bool { return strings.ContainsAny(s[:1], `'"`) }

// written writes a routing file with a route r of some steps.
func written(t *rapid.T) (string, int) {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	comment := func() string {
		return pick("comment", "", "", "  # ünï → [sim/step-0, 'x'", "   #", " # \"sim/step-1\" {use: quick}")
	}
	var b strings.Builder
	line := func(s string) { b.WriteString(s + comment() + "\n") }
	line("version: 1")
	line("providers: {sim: {kind: sim}, other: {kind: sim}}")
	line("models: {quick: {model: sim/quick-1}}")
	line("routes:")
	line("  before: {chain: [sim/step-0], single_point: ok}")
	steps := rapid.IntRange(1, 4).Draw(t, "steps")
	var items []string
	flow := rapid.Bool().Draw(t, "flow")
	for i := range steps {
		name := "sim/step-" + strconv.Itoa(i)
		name = pick("quotes", name, "'"+name+"'", `"`+name+`"`)
		form := pick("form", "short", "long", "block")
		switch {
		case form == "short":
			items = append(items, name)
		case form == "long" || flow:
			items = append(items, pick("map", "{use: "+name+", with: {effort: low}}", "{ with: {effort: high} , use:   "+name+" }", "{use: "+name+"}"))
		default:
			items = append(items, "use: "+name+comment()+"\n        with: {effort: low}")
		}
	}
	if flow {
		line("  r: {description: \"ß, 'step'\", chain: [" + strings.Join(items, pick("comma", ", ", " ,", ",\n      ", ", # x\n     ")) + pick("end", "]", " ]", "\n   ]") + "}")
	} else {
		line("  r:")
		line("    chain:")
		for _, item := range items {
			line("      " + "- " + item)
		}
	}
	line("  after: {chain: [{use: sim/step-1}], single_point: ok}")
	text := strings.ReplaceAll(b.String(), "\n", pick("ends", "\n", "\r\n", "\r"))
	return pick("mark", "", "\ufeff") + text, steps
}

// FuzzReplace checks that whatever the file, an edit that is made is the edit
// that was asked for.
func FuzzReplace(f *testing.F) {
	f.Add([]byte(table), "chat", 0, 1, "sim/z")
	f.Add([]byte(strings.ReplaceAll(table, "\n", "\r\n")), "work", 1, 2, "quick")
	f.Add([]byte("{version: 1, providers: {sim: {kind: sim}}, routes: {r: {chain: [sim/a, \"sim/b\"]}}}"), "r", 0, 2, "sim/c:d")
	f.Fuzz(func(t *testing.T, text []byte, route string, rule, step int, to string) {
		e, err := File{Name: "x", Text: text}.Replace(Place{Route: route, Rule: rule, Step: step}, to)
		if err == nil {
			untouched(t, text, e)
		}
	})
}
