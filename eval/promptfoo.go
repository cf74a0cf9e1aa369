package eval

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/switchgear-dev/switchgear/config"
)

// maxCombinations bounds the cases that prompts, tests and lists of values
// make together.
const maxCombinations = 20_000

// ImportOptions say what a promptfoo file does not.
type ImportOptions struct {
	Route string // the route the set is for
	Judge string // the model that judges where an assertion names none; "" leaves those out
}

// ImportPromptfoo makes an eval set of a promptfoo configuration: each prompt
// with each test is a case, each assertion a grader. What cannot be carried is
// named in the findings, as warnings, with its place; nothing is left out
// without a word. The set is nil if nothing can be made of the file.
func ImportPromptfoo(file string, text []byte, opts ImportOptions) ([]byte, []config.Finding) {
	im := &importing{reader: reader{file: file, root: file}, opts: opts}
	root := im.readYAML(text)
	if root == nil {
		return nil, im.all()
	}
	if root.Kind != Map {
		im.wrong(root, "", "a promptfoo configuration", "")
		return nil, im.all()
	}
	out := im.set(root)
	if im.failed() {
		return nil, im.all()
	}
	set, err := yaml.MarshalWithOptions(out, yaml.IndentSequence(true), yaml.UseJSONMarshaler())
	if err != nil {
		im.errorf(root.Pos, "", "the set cannot be written as YAML", "")
		return nil, im.all()
	}
	return set, im.all()
}

type importing struct {
	reader

	opts   ImportOptions
	shared []*Value // assertions that hold for every test
	vars   []Entry  // values that hold for every test
}

// drop names what is not carried.
func (im *importing) drop(pos config.Position, path, message string, fix ...string) {
	im.warn(pos, path, "not carried: "+message, fix...)
}

// rest names the settings of a map that are not among the known ones.
func (im *importing) rest(v *Value, path string, known ...string) {
	for i := range v.Entries {
		e := &v.Entries[i]
		if !slices.Contains(known, e.Key) {
			im.drop(e.Pos, child(path, e.Key), "this setting has no counterpart in an eval set", hintFor(e.Key))
		}
	}
}

// hintFor says what takes the place of a setting.
func hintFor(key string) string {
	switch key {
	case "providers", "targets", "provider":
		return "Models are named in the routing file; the gate is told which candidate to try."
	case "transform", "options", "transformVars":
		return "What serving does to answers is harness: {normalise: [...]}; anything else belongs into a command grader."
	case "threshold":
		return "Every grader that gates must pass; a share of points is weight and margin."
	case "evaluateOptions", "commandLineOptions", "env", "outputPath", "sharing", "writeLatestResults":
		return "How a run is made is said on the command line."
	default:
		return ""
	}
}

func (im *importing) set(root *Value) yaml.MapSlice {
	im.rest(root, "", "description", "prompts", "tests", "defaultTest")
	if d := root.Get("defaultTest"); d != nil && d.Kind == Map {
		im.rest(d, "defaultTest", "vars", "assert")
		if vars := d.Get("vars"); vars != nil {
			im.vars = vars.Entries
		}
		if list := d.Get("assert"); list != nil {
			im.shared = list.Items
		}
	} else if d != nil {
		im.drop(d.Pos, "defaultTest", "it is in another file", "Put it into this one first.")
	}
	prompts := im.prompts(root.Get("prompts"))
	tests := root.Get("tests")
	if tests == nil || tests.Kind != List {
		im.errorf(root.Pos, "tests", "there is no list of tests to make cases of", "Tests in other files (CSV, JSONL, scripts) are not read; put them into this one.")
		return nil
	}
	if len(prompts) == 0 {
		im.errorf(root.Pos, "prompts", "there is no prompt to make cases of", "Prompts in other files are not read; put them into this one.")
		return nil
	}
	var cases []yaml.MapSlice
	for i, test := range tests.Items {
		cases = append(cases, im.test(test, i, prompts)...)
		if len(cases) > maxCombinations {
			im.errorf(test.Pos, index("tests", i), "prompts, tests and lists of values make more than 20,000 cases together", "")
			return nil
		}
	}
	if len(cases) == 0 {
		im.errorf(tests.Pos, "tests", "no test could be made a case of", "")
	}
	out := yaml.MapSlice{}
	if d := root.Get("description"); d != nil && d.Text != "" {
		out = append(out, yaml.MapItem{Key: "description", Value: d.Text})
	}
	route := im.opts.Route
	if route == "" {
		route = "ROUTE"
		im.warn(root.Pos, "", "promptfoo has no routes", "Set route: to the name of the route that the set is for.")
	}
	return append(out, yaml.MapItem{Key: "route", Value: route}, yaml.MapItem{Key: "cases", Value: cases})
}

// prompt is a prompt with {{names}} in it.
type prompt struct {
	text     string
	messages []*Value // of a prompt that is a list of messages
	pos      config.Position
}

func (im *importing) prompts(v *Value) []prompt {
	if v == nil {
		return nil
	}
	items := v.Items
	if v.Kind == String {
		items = []*Value{v}
	}
	var out []prompt
	for i, item := range items {
		at := index("prompts", i)
		if item.Kind == Map {
			im.rest(item, at, "raw", "label", "id")
			raw := item.Get("raw")
			if raw == nil {
				im.drop(item.Pos, at, "the prompt is not written out here", "Put its text into raw.")
				continue
			}
			item = raw
		}
		if item.Kind != String {
			im.drop(item.Pos, at, "this is no prompt that is written out")
			continue
		}
		if isFile(item.Text) {
			im.drop(item.Pos, at, "the prompt is in another file: "+Quote(item.Text), "Put its text into this one first.")
			continue
		}
		if control.MatchString(item.Text) {
			im.drop(item.Pos, at, "the prompt uses filters or statements of its template language", "Only {{name}} is filled in; write the prompt without the others.")
			continue
		}
		p := prompt{text: item.Text, pos: item.Pos}
		if text := strings.TrimSpace(item.Text); strings.HasPrefix(text, "[") && json.Valid([]byte(text)) {
			sub := &reader{file: im.file}
			if list := sub.readJSON([]byte(text), item.Pos.Line); list.Kind == List {
				p.messages = list.Items
			}
		}
		out = append(out, p)
	}
	return out
}

// control finds what a template can do beyond naming a value.
var control = regexp.MustCompile(`\{%|\{#|\{\{[^}]*[|(\[][^}]*\}\}`)

func isFile(text string) bool {
	return strings.HasPrefix(text, "file://") || strings.HasPrefix(text, "exec:")
}

// test makes the cases of a test: one for each prompt and each combination of
// the values that are lists.
func (im *importing) test(v *Value, i int, prompts []prompt) []yaml.MapSlice {
	at := index("tests", i)
	if v.Kind != Map {
		im.drop(v.Pos, at, "the test is not written out here", "Put it into this file first.")
		return nil
	}
	im.rest(v, at, "vars", "assert", "description", "metadata")
	combinations, ok := im.combinations(v.Get("vars"), at)
	if !ok {
		return nil
	}
	var cases []yaml.MapSlice
	for j, vars := range combinations {
		asserts := slices.Clone(im.shared)
		if list := v.Get("assert"); list != nil {
			asserts = append(asserts, list.Items...)
		}
		graders := im.graders(asserts, child(at, "assert"), vars)
		if len(graders) == 0 {
			im.drop(v.Pos, at, "none of its assertions could be carried, so that nobody would grade the case")
			return nil
		}
		for k, p := range prompts {
			id := "test-" + strconv.Itoa(i+1)
			if len(combinations) > 1 {
				id += "-" + strconv.Itoa(j+1)
			}
			if len(prompts) > 1 {
				id += "-prompt-" + strconv.Itoa(k+1)
			}
			item := append(yaml.MapSlice{{Key: "id", Value: id}}, im.asked(p, vars, at)...)
			if metadata := v.Get("metadata"); metadata != nil && metadata.Kind == Map {
				item = append(item, tagsOf(metadata)...)
			}
			cases = append(cases, append(item, yaml.MapItem{Key: "graders", Value: graders}))
		}
	}
	return cases
}

func tagsOf(metadata *Value) yaml.MapSlice {
	var tags []string
	for i := range metadata.Entries {
		e := &metadata.Entries[i]
		if e.Value.Kind == String || e.Value.Kind == Number || e.Value.Kind == Bool {
			tags = append(tags, e.Key+":"+e.Value.Text)
		} else {
			tags = append(tags, e.Key+":"+string(e.Value.JSON()))
		}
	}
	if len(tags) == 0 {
		return nil
	}
	return yaml.MapSlice{{Key: "tags", Value: tags}}
}

// combinations are the values of a test, once for each choice from its lists.
func (im *importing) combinations(v *Value, at string) ([]map[string]string, bool) {
	entries := slices.Clone(im.vars)
	if v != nil && v.Kind != Map {
		im.drop(v.Pos, child(at, "vars"), "the values are not written out here", "Put them into this file first.")
		return nil, false
	}
	if v != nil {
		entries = append(entries, v.Entries...)
	}
	out := []map[string]string{{}}
	for i := range entries {
		e := &entries[i]
		choices := []*Value{e.Value}
		if e.Value.Kind == List {
			choices = e.Value.Items
		}
		var next []map[string]string
		for _, before := range out {
			for _, choice := range choices {
				text := choice.Text
				if choice.Kind == Map || choice.Kind == List {
					text = string(choice.JSON())
				}
				if isFile(text) {
					im.drop(choice.Pos, child(child(at, "vars"), e.Key), "the value is in another file: "+Quote(text), "Put it into this one first.")
					return nil, false
				}
				with := maps.Clone(before)
				with[e.Key] = text
				next = append(next, with)
			}
		}
		if out = next; len(out) > maxCombinations {
			im.errorf(e.Pos, at, "the lists of values make more than 20,000 cases together", "")
			return nil, false
		}
	}
	return out, len(out) > 0
}

// asked is a prompt with its values filled in.
func (im *importing) asked(p prompt, vars map[string]string, at string) yaml.MapSlice {
	if p.messages == nil {
		return yaml.MapSlice{{Key: "input", Value: im.fill(p.text, vars, p.pos, at)}}
	}
	var messages []yaml.MapSlice
	for _, m := range p.messages {
		role, content := m.Get("role"), m.Get("content")
		if role == nil || content == nil || content.Kind != String || !slices.Contains([]string{"system", "user", "assistant"}, role.Text) {
			im.drop(p.pos, at, "a message of the prompt that is not plain text: "+Quote(string(m.JSON())))
			continue
		}
		messages = append(messages, yaml.MapSlice{{Key: "role", Value: role.Text}, {Key: "content", Value: im.fill(content.Text, vars, p.pos, at)}})
	}
	return yaml.MapSlice{{Key: "messages", Value: messages}}
}

// fill puts values in their places. A place without a value is named: promptfoo
// leaves it empty.
func (im *importing) fill(text string, vars map[string]string, pos config.Position, at string) string {
	return hole.ReplaceAllStringFunc(text, func(m string) string {
		name := hole.FindStringSubmatch(m)[1]
		value, ok := vars[name]
		if !ok {
			im.warn(pos, at, "there is no value for {{"+name+"}}, which is left empty, as promptfoo does", "Add it to vars.")
		}
		return value
	})
}
