package lexicon

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// Edge rules on an answer that does not come from the provider's API at all,
// but from what stands before it: a redirect, or a page for people. It says
// nothing about a key or a model, whatever its status. ok is false for other
// answers.
func Edge(status int, h http.Header, body []byte) (_ Ruling, ok bool) {
	switch {
	case status >= 300 && status < 400:
		return redirect(h.Get("Location")), true
	case status == http.StatusRequestEntityTooLarge || !page(h, body):
		return Ruling{}, false // the body is too large for the door: the status says it all
	}
	class := switchgear.ClassConnect
	if status >= 500 {
		class = switchgear.ClassServer
	}
	return Ruling{
		Class: class, Code: "web_page", Marks: switchgear.MarkEdge,
		Say: "a web page came instead of an answer: something in front of the provider answered in its place, or the base_url is wrong",
	}, true
}

func redirect(to string) Ruling {
	if login(to) {
		return Ruling{
			Class: switchgear.ClassAuth, Code: "redirect_login",
			Say: "the provider sends us to a login page: our key is not taken there",
		}
	}
	return Ruling{
		Class: switchgear.ClassServer, Code: "redirect", Marks: switchgear.MarkEdge,
		Say: "the provider redirects to another address, which is never followed: check its base_url",
	}
}

// login reports whether an address is that of a login page: by a word of its
// host or its path. What stands in the query is where one comes from.
func login(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	apart := func(r rune) bool { return r == '.' || r == '/' || r == ':' }
	for _, word := range strings.FieldsFunc(strings.ToLower(u.Host+"/"+u.Path), apart) {
		switch word {
		case "login", "log-in", "log_in", "logon", "signin", "sign-in", "sign_in", "sso", "saml", "saml2", "auth", "oauth", "oauth2", "authorize", "accounts":
			return true
		}
	}
	return false
}

// page reports whether a body is a page for people. Some hosts call their JSON
// text/html.
func page(h http.Header, body []byte) bool {
	start := bytes.TrimLeft(body[:min(len(body), 512)], " \t\r\n\uFEFF")
	if len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		return false
	}
	return len(start) > 0 && start[0] == '<' || strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/html")
}
