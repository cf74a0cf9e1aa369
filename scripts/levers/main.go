// Command levers writes docs/levers.md: what becomes of each lever of a request
// on its way into the other protocol. It asks the translators themselves.
// `make generate` runs it.
package main

import (
	"fmt"
	"os"
)

//go:generate go run . ../../docs/levers.md

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "levers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name the file to write, and nothing else: got %d arguments", len(args))
	}
	page, err := Page()
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(page), 0o644)
}
