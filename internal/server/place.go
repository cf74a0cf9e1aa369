package server

import (
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// place is what a path leads to.
type place struct {
	chat       bool
	messages   bool
	count      bool
	embeddings bool
	models     bool
	model      string // of /v1/models/NAME
	anthropic  bool   // the client speaks Anthropic's protocol
	right      string // for a path that leads nowhere: the one that was probably meant
	later      bool   // a path this version does not serve yet
}

func (p place) found() bool {
	return p.chat || p.messages || p.count || p.embeddings || p.models
}

func (p place) operation() string {
	switch {
	case p.count:
		return "count_tokens"
	case p.embeddings:
		return "embeddings"
	case p.models:
		return "models"
	case p.chat, p.messages:
		return "chat"
	default:
		return "unknown"
	}
}

// locate reads a path. Base URLs differ from client to client, so everything is
// also there under /openai and /anthropic.
func locate(path string) place {
	rest, anthropic := path, false
	if after, ok := cutSegment(rest, "/anthropic"); ok {
		rest, anthropic = after, true
	} else if after, ok := cutSegment(rest, "/openai"); ok {
		rest = after
	}
	p := leaf(rest)
	p.anthropic = p.messages || p.count || (anthropic && p.models)
	if p.found() {
		return p
	}
	p.right = mend(path)
	p.anthropic = anthropic || strings.Contains(path, "/messages")
	p.later = rest == "/v1/responses" || rest == "/v1/completions"
	return p
}

func leaf(rest string) place {
	switch rest {
	case "/v1/chat/completions":
		return place{chat: true}
	case "/v1/messages":
		return place{messages: true}
	case "/v1/messages/count_tokens":
		return place{count: true}
	case "/v1/embeddings":
		return place{embeddings: true}
	case "/v1/models":
		return place{models: true}
	}
	if name, ok := strings.CutPrefix(rest, "/v1/models/"); ok && name != "" {
		return place{models: true, model: name}
	}
	return place{}
}

func cutSegment(path, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok || (rest != "" && rest[0] != '/') {
		return path, false
	}
	return rest, true
}

// mend guesses the path a client meant. The commonest mistakes are a base URL
// with /v1 for a client that adds it, one without for a client that does not,
// and a base URL that already names the endpoint.
func mend(path string) string {
	for _, end := range []string{
		"/messages/count_tokens", "/chat/completions", "/messages", "/embeddings", "/models",
	} {
		head, ok := strings.CutSuffix(path, end)
		if !ok {
			continue
		}
		if strip(head) == "" {
			return "/v1" + end
		}
	}
	return ""
}

// strip takes off whatever base URLs are mistakenly made of.
func strip(head string) string {
	for {
		before := head
		for _, extra := range []string{"/v1", "/chat/completions", "/messages", "/embeddings", "/openai", "/anthropic", "/"} {
			head = strings.TrimSuffix(head, extra)
		}
		if head == before {
			return head
		}
	}
}

// probe answers the requests that need no key: liveness, readiness, and the
// bare root, which some clients ask for before they begin.
func (h *Handler) probe(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	hurry(w, r)
	switch r.URL.Path {
	case "/", "/healthz", "/openai", "/openai/", "/anthropic", "/anthropic/":
		plain(w, http.StatusOK, "switchgear is up\n")
	case "/readyz":
		if err := h.gateway.Ready(); err != nil {
			plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
			return true
		}
		plain(w, http.StatusOK, "ready\n")
	default:
		return false
	}
	return true
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}

func notFound(r *http.Request, p place) *switchgear.Error {
	message := "There is nothing at " + clip(r.URL.Path) + "."
	switch {
	case p.later:
		message = "This version of the gateway does not serve " + clip(r.URL.Path) + " yet; use /v1/chat/completions or /v1/messages."
	case p.right != "":
		message += " You probably mean " + p.right + ": check the base URL of your client."
	default:
		message += " The gateway serves /v1/chat/completions, /v1/messages, /v1/messages/count_tokens, /v1/embeddings and /v1/models."
	}
	return own(http.StatusNotFound, "not_found", message)
}

// clip keeps a path short enough to repeat.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// own is a failure the data plane itself finds in a request.
func own(status int, code, message string) *switchgear.Error {
	return &switchgear.Error{Class: switchgear.ClassInvalid, Status: status, Code: code, Message: message}
}
