package config

import (
	"crypto/ed25519"
	"encoding/base64"
	"path"
	"strings"
)

// GateMode says what becomes of a target that is not proven.
type GateMode string

// The modes of the gate.
const (
	GateOff      GateMode = "off"      // nothing is asked
	GateWarn     GateMode = "warn"     // it serves, with a warning
	GateEnforce  GateMode = "enforce"  // the configuration is refused
	GateRequired GateMode = "required" // and so is a route without an eval
)

// Gate says what a target needs to serve a route that has an eval. An empty mode
// is [GateEnforce].
type Gate struct {
	Mode    GateMode
	Trusted []Word // public keys, "ed25519:" and 32 bytes in base64; what the lock holds must be signed with one of them if there are any
}

// On reports whether evidence is asked for at all.
func (g Gate) On() bool { return g.Mode != GateOff }

// gate reads a mode, or a map with one.
func (r *reader) gate(c *Config, parent *object) {
	c.Gate.Mode = GateEnforce
	n := parent.get("gate")
	if n == nil {
		return
	}
	c.Pos.Gate = n.pos
	o := parent
	key := "gate"
	if n.kind == kindMap {
		o, key = r.object(n, "gate", shapeGate), "mode"
		c.Gate.Trusted = r.trusted(o)
	}
	if mode := o.word(key, "enforce", "required", "warn", "off", "false"); mode != "" {
		c.Gate.Mode = or(map[string]GateMode{"false": GateOff}[mode], GateMode(mode))
	}
}

// trusted reads the public keys that evidence is to be signed with.
func (r *reader) trusted(o *object) []Word {
	words := o.list("trusted_keys", `["ed25519:..."]`)
	if n := o.get("trusted_keys"); n != nil && n.kind == kindList && len(n.items) == 0 {
		r.errorf(n.pos, child(o.path, "trusted_keys"), "the list is empty, so nobody could sign anything", "Name a key, or remove trusted_keys.")
	}
	for i, w := range words {
		text, ok := strings.CutPrefix(w.Text, "ed25519:")
		raw, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil || len(raw) != ed25519.PublicKeySize {
			r.errorf(w.Pos, index(child(o.path, "trusted_keys"), i), "this is no public key", "Write ed25519: and the key's 32 bytes in base64; docs/gate.md says how to get them.")
		}
	}
	return words
}

// eval reads the path of a route's eval set.
func (r *reader) eval(o *object) string {
	s, n, ok := o.text("eval", "evals/chat.yaml")
	if !ok {
		return ""
	}
	at := child(o.path, "eval")
	switch {
	case s == "" || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }):
		r.errorf(n.pos, at, "this is not the path of a file", "For example: evals/chat.yaml.")
	case strings.HasPrefix(s, "/") || strings.Contains(s, `\`) || (len(s) > 1 && s[1] == ':'):
		r.errorf(n.pos, at, quote(s)+" is not a path relative to this file", "The lock names it too, and must mean the same file everywhere. For example: evals/chat.yaml.")
	case !strings.HasSuffix(s, ".yaml") && !strings.HasSuffix(s, ".yml"):
		r.errorf(n.pos, at, quote(s)+" is not a YAML file", "For example: evals/chat.yaml.")
	default:
		return path.Clean(s)
	}
	return ""
}
