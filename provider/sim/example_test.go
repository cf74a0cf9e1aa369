package sim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear/provider/sim"
)

// A program calls the simulated provider without a port: the first call fails,
// the second is answered.
func ExampleServer_Transport() {
	server := sim.New(sim.Options{})
	client := &http.Client{Transport: server.Transport()}
	body := `{"model":"sim-503x1","messages":[{"role":"user","content":"hello"}]}`
	for range 2 {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://sim/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			panic(err)
		}
		_ = resp.Body.Close()
	}
	for _, call := range server.Log() {
		fmt.Println(call.Model, call.Status, call.Outcome)
	}
	// Output:
	// sim-503x1 503 error
	// sim-503x1 200 answered
}

// An outage that happened is played against one region of a provider.
func ExampleServer_Play() {
	server := sim.New(sim.Options{})
	play := func() error {
		outage, err := sim.Outage("G") // or sim.ParseOutage("mine.yaml", text)
		if err != nil {
			return err
		}
		server.Play(outage, sim.Strike{Provider: "azure", Region: "swedencentral", Model: "gpt-5", Seed: 1})
		fmt.Println(outage.Title(), outage.Strikes(), outage.Lasts())
		return nil
	}
	if err := play(); err != nil {
		panic(err)
	}
	// Output:
	// region cascade region 10m0s
}
