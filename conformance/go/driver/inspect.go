package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear/conformance/strict"
)

// inspector stands in front of the simulated providers, which take almost
// anything. It refuses what the real ones refuse, and shows the last request it
// let through at /_seen.
type inspector struct {
	mu      sync.Mutex
	last    *strict.Seen
	servers []*http.Server
}

// before opens a door to a simulated provider and returns its address.
func (i *inspector) before(ctx context.Context, sim string) (string, error) {
	to, err := url.Parse(sim)
	if err != nil {
		return "", err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ErrorHandler: hangUp}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_seen", i.show)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { i.pass(w, r, proxy) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	i.servers = append(i.servers, server)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// hangUp ends a connection as the provider behind it ended its own.
func hangUp(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }

func (i *inspector) pass(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	seen, err := strict.Read(r, body)
	if err != nil {
		strict.Refuse(w, r, err)
		return
	}
	if seen != nil {
		i.mu.Lock()
		i.last = seen
		i.mu.Unlock()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	proxy.ServeHTTP(w, r)
}

func (i *inspector) show(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	raw, err := json.Marshal(i.last)
	if err != nil {
		return
	}
	_, _ = w.Write(raw)
}

func (i *inspector) stop() {
	for _, s := range i.servers {
		_ = s.Close()
	}
}
