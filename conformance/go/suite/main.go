// Command suite runs openai-go and anthropic-sdk-go against a running gateway,
// and prints a line for each case: "pass NAME" or "fail NAME: why".
package main

import (
	"fmt"
	"os"
	"strings"
)

// The conditions a route is tried in: all is well, or the first step of its
// chain answers 503, refuses the connection, or says nothing.
var conditions = []string{"calm", "down", "refused", "silent"}

var (
	gateway   = os.Getenv("GATEWAY_URL")
	simulator = os.Getenv("SIM_URL")
	clientKey = os.Getenv("CLIENT_KEY")
	narrowKey = os.Getenv("NARROW_KEY")
)

const (
	question = "What does the relay carry?"
	tooMuch  = 33 << 20 // bytes: more than the gateway takes
)

func main() {
	if gateway == "" || simulator == "" || clientKey == "" || narrowKey == "" {
		fmt.Fprintln(os.Stderr, "GATEWAY_URL, SIM_URL, CLIENT_KEY or NARROW_KEY is not set: run conformance/run.sh")
		os.Exit(2)
	}
	openaiSuccesses()
	openaiErrors()
	openaiAcross()
	anthropicSuccesses()
	anthropicErrors()
	anthropicAcross()
}

// run runs one case and prints its line.
func run(name string, act func() error) {
	if err := act(); err != nil {
		fmt.Printf("fail %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("pass %s\n", name)
}
