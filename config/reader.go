package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// reader walks the file and collects what is wrong with it.
type reader struct {
	name     string
	env      func(string) (string, bool)
	bare     bool // secrets may be missing
	findings []Finding
	used     map[string]string // substitutions: what they were, and for what is no secret, their values

	clientRoutes []wordAt // to be resolved
}

func (r *reader) errorf(pos Position, path, message string, fix ...string) {
	r.add(Error, pos, path, message, fix)
}

func (r *reader) warn(pos Position, path, message string, fix ...string) {
	r.add(Warning, pos, path, message, fix)
}

func (r *reader) add(s Severity, pos Position, path, message string, fix []string) {
	pos.File = r.name
	r.findings = append(r.findings, Finding{Pos: pos, Path: path, Message: message, Fix: join(fix...), Severity: s})
}

// object is a map whose keys are known.
type object struct {
	r    *reader
	node *node
	path string
}

// object checks that n is a map and that its keys are among those of a shape.
// Of anything else it makes an empty object.
func (r *reader) object(n *node, path string, s shape) *object {
	o := &object{r: r, node: n, path: path}
	if n.kind != kindMap {
		r.wrongType(n, path, "a map of keys and values", s.example())
		o.node = &node{kind: kindBad, pos: n.pos}
		return o
	}
	known := s.keys()
	for _, e := range n.entries {
		at := child(path, e.key)
		switch {
		case slices.Contains(known, e.key):
		case slices.Contains(s.later(), e.key):
			r.errorf(e.pos, at, "this version does not have this setting yet", "Remove it.")
		default:
			r.errorf(e.pos, at, "no such setting", or(DidYouMean(e.key, known), "There are: "+strings.Join(s.shown(), ", ")+"."))
		}
	}
	return o
}

// get finds the value of a key; nil if it is not there or null.
func (o *object) get(key string) *node {
	for _, e := range o.node.entries {
		if e.key == key && e.value.kind != kindNull {
			return e.value
		}
	}
	return nil
}

// pos is where the value of a key stands.
func (o *object) pos(key string) Position {
	for _, e := range o.node.entries {
		if e.key == key {
			return e.value.pos
		}
	}
	return Position{}
}

// names calls f for every entry of a map of names.
func (r *reader) names(n *node, path, what string, f func(e entry, path string)) {
	if n == nil {
		return
	}
	if n.kind != kindMap {
		r.wrongType(n, path, "a map from names to settings", "")
		return
	}
	for _, e := range n.entries {
		at := child(path, e.key)
		if !isName(e.key) {
			r.errorf(e.pos, at, "this cannot be the name of "+what, "Use up to 100 letters, digits, dots, dashes and underscores, a letter or digit first.")
			continue
		}
		f(e, at)
	}
}

// isName reports whether a word may name a provider, model, route or client.
func isName(s string) bool {
	if s == "" || len(s) > 100 || !isAlnum(s[0]) {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
	})
}

// wrongType complains that n is not what is wanted, unless it was complained
// about before.
func (r *reader) wrongType(n *node, path, want, example string) {
	if n.kind == kindBad {
		return
	}
	if example != "" {
		example = "For example: " + example + "."
	}
	r.errorf(n.pos, path, "this must be "+want+", not "+n.describe(), example)
}

// describe names a value for the eye, without showing a secret.
func (n *node) describe() string {
	switch n.kind {
	case kindNull:
		return "empty"
	case kindMap:
		return "a map"
	case kindList:
		return "a list"
	case kindBad, kindScalar:
		fallthrough
	default:
		return quote(n.text)
	}
}

// text reads a scalar after substitution. The last result is false if there is
// none; that has been complained about.
func (o *object) text(key, example string) (string, *node, bool) {
	n := o.get(key)
	if n == nil {
		return "", nil, false
	}
	at := child(o.path, key)
	if n.kind != kindScalar {
		o.r.wrongType(n, at, "text", example)
		return "", n, false
	}
	s, ok := o.r.substitute(n, at)
	return s, n, ok
}

// word reads one of some words.
func (o *object) word(key string, words ...string) string {
	s, n, ok := o.text(key, words[0])
	if !ok {
		return ""
	}
	if !slices.Contains(words, s) {
		want := "is not one of " + strings.Join(words, ", ")
		if len(words) == 1 {
			want = "is not " + words[0]
		}
		o.r.errorf(n.pos, child(o.path, key), quote(n.text)+" "+want, DidYouMean(s, words))
		return ""
	}
	return s
}

// integer reads a whole number from 1 on.
func (o *object) integer(key string, most int64) (int64, bool) {
	s, n, ok := o.text(key, "1")
	if !ok {
		return 0, false
	}
	at := child(o.path, key)
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil || (n.quoted && s == n.text) {
		o.r.wrongType(n, at, "a whole number without quotes", "")
		return 0, false
	}
	if i < 1 || i > most {
		o.r.errorf(n.pos, at, quote(n.text)+" is not between 1 and "+itoa(int(most)))
		return 0, false
	}
	return i, true
}

// duration reads a length of time above zero.
func (o *object) duration(key string) time.Duration {
	s, n, ok := o.text(key, "3s")
	if !ok {
		return 0
	}
	d, ok := o.r.parseDuration(s, n, child(o.path, key))
	if ok && d == 0 {
		o.r.errorf(n.pos, child(o.path, key), "a time limit of zero would fail every request", "Leave it out for the default.")
	}
	return d
}

// maxDuration bounds every duration: longer ones are slips.
const maxDuration = 24 * time.Hour

func (r *reader) parseDuration(s string, n *node, path string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	if err != nil {
		r.errorf(n.pos, path, quote(n.text)+" is not a length of time", "Write a number with its unit: 250ms, 3s, 10m or 1h.")
		return 0, false
	}
	if d < 0 || d > maxDuration {
		r.errorf(n.pos, path, quote(n.text)+" is not between 0s and 24h")
		return 0, false
	}
	return d, true
}

// list reads a list of words.
func (o *object) list(key, example string) []Word {
	n := o.get(key)
	if n == nil {
		return nil
	}
	at := child(o.path, key)
	if n.kind != kindList {
		o.r.wrongType(n, at, "a list", example)
		return nil
	}
	var words []Word
	for i, item := range n.items {
		if item.kind != kindScalar {
			o.r.wrongType(item, index(at, i), "text", example)
			continue
		}
		if s, ok := o.r.substitute(item, index(at, i)); ok {
			words = append(words, Word{Text: s, Pos: item.pos})
		}
	}
	return words
}

func child(path, key string) string {
	if path == "" {
		return shorten(key)
	}
	return path + "." + shorten(key)
}

// shorten keeps a key from filling a screen.
func shorten(key string) string {
	if hidden, ok := secretLike(key); ok {
		return hidden
	}
	if len(key) > 60 {
		return strings.ToValidUTF8(key[:60], "") + "..."
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, key)
}

func index(path string, i int) string { return path + "[" + itoa(i) + "]" }

func itoa(i int) string { return strconv.Itoa(i) }

// or is the first of two words that is not empty.
func or[T ~string](a, b T) T {
	if a != "" {
		return a
	}
	return b
}
