package eval

import (
	"encoding/json"
	"regexp"
	"strings"

	switchgear "github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// base is what the cases of a set have in common: the set's own request, with
// {{names}} where a case's values go.
type base struct {
	request *switchgear.Request
	names   map[string]bool
}

var hole = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}`)

func (p *loading) readBase(v *Value) *base {
	if v == nil {
		return nil
	}
	req := p.readRequest(v, "request")
	if req == nil {
		return nil
	}
	b := &base{request: req, names: map[string]bool{}}
	eachText(req, func(s string) string {
		for _, m := range hole.FindAllStringSubmatch(s, -1) {
			b.names[m[1]] = true
		}
		return s
	})
	return b
}

// make is the request of a case with its values filled in.
func (b *base) make(p *loading, o *Options, vars map[string]string) *switchgear.Request {
	for name := range b.names {
		if _, ok := vars[name]; !ok {
			o.Complain("vars", "the set's request asks for {{"+name+"}}, and the case has no such value", "Add it to vars.")
		}
	}
	if v := o.Value("vars"); v != nil {
		for i := range v.Entries {
			if key := v.Entries[i].Key; !b.names[key] {
				p.errorf(v.Entries[i].Pos, child(child(o.path, "vars"), key), "the set's request has no place for this value", config.DidYouMean(key, keys(b.names)))
			}
		}
	}
	req := clone(b.request)
	eachText(req, func(s string) string {
		return hole.ReplaceAllStringFunc(s, func(m string) string { return vars[hole.FindStringSubmatch(m)[1]] })
	})
	return req
}

func keys(m map[string]bool) []string {
	var out []string
	for key := range m {
		out = append(out, key)
	}
	return out
}

// clone copies what eachText may change.
func clone(r *switchgear.Request) *switchgear.Request {
	out := *r
	out.System = append([]switchgear.Part(nil), r.System...)
	out.Messages = append([]switchgear.Message(nil), r.Messages...)
	for i := range out.Messages {
		out.Messages[i].Parts = append([]switchgear.Part(nil), out.Messages[i].Parts...)
	}
	return &out
}

func eachText(r *switchgear.Request, f func(string) string) {
	for i := range r.System {
		r.System[i].Text = f(r.System[i].Text)
	}
	for i := range r.Messages {
		for j := range r.Messages[i].Parts {
			r.Messages[i].Parts[j].Text = f(r.Messages[i].Parts[j].Text)
		}
	}
}

// readRequest reads a request in our own words.
func (p *loading) readRequest(v *Value, path string) *switchgear.Request {
	o := p.options(v, path, `{system: "Be brief.", messages: [{role: user, content: "Hello"}]}`, p.open)
	if v.Kind != Map {
		return nil
	}
	req := &switchgear.Request{}
	if s := o.Value("system"); s != nil {
		req.System = p.parts(s, child(path, "system"))
	}
	if m := o.Value("messages"); m != nil {
		req.Messages = p.messages(m, child(path, "messages"))
	}
	if t := o.Value("tools"); t != nil {
		req.Tools = p.tools(t, child(path, "tools"))
	}
	req.Choice = readChoice(o)
	req.Output = p.output(o.Map("output", "{schema: {type: object}}"))
	req.Effort, _ = o.Text("effort")
	req.Thinking = readThinking(o)
	req.Sampling = readSampling(o)
	req.Stop = o.Texts("stop")
	req.Tier, _ = o.Text("tier")
	req.User, _ = o.Text("user")
	req.Options = rawMap(o, "options")
	req.Extra = rawMap(o, "extra")
	req.Origin, _ = o.Text("origin")
	if l := o.Value("labels"); l != nil {
		req.Labels = map[string]string{}
		for i := range l.Entries {
			req.Labels[l.Entries[i].Key] = l.Entries[i].Value.Text
		}
	}
	o.finish()
	return req
}

func readChoice(o *Options) *switchgear.ToolChoice {
	v := o.Value("choice")
	if v == nil {
		return nil
	}
	if v.Kind == String {
		word, ok := o.Word("choice", "auto", "none", "any")
		if !ok {
			return nil
		}
		return &switchgear.ToolChoice{Mode: word}
	}
	c := o.Map("choice", "{tool: find_city}")
	choice := &switchgear.ToolChoice{Mode: "auto"}
	if word, ok := c.Word("mode", "auto", "none", "any", "tool"); ok {
		choice.Mode = word
	}
	if name, ok := c.Text("tool"); ok {
		choice.Mode, choice.Name = "tool", name
	}
	if parallel, ok := c.Bool("parallel"); ok {
		choice.Parallel = &parallel
	}
	c.finish()
	return choice
}

func (p *loading) output(o *Options) *switchgear.Output {
	if o == nil {
		return nil
	}
	out := &switchgear.Output{}
	out.Name, _ = o.Text("name")
	out.Strict, _ = o.Bool("strict")
	out.Schema = p.schema(o)
	o.finish()
	return out
}

// schema reads a JSON Schema that is written out, or the file it is in.
func (p *loading) schema(o *Options) json.RawMessage {
	v := o.Value("schema")
	if v == nil {
		return nil
	}
	if v.Kind != String {
		return v.JSON()
	}
	text, ok := o.File("schema")
	if !ok {
		return nil
	}
	schema, err := Canonical(text)
	if err != nil {
		o.Complain("schema", "the file "+Quote(v.Text)+" is not JSON", "")
		return nil
	}
	return schema
}

func readThinking(o *Options) *switchgear.Thinking {
	v := o.Value("thinking")
	if v == nil {
		return nil
	}
	if v.Kind == Map {
		t := o.Map("thinking", "{budget: 8000}")
		budget, _ := t.Int("budget", 1, 1<<31)
		t.finish()
		return &switchgear.Thinking{Mode: "enabled", Budget: int64(budget)}
	}
	word, ok := o.Word("thinking", "adaptive", "disabled")
	if !ok {
		return nil
	}
	return &switchgear.Thinking{Mode: word}
}

func readSampling(o *Options) switchgear.Sampling {
	var s switchgear.Sampling
	float := func(key string, most float64) *float64 {
		if n, ok := o.Number(key, 0, most); ok {
			return &n
		}
		return nil
	}
	whole := func(key string, least int) *int64 {
		if n, ok := o.Int(key, least, 1<<53); ok {
			i := int64(n)
			return &i
		}
		return nil
	}
	s.MaxTokens, s.TopK, s.Seed = whole("max_tokens", 1), whole("top_k", 0), whole("seed", -1<<53)
	s.Temperature, s.TopP = float("temperature", 2), float("top_p", 1)
	return s
}

func rawMap(o *Options, key string) map[string]json.RawMessage {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	if v.Kind != Map {
		o.r.wrong(v, child(o.path, key), "a map", "")
		return nil
	}
	out := map[string]json.RawMessage{}
	for i := range v.Entries {
		out[v.Entries[i].Key] = v.Entries[i].Value.JSON()
	}
	return out
}

func (p *loading) tools(v *Value, path string) []switchgear.Tool {
	if v.Kind != List {
		p.wrong(v, path, "a list of tools", "[{name: find, schema: {type: object}}]")
		return nil
	}
	var tools []switchgear.Tool
	for i, item := range v.Items {
		o := p.options(item, index(path, i), "{name: find, schema: {type: object}}", p.open)
		t := switchgear.Tool{}
		t.Name, _ = o.Text("name")
		if t.Name == "" && item.Kind == Map {
			o.Complain("name", "the tool has no name", "")
		}
		t.Description, _ = o.Text("description")
		t.Strict, _ = o.Bool("strict")
		t.Schema = p.schema(o)
		t.Cache = readCache(o)
		if raw := o.Value("raw"); raw != nil {
			t.Raw = raw.JSON()
			t.Origin, _ = o.Text("origin")
		}
		t.Extra = rawMap(o, "extra")
		o.finish()
		tools = append(tools, t)
	}
	return tools
}

func readCache(o *Options) *switchgear.Cache {
	ttl, ok := o.Text("cache")
	if !ok {
		return nil
	}
	if ttl == "true" {
		ttl = ""
	}
	return &switchgear.Cache{TTL: ttl}
}

func (p *loading) messages(v *Value, path string) []switchgear.Message {
	if v.Kind != List {
		p.wrong(v, path, "a list of messages", "[{role: user, content: Hello}]")
		return nil
	}
	var out []switchgear.Message
	for i, item := range v.Items {
		o := p.options(item, index(path, i), "{role: user, content: Hello}", p.open)
		if item.Kind != Map {
			continue
		}
		m := switchgear.Message{Role: switchgear.RoleUser}
		if role, ok := o.Word("role", "system", "user", "assistant", "tool"); ok {
			m.Role = switchgear.Role(role)
		}
		m.Name, _ = o.Text("name")
		if c := o.Value("content"); c != nil {
			m.Parts = p.parts(c, child(o.path, "content"))
		} else {
			o.Complain("content", "the message says nothing", "Add content: TEXT.")
		}
		m.Extra = rawMap(o, "extra")
		o.finish()
		out = append(out, m)
	}
	return out
}

// parts reads the content of a message: a text, or a list of parts.
func (p *loading) parts(v *Value, path string) []switchgear.Part {
	switch v.Kind {
	case String, Number, Bool:
		return []switchgear.Part{{Text: v.Text}}
	case List:
		var out []switchgear.Part
		for i, item := range v.Items {
			if item.Kind == String {
				out = append(out, switchgear.Part{Text: item.Text})
				continue
			}
			out = append(out, p.part(item, index(path, i)))
		}
		return out
	case Bad, Null, Map:
		p.wrong(v, path, "text or a list of parts", "[{text: Look:}, {image: {url: ...}}]")
	}
	return nil
}

// partWords are the members that say what a part is.
const partWords = "text, thinking, redacted, image, document, audio, call, result, refusal, other"

func (p *loading) part(v *Value, path string) switchgear.Part {
	o := p.options(v, path, "{text: Hello}", p.open)
	part := switchgear.Part{Cache: readCache(o)}
	part.Origin, _ = o.Text("origin")
	part.Extra = rawMap(o, "extra")
	kinds := 0
	is := func(key string, kind switchgear.PartKind) bool {
		if !o.Has(key) {
			return false
		}
		kinds++
		part.Kind = kind
		return true
	}
	if is("text", switchgear.PartText) {
		part.Text, _ = o.Text("text")
	}
	if is("thinking", switchgear.PartThinking) {
		part.Text, _ = o.Text("thinking")
		part.Signature, _ = o.Text("signature")
	}
	if is("redacted", switchgear.PartRedacted) {
		part.Signature, _ = o.Text("redacted")
	}
	for key, kind := range map[string]switchgear.PartKind{"image": switchgear.PartImage, "document": switchgear.PartDocument, "audio": switchgear.PartAudio} {
		if is(key, kind) {
			part.Media = readMedia(o.Map(key, "{url: ...}"))
		}
	}
	if is("call", switchgear.PartToolCall) {
		part.Call = readCall(o.Map("call", "{id: c1, name: find, arguments: {}}"))
	}
	if is("result", switchgear.PartToolResult) {
		r := o.Map("result", "{call: c1, content: sunny}")
		part.Result = &switchgear.ToolResult{}
		part.Result.CallID, _ = r.Text("call")
		part.Result.Failed, _ = r.Bool("failed")
		if c := r.Value("content"); c != nil {
			part.Result.Parts = p.parts(c, child(r.path, "content"))
		}
		r.finish()
	}
	if is("refusal", switchgear.PartRefusal) {
		part.Text, _ = o.Text("refusal")
	}
	if is("other", switchgear.PartOther) {
		part.Raw = o.Value("other").JSON()
	}
	if kinds != 1 && v.Kind == Map {
		o.Complain("", "a part is one of "+partWords, "Write a list entry for each.")
	}
	o.finish()
	return part
}

func readMedia(o *Options) *switchgear.Media {
	m := &switchgear.Media{}
	for key, field := range map[string]*string{"type": &m.Type, "data": &m.Data, "url": &m.URL, "file": &m.FileID, "name": &m.Name, "detail": &m.Detail} {
		*field, _ = o.Text(key)
	}
	o.finish()
	return m
}

func readCall(o *Options) *switchgear.ToolCall {
	c := &switchgear.ToolCall{}
	c.ID, _ = o.Text("id")
	c.Name, _ = o.Text("name")
	if v := o.Value("arguments"); v != nil && v.Kind == String {
		c.Arguments = v.Text
	} else if v != nil {
		c.Arguments = string(v.JSON())
	}
	if strings.TrimSpace(c.Name) == "" {
		o.Complain("name", "the call names no tool", "")
	}
	o.finish()
	return c
}
