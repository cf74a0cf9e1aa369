package swap

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// change is a wish on its way into a file.
type change struct {
	file   File
	wish   *Wish
	at     Place
	before *config.Config
	step   *config.Step // as it is
	want   spelling
	levers *wantedLevers // nil to leave them
}

// wantedLevers are levers that somebody asked for.
type wantedLevers struct {
	text   string // as it is to stand in the file; "" for none
	levers *switchgear.Levers
	show   string
}

// goal is what the step is to be once the file was edited.
type goal struct {
	use    string
	target switchgear.Target
	levers *switchgear.Levers
	canary *config.Canary // its place and its model's do not count; nil for none
}

// Change makes a wish true in the file's text. Everything else stays byte for
// byte as it was: comments, order, quotes, braces or none, line ends. That is
// checked, not hoped for: the new text is parsed, and must mean what the old one
// did but for that step.
//
// A step that names a model by a short name gets another name; what the short
// name means is never changed, because other steps may use it.
func (f File) Change(w *Wish) (*Edit, error) {
	before, err := f.parse(f.Text)
	if err != nil {
		return nil, err
	}
	step, at, err := w.find(before)
	if err != nil {
		return nil, err
	}
	c := &change{file: f, wish: w, at: at, before: before, step: step}
	if c.levers, err = f.readLevers(w.With); err != nil {
		return nil, err
	}
	if c.want = (spelling{use: step.Use, target: step.Target}); w.To != "" {
		if c.want, err = spell(before, w.To); err != nil {
			return nil, err
		}
	}
	return c.make()
}

// make chooses what the wish comes down to.
func (c *change) make() (*Edit, error) {
	w, step, at := c.wish, c.step, c.at
	switch tried := step.Canary; {
	case w.Promote && tried == nil:
		return nil, fmt.Errorf("%s has no canary that could take its place", at)
	case w.Promote:
		return c.promote()
	case w.Share != 0 && tried == nil:
		return c.begin()
	case w.Share != 0 && c.isTried(tried):
		return c.reshare()
	case tried != nil && w.Share == 0 && c.levers == nil && w.To != "" && c.want.target == step.Target:
		return c.end()
	case tried != nil && w.Share == 0 && c.isTried(tried):
		return c.promote()
	case tried != nil:
		return nil, fmt.Errorf("%s tries %s already. End that first: %s", at, tried.Step.Target, Command(at, step.Target.String()))
	default:
		return c.replace()
	}
}

// isTried reports whether the wish is for what is on trial there.
func (c *change) isTried(tried *config.Canary) bool {
	return tried.Step.Target == c.want.target && (c.levers == nil || reflect.DeepEqual(c.levers.levers, tried.Step.With))
}

// readLevers reads levers as somebody wrote them on a command line: what would
// stand after "with:".
func (f File) readLevers(text *string) (*wantedLevers, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // nobody asked for any
	}
	levers, show, err := config.ParseLevers(*text, f.Env)
	if err != nil {
		return nil, fmt.Errorf("--with %w", err)
	}
	s := strings.TrimSpace(*text)
	switch {
	case levers == nil:
		s = ""
	case !strings.HasPrefix(s, "{"):
		s = "{" + s + "}"
	}
	return &wantedLevers{text: s, levers: levers, show: show}, nil
}

// replace puts another model, or other levers, in the step's place.
func (c *change) replace() (*Edit, error) {
	g := goal{use: c.want.use, target: c.want.target, levers: c.step.With}
	if c.levers != nil {
		g.levers = c.levers.levers
	}
	if g.target == c.step.Target && reflect.DeepEqual(g.levers, c.step.With) {
		return nil, fmt.Errorf("%s is %s already", c.at, shown(c.step.Target, c.step.WithText))
	}
	e, err := c.edit(&g, func(l *layout, t token, word string) [][]splice {
		use := splice{t.start, t.end, word}
		if g.target == c.step.Target {
			use = splice{t.start, t.end, string(l.text[t.start:t.end])}
		}
		if c.levers == nil {
			return [][]splice{{use}}
		}
		return withLevers(l, c.at, t, use, c.levers.text)
	})
	if err != nil {
		return nil, err
	}
	e.is = e.at(c.at)
	if e.Title = fmt.Sprintf("%s: %s -> %s", c.at, c.step.Target, g.target); c.levers != nil {
		e.Title = fmt.Sprintf("%s: %s -> %s", c.at, shown(c.step.Target, c.step.WithText), shown(g.target, c.levers.show))
	}
	if note := shared(c.before, c.step, c.at); note != "" && g.target != c.step.Target {
		e.Notes = append(e.Notes, note)
	}
	return e, nil
}

// shown is a target with its levers, for the eye.
func shown(t switchgear.Target, with string) string {
	if with == "" {
		return t.String()
	}
	return t.String() + " with " + with
}

// begin puts a candidate on trial.
func (c *change) begin() (*Edit, error) {
	if !(c.wish.Share > 0 && c.wish.Share <= config.MaxCanaryShare) {
		return nil, fmt.Errorf("a canary answers above 0%% and up to %s of the requests", config.ShareText(config.MaxCanaryShare))
	}
	tried := config.Step{Use: c.want.use, Target: c.want.target, With: c.step.With, WithText: c.step.WithText}
	if c.levers != nil {
		tried.With, tried.WithText = c.levers.levers, c.levers.show
	}
	if tried.Target == c.step.Target && reflect.DeepEqual(tried.With, c.step.With) {
		return nil, fmt.Errorf("%s is %s already", c.at, shown(c.step.Target, c.step.WithText))
	}
	g := goal{use: c.step.Use, target: c.step.Target, levers: c.step.With}
	g.canary = &config.Canary{Step: tried, Share: c.wish.Share, Answers: config.DefaultCanaryAnswers}
	e, err := c.edit(&g, func(l *layout, t token, word string) [][]splice {
		entry := "canary: {use: " + word + ", "
		if c.levers != nil {
			entry += "with: " + or(c.levers.text, "{}") + ", "
		}
		entry += "share: " + config.ShareText(c.wish.Share) + "}"
		return addEntry(l, t, splice{t.start, t.end, string(l.text[t.start:t.end])}, entry)
	})
	if err != nil {
		return nil, err
	}
	e.is, e.trial, e.To = &e.at(c.at).Canary.Step, true, tried.Target
	e.Title = fmt.Sprintf("%s: %s answers %s of the requests of %s on trial", c.at, shown(tried.Target, tried.WithText), config.ShareText(c.wish.Share), c.step.Target)
	return e, nil
}

// reshare gives the candidate another part of the requests.
func (c *change) reshare() (*Edit, error) {
	if !(c.wish.Share > 0 && c.wish.Share <= config.MaxCanaryShare) {
		return nil, fmt.Errorf("a canary answers above 0%% and up to %s of the requests", config.ShareText(config.MaxCanaryShare))
	}
	tried := *c.step.Canary
	if tried.Share == c.wish.Share {
		return nil, fmt.Errorf("%s answers %s of the requests of %s already", tried.Step.Target, config.ShareText(tried.Share), c.at)
	}
	was := tried.Share
	tried.Share = c.wish.Share
	g := goal{use: c.step.Use, target: c.step.Target, levers: c.step.With, canary: &tried}
	e, err := c.edit(&g, func(l *layout, _ token, _ string) [][]splice {
		step, _, err := c.at.find(l.cfg)
		start := -1
		if err == nil {
			start = l.offset(step.Canary.SharePos)
		}
		if start < 0 {
			return nil
		}
		end := start + bytes.IndexAny(l.text[start:], ",} \t\r\n")
		if end < start {
			end = len(l.text)
		}
		return [][]splice{{{start, end, config.ShareText(c.wish.Share)}}}
	})
	if err != nil {
		return nil, err
	}
	e.is, e.trial, e.To = &e.at(c.at).Canary.Step, true, tried.Step.Target
	e.Title = fmt.Sprintf("%s: %s answers %s of the requests on trial, and no longer %s", c.at, tried.Step.Target, config.ShareText(tried.Share), config.ShareText(was))
	return e, nil
}

// end takes the candidate out.
func (c *change) end() (*Edit, error) {
	g := goal{use: c.step.Use, target: c.step.Target, levers: c.step.With}
	e, err := c.edit(&g, func(l *layout, t token, _ string) [][]splice {
		return withoutCanary(l, c.at, splice{t.start, t.end, string(l.text[t.start:t.end])}, nil)
	})
	if err != nil {
		return nil, err
	}
	e.From, e.To = c.step.Canary.Step.Target, c.step.Target
	e.was, e.is = &c.step.Canary.Step, e.at(c.at)
	e.Title = fmt.Sprintf("%s: %s is no longer tried for %s", c.at, e.From, e.To)
	return e, nil
}

// promote puts the candidate in the place of the step.
func (c *change) promote() (*Edit, error) {
	tried := &c.step.Canary.Step
	c.want = spelling{use: tried.Use, target: tried.Target}
	g := goal{use: tried.Use, target: tried.Target, levers: tried.With}
	e, err := c.edit(&g, func(l *layout, t token, word string) [][]splice {
		use := splice{t.start, t.end, word}
		step, _, err := c.at.find(l.cfg)
		if err != nil || step.Canary.Step.WithAt.IsZero() {
			return withoutCanary(l, c.at, use, nil)
		}
		start := l.offset(step.Canary.Step.WithAt)
		end := braces(l.text, start)
		if end < 0 {
			return nil
		}
		own := string(l.text[start:end])
		return withoutCanary(l, c.at, use, &own)
	})
	if err != nil {
		return nil, err
	}
	e.is = e.at(c.at)
	e.Title = fmt.Sprintf("%s: %s -> %s, which was on trial", c.at, shown(c.step.Target, c.step.WithText), shown(tried.Target, tried.WithText))
	return e, nil
}

// edit tries the ways to write a change until one means what is wanted and
// nothing else.
func (c *change) edit(g *goal, ways func(l *layout, t token, word string) [][]splice) (*Edit, error) {
	l, err := c.file.lay()
	if err != nil {
		return nil, err
	}
	t, err := l.locate(c.at)
	if err != nil {
		return nil, err
	}
	e := &Edit{Place: c.at, From: c.step.Target, To: g.target, before: c.before, was: c.step}
	if c.want.note != "" {
		e.Notes = append(e.Notes, c.want.note)
	}
	for _, word := range t.styles(c.want.use) {
		for _, way := range ways(l, t, word) {
			for _, text := range plainer(l.text, way) {
				after, ok := c.file.means(text, c.at, g)
				if !ok {
					continue
				}
				e.old, e.Text, e.after = l.text, text, after
				e.narrow(way)
				return e, nil
			}
		}
	}
	return nil, fmt.Errorf("%s: %s cannot be replaced without changing something else in the file. Change it by hand", c.file.Name, c.at)
}

// at is a step as it is once the file was edited.
func (e *Edit) at(at Place) *config.Step {
	step, _, err := at.find(e.after)
	if err != nil {
		return &config.Step{} // it was found when the edit was checked
	}
	return step
}

// or is the first of two words that is not empty.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// splice replaces a part of a text.
type splice struct {
	start, end int
	text       string
}

// apply makes splices that do not overlap.
func apply(text []byte, splices []splice) []byte {
	sorted := slices.SortedFunc(slices.Values(splices), func(a, b splice) int { return a.start - b.start })
	var out []byte
	at := 0
	for _, s := range sorted {
		if s.start < at || s.end < s.start || s.end > len(text) {
			return nil
		}
		out = append(append(out, text[at:s.start]...), s.text...)
		at = s.end
	}
	return append(out, text[at:]...)
}
