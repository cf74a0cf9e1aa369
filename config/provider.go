package config

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// provider reads one entry of providers.
func (r *reader) provider(e entry, path string) Provider {
	p := Provider{Name: e.key, Kind: e.key, Pos: e.pos, KindPos: e.pos}
	if e.value.kind == kindNull {
		return p // everything about it is well known, and it needs no key
	}
	o := r.object(e.value, path, shapeProvider)
	if s, n, ok := o.text("kind", "openai"); ok {
		p.Kind, p.KindPos = s, n.pos
	}
	r.baseURL(&p, o)
	r.keys(&p, o)
	p.Retry = r.retry(o)
	if i, ok := o.integer("max_in_flight", 1_000_000); ok {
		p.InFlight = int(i)
	}
	r.recordings(&p, o)
	return p
}

// recordings reads the files of a provider that replays. They are relative to
// the folder of the configuration.
func (r *reader) recordings(p *Provider, o *object) {
	for _, w := range o.list("recordings", "[answers.jsonl]") {
		p.Recordings = append(p.Recordings, r.beside(w.Text))
	}
}

// baseURL reads where a provider is. A variable that is not set disables the
// provider.
func (r *reader) baseURL(p *Provider, o *object) {
	n := o.get("base_url")
	if n == nil {
		return
	}
	at := child(o.path, "base_url")
	p.URLPos = n.pos
	if n.kind != kindScalar {
		r.wrongType(n, at, "text", "https://api.example.com/v1")
		return
	}
	s, err := r.expand(n.text, false)
	var m *missing
	switch {
	case errors.As(err, &m):
		r.disable(p, n.pos, at, m)
	case err != nil:
		r.cannotExpand(n, at, err)
	default:
		p.BaseURL = r.checkURL(s, n, at)
	}
}

// checkURL returns a base URL without the slash at its end.
func (r *reader) checkURL(s string, n *node, path string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Hostname() == "":
		r.errorf(n.pos, path, "this is not the URL of a server", "For example: https://api.example.com/v1.")
	case u.User != nil:
		r.errorf(n.pos, path, "a URL must not carry a name or password", "Put the key into key.")
	case u.RawQuery != "" || u.Fragment != "":
		r.errorf(n.pos, path, "a base URL has no ? or #", "Keep what stands before it.")
	default:
		return strings.TrimRight(s, "/")
	}
	return ""
}

// keys reads key or keys.
func (r *reader) keys(p *Provider, o *object) {
	one, many := o.get("key"), o.get("keys")
	if one == nil && many == nil {
		return
	}
	var nodes []*node
	var paths []string
	if one != nil {
		nodes, paths = append(nodes, one), append(paths, child(o.path, "key"))
		p.KeyPos = one.pos
	}
	if many != nil {
		p.KeyPos = many.pos
		if one != nil {
			r.errorf(many.pos, child(o.path, "keys"), "there are both key and keys", "Put every key into keys.")
		}
		if many.kind != kindList {
			r.wrongType(many, child(o.path, "keys"), "a list", `["${KEY_1}", "${KEY_2:-}"]`)
			return
		}
		for i, item := range many.items {
			nodes, paths = append(nodes, item), append(paths, index(child(o.path, "keys"), i))
		}
	}
	got := r.secrets(nodes, paths)
	p.Keys = got.values
	r.settleKeys(p, got)
}

// settleKeys decides what missing keys mean: a provider with one key left goes
// on with it, one with none is disabled.
func (r *reader) settleKeys(p *Provider, got secrets) {
	for i, m := range got.missing {
		switch {
		case len(p.Keys) > 0:
			r.warn(m.node.pos, m.path, m.reason, "The provider's other keys are used.")
		case i == 0:
			r.disable(p, m.node.pos, m.path, &missing{reason: m.reason, fix: m.fix})
		}
	}
	if len(p.Keys) == 0 && p.Disabled == "" && got.empty && p.BaseURL == "" && !r.bare {
		p.Disabled = "it has no key"
	}
}

// disable takes a provider out of use.
func (r *reader) disable(p *Provider, pos Position, path string, m *missing) {
	if p.Disabled == "" {
		p.Disabled = m.reason
	}
	r.warn(pos, path, m.reason+", so "+p.Name+" cannot be used and its steps are left out", m.fix)
}

// secrets are the outcome of reading several.
type secrets struct {
	values  []switchgear.Secret
	missing []missingSecret
	empty   bool // some came out empty, by an empty default
}

type missingSecret struct {
	node              *node
	path, reason, fix string
}

func (r *reader) secrets(nodes []*node, paths []string) secrets {
	var out secrets
	for i, n := range nodes {
		s, err := r.secret(n, paths[i])
		var m *missing
		switch {
		case errors.As(err, &m) && r.bare:
		case errors.As(err, &m):
			out.missing = append(out.missing, missingSecret{n, paths[i], m.reason, or(m.secret, m.fix)})
		case err != nil: // a finding already
		case s == "":
			out.empty = true
		case strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
			r.errorf(n.pos, paths[i], "this secret holds a space, a line break or another character that cannot stand in a header", "Look for quotes or several lines in the variable or file it comes from.")
		default:
			out.values = append(out.values, switchgear.NewSecret(s))
		}
	}
	return out
}

// address reads a host:port to listen on.
func (o *object) address(key string) (string, bool) {
	s, n, ok := o.text(key, "127.0.0.1:8080")
	if !ok {
		return "", false
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		o.r.errorf(n.pos, child(o.path, key), quote(n.text)+" is not an address to listen on", "Write host:port, such as 127.0.0.1:8080.")
		return "", false
	}
	return s, true
}
