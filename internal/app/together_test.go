package app

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/internal/record"
)

// TestReloadsTakeTurns: of two reloads at once, the second reads the file when
// the first is served, so that the older text never wins.
func TestReloadsTakeTurns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "switchgear.yaml")
	text := "version: 1\nproviders:\n  sim: {kind: sim, base_url: \"${URL:-}\"}\nroutes:\n  chat: {chain: [sim/a], single_point: ok}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var reading, together atomic.Int32
	met := make(chan struct{}, 2)
	env := func(name string) (string, bool) {
		if name != "URL" {
			return "", false
		}
		if reading.Add(1) > 1 {
			together.Add(1)
			met <- struct{}{}
		}
		select {
		case <-met:
		case <-time.After(50 * time.Millisecond): // long enough for the other to come in, if it could
		}
		reading.Add(-1)
		return "http://127.0.0.1:1/v1", true
	}
	p := &process{options: Options{Source: Source{File: file, Env: env}}, watch: newWatch("test", nil), recorder: record.New(nil)}
	defer func() { _ = p.watch.close(t.Context()) }()
	defer func() { _ = p.recorder.Close(t.Context()) }()
	loaded, err := p.options.Source.Load()
	if err != nil {
		t.Fatal(err)
	}
	p.loaded = loaded
	if p.gateway, err = gateway.New(t.Context(), loaded.Config); err != nil {
		t.Fatal(err)
	}
	defer p.gateway.Close()
	done := make(chan error, 2)
	for range 2 {
		go func() { done <- p.reload() }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := together.Load(); n > 0 {
		t.Errorf("two reloads read the file at the same time")
	}
}
