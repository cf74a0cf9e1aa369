package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/app"
)

// TestReloadCannotMovePorts: a table that is safe at the address it names is
// not served at the one that is open.
func TestReloadCannotMovePorts(t *testing.T) {
	const table = "version: 1\nlisten: %s\nadmin: {listen: \"127.0.0.1:0\", token: \"${TOKEN}\"}\n%sproviders: {sim: {kind: sim}}\nroutes: {chat: {chain: [sim/a], single_point: ok}}\n"
	keys := "clients: {web: {hash: \"sha256:" + hashOf("a-client-key") + "\"}}\n"
	file := filepath.Join(t.TempDir(), "switchgear.yaml")
	token := "admin-token-for-this-test-1"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf(table, "0.0.0.0:0", keys))
	ctx, stop := context.WithCancel(t.Context())
	reload, said, started, ended := make(chan struct{}), make(chan string, 8), make(chan *app.Started, 1), make(chan error, 1)
	go func() {
		ended <- app.Run(ctx, app.Options{
			Source: app.Source{File: file, Env: func(name string) (string, bool) { return token, name == "TOKEN" }},
			Reload: reload, Say: func(line string) { said <- line }, Started: func(s *app.Started) { started <- s },
		})
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var s *app.Started
	select {
	case s = <-started:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	for _, open := range []string{fmt.Sprintf(table, "127.0.0.1:0", ""), strings.Replace(fmt.Sprintf(table, "0.0.0.0:0", keys), `"127.0.0.1:0"`, `"127.0.0.1:1"`, 1)} {
		write(open)
		reload <- struct{}{}
		if line := <-said; !strings.HasPrefix(line, "reload refused") || !strings.Contains(line, "restart") {
			t.Errorf("said %q", line)
		}
	}
	write(fmt.Sprintf(table, "0.0.0.0:0", keys))
	token = "admin-token-for-this-test-2"
	reload <- struct{}{}
	if line := <-said; !strings.Contains(line, "admin.token") || strings.Contains(line, "for-this-test") {
		t.Errorf("said %q", line)
	}
	_, port, _ := strings.Cut(s.Address, "]:")
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/v1/models", nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %d", resp.StatusCode)
	}
}
