package leaves

import (
	"encoding/json"
	"math/bits"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear"
)

// Left names every leaf that was not said, in the order of the request, and
// then the notes. It is nil if nothing is left, and costs no memory then.
func (l *Ledger) Left() []string {
	if l == nil {
		return nil
	}
	r := l.req
	out := l.parts(nil, "system", l.system, r.System)
	for i := range r.Messages {
		out = l.message(out, i)
	}
	for i := range r.Tools {
		out = l.tool(out, i)
	}
	out = names(out, "", setRequest(r), l.said|when(l.said&OutputAll != 0, Output))
	out = l.stopsLeft(out)
	out = l.options(out)
	out = l.members(out, "extra.", r.Extra, l.own, l.said&Extra != 0)
	return append(out, l.notes...)
}

// message names what is left of a message: the message itself if nothing of it
// was said.
func (l *Ledger) message(out []string, i int) []string {
	at, m := l.turns+int32(i), &l.req.Messages[i]
	e := l.entries[at]
	said, set := MessageField(e.said), setMessage(m)
	if said&MessageExtra != 0 || len(m.Extra) == 0 {
		if set&^said == 0 && l.clean(e.first, m.Parts) {
			return out
		}
	}
	path := index("messages", i)
	if said == 0 && e.names == 0 && !l.anySaid(e.first, m.Parts) {
		if set == 0 && len(m.Extra) == 0 && l.clean(e.first, m.Parts) {
			return out
		}
		return append(out, path+common(m.Parts))
	}
	out = names(out, path, set, said)
	out = l.parts(out, path+".parts", e.first, m.Parts)
	return l.members(out, path+".extra.", m.Extra, e.names, said&MessageExtra != 0)
}

// parts names what is left of some parts.
func (l *Ledger) parts(out []string, path string, first int32, parts []switchgear.Part) []string {
	for i := range parts {
		at, p := first+int32(i), &parts[i]
		if l.cleanPart(at, p) {
			continue
		}
		here := index(path, i)
		if !l.saidPart(at, p) {
			out = append(out, here+word(p))
			continue
		}
		e := l.entries[at]
		said := PartField(e.said)
		out = names(out, here, setPart(p), said|PartKind|when(said&PartCacheTTL != 0, PartCache))
		out = l.parts(out, here+".result.parts", e.first, nested(p))
		out = l.members(out, here+".extra.", p.Extra, e.names, said&PartExtra != 0)
	}
	return out
}

func (l *Ledger) tool(out []string, i int) []string {
	at, t := l.tools+int32(i), &l.req.Tools[i]
	e := l.entries[at]
	said, set := ToolField(e.said), setTool(t)
	all := said&ToolExtra != 0
	if set&^said == 0 && (all || len(t.Extra) == 0) {
		return out
	}
	path := index("tools", i)
	if said == 0 && e.names == 0 {
		return append(out, path+bracket(typeWord(t.Raw)))
	}
	out = names(out, path, set, said|when(said&ToolCacheTTL != 0, ToolCache))
	return l.members(out, path+".extra.", t.Extra, e.names, all)
}

func (l *Ledger) stopsLeft(out []string) []string {
	n := len(l.req.Stop)
	if n == 0 || l.said&Stop != 0 {
		return out
	}
	entries := l.entries[l.stops : int(l.stops)+n]
	if !slices.ContainsFunc(entries, func(e entry) bool { return e.said != 0 }) {
		return append(out, "stop")
	}
	for i, e := range entries {
		if e.said == 0 {
			out = append(out, index("stop", i))
		}
	}
	return out
}

// options names the options for the target's dialect that were not written.
func (l *Ledger) options(out []string) []string {
	raw := l.req.Options[l.dialect]
	if len(raw) == 0 || l.said&Options != 0 {
		return out
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return append(out, "options."+l.dialect)
	}
	return l.members(out, "options."+l.dialect+".", members, l.chosen, false)
}

// members names extra members, sorted, that were not said. Head is the first
// that was.
func (l *Ledger) members(out []string, path string, extra map[string]json.RawMessage, head int32, all bool) []string {
	if all || len(extra) == 0 {
		return out
	}
	from, said := len(out), l.chain(head)
	for name := range extra {
		if !said.has(name) {
			out = append(out, path+plain(name))
		}
	}
	slices.Sort(out[from:])
	return out
}

// chain holds members that were said.
type chain struct {
	l    *Ledger
	head int32
	set  map[string]struct{} // of a long chain
}

// A chain longer than this is looked up in a map, or a request with 100,000
// members would take minutes.
const short = 16

func (l *Ledger) chain(head int32) chain {
	n := 0
	for at := head; at != 0 && n <= short; at = l.names[at].next {
		n++
	}
	c := chain{l: l, head: head}
	if n <= short {
		return c
	}
	c.set = make(map[string]struct{})
	for at := head; at != 0; at = l.names[at].next {
		c.set[l.names[at].name] = struct{}{}
	}
	return c
}

func (c *chain) has(name string) bool {
	if c.set != nil {
		_, ok := c.set[name]
		return ok
	}
	for at := c.head; at != 0; at = c.l.names[at].next {
		if c.l.names[at].name == name {
			return true
		}
	}
	return false
}

// clean reports whether nothing is left of some parts.
func (l *Ledger) clean(first int32, parts []switchgear.Part) bool {
	for i := range parts {
		if !l.cleanPart(first+int32(i), &parts[i]) {
			return false
		}
	}
	return true
}

func (l *Ledger) cleanPart(at int32, p *switchgear.Part) bool {
	e := l.entries[at]
	said := PartField(e.said)
	said |= when(said != 0, PartKind) | when(said&PartCacheTTL != 0, PartCache)
	if setPart(p)&^said != 0 {
		return false
	}
	if inner := nested(p); len(inner) > 0 && !l.clean(e.first, inner) {
		return false
	}
	return said&PartExtra != 0 || len(p.Extra) == 0 || l.allMembers(e.names, p.Extra)
}

// anySaid reports whether anything was said of some parts.
func (l *Ledger) anySaid(first int32, parts []switchgear.Part) bool {
	for i := range parts {
		if l.saidPart(first+int32(i), &parts[i]) {
			return true
		}
	}
	return false
}

func (l *Ledger) saidPart(at int32, p *switchgear.Part) bool {
	e := l.entries[at]
	return e.said != 0 || e.names != 0 || l.anySaid(e.first, nested(p))
}

func (l *Ledger) allMembers(head int32, extra map[string]json.RawMessage) bool {
	said := l.chain(head)
	for name := range extra {
		if !said.has(name) {
			return false
		}
	}
	return true
}

// wholes is a set of leaves that knows their words.
type wholes[F any] interface {
	field
	word() string
	whole() (of F, word string)
}

// names appends the words of the leaves that are set and not said.
func names[F wholes[F]](out []string, path string, set, said F) []string {
	for left := set &^ said; left != 0; {
		f := F(1) << bits.TrailingZeros32(uint32(left))
		left &^= f
		if of, word := f.whole(); said&of == 0 {
			out, left = append(out, path+word), left&^of
			continue
		}
		out = append(out, path+f.word())
	}
	return out
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
