package providertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/switchgear-dev/switchgear"
)

// Key is the secret every call carries.
const Key = "providertest-key"

// kase is a parsed case.
type kase struct {
	op, dialect, model, query, ask string

	header   http.Header
	body     []byte
	upstream string // as it stands in the file
	reply    reply
	want     string
}

// reply is what the upstream answers.
type reply struct {
	status int
	cut    bool
	header http.Header
	body   []byte
}

func parse(file []byte) (*kase, error) {
	c := &kase{header: http.Header{}}
	seen := map[string]bool{}
	for _, f := range txtar.Parse(file).Files {
		text := string(bytes.TrimSuffix(f.Data, []byte("\n")))
		seen[f.Name] = true
		var err error
		switch f.Name {
		case "call":
			err = c.parseCall(text)
		case "body":
			c.body = []byte(text)
		case "upstream":
			c.upstream = text
		case "reply":
			err = c.reply.parse(text)
		case "want":
			c.want = text
		default:
			err = fmt.Errorf("there is no section %q in a case", f.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"call", "upstream", "reply", "want"} {
		if !seen[name] {
			return nil, fmt.Errorf("the section %q is missing", name)
		}
	}
	if c.dialect == "" && c.ask == "" {
		return nil, errors.New(`the call needs a "dialect" and a body, or else an "ask"`)
	}
	return c, nil
}

func (c *kase) parseCall(text string) error {
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "op":
			c.op = value
		case "dialect":
			c.dialect = value
		case "model":
			c.model = value
		case "query":
			c.query = value
		case "ask":
			c.ask = value
		case "header":
			k, v, _ := strings.Cut(value, ": ")
			c.header.Add(k, v)
		default:
			return fmt.Errorf("a call has no %q", name)
		}
	}
	return nil
}

func (r *reply) parse(text string) error {
	head, body, _ := strings.Cut(text, "\n\n")
	status, headers, _ := strings.Cut(head, "\n")
	status, r.cut = strings.CutSuffix(status, " cut")
	var err error
	if r.status, err = strconv.Atoi(status); err != nil {
		return fmt.Errorf("the reply's status is %q, want a number", status)
	}
	r.header = http.Header{"Set-Cookie": {"providertest=1"}} // of every upstream, and for no client
	for line := range strings.SplitSeq(headers, "\n") {
		if k, v, ok := strings.Cut(line, ": "); ok {
			r.header.Add(k, v)
		}
	}
	r.body = []byte(body)
	return nil
}

// wire is the client's request as it came, or nil.
func (c *kase) wire() *switchgear.Wire {
	if c.dialect == "" {
		return nil
	}
	w := &switchgear.Wire{
		Dialect: c.dialect, Body: bytes.Clone(c.body), Query: c.query, Stream: c.op == "stream",
	}
	if len(c.header) > 0 {
		w.Header = c.header.Clone()
	}
	return w
}

func (c *kase) credential() switchgear.Credential {
	return switchgear.Credential{ID: "providertest#1", Secret: switchgear.NewSecret(Key)}
}

func (c *kase) target() switchgear.Target {
	return switchgear.Target{Provider: "providertest", Model: c.model}
}

func (c *kase) call() *switchgear.Call {
	req := switchgear.Ask("providertest", c.ask)
	if w := c.wire(); w != nil {
		req = &switchgear.Request{Route: "providertest", Wire: w}
	}
	return &switchgear.Call{Request: req, Target: c.target(), Credential: c.credential()}
}

func (c *kase) embedCall() *switchgear.EmbedCall {
	req := &switchgear.EmbedRequest{Route: "providertest", Wire: c.wire()}
	if req.Wire == nil {
		req.Input = []string{c.ask}
	}
	return &switchgear.EmbedCall{Request: req, Target: c.target(), Credential: c.credential()}
}

// upstream plays the provider's server, and takes notes.
type upstream struct {
	reply    reply
	slow     bool // a byte at a time
	requests []string
	open     int
}

// RoundTrip implements [http.RoundTripper].
func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := transcript(r)
	u.requests = append(u.requests, text)
	if err != nil {
		return nil, err
	}
	u.open++
	length := int64(len(u.reply.body))
	if u.reply.cut {
		length = -1
	}
	return &http.Response{
		Status: strconv.Itoa(u.reply.status), StatusCode: u.reply.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: u.reply.header.Clone(), ContentLength: length, Request: r,
		Body: &replyBody{upstream: u, rest: u.reply.body},
	}, nil
}

// replyBody is a body that is read once and must be closed.
type replyBody struct {
	upstream *upstream
	rest     []byte
	closed   bool
}

// Read reads what is left of the body.
func (b *replyBody) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case len(b.rest) == 0 && b.upstream.reply.cut:
		return 0, io.ErrUnexpectedEOF
	case len(b.rest) == 0:
		return 0, io.EOF
	case b.upstream.slow && len(p) > 1:
		p = p[:1]
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close notes that the body is closed.
func (b *replyBody) Close() error {
	if !b.closed {
		b.closed = true
		b.upstream.open--
	}
	return nil
}
