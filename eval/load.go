package eval

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/normalise"
)

// Loader reads eval sets.
type Loader struct {
	Graders Table
	// Open opens a file that a set refers to, by a path relative to the set. Nil
	// opens what is on disk.
	Open func(name string) (io.ReadCloser, error)
}

// Load reads a set and everything it refers to. The set is nil if it cannot be
// used; warnings come with a set that can.
func (l *Loader) Load(file string) (*Set, []config.Finding) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, []config.Finding{{Pos: config.Position{File: file}, Message: "the file cannot be read: " + reason(err)}}
	}
	return l.Parse(file, text)
}

// Parse is Load of a text that was read already.
func (l *Loader) Parse(file string, text []byte) (*Set, []config.Finding) {
	p := &loading{Loader: l, reader: reader{file: file, root: file}, ids: map[string]config.Position{}}
	p.open = l.Open
	if p.open == nil {
		dir := filepath.Dir(file)
		p.open = func(name string) (io.ReadCloser, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			return os.Open(name)
		}
	}
	root := p.readYAML(text)
	if root == nil {
		return nil, p.all()
	}
	s := p.set(root)
	if !p.failed() {
		p.selfTest(s)
	}
	if p.failed() {
		return nil, p.all()
	}
	s.hash()
	return s, p.all()
}

// loading is one set on its way from text to values.
type loading struct {
	*Loader
	reader

	open func(string) (io.ReadCloser, error)
	ids  map[string]config.Position
	base *base
}

func (p *loading) set(root *Value) *Set {
	name := strings.TrimSuffix(filepath.Base(p.file), filepath.Ext(p.file))
	s := &Set{Name: name, File: p.file, Repeats: 1}
	o := p.options(root, "", "{route: chat, cases: chat.jsonl, graders: [{equals: $expect}]}", p.open)
	if v := o.Value("version"); v != nil && (v.Kind != Number || v.Text != "1") {
		o.Complain("version", "this program reads version 1 of the format", "Write version: 1, or leave it out.")
	}
	if root.Kind != Map {
		return s
	}
	if s.Route, _ = o.Text("route"); o.Value("route") == nil {
		o.Complain("route", "the set does not say which route it judges", "Add route: NAME, as in the routing file.")
	}
	s.Description, _ = o.Text("description")
	if word, ok := o.Word("stakes", "low", "normal", "high"); ok {
		s.Stakes, _ = switchgear.ParseStakes(word)
	}
	if m, ok := o.Number("margin", 0, 0.5); ok {
		if s.Margin = m; m == 0 {
			o.Complain("margin", "a margin of zero can never be shown to be kept", "Say how much worse is still good enough: 0.02 is two points in a hundred.")
		}
	}
	if n, ok := o.Int("repeats", 1, 100); ok {
		s.Repeats = n
	}
	p.limits(s, o.Map("limits", "{cost_ratio: 1.5, p95_ms: 4000}"))
	s.Graders = p.graders(o.Value("graders"), "graders")
	p.harness(s, o.Map("harness", "{format: json, normalise: [trim]}"))
	p.base = p.readBase(o.Value("request"))
	p.cases(s, o)
	o.finish()
	p.graded(s)
	switch {
	case len(s.Cases) == 0 && o.Value("graders") == nil, o.Value("graders") == nil && !slices.ContainsFunc(s.Cases, func(c *Case) bool { return len(c.Graders) > 0 }):
		o.Complain("graders", "nobody grades the answers", "Add graders: [{equals: $expect}], or see docs/evals.md for the others.")
	case len(s.Graders) > 0 && !slices.ContainsFunc(s.Graders, func(g *Graded) bool { return g.Gate }):
		o.Complain("graders", "every grader has gate: false, so that nothing would stop a worse model", "Let at least one of them gate.")
	}
	return s
}

// graded looks for cases that nobody grades beside others that somebody does.
func (p *loading) graded(s *Set) {
	if len(s.Graders) > 0 || p.failed() {
		return
	}
	some := slices.ContainsFunc(s.Cases, func(c *Case) bool { return len(c.Graders) > 0 })
	for _, c := range s.Cases {
		if some && !slices.ContainsFunc(c.Graders, func(g *Graded) bool { return g.Gate }) {
			p.caseError(c, "nobody grades its answer in a way that gates")
		}
	}
}

func (p *loading) limits(s *Set, o *Options) {
	if o == nil {
		return
	}
	s.Limits.CostRatio, _ = o.Number("cost_ratio", 0.001, 1000)
	s.Limits.P95MS, _ = o.Int("p95_ms", 1, 3_600_000)
	s.Limits.RefusalRate, s.Limits.refusals = o.Number("refusal_rate", 0, 1)
	o.finish()
}

// harness reads how the application takes answers. Where it does not say which
// form they have, the graders do.
func (p *loading) harness(s *Set, o *Options) {
	s.Harness.Format = formatOf(s.Graders)
	if o == nil {
		return
	}
	if word, ok := o.Word("format", "text", "json", "calls"); ok {
		s.Harness.Format, _ = normalise.ParseKind(word)
	}
	s.Harness.Normalise = o.Texts("normalise")
	for i, name := range s.Harness.Normalise {
		rung, ok := normalise.Named(name)
		switch {
		case !ok:
			o.Complain("normalise", Quote(name)+" is no normaliser", sentences([]string{config.DidYouMean(name, serving()), "There are: " + strings.Join(serving(), ", ") + "."}))
		case !rung.Serves():
			o.Complain("normalise", Quote(name)+" is for diagnosis; serving cannot use it", "Serving can use: "+strings.Join(serving(), ", ")+".")
		case slices.Contains(s.Harness.Normalise[:i], name):
			o.Complain("normalise", Quote(name)+" stands here twice", "Keep one of them.")
		}
	}
	if len(s.Harness.Normalise) > 0 && s.Harness.Format == normalise.Text {
		o.warn("normalise", "free text always has its format, so that serving would never normalise it", "Set format: json or format: calls, or drop normalise.")
	}
	o.finish()
}

// serving are the rungs that serving can use.
func serving() []string {
	var names []string
	for _, r := range normalise.Ladder() {
		if r.Serves() {
			names = append(names, r.Name)
		}
	}
	return names
}

// formatOf is the form of answers that the graders ask for.
func formatOf(graders []*Graded) normalise.Kind {
	for _, g := range graders {
		if f, ok := g.Grader.(interface{ Format() normalise.Kind }); ok && f.Format() != normalise.Text {
			return f.Format()
		}
	}
	return normalise.Text
}

// graders reads a list of graders.
func (p *loading) graders(v *Value, path string) []*Graded {
	if v == nil {
		return nil
	}
	if v.Kind != List {
		p.wrong(v, path, "a list of graders", "[{equals: $expect}]")
		return nil
	}
	if len(v.Items) == 0 {
		p.errorf(v.Pos, path, "nobody grades the answers", "Add at least one grader: [{equals: $expect}].")
	}
	var out []*Graded
	names := map[string]int{}
	for i, item := range v.Items {
		g := p.grader(item, index(path, i))
		if g == nil {
			continue
		}
		names[g.Name]++
		if names[g.Name] > 1 && g.Name != g.Kind {
			p.errorf(item.Pos, index(path, i), "there is a grader "+Quote(g.Name)+" already", "Give each its own name.")
		}
		if names[g.Name] > 1 {
			g.Name += "-" + itoa(names[g.Name])
		}
		out = append(out, g)
	}
	return out
}

// grader reads one entry of the list: a name alone, or a name and settings.
func (p *loading) grader(v *Value, path string) *Graded {
	var kind string
	settings := &Value{Kind: Map, Pos: v.Pos}
	switch {
	case v.Kind == String:
		kind = v.Text
	case v.Kind == Map && len(v.Entries) == 1:
		kind, settings = v.Entries[0].Key, v.Entries[0].Value
		if settings.Kind == Null {
			settings = &Value{Kind: Map, Pos: v.Entries[0].Pos}
		}
	case v.Kind != Bad:
		p.errorf(v.Pos, path, "a grader is one name with its settings", "Write - equals: {value: $expect}, each grader with its own dash.")
		return nil
	default:
		return nil
	}
	build, ok := p.Graders[kind]
	if !ok {
		var names []string
		for name := range p.Graders {
			names = append(names, name)
		}
		slices.Sort(names)
		p.errorf(v.Pos, path, "there is no grader "+Quote(kind), config.DidYouMean(kind, names), "There are: "+strings.Join(names, ", ")+".")
		return nil
	}
	return p.build(build, kind, settings, child(path, kind))
}

func (p *loading) build(build Constructor, kind string, settings *Value, path string) *Graded {
	g := &Graded{Kind: kind, Name: kind, Gate: true, Weight: 1}
	o := &Options{r: &p.reader, value: settings, path: path, open: p.open}
	before := len(p.findings) + p.more
	g.Grader = build(o)
	if gate, ok := o.Bool("gate"); ok {
		g.Gate = gate
	}
	if name, ok := o.Text("name"); ok && name != "" {
		g.Name = name
	}
	if w, ok := o.Number("weight", 0, 1000); ok {
		g.Weight = w
	}
	if m, ok := o.Number("margin", 0.001, 0.5); ok {
		g.Margin = m
	}
	o.finish()
	if g.Grader == nil {
		if len(p.findings)+p.more == before {
			p.errorf(settings.Pos, path, "the settings of this grader make no sense to it", "See docs/evals.md.")
		}
		return nil
	}
	g.Hash = hashGrader(g, o)
	return g
}
