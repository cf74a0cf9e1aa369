package config

import (
	"strconv"
	"strings"
)

// rules reads the rules of a route.
func (r *reader) rules(parent *object) []Rule {
	n, path := parent.get("rules"), child(parent.path, "rules")
	if n == nil {
		return nil
	}
	if n.kind != kindList {
		r.wrongType(n, path, "a list of rules", "["+shapeRule.example()+"]")
		return nil
	}
	var out []Rule
	for i, item := range n.items {
		at := index(path, i)
		o := r.object(item, at, shapeRule)
		rule := Rule{Pos: item.pos, Chain: r.chain(o, item.pos)}
		if when := o.get("when"); when != nil {
			rule.When = r.match(when, child(at, "when"))
		} else if o.node.kind == kindMap {
			r.errorf(item.pos, at, "this rule does not say when it holds", "Add when: "+shapeWhen.example()+".")
		}
		out = append(out, rule)
	}
	return out
}

// match reads the conditions of a rule. Beside the keys of the shape there is
// label.NAME for every name.
func (r *reader) match(n *node, path string) Match {
	m := Match{Pos: n.pos}
	if n.kind == kindMap && len(n.entries) == 0 {
		r.errorf(n.pos, path, "this rule holds for every request", "Give a condition, or put its chain into the route.")
	}
	rest := &node{kind: n.kind, pos: n.pos, text: n.text, items: n.items}
	for _, e := range n.entries {
		name, isLabel := strings.CutPrefix(e.key, "label.")
		switch {
		case !isLabel:
			rest.entries = append(rest.entries, e)
		case !isName(name):
			r.errorf(e.pos, child(path, e.key), "a label has a name of letters, digits, dot, dash and underscore", "For example: label.tenant.")
		default:
			m.Labels = append(m.Labels, LabelMatch{Name: name, Values: r.values(e.value, child(path, e.key))})
		}
	}
	o := r.object(rest, path, shapeWhen)
	m.InputTokens = r.bound(o)
	switch o.word("stream", "true", "false") {
	case "true":
		yes := true
		m.Stream = &yes
	case "false":
		no := false
		m.Stream = &no
	}
	return m
}

// values reads one value of a label or a list of them.
func (r *reader) values(n *node, path string) []string {
	items, paths := []*node{n}, []string{path}
	if n.kind == kindList {
		items, paths = n.items, nil
		for i := range items {
			paths = append(paths, index(path, i))
		}
		if len(items) == 0 {
			r.errorf(n.pos, path, "there are no values, so this rule never holds", "Name at least one.")
		}
	}
	var out []string
	for i, item := range items {
		if item.kind != kindScalar {
			r.wrongType(item, paths[i], "a value or a list of values", "[web, mobile]")
			continue
		}
		if s, ok := r.substitute(item, paths[i]); ok {
			out = append(out, s)
		}
	}
	return out
}

// bound reads ">150000".
func (r *reader) bound(o *object) *Bound {
	s, n, ok := o.text("input_tokens", `">150000"`)
	if !ok {
		return nil
	}
	for _, op := range []string{">=", "<=", ">", "<"} {
		number, found := strings.CutPrefix(s, op)
		if !found {
			continue
		}
		i, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || i < 0 {
			break
		}
		return &Bound{Op: op, N: i}
	}
	r.errorf(n.pos, child(o.path, "input_tokens"), quote(n.text)+" is not a comparison", `Write >, >=, < or <= and a number, in quotes: ">150000".`)
	return nil
}
