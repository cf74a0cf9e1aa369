package gateway

import (
	"fmt"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// TestDirectNamesDoNotPileUp: a client can make up as many names of targets as
// it likes, and the gateway remembers no more than so many.
func TestDirectNamesDoNotPileUp(t *testing.T) {
	cfg, findings := config.Parse("direct.yaml", []byte("version: 1\ndirect: on\nproviders: {sim: {kind: sim}}\nroutes: {chat: {chain: [sim/a], single_point: ok}}\n"), nil)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	g, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for i := range maxDirects + 500 {
		if _, err := g.now.Load().plan(fmt.Sprint("sim/made-up-", i), &switchgear.Request{}, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(g.parts.guards); n > maxDirects+1 {
		t.Errorf("%d breakers", n)
	}
	// What routes use is kept, however it is named.
	if _, err := g.now.Load().plan("sim/a", &switchgear.Request{}, false); err != nil || g.parts.guards[switchgear.Target{Provider: "sim", Model: "a"}] == nil {
		t.Errorf("the breaker of a route's target is gone, %v", err)
	}
}
