package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"slices"
)

// Option changes how a file is parsed.
type Option func(*reader)

// WithoutSecrets parses a file where its secrets are not at hand: a variable or
// file that a key or token is taken from may be missing, and nothing is said of
// it. The configuration is for looking at, not for serving.
func WithoutSecrets() Option { return func(r *reader) { r.bare = true } }

// Parse reads a routing file and finds everything that is wrong with it, in the
// order of the file. Env looks up environment variables; nil means that there
// are none. Name is for the positions of findings and for finding files that
// ${file:...} names by a relative path.
//
// The Config is nil only if the text is no map at all. Beside findings that
// are errors it holds what could be understood, and must not be served.
func Parse(name string, text []byte, env func(string) (string, bool), options ...Option) (*Config, []Finding) {
	r := &reader{name: name, env: env, used: map[string]string{}}
	if env == nil {
		r.env = func(string) (string, bool) { return "", false }
	}
	for _, option := range options {
		option(r)
	}
	root := r.tree(bytes.TrimPrefix(text, []byte("\ufeff")))
	if root == nil {
		return nil, r.findings
	}
	if root.kind != kindMap {
		r.wrongType(root, "", "a map of keys and values", "version: 1")
		return nil, r.findings
	}
	c := r.file(root)
	r.resolve(c)
	c.Generation = r.generation(text)
	Sort(r.findings)
	return c, r.findings
}

// Load reads and parses a file with the variables of the environment. The error
// is that of reading the file.
func Load(path string, options ...Option) (*Config, []Finding, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	c, findings := Parse(path, text, os.LookupEnv, options...)
	return c, findings, nil
}

// generation names the configuration: by its text, by what was substituted into
// it, and for secrets only by whether they are there, so that nobody can try
// out guesses against it.
func (r *reader) generation(text []byte) string {
	h := sha256.New()
	h.Write(text)
	for _, key := range slices.Sorted(maps.Keys(r.used)) {
		h.Write([]byte("\x00" + key + " " + r.used[key]))
	}
	return hex.EncodeToString(h.Sum(nil))[:6]
}

// file reads the whole file.
func (r *reader) file(root *node) *Config {
	o := r.object(root, "", shapeFile)
	c := &Config{File: r.name, Version: 1, Listen: DefaultListen, Admin: Admin{Listen: DefaultAdminListen}}
	r.version(o)
	if s, ok := o.address("listen"); ok {
		c.Listen = s
	}
	if n := o.get("admin"); n != nil {
		r.admin(c, n)
	}
	if o.get("expose") != nil {
		c.Expose = o.word("expose", "minimal", "full")
	}
	direct := o.word("direct", "on", "off", "true", "false")
	c.Direct = direct == "on" || direct == "true"
	c.Pos.Listen, c.Pos.Admin, c.Pos.Expose = o.pos("listen"), o.pos("admin"), o.pos("expose")
	c.Pos.Direct, c.Pos.Clients = o.pos("direct"), o.pos("clients")
	r.names(o.get("providers"), "providers", "a provider", func(e entry, path string) {
		c.Providers = append(c.Providers, r.provider(e, path))
	})
	r.names(o.get("models"), "models", "a model", func(e entry, path string) {
		c.Models = append(c.Models, r.model(e, path))
	})
	c.Retry = r.retry(o)
	c.Breakers = r.breakers(o)
	r.names(o.get("routes"), "routes", "a route", func(e entry, path string) {
		c.Routes = append(c.Routes, r.route(e, path))
	})
	r.names(o.get("clients"), "clients", "a client", func(e entry, path string) {
		c.Clients = append(c.Clients, r.client(e, path))
	})
	r.gate(c, o)
	r.alerts(c, o)
	r.drill(c, o)
	r.record(c, o)
	r.demand(o)
	return c
}

// demand complains about what every file must have.
func (r *reader) demand(o *object) {
	if n := o.get("providers"); n == nil || (n.kind == kindMap && len(n.entries) == 0) {
		r.errorf(o.node.pos, "providers", "there are no providers", `Name at least one: providers: {anthropic: {key: "${ANTHROPIC_API_KEY}"}}.`)
	}
	if n := o.get("routes"); n == nil || (n.kind == kindMap && len(n.entries) == 0) {
		r.errorf(o.node.pos, "routes", "there are no routes", "Name at least one: routes: {chat: {chain: [anthropic/claude-sonnet-5]}}.")
	}
}

func (r *reader) version(o *object) {
	n := o.get("version")
	switch {
	case n == nil:
		r.errorf(o.node.pos, "version", "the file does not say which version of the format it is written in", "Begin it with: version: 1.")
	case n.kind != kindScalar || n.text != "1" || n.quoted:
		r.errorf(n.pos, "version", "this program reads version 1 of the format, not "+n.describe(), "Write: version: 1.")
	}
}

func (r *reader) admin(c *Config, n *node) {
	o := r.object(n, "admin", shapeAdmin)
	c.Pos.AdminListen, c.Pos.AdminToken = o.pos("listen"), o.pos("token")
	if s, ok := o.address("listen"); ok {
		c.Admin.Listen = s
	}
	if n := o.get("token"); n != nil {
		secrets := r.secrets([]*node{n}, []string{"admin.token"})
		for _, m := range secrets.missing {
			r.errorf(m.node.pos, m.path, m.reason, m.fix)
		}
		if len(secrets.values) > 0 {
			c.Admin.Token = secrets.values[0]
		}
	}
}
