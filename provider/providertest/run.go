package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// Open makes the provider that is examined: it finds its upstream at the base
// URL, through the transport. It is called many times.
type Open func(baseURL string, rt http.RoundTripper) switchgear.Provider

// Run examines a provider with every case (*.txtar) that the file system holds
// at its top, one subtest each.
func Run(t *testing.T, open Open, cases fs.FS) {
	t.Helper()
	files, err := fs.Glob(cases, "*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there is no case: no file *.txtar")
	}
	var sample *kase
	for _, name := range files {
		c := load(t, cases, name)
		if sample == nil && c.op == "complete" {
			sample = c
		}
		t.Run(strings.TrimSuffix(path.Base(name), ".txtar"), func(t *testing.T) {
			for _, problem := range c.check(t.Context(), open) {
				t.Error(problem)
			}
		})
	}
	if sample == nil {
		t.Fatal("there is no case whose op is complete")
	}
	t.Run("conduct", func(t *testing.T) {
		for _, problem := range conduct(t.Context(), sample, open) {
			t.Error(problem)
		}
	})
}

func load(t *testing.T, cases fs.FS, name string) *kase {
	t.Helper()
	data, err := fs.ReadFile(cases, name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// check plays a case at once and byte by byte, and says what is wrong.
func (c *kase) check(ctx context.Context, open Open) []string {
	var problems []string
	for _, slow := range []bool{false, true} {
		u := &upstream{reply: c.reply, slow: slow}
		got := c.play(ctx, open(base, u), u)
		for _, problem := range got {
			if slow {
				problem = "byte by byte: " + problem
			}
			problems = append(problems, problem)
		}
		if len(problems) > 0 {
			break
		}
	}
	return problems
}

func (c *kase) play(ctx context.Context, p switchgear.Provider, u *upstream) []string {
	r := &report{}
	o := c.perform(ctx, p, r)
	var problems []string
	if len(u.requests) != 1 {
		problems = append(problems, fmt.Sprintf("%d requests were made, want 1", len(u.requests)))
	} else if diff := cmp.Diff(c.upstream, u.requests[0]); diff != "" {
		problems = append(problems, "request upstream (-want +got):\n"+diff)
	}
	if diff := cmp.Diff(c.want, r.String()); diff != "" {
		problems = append(problems, "outcome (-want +got):\n"+diff+"\nwhich is:\n"+r.String())
	}
	if u.open != 0 {
		problems = append(problems, "the body of the answer was not closed")
	}
	if c.dialect != "" && o.err == nil && !bytes.Equal(o.bytes, c.reply.body) {
		problems = append(problems, "bytes of the answer (-want +got):\n"+cmp.Diff(string(c.reply.body), string(o.bytes)))
	}
	if o.header.Get("Set-Cookie") != "" {
		problems = append(problems, "the upstream's cookie was passed on")
	}
	return append(problems, leaks(o.err)...)
}

// outcome is what a provider gave back.
type outcome struct {
	bytes  []byte
	header http.Header
	err    error
}

func (o *outcome) wire(w *switchgear.Wire) {
	if w != nil {
		o.bytes, o.header = w.Body, w.Header
	}
}

// perform makes the call of a case and writes down what came of it.
func (c *kase) perform(ctx context.Context, p switchgear.Provider, r *report) (o outcome) {
	switch c.op {
	case "complete":
		var resp *switchgear.Response
		if resp, o.err = p.Complete(ctx, c.call()); o.err == nil {
			o.wire(resp.Wire)
			r.response(resp)
		}
	case "stream":
		o = c.performStream(ctx, p, r)
	case "embed":
		m, ok := p.(switchgear.Embedder)
		if !ok {
			r.addf("unable: no switchgear.Embedder")
			return o
		}
		var resp *switchgear.EmbedResponse
		if resp, o.err = m.Embed(ctx, c.embedCall()); o.err == nil {
			o.wire(resp.Wire)
			r.head("", resp.Model)
			for _, vector := range resp.Vectors {
				r.addf("vector: %v", vector)
			}
			r.usage(&resp.Usage)
		}
	case "count":
		m, ok := p.(switchgear.TokenCounter)
		if !ok {
			r.addf("unable: no switchgear.TokenCounter")
			return o
		}
		var count *switchgear.TokenCount
		if count, o.err = m.CountTokens(ctx, c.call()); o.err == nil {
			o.wire(count.Wire)
			r.addf("input: %d", count.Input)
		}
	default:
		r.addf("unable: there is no op %q", c.op)
	}
	r.failure(o.err)
	return o
}

func (c *kase) performStream(ctx context.Context, p switchgear.Provider, r *report) (o outcome) {
	s, err := p.Stream(ctx, c.call())
	if err != nil {
		return outcome{err: err}
	}
	got := collect(s)
	r.stream(got)
	o.bytes, o.err = got.raw, s.Err()
	if headed, ok := s.(switchgear.Headed); ok {
		o.header = headed.Header()
	}
	if s.Next() {
		r.addf("after its end the stream goes on")
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		r.addf("closing: %v", err)
	}
	return o
}

// leaks looks for the credential in all that an error says.
func leaks(err error) []string {
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(cause.Error(), Key) {
			return []string{"the error tells the credential: " + strings.ReplaceAll(cause.Error(), Key, "(key)")}
		}
		if e, ok := cause.(*switchgear.Error); ok && strings.Contains(e.Message, Key) { //nolint:errorlint // each link of the chain is looked at
			return []string{"the error's message tells the credential"}
		}
	}
	return nil
}
