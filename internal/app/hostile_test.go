package app

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
)

// TestMadeUpNamesPageNobody: where clients may name models, failing by a name
// of their own is their affair.
func TestMadeUpNamesPageNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		cfg := watchedConfig(t, "  pager: {kind: pagerduty, key: \"${PD}\", on: [circuit_open, route_failing]}\n")
		g, err := gateway.New(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		watch := newWatch("prod", w)
		watch.use(cfg, g)
		for range 20 {
			watch.Requested(t.Context(), &switchgear.Record{Operation: "chat", Route: "a/made-up", Outcome: switchgear.OutcomeFailed})
		}
		time.Sleep(3 * time.Second)
		if got := w.got(); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		if err := watch.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestStaleAddress: a gateway that was killed leaves its address behind. Who
// has taken its port since is not asked, let alone sent the token.
func TestStaleAddress(t *testing.T) {
	run := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	t.Setenv(EnvAdmin, "")
	t.Setenv(EnvAdminToken, "the-token-of-the-file")
	asked := 0
	impostor := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer impostor.Close()
	dir, err := stateDir()
	if err != nil {
		t.Fatal(err)
	}
	const nobody = 1<<22 + 1 // over the most there are
	leave := func(pid int) {
		if err := os.WriteFile(filepath.Join(dir, addressFile+strconv.Itoa(pid)), []byte(impostor.URL), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leave(nobody)
	leave(-1)
	if _, err := (Door{}).Open(t.Context()); err == nil || asked != 0 {
		t.Errorf("%v, and asked %d times", err, asked)
	}
	leave(os.Getpid())
	if _, err := (Door{}).Open(t.Context()); err != nil || asked != 1 {
		t.Errorf("%v, and asked %d times", err, asked)
	}
}

// TestForeignFolder: a folder of somebody else's is none to keep a token in,
// however closed it is.
func TestForeignFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a folder of somebody else's")
	}
	run := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	if _, err := stateDir(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(run, "switchgear"), 12345, -1); err != nil {
		t.Skip(err)
	}
	if dir, err := stateDir(); err == nil {
		t.Errorf("took %s", dir)
	}
}
