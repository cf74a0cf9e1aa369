// Command catalog writes internal/catalog/catalog.txt from the merged public
// data set catalog.json in the shared folder: SWITCHGEAR_SHARED names the
// folder, else ../shared beside the checkout. Run it from the root of the
// project:
//
//	go run ./scripts/catalog > internal/catalog/catalog.txt
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := os.Getenv("SWITCHGEAR_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(dir, "catalog.json"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalog: no source to derive from:", err)
		os.Exit(1)
	}
	text, err := Generate(data)
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(text)
}
