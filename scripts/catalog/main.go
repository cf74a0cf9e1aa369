// Command catalog writes internal/catalog/catalog.txt from the merged public
// data set catalog.json in the shared folder: SWITCHGEAR_SHARED names the
// folder, else ../shared beside the checkout. `make generate` runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name the file to write, and nothing else: got %d arguments", len(args))
	}
	dir, _ := corpus.Dir()
	data, err := os.ReadFile(filepath.Join(dir, "catalog.json"))
	if err != nil {
		return fmt.Errorf("there is no source to derive from: %w", err)
	}
	text, err := Generate(data)
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(text), 0o644)
}
