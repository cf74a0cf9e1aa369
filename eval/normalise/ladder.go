package normalise

import (
	"iter"
	"slices"
	"strings"
)

// Rung is one normaliser.
type Rung struct {
	Name string
	// Safe says that serving may use it without a second thought: it acts only
	// on what no parser would take, and what it makes means the same.
	Safe  bool
	About string // what it undoes, for people

	mends   bool // acts on answers that fail the format
	refines bool // acts on answers that have it
	fn      func(text string, f Format) (string, bool)
}

// Ladder is every rung, in the order they are tried. The order is fixed and
// part of what an evidence means: new rungs go where they belong by cost, and
// that is a change of the ladder.
func Ladder() []Rung {
	return []Rung{
		{Name: "trim", Safe: true, mends: true, refines: true, fn: trim, About: "space, a byte order mark or carriage returns around the answer"},
		{Name: "strip_fence", Safe: true, mends: true, refines: true, fn: stripFence, About: "the whole answer is one fenced block"},
		{Name: "extract", Safe: true, mends: true, fn: extract, About: "prose around exactly one value"},
		{Name: "extract_last", mends: true, fn: extractLast, About: "prose around several values, of which the last is taken"},
		{Name: "fix_escapes", Safe: true, mends: true, fn: fixEscapes, About: `backslashes that JSON does not know: \(, \_, \boxed`},
		{Name: "escape_controls", Safe: true, mends: true, fn: escapeControls, About: "raw newlines and tabs inside a string"},
		{Name: "unescape_markdown", Safe: true, mends: true, refines: true, fn: unescapeMarkdown, About: `names written for Markdown: find\_city`},
		{Name: "unwrap_string", Safe: true, mends: true, fn: unwrapString, About: "the answer as a string inside a string, or calls as a list of strings"},
		{Name: "relax", mends: true, fn: relax, About: "single quotes, trailing commas, comments, True and None"},
		{Name: "plain_unicode", mends: true, refines: true, fn: plainUnicode, About: "smart quotes, no-break spaces, full-width letters, split accents, \\u escapes in text"},
		{Name: "clean_numbers", refines: true, fn: cleanNumbers, About: "$1,234.00 or 12% where a number is meant"},
		{Name: "map_keys", refines: true, fn: mapKeys, About: "keys in another case, or an object wrapped in another"},
		{Name: "map_names", refines: true, fn: mapNames, About: "tool names as a provider's rules rewrote them: a.b as a_b"},
		{Name: "strip_affixes", refines: true, fn: stripAffixes, About: "Answer: in front, quotes around, a full stop behind, a label in another case"},
		{Name: "last_answer", refines: true, fn: lastAnswer, About: "the answer stands at the end, without its marker"},
		{Name: "drop_first_line", refines: true, fn: dropFirstLine, About: "a sentence in front: Certainly! Here is ..."},
		{Name: "drop_last_line", refines: true, fn: dropLastLine, About: "a sentence behind: Let me know ..."},
		{Name: "strip_markdown", refines: true, fn: stripMarkdown, About: "emphasis, headings and citation marks"},
		{Name: "convert_calls", Safe: true, mends: true, fn: convertCalls, About: "tool calls written as JSON"},
		{Name: "dedupe_calls", refines: true, fn: dedupeCalls, About: "the same call twice"},
	}
}

// Named finds a rung by name.
func Named(name string) (Rung, bool) {
	ladder := Ladder()
	if i := slices.IndexFunc(ladder, func(r Rung) bool { return r.Name == name }); i >= 0 {
		return ladder[i], true
	}
	return Rung{}, false
}

// Names are the names of all rungs, in the ladder's order.
func Names() []string {
	var names []string
	for _, r := range Ladder() {
		names = append(names, r.Name)
	}
	return names
}

// Serves reports whether the rung can act in serving: whether it mends answers
// that fail the declared format. The others are for diagnosis.
func (r Rung) Serves() bool { return r.mends }

// Apply does what the rung does to an answer, and reports whether it changed
// anything. A rung that mends leaves alone what has the format already.
func (r Rung) Apply(text string, f Format) (string, bool) {
	if r.fn == nil || len(text) > MaxBytes || (!r.refines && f.Parses(text)) {
		return text, false
	}
	out, ok := r.fn(text, f)
	if !ok || out == text {
		return text, false
	}
	return out, true
}

// Apply mends an answer with the named rungs, in the ladder's order whatever
// order they are named in, and says which were needed. An answer that has the
// format is not touched; nor is one that these rungs cannot bring to have it.
func Apply(text string, f Format, names []string) (string, []string) {
	if len(names) == 0 || len(text) > MaxBytes || f.Parses(text) {
		return text, nil
	}
	var rungs []Rung
	for _, r := range Ladder() {
		if r.mends && slices.Contains(names, r.Name) {
			rungs = append(rungs, r)
		}
	}
	mended, used, ok := mend(text, f, rungs)
	if !ok {
		return text, nil
	}
	return mended, used
}

// mend climbs until the text has the format. It climbs twice at most: a string
// may hold what was fenced.
func mend(text string, f Format, rungs []Rung) (string, []string, bool) {
	var used []string
	for range 2 {
		for _, r := range rungs {
			out, ok := r.fn(text, f)
			if !ok || out == text {
				continue
			}
			text = out
			used = append(used, r.Name)
			if f.Parses(text) {
				return text, used, true
			}
		}
	}
	return text, used, false
}

// Variant is an answer as it reads from a rung of the ladder.
type Variant struct {
	Text  string
	Rung  string   // the rung that made it: the name that a recovered case is counted under; "" is the answer untouched
	Rungs []string // all that was done to it, in order
}

// Climb gives the readings of an answer, cheapest first, beginning with the
// answer untouched. The caller grades each and stops at the first that passes;
// an answer that passes untouched has then never been changed.
//
// First comes what it takes to have the format. From there each rung that
// refines is tried alone, then the ones that acted together, then the lines and
// the emphasis in every combination.
func Climb(text string, f Format) iter.Seq[Variant] {
	return func(yield func(Variant) bool) {
		if !yield(Variant{Text: text}) || len(text) > MaxBytes {
			return
		}
		ladder := Ladder()
		base := Variant{Text: text}
		if !f.Parses(text) {
			mended, used, ok := mend(text, f, slices.DeleteFunc(slices.Clone(ladder), func(r Rung) bool { return !r.mends }))
			if !ok {
				return
			}
			base = Variant{Text: mended, Rung: costliest(used), Rungs: used}
			if !yield(base) {
				return
			}
		}
		refine(base, f, ladder, yield)
	}
}

// refine gives the readings of an answer that has the format.
func refine(base Variant, f Format, ladder []Rung, yield func(Variant) bool) {
	seen := map[string]bool{base.Text: true}
	offer := func(v Variant) bool {
		if seen[v.Text] {
			return true
		}
		seen[v.Text] = true
		return yield(v)
	}
	together, acted := base, 0
	for _, r := range ladder {
		if !r.refines {
			continue
		}
		if v, ok := base.then(r, f); ok && !offer(v) {
			return
		}
		if combines(r) {
			continue
		}
		if v, ok := together.then(r, f); ok {
			together = v
			acted++
		}
	}
	if acted > 1 && !offer(together) {
		return
	}
	combine(base, f, ladder, offer)
}

// combines says which rungs are tried in every combination: the lines that
// open and close an answer, and its emphasis.
func combines(r Rung) bool {
	return r.Name == "drop_first_line" || r.Name == "drop_last_line" || r.Name == "strip_markdown" || r.Name == "last_answer"
}

func combine(base Variant, f Format, ladder []Rung, offer func(Variant) bool) {
	var rungs []Rung
	for _, r := range ladder {
		if combines(r) && r.Name != "last_answer" {
			rungs = append(rungs, r)
		}
	}
	for set := 1; set < 1<<len(rungs); set++ {
		v := base
		for i, r := range rungs {
			if set&(1<<i) != 0 {
				v, _ = v.then(r, f)
			}
		}
		if !offer(v) {
			return
		}
	}
}

// then is the variant after one more rung.
func (v Variant) then(r Rung, f Format) (Variant, bool) {
	out, ok := r.Apply(v.Text, f)
	if !ok || !f.Parses(out) {
		return v, false
	}
	rungs := append(slices.Clone(v.Rungs), r.Name)
	return Variant{Text: out, Rung: costliest(rungs), Rungs: rungs}, true
}

// costliest is the rung furthest up the ladder, but for trimming, which says
// nothing: a recovered case is counted under it.
func costliest(used []string) string {
	best, at := "", -1
	names := Names()
	for _, name := range used {
		if i := slices.Index(names, name); i > at {
			best, at = name, i
		}
	}
	return best
}

// trim takes away what stands around an answer and says nothing.
func trim(text string, _ Format) (string, bool) {
	out := strings.ReplaceAll(text, "\r\n", "\n")
	out = strings.Trim(out, " \t\r\n\v\f\ufeff\u200b\u00a0")
	return out, out != text
}
