package lock

import (
	"bytes"
	"time"
)

// header stands above every lock.
const header = `# Which model may serve which route, and on what evidence. Switchgear writes this file; commit it with switchgear.yaml.
# Every entry is sealed: one that is edited by hand counts as absent. Ask "switchgear lock verify" what holds.
`

// Text is the lock as it is written: everything in order, one entry a block, so
// that a difference shows what changed. Comments that were added by hand are
// lost; settings that this program does not know are kept.
func (f *File) Text() []byte {
	f.sort()
	var b bytes.Buffer
	b.WriteString(header)
	root := &node{kind: kindMap}
	root.number("version", Version)
	routes := &node{kind: kindMap}
	for _, r := range f.Routes {
		targets := &node{kind: kindMap}
		for _, t := range r.Targets {
			targets.add(t.Name, t.node())
		}
		one := &node{kind: kindMap}
		one.add("targets", targets)
		one.fields = append(one.fields, r.extra...)
		routes.add(r.Name, one)
	}
	root.add("routes", routes)
	root.fields = append(root.fields, f.extra...)
	writeFields(&b, root.fields, "", "")
	return b.Bytes()
}

func (t *Target) node() *node {
	n := &node{kind: kindMap}
	list := func(key string, items []*node) {
		if len(items) > 0 {
			n.add(key, &node{kind: kindList, items: items})
		}
	}
	var evidence, baselines, overrides, tries []*node
	for _, e := range t.Evidence {
		evidence = append(evidence, sealed(e.node(), e.Seal, e.Signature))
	}
	for _, b := range t.Baselines {
		baselines = append(baselines, sealed(b.node(), b.Seal, b.Signature))
	}
	for _, o := range t.Overrides {
		overrides = append(overrides, sealed(o.node(), o.Seal, o.Signature))
	}
	for i := range t.Tries {
		tries = append(tries, t.Tries[i].node())
	}
	list("evidence", evidence)
	list("baselines", baselines)
	list("overrides", overrides)
	list("tries", tries)
	n.fields = append(n.fields, t.extra...)
	return n
}

// sealed adds what is not under the seal.
func sealed(n *node, seal, signature string) *node {
	n.put("seal", seal)
	n.put("signature", signature)
	return n
}

// stamp is a time to the second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// node is all of the evidence that its seal covers.
func (e *Evidence) node() *node {
	n := &node{kind: kindMap}
	n.put("run", e.Run)
	n.put("date", stamp(e.Date))
	n.put("verdict", string(e.Verdict))
	n.put("stakes", e.Stakes)
	n.put("incumbent", e.Incumbent)
	n.put("incumbent_params", e.IncumbentParams)
	n.number("cases", float64(e.N))
	n.number("difference", e.Difference)
	n.add("interval", &node{kind: kindList, flow: true, items: []*node{number(e.Lower), number(e.Upper)}})
	n.number("margin", e.Margin)
	n.number("alpha", e.Alpha)
	n.number("p", e.P)
	n.number("try", float64(e.Try))
	n.put("by", e.By)
	n.add("bound", e.Bound.node())
	n.put("with", e.With)
	n.put("incumbent_with", e.IncumbentWith)
	n.fields = append(n.fields, e.extra...)
	return n
}

func (b *Bound) node() *node {
	n := &node{kind: kindMap}
	for _, f := range []struct{ key, text string }{
		{"eval", b.Eval},
		{"cases", b.Cases},
		{"system", b.System},
		{"graders", b.Graders},
		{"harness", b.Harness},
		{"limits", b.Limits},
		{"params", b.Params},
		{"endpoint", b.Endpoint},
	} {
		n.put(f.key, f.text)
	}
	if len(b.Normalise) > 0 {
		n.add("normalise", words(b.Normalise))
	}
	return n
}

// node is all of the baseline that its seal covers.
func (b *Baseline) node() *node {
	n := &node{kind: kindMap}
	n.put("date", stamp(b.Date))
	n.put("by", b.By)
	if b.First {
		n.put("step", "first")
	}
	n.add("bound", b.Bound.node())
	n.put("with", b.With)
	n.fields = append(n.fields, b.extra...)
	return n
}

// node is all of the override that its seal covers.
func (o *Override) node() *node {
	n := &node{kind: kindMap}
	n.add("by", words(o.By))
	n.put("reason", o.Reason)
	n.put("date", stamp(o.Date))
	n.put("expires", stamp(o.Expires))
	n.fields = append(n.fields, o.extra...)
	return n
}

func (t *Try) node() *node {
	n := &node{kind: kindMap, flow: true}
	n.put("run", t.Run)
	n.put("date", stamp(t.Date))
	n.put("verdict", string(t.Verdict))
	n.put("cases", t.Cases)
	n.put("params", t.Params)
	n.put("answers", t.Answers)
	n.fields = append(n.fields, t.extra...)
	return n
}
