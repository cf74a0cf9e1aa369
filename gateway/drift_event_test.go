package gateway_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// TestModelDrift: an answer from another model raises one event, however it was
// asked for, names the routes, and serves all the same; a reload forgets nothing.
func TestModelDrift(t *testing.T) {
	for _, m := range allModes {
		t.Run(m.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []gateway.Event
				up := sim.New(sim.Options{Keys: []string{secrets["KEY_1"], secrets["KEY_2"]}})
				gw, err := gateway.New(t.Context(), parse(t, formed), gateway.WithTransport(up.Transport()), gateway.WithEvents(func(e gateway.Event) { told = append(told, e) }))
				if err != nil {
					t.Fatal(err)
				}
				defer gw.Close()
				faults, err := sim.ParseFaults("wrong-model-cheap-one")
				if err != nil {
					t.Fatal(err)
				}
				ask := func() {
					t.Helper()
					req := switchgear.Ask(m.name, "hello")
					if !m.stream {
						if _, err := gw.Complete(t.Context(), req); err != nil {
							t.Fatal(err)
						}
						return
					}
					s, err := gw.Stream(t.Context(), req)
					if err != nil {
						t.Fatal(err)
					}
					for _, err := range switchgear.Events(s) {
						if err != nil {
							t.Fatal(err)
						}
					}
				}
				ask()
				if len(told) > 0 {
					t.Fatalf("told %+v", told)
				}
				target := switchgear.Target{Provider: "o", Model: "m-open"}
				routes := []string{"openai", "high", "declared", "fetched", "raw"}
				if m.name == "anthropic" {
					target, routes = switchgear.Target{Provider: "a", Model: "m-anth"}, []string{"anthropic"}
				}
				up.SetFault(target.Model, faults...)
				ask()
				ask()
				if err := gw.Reload(parse(t, formed)); err != nil {
					t.Fatal(err)
				}
				ask()
				if len(told) != 1 {
					t.Fatalf("told %+v", told)
				}
				want := gateway.Event{
					Kind: switchgear.AlertModelDrift, Provider: target.Provider, Target: target, Reason: "answers as cheap-one", At: told[0].At, Routes: routes,
				}
				if diff := cmp.Diff(want, told[0]); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
