package config

import (
	"errors"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// Receiver is someone to be told when something happens.
type Receiver struct {
	Name    string
	Kind    string            // "pagerduty" or "webhook"
	Key     switchgear.Secret // of pagerduty
	URL     switchgear.Secret // whoever knows a webhook's address can post to it; zero for the kind's own
	Secret  switchgear.Secret // what a webhook's deliveries are signed with
	On      []Word            // patterns over the kinds of alerts
	Pos     Position
	KindPos Position
}

// Receives reports whether a receiver is told of a kind of alert. A * in its
// patterns stands for any letters.
func (r *Receiver) Receives(kind string) bool {
	return slices.ContainsFunc(r.On, func(w Word) bool { return matchesKind(w.Text, kind) })
}

func matchesKind(pattern, kind string) bool {
	ok, err := path.Match(pattern, kind)
	return ok && err == nil
}

// The kinds of receivers: those there are and those a later version will have.
func receiverKinds() []string       { return []string{"pagerduty", "webhook"} }
func receiverKindsToCome() []string { return []string{"slack", "opsgenie", "alertmanager"} }

// alerts reads who is told of what.
func (r *reader) alerts(c *Config, o *object) {
	c.Pos.Alerts = o.pos("alerts")
	n := o.get("alerts")
	switch {
	case n == nil && c.Pos.Alerts.IsZero():
		return
	case n == nil:
		r.errorf(c.Pos.Alerts, "alerts", "this is empty, so an open circuit pages nobody", "Name a receiver, or write alerts: none.")
		return
	case n.kind == kindScalar && n.text == "none":
		c.NoAlerts = true
		return
	case n.kind != kindMap:
		r.wrongType(n, "alerts", "a map from names to receivers, or none", `{pager: `+shapeReceiver.example()+`}`)
		return
	}
	sound := true
	r.names(n, "alerts", "a receiver", func(e entry, path string) {
		receiver, ok := r.receiver(e, path)
		c.Alerts = append(c.Alerts, receiver)
		sound = sound && ok
	})
	paged := slices.ContainsFunc(c.Alerts, func(x Receiver) bool { return x.Receives(switchgear.AlertCircuitOpen) })
	if sound && !paged {
		r.errorf(n.pos, "alerts", "nobody receives circuit_open, and an open circuit must page someone", "Add circuit_open to what a receiver is told of, or write alerts: none.")
	}
}

// receiver reads one entry of alerts, and reports whether it is clear what it
// is told of.
func (r *reader) receiver(e entry, path string) (Receiver, bool) {
	out := Receiver{Name: e.key, Pos: e.pos}
	o := r.object(e.value, path, shapeReceiver)
	if o.node.kind != kindMap {
		return out, false
	}
	out.Kind, out.KindPos = r.receiverKind(o, e.pos), placeOr(o.pos("kind"), e.pos)
	out.Key, out.Secret = r.alertSecret(o, "key"), r.alertSecret(o, "secret")
	out.URL = r.alertURL(o)
	switch out.Kind {
	case "pagerduty":
		r.pagerduty(o, &out)
	case "webhook":
		r.webhook(o, &out)
	}
	ok := r.patterns(o, &out)
	return out, ok
}

func (r *reader) receiverKind(o *object, pos Position) string {
	s, n, ok := o.text("kind", "pagerduty")
	at := child(o.path, "kind")
	switch {
	case n == nil:
		r.errorf(pos, o.path, "this receiver has no kind", "Add kind: pagerduty or kind: webhook.")
	case !ok:
	case slices.Contains(receiverKinds(), s):
		return s
	case slices.Contains(receiverKindsToCome(), s):
		r.errorf(n.pos, at, quote(n.text)+" is not in this version", "There are: "+strings.Join(receiverKinds(), ", ")+".")
	default:
		r.errorf(n.pos, at, "there is no kind of receiver "+quote(n.text), defined(s, receiverKinds()))
	}
	return ""
}

// routingKeyLength is that of PagerDuty's integration keys, in letters and
// digits.
const routingKeyLength = 32

func (r *reader) pagerduty(o *object, out *Receiver) {
	r.without(o, "secret", "PagerDuty is sent no signature", "Remove it; the routing key goes into key.")
	switch key := out.Key.Reveal(); {
	case o.get("key") == nil:
		r.errorf(out.Pos, o.path, "there is no routing key", `Add key: "${PD_ROUTING_KEY}", the integration key of an Events API v2 integration.`)
	case key != "" && (len(key) != routingKeyLength || strings.ContainsFunc(key, func(c rune) bool { return c >= 0x80 || !isAlnum(byte(c)) })):
		r.errorf(o.pos("key"), child(o.path, "key"), "this is no routing key of PagerDuty: those have 32 letters and digits", "Take the integration key of an Events API v2 integration, not an API key.")
	}
}

// leastSecret is how short what deliveries are signed with may be, in bytes.
const leastSecret = 16

func (r *reader) webhook(o *object, out *Receiver) {
	r.without(o, "key", "a webhook has no key", "What deliveries are signed with goes into secret.")
	if o.get("url") == nil {
		r.errorf(out.Pos, o.path, "there is no url", `Add url: "${HOOK_URL}".`)
	}
	switch secret := out.Secret.Reveal(); {
	case o.get("secret") == nil:
		r.errorf(out.Pos, o.path, "there is no secret, so that nobody could tell who posts", `Add secret: "${HOOK_SECRET}", what deliveries are signed with.`)
	case secret != "" && len(secret) < leastSecret:
		r.errorf(o.pos("secret"), child(o.path, "secret"), "this is too short to sign with", "Use at least 16 characters, such as those of: openssl rand -hex 24.")
	}
}

func (r *reader) without(o *object, key, why, fix string) {
	if n := o.get(key); n != nil {
		r.errorf(n.pos, child(o.path, key), why, fix)
	}
}

// alertSecret reads a key or a secret. One that is not at hand is an error: a
// pager that cannot page is worse than none.
func (r *reader) alertSecret(o *object, key string) switchgear.Secret {
	n := o.get(key)
	if n == nil {
		return switchgear.Secret{}
	}
	at := child(o.path, key)
	got := r.secrets([]*node{n}, []string{at})
	for _, m := range got.missing {
		r.errorf(m.node.pos, m.path, m.reason+", so this receiver cannot be told", "Export it, or remove the receiver.")
	}
	if got.empty && !r.bare {
		r.errorf(n.pos, at, "this is empty, so this receiver cannot be told", "Set it, or remove the receiver.")
	}
	if len(got.values) == 0 {
		return switchgear.Secret{}
	}
	return got.values[0]
}

// alertURL reads where a receiver is. Messages do not show it, since whoever
// knows a webhook's address can post to it.
func (r *reader) alertURL(o *object) switchgear.Secret {
	n := o.get("url")
	if n == nil {
		return switchgear.Secret{}
	}
	at := child(o.path, "url")
	if n.kind != kindScalar {
		r.wrongType(n, at, "text", `"${HOOK_URL}"`)
		return switchgear.Secret{}
	}
	if shown, ok := literal(n.text, secretLike); ok {
		r.literal(n, at, shown)
		return switchgear.Secret{}
	}
	s, err := r.expand(n.text, true)
	m, isMissing := errors.AsType[*missing](err)
	switch {
	case (isMissing || err == nil && s == "") && r.bare:
	case err == nil && s == "":
		r.errorf(n.pos, at, "this is empty, so this receiver cannot be told", "Set it, or remove the receiver.")
	case isMissing:
		r.errorf(n.pos, at, m.reason+", so this receiver cannot be told", "Export it, or remove the receiver.")
	case err != nil:
		r.cannotExpand(n, at, err)
	case r.alertAddress(s, n, at):
		return switchgear.NewSecret(s)
	}
	return switchgear.Secret{}
}

// alertAddress checks an address.
func (r *reader) alertAddress(s string, n *node, path string) bool {
	u, err := url.Parse(s)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		r.errorf(n.pos, path, "this is not an address to post to", "For example: https://hooks.example.com/alerts.")
	case u.User != nil:
		r.errorf(n.pos, path, "a URL must not carry a name or password", "Deliveries are signed with secret; check that.")
	case u.Fragment != "":
		r.errorf(n.pos, path, "what stands after # would not be sent", "Remove it.")
	case u.Scheme == "http" && !isLoopbackHost(u.Hostname()):
		r.errorf(n.pos, path, "alerts to another machine would travel in the clear", "Use https://.")
	default:
		return true
	}
	return false
}

func isLoopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// patterns reads what a receiver is told of, and reports whether that is clear.
func (r *reader) patterns(o *object, out *Receiver) bool {
	n := o.get("on")
	at := child(o.path, "on")
	if n == nil {
		r.errorf(out.Pos, o.path, "this receiver is told of nothing", "Add on: [circuit_open].")
		return false
	}
	before := len(r.findings)
	for i, w := range o.list("on", "[circuit_open]") {
		if r.pattern(w, index(at, i)) {
			out.On = append(out.On, w)
		}
	}
	if n.kind == kindList && len(n.items) == 0 {
		r.errorf(n.pos, at, "this receiver is told of nothing", "Name what it is told of: [circuit_open].")
	}
	return len(r.findings) == before
}

// pattern checks that a pattern means something that can happen.
func (r *reader) pattern(w Word, path string) bool {
	var begins []string
	for _, k := range switchgear.AlertKinds() {
		switch {
		case k.Ends == nil:
			begins = append(begins, k.Name)
		case k.Name == w.Text:
			r.errorf(w.Pos, path, k.Name+" comes by itself to whoever is told of "+k.Ends[0], "Write "+k.Ends[0]+".")
			return false
		}
	}
	if slices.ContainsFunc(begins, func(kind string) bool { return matchesKind(w.Text, kind) }) {
		return true
	}
	later := switchgear.AlertKindsToCome()
	switch {
	case slices.Contains(later, w.Text), slices.ContainsFunc(later, func(kind string) bool { return matchesKind(w.Text, kind) }):
		r.errorf(w.Pos, path, "this version does not have the alert "+quote(w.Text)+" yet", "Remove it.")
	case strings.ContainsAny(w.Text, "*?[\\"):
		r.errorf(w.Pos, path, "no alert matches "+quote(w.Text), or(DidYouMean(w.Text, families(begins)), defined("", begins)))
	default:
		r.errorf(w.Pos, path, "there is no alert "+quote(w.Text), defined(w.Text, begins))
	}
	return false
}

// families are the patterns over kinds that begin with the same word.
func families(kinds []string) []string {
	var out []string
	for _, kind := range kinds {
		word, _, _ := strings.Cut(kind, "_")
		if !slices.Contains(out, word+"_*") {
			out = append(out, word+"_*")
		}
	}
	return out
}

func placeOr(a, b Position) Position {
	if a.IsZero() {
		return b
	}
	return a
}
