package leaves

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// The model says by reflection, slowly and on its own, what the ledger must
// report: it walks the root types as they are declared, so that a field nobody
// taught the ledger about fails the test.

const target = "openai"

// exempt are the fields that are not leaves.
var exempt = []string{"Request.Route", "Request.Origin", "Request.Wire", "Request.Labels", "Request.Limits", "Part.Origin", "Tool.Origin"}

// The bits of the leaves, by Go field relative to the thing that holds them.
var requestBits = map[string]Field{
	"Choice.Mode": ToolChoiceMode, "Choice.Name": ToolChoiceName, "Choice.Parallel": ToolChoiceParallel,
	"Output": Output, "Output.Name": OutputName, "Output.Schema": OutputSchema, "Output.Strict": OutputStrict,
	"Effort": Effort, "Thinking.Mode": ThinkingMode, "Thinking.Budget": ThinkingBudget,
	"Sampling.MaxTokens": MaxTokens, "Sampling.Temperature": Temperature, "Sampling.TopP": TopP,
	"Sampling.TopK": TopK, "Sampling.Seed": Seed, "Tier": Tier, "User": User,
}

var messageBits = map[string]MessageField{"Role": MessageRole, "Name": MessageName}

var partBits = map[string]PartField{
	"Kind": PartKind, "Text": PartText, "Signature": PartSignature, "Media.Type": MediaType, "Media.Data": MediaData,
	"Media.URL": MediaURL, "Media.FileID": MediaFileID, "Media.Name": MediaName, "Media.Detail": MediaDetail,
	"Call.ID": CallID, "Call.Name": CallName, "Call.Arguments": CallArguments, "Result.CallID": ResultCallID,
	"Result.Failed": ResultFailed, "Cache": PartCache, "Cache.TTL": PartCacheTTL, "Raw": PartRaw,
}

var toolBits = map[string]ToolField{
	"Name": ToolName, "Description": ToolDescription, "Schema": ToolSchema, "Strict": ToolStrict,
	"Cache": ToolCache, "Cache.TTL": ToolCacheTTL, "Raw": ToolRaw,
}

// node is a leaf, or a thing that holds leaves.
type node struct {
	path    string
	suffix  string // behind the path, if the whole is named
	whole   bool   // named once if nothing of it was said
	leaf    bool
	implied bool // said by anything else that is said of its parent
	said    bool
	say     func(*Ledger)
	kids    []*node
}

func (n *node) leaves() (all []*node) {
	if n.leaf {
		all = append(all, n)
	}
	for _, k := range n.kids {
		all = append(all, k.leaves()...)
	}
	return all
}

func (n *node) anySaid() bool {
	return slices.ContainsFunc(n.leaves(), func(l *node) bool { return l.said })
}

func (n *node) left(out []string) []string {
	if n.whole && !n.anySaid() && len(n.leaves()) > 0 {
		return append(out, n.path+n.suffix)
	}
	for _, k := range n.kids {
		switch {
		case !k.leaf:
			out = k.left(out)
		case !k.said && (!k.implied || !n.anySaid()):
			out = append(out, k.path)
		}
	}
	return out
}

// owner is the request, a message, a part or a tool: what bits are kept for.
type owner struct {
	t   *testing.T
	say func(field string) func(*Ledger) // of the leaf of a Go field
	nom func(name string) func(*Ledger)  // of an extra member
	sub func(i int) (part func(*Ledger) Part)
}

func model(t *testing.T, r *switchgear.Request) *node {
	o := owner{
		t:   t,
		say: func(f string) func(*Ledger) { return bit(t, requestBits, f, (*Ledger).Said) },
		nom: func(name string) func(*Ledger) { return func(l *Ledger) { l.Extra(name) } },
		sub: func(i int) func(*Ledger) Part { return func(l *Ledger) Part { return l.System().At(i) } },
	}
	root := &node{}
	o.fields(root, reflect.ValueOf(r).Elem(), "", "")
	order := []string{"system", "messages", "tools", "tool_choice", "output", "effort", "thinking", "sampling", "tier", "user", "stop", "options", "extra"}
	slices.SortStableFunc(root.kids, func(a, b *node) int {
		return slices.Index(order, head(a.path)) - slices.Index(order, head(b.path))
	})
	return root
}

var headWord = regexp.MustCompile(`^[a-z_]+`)

func head(path string) string { return headWord.FindString(path) }

func bit[F any](t *testing.T, table map[string]F, f string, said func(*Ledger, F)) func(*Ledger) {
	b, ok := table[f]
	if !ok {
		t.Errorf("no leaf is known for the field %s: teach internal/leaves about it", f)
	}
	return func(l *Ledger) { said(l, b) }
}

var words = regexp.MustCompile(`[A-Z]+[a-z]*`)

func snake(field string) string {
	if field == "Choice" {
		return "tool_choice"
	}
	field = strings.NewReplacer("ID", "Id", "URL", "Url", "TTL", "Ttl").Replace(field)
	return strings.ToLower(strings.Join(words.FindAllString(field, -1), "_"))
}

// fields adds the leaves of a struct to a node. Prefix is the Go path of the
// struct in its owner.
func (o owner) fields(n *node, v reflect.Value, path, prefix string) {
	for i := range v.NumField() {
		f, typ := v.Type().Field(i), v.Type().Name()
		if slices.Contains(exempt, typ+"."+f.Name) {
			continue
		}
		at := snake(f.Name)
		if path != "" {
			at = path + "." + at
		}
		o.field(n, v.Field(i), at, prefix+f.Name)
	}
}

func (o owner) field(n *node, v reflect.Value, path, name string) {
	switch x := v.Interface().(type) {
	case map[string]json.RawMessage:
		if name == "Options" {
			t := o
			t.nom = func(name string) func(*Ledger) { return func(l *Ledger) { l.Option(name) } }
			var members map[string]json.RawMessage
			_ = json.Unmarshal(x0(x), &members)
			t.extra(n, members, "options."+target)
			return
		}
		o.extra(n, x, path)
		return
	case []switchgear.Part:
		o.parts(n, x, path)
		return
	case []switchgear.Message:
		o.messages(n, x)
		return
	case []switchgear.Tool:
		o.tools(n, x)
		return
	case []string:
		list := &node{path: path, whole: true}
		for i := range x {
			list.kids = append(list.kids, &node{path: path + "[" + strconv.Itoa(i) + "]", leaf: true, say: func(l *Ledger) { l.Stop(i) }})
		}
		n.kids = append(n.kids, list)
		return
	}
	if v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct {
		o.pointer(n, v, path, name)
		return
	}
	if v.Kind() == reflect.Struct {
		o.fields(n, v, path, name+".")
		return
	}
	say := o.say(name)
	if !v.IsZero() && (v.Kind() != reflect.Slice || v.Len() > 0) {
		n.kids = append(n.kids, &node{path: path, leaf: true, implied: name == "Kind", say: say})
	}
}

func x0(options map[string]json.RawMessage) json.RawMessage { return options[target] }

// pointer is a thing of its own, named whole. A tool result is not: its parts
// are named one by one.
func (o owner) pointer(n *node, v reflect.Value, path, name string) {
	if v.IsNil() {
		o.fields(&node{}, reflect.New(v.Type().Elem()).Elem(), path, name+".") // only to see that every field is known
		return
	}
	if name == "Result" {
		o.fields(n, v.Elem(), path, name+".")
		return
	}
	sub := &node{path: path, whole: true}
	if name == "Output" || name == "Cache" {
		sub.kids = append(sub.kids, &node{path: path, leaf: true, implied: true, say: o.say(name)})
	}
	o.fields(sub, v.Elem(), path, name+".")
	n.kids = append(n.kids, sub)
}

func (o owner) extra(n *node, members map[string]json.RawMessage, path string) {
	var kids []*node
	for _, name := range slices.Sorted(maps.Keys(members)) {
		shown := name
		if !regexp.MustCompile(`^[a-zA-Z0-9_.:/-]{1,64}$`).MatchString(name) {
			shown = strconv.QuoteToASCII(name[:min(len(name), 64)])
			if len(name) > 64 {
				shown += "..."
			}
		}
		kids = append(kids, &node{path: path + "." + shown, leaf: true, say: o.nom(name)})
	}
	slices.SortStableFunc(kids, func(a, b *node) int { return strings.Compare(a.path, b.path) })
	n.kids = append(n.kids, kids...)
}

func (o owner) parts(n *node, parts []switchgear.Part, path string) {
	for i := range parts {
		part := o.sub(i)
		p := owner{
			t: o.t,
			say: func(f string) func(*Ledger) {
				return bit(o.t, partBits, f, func(l *Ledger, b PartField) { part(l).Said(b) })
			},
			nom: func(name string) func(*Ledger) { return func(l *Ledger) { part(l).Extra(name) } },
			sub: func(i int) func(*Ledger) Part { return func(l *Ledger) Part { return part(l).Parts().At(i) } },
		}
		at := path + "[" + strconv.Itoa(i) + "]"
		sub := &node{path: at, whole: true, suffix: suffix(&parts[i])}
		p.fields(sub, reflect.ValueOf(parts[i]), at, "")
		n.kids = append(n.kids, sub)
	}
}

func (o owner) messages(n *node, messages []switchgear.Message) {
	for i := range messages {
		m := owner{
			t: o.t,
			say: func(f string) func(*Ledger) {
				return bit(o.t, messageBits, f, func(l *Ledger, b MessageField) { l.Message(i).Said(b) })
			},
			nom: func(name string) func(*Ledger) { return func(l *Ledger) { l.Message(i).Extra(name) } },
			sub: func(j int) func(*Ledger) Part { return func(l *Ledger) Part { return l.Part(i, j) } },
		}
		at := "messages[" + strconv.Itoa(i) + "]"
		sub := &node{path: at, whole: true}
		for j := range messages[i].Parts {
			if s := suffix(&messages[i].Parts[j]); j == 0 || s == sub.suffix {
				sub.suffix = s
			} else {
				sub.suffix = ""
				break
			}
		}
		m.fields(sub, reflect.ValueOf(messages[i]), at, "")
		n.kids = append(n.kids, sub)
	}
}

func (o owner) tools(n *node, tools []switchgear.Tool) {
	for i := range tools {
		tool := owner{
			t: o.t,
			say: func(f string) func(*Ledger) {
				return bit(o.t, toolBits, f, func(l *Ledger, b ToolField) { l.Tool(i).Said(b) })
			},
			nom: func(name string) func(*Ledger) { return func(l *Ledger) { l.Tool(i).Extra(name) } },
		}
		at := "tools[" + strconv.Itoa(i) + "]"
		sub := &node{path: at, whole: true, suffix: rawWord(tools[i].Raw)}
		tool.fields(sub, reflect.ValueOf(tools[i]), at, "")
		n.kids = append(n.kids, sub)
	}
}

func suffix(p *switchgear.Part) string {
	if w := rawWord(p.Raw); w != "" && p.Kind == switchgear.PartOther {
		return w
	}
	return " (" + []string{
		"text", "thinking", "redacted thinking", "image", "document", "audio",
		"tool call", "tool result", "refusal", "other",
	}[p.Kind] + ")"
}

func rawWord(raw []byte) string {
	found := regexp.MustCompile(`"type":"([a-z0-9_]+)"`).FindSubmatch(raw)
	if found == nil {
		return ""
	}
	return " (" + string(found[1]) + ")"
}
