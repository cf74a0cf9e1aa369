package config

import (
	"encoding/hex"
	"strings"
)

// client reads one entry of clients.
func (r *reader) client(e entry, path string) Client {
	c := Client{Name: e.key, Pos: e.pos}
	o := r.object(e.value, path, shapeClient)
	if s, n, ok := o.text("hash", "sha256:..."); ok {
		c.Hash = r.hash(s, n, child(path, "hash"))
	} else if o.node.kind == kindMap && o.get("hash") == nil {
		r.errorf(e.pos, path, "this client has no hash of its key", `Add hash: "sha256:..."; the key itself is never stored.`)
	}
	for i, w := range o.list("routes", "[chat]") {
		c.Routes = append(c.Routes, w.Text)
		r.clientRoutes = append(r.clientRoutes, wordAt{w, index(child(path, "routes"), i)})
	}
	if n := o.get("routes"); n != nil && n.kind == kindList && len(n.items) == 0 {
		r.errorf(n.pos, child(path, "routes"), "this client may use no route", "Name some, or leave routes out to allow every route.")
	}
	r.names(o.get("labels"), child(path, "labels"), "a label", func(l entry, at string) {
		if l.value.kind != kindScalar {
			r.wrongType(l.value, at, "text", "web")
			return
		}
		if s, ok := r.substitute(l.value, at); ok {
			if c.Labels == nil {
				c.Labels = map[string]string{}
			}
			c.Labels[l.key] = s
		}
	})
	return c
}

// hash checks that a hash could be one: a key that someone put here by mistake
// must not be shown.
func (r *reader) hash(s string, n *node, path string) string {
	digits, ok := strings.CutPrefix(s, "sha256:")
	if sum, err := hex.DecodeString(digits); !ok || err != nil || len(sum) != 32 {
		r.errorf(n.pos, path, "this is not the SHA-256 of a client key", "Write sha256: and 64 hexadecimal digits. The key itself does not belong here.")
		return ""
	}
	return "sha256:" + strings.ToLower(digits)
}
