package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Parse reads a lock and finds everything that is wrong with how it is written.
// The file is never nil; one with errors proves nothing. Name is for the
// positions of findings.
func Parse(name string, text []byte) (*File, []Finding) {
	f := &File{Name: name, origin: originOf(text)}
	d := &decoder{file: f}
	root, err := tree(text)
	var broken *flaw
	switch {
	case errors.As(err, &broken):
		d.complain(&node{line: broken.line, col: broken.col}, "", broken.message, broken.fix)
	case root.kind != kindMap:
		d.complain(root, "", "this is no lock: it must be a map that begins with version: 1", "Take the file from version control.")
	case d.version(root):
		d.read(root)
	}
	return f, f.findings
}

func originOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// decoder turns the tree of a lock into values.
type decoder struct{ file *File }

func (d *decoder) complain(n *node, path, message, fix string) {
	pos := Position{File: d.file.Name, Line: max(n.line, 1), Col: max(n.col, 1)}
	d.file.findings = append(d.file.findings, Finding{Pos: pos, Path: path, Claim: -1, Message: message, Fix: fix})
}

func (d *decoder) pos(n *node) Position { return Position{File: d.file.Name, Line: n.line, Col: n.col} }

// version reports whether this program can read the file.
func (d *decoder) version(root *node) bool {
	n := root.get("version")
	if n == nil {
		d.complain(root, "version", "the lock does not say which version of the format it is written in", "Take the file from version control.")
		return false
	}
	v, err := strconv.Atoi(n.text)
	switch {
	case n.kind != kindScalar || n.quoted || err != nil || v < 1:
		d.complain(n, "version", "this is no version of the format", "Write version: 1.")
	case v > Version:
		d.complain(n, "version", fmt.Sprintf("a newer switchgear wrote this lock, in version %d of the format; this program reads up to version %d", v, Version),
			"Use a newer switchgear here, too.")
	default:
		return true
	}
	return false
}

func (d *decoder) read(root *node) {
	d.file.extra = root.others("version", "routes")
	routes := d.named(root.get("routes"), "routes")
	for i := range routes {
		e := &routes[i]
		path := "routes." + e.key
		if !d.isMap(e.value, path) {
			continue
		}
		r := &Route{Name: e.key, extra: e.value.others("targets")}
		targets := d.named(e.value.get("targets"), path+".targets")
		for k := range targets {
			t := &targets[k]
			r.Targets = append(r.Targets, d.target(t, path+".targets."+t.key))
		}
		d.file.Routes = append(d.file.Routes, r)
	}
	d.file.sort()
}

// others are the entries of a map that are not known: they are kept as they
// are, so that an older program does not lose what a newer one wrote.
func (n *node) others(known ...string) []field {
	var out []field
	for i := range n.fields {
		if !slices.Contains(known, n.fields[i].key) {
			out = append(out, n.fields[i])
		}
	}
	return out
}

// named is the entries of a map from names.
func (d *decoder) named(n *node, path string) []field {
	if n == nil || !d.isMap(n, path) {
		return nil
	}
	return n.fields
}

func (d *decoder) isMap(n *node, path string) bool {
	if n.kind != kindMap {
		d.complain(n, path, "this must be a map", "Take the file from version control.")
		return false
	}
	return true
}

func (d *decoder) target(e *field, path string) *Target {
	t := &Target{Name: e.key, Pos: Position{File: d.file.Name, Line: e.line, Col: e.col}}
	if !d.isMap(e.value, path) {
		return t
	}
	t.extra = e.value.others("evidence", "baselines", "overrides", "tries")
	d.each(e.value, path, "evidence", func(m *entry) { t.Evidence = append(t.Evidence, m.evidence()) })
	d.each(e.value, path, "baselines", func(m *entry) { t.Baselines = append(t.Baselines, m.baseline()) })
	d.each(e.value, path, "overrides", func(m *entry) { t.Overrides = append(t.Overrides, m.override()) })
	d.each(e.value, path, "tries", func(m *entry) { t.Tries = append(t.Tries, m.try()) })
	return t
}

// each calls f for every entry of a list.
func (d *decoder) each(n *node, path, key string, f func(m *entry)) {
	list := n.get(key)
	if list == nil {
		return
	}
	path += "." + key
	if list.kind != kindList {
		d.complain(list, path, "this must be a list", "Take the file from version control.")
		return
	}
	for i, item := range list.items {
		at := path + "[" + strconv.Itoa(i) + "]"
		if d.isMap(item, at) {
			f(&entry{decoder: d, node: item, path: at})
		}
	}
}

// entry is a map whose keys are known.
type entry struct {
	*decoder

	node  *node
	path  string
	known []string
}

// rest are the entries that were not asked for.
func (m *entry) rest() []field { return m.node.others(m.known...) }

func (m *entry) get(key string) *node {
	m.known = append(m.known, key)
	return m.node.get(key)
}

// text reads a text; "" if there is none.
func (m *entry) text(key string) string {
	n := m.get(key)
	if n == nil {
		return ""
	}
	if n.kind != kindScalar {
		m.complain(n, m.path+"."+key, "this must be a text", "Take the entry from version control.")
		return ""
	}
	return n.text
}

// must reads a text that may not be missing.
func (m *entry) must(key string) string {
	s := m.text(key)
	if s == "" && m.node.get(key) == nil {
		m.complain(m.node, m.path, "this entry has no "+key, "Take the entry from version control.")
	}
	return s
}

func (m *entry) time(key string) time.Time {
	s := m.must(key)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil && s != "" {
		m.complain(m.node.get(key), m.path+"."+key, strconv.Quote(s)+" is not a time", "Write it like this: 2026-11-22T10:11:12Z.")
	}
	return t.UTC()
}

func (m *entry) number(key string) float64 {
	s := m.must(key)
	f, err := strconv.ParseFloat(s, 64)
	if s != "" && (err != nil || math.IsNaN(f) || math.IsInf(f, 0)) {
		m.complain(m.node.get(key), m.path+"."+key, strconv.Quote(s)+" is not a number", "Take the entry from version control.")
		return 0
	}
	return f
}

func (m *entry) integer(key string) int {
	f := m.number(key)
	if f != math.Trunc(f) || f < 0 || f > 1e9 {
		m.complain(m.node.get(key), m.path+"."+key, "this must be a whole number", "Take the entry from version control.")
		return 0
	}
	return int(f)
}

// texts reads a list of texts.
func (m *entry) texts(key string) []string {
	n := m.get(key)
	if n == nil {
		return nil
	}
	var out []string
	for _, item := range n.items {
		if item.kind == kindScalar {
			out = append(out, item.text)
		}
	}
	if n.kind != kindList || len(out) != len(n.items) {
		m.complain(n, m.path+"."+key, "this must be a list of words", "Take the entry from version control.")
	}
	return out
}

func (m *entry) evidence() *Evidence {
	e := &Evidence{
		Run: m.must("run"), Date: m.time("date"), Verdict: Verdict(m.must("verdict")), Stakes: m.must("stakes"),
		Incumbent: m.must("incumbent"), IncumbentParams: m.text("incumbent_params"),
		N: m.integer("cases"), Difference: m.number("difference"), Margin: m.number("margin"), Alpha: m.number("alpha"), P: m.number("p"),
		Try: m.integer("try"), By: m.text("by"), Pos: m.pos(m.node),
	}
	e.Lower, e.Upper = m.interval()
	e.Bound = m.bound()
	e.With, e.IncumbentWith = m.text("with"), m.text("incumbent_with")
	e.Seal, e.Signature = m.must("seal"), m.text("signature")
	e.extra = m.rest()
	return e
}

func (m *entry) interval() (low, high float64) {
	list := m.texts("interval")
	if len(list) == 2 {
		var err1, err2 error
		low, err1 = strconv.ParseFloat(list[0], 64)
		high, err2 = strconv.ParseFloat(list[1], 64)
		if err1 == nil && err2 == nil {
			return low, high
		}
	}
	m.complain(m.node, m.path+".interval", "this must be two numbers", "Take the entry from version control.")
	return 0, 0
}

func (m *entry) bound() Bound {
	n := m.get("bound")
	if n == nil {
		m.complain(m.node, m.path, "this entry has no bound: it does not say what it was made with", "Take the entry from version control.")
		return Bound{}
	}
	if !m.isMap(n, m.path+".bound") {
		return Bound{}
	}
	in := &entry{decoder: m.decoder, node: n, path: m.path + ".bound"}
	b := Bound{
		Eval: in.text("eval"), Cases: in.text("cases"), System: in.text("system"), Graders: in.text("graders"), Harness: in.text("harness"),
		Limits: in.text("limits"),
		Params: in.text("params"), Endpoint: in.text("endpoint"), Normalise: in.texts("normalise"),
	}
	for _, f := range in.rest() {
		m.complain(&node{line: f.line, col: f.col}, in.path+"."+f.key, "this program does not know what it means to be bound to "+strconv.Quote(f.key),
			"Use a newer switchgear.")
	}
	return b
}

func (m *entry) baseline() *Baseline {
	b := &Baseline{Date: m.time("date"), By: m.text("by"), First: m.text("step") == "first", Bound: m.bound(), Seal: m.must("seal"), Signature: m.text("signature"), Pos: m.pos(m.node)}
	b.With = m.text("with")
	b.extra = m.rest()
	return b
}

func (m *entry) override() *Override {
	o := &Override{
		By: m.texts("by"), Reason: m.must("reason"), Date: m.time("date"), Expires: m.time("expires"),
		Seal: m.must("seal"), Signature: m.text("signature"), Pos: m.pos(m.node),
	}
	o.extra = m.rest()
	return o
}

func (m *entry) try() Try {
	t := Try{
		Run: m.must("run"), Date: m.time("date"), Verdict: Verdict(m.must("verdict")), Cases: m.must("cases"),
		Params: m.text("params"), Answers: m.text("answers"),
	}
	t.extra = m.rest()
	return t
}
