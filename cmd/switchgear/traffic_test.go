package main

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdTraffic sends each line of a file as the body of a request.
func cmdTraffic(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: traffic URL FILE")
	}
	client := http.Client{Timeout: 60 * time.Second}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		resp, err := client.Post(args[0], "application/json", strings.NewReader(line))
		ts.Check(err)
		text, err := io.ReadAll(resp.Body)
		ts.Check(err)
		ts.Check(resp.Body.Close())
		if resp.StatusCode != http.StatusOK {
			ts.Fatalf("%s for %s: %s", resp.Status, line, text)
		}
	}
}
