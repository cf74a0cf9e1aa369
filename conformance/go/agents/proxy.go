package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// watch stands between the agent and the gateway and keeps what the gateway's
// headers said of each request.
type watch struct {
	mu   sync.Mutex
	seen []seen
	http *http.Server
	url  string
}

// seen is one request of the agent and what came of it.
type seen struct {
	method, path, servedBy, fallback, dropped, step string
	status                                          int
}

func newWatch(ctx context.Context, gateway string) (*watch, error) {
	to, err := url.Parse(gateway)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &watch{url: "http://" + l.Addr().String()}
	proxy := &httputil.ReverseProxy{
		FlushInterval:  -1,
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: w.keep,
	}
	w.http = &http.Server{Handler: proxy, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = w.http.Serve(l) }()
	return w, nil
}

func (w *watch) keep(r *http.Response) error {
	get := func(name string) string { return r.Header.Get("X-Switchgear-" + name) }
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, seen{
		method: r.Request.Method, path: r.Request.URL.Path, status: r.StatusCode,
		servedBy: get("Served-By"), fallback: get("Fallback"), dropped: get("Dropped"), step: get("Step"),
	})
	return nil
}

// messages are the requests for an answer.
func (w *watch) messages() []seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.seen), func(s seen) bool { return s.method != http.MethodPost || !strings.HasSuffix(s.path, "/messages") })
}

func (w *watch) stop() { _ = w.http.Close() }

// fence is the only way out that the agent is given: it leads nowhere, and
// keeps where the agent wanted to go.
type fence struct {
	mu    sync.Mutex
	tried []string
	http  *http.Server
	url   string
}

func newFence(ctx context.Context) (*fence, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &fence{url: "http://" + l.Addr().String()}
	f.http = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.tried = append(f.tried, r.Host)
		f.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
	})}
	go func() { _ = f.http.Serve(l) }()
	return f, nil
}

// held reports where the agent tried to go.
func (f *fence) held() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tried) > 0 {
		return fmt.Errorf("the agent tried to reach %s", strings.Join(f.tried, ", "))
	}
	return nil
}

func (f *fence) stop() { _ = f.http.Close() }
