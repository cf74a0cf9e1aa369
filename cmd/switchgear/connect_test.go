package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestClientsPageIsCurrent holds docs/clients.md against the guides: make
// generate writes it.
func TestClientsPageIsCurrent(t *testing.T) {
	page, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	want := clientPage(words("http://127.0.0.1:8080", "YOUR-CLIENT-KEY", "chat"))
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("docs/clients.md is out of date: run make generate (-want +got):\n%s", diff)
	}
}

// TestGuidesAreFilled looks for words that no one filled in, and for settings
// that a guide forgot.
func TestGuidesAreFilled(t *testing.T) {
	names := map[string]bool{}
	for _, g := range guides {
		if names[g.name] {
			t.Errorf("two guides are named %s", g.name)
		}
		names[g.name] = true
		text := words("http://gateway.test:9", "a-key", "a-route").Replace(g.text)
		for _, part := range []string{"http://gateway.test:9", "a-key", "a-route"} {
			if !strings.Contains(text, part) {
				t.Errorf("the guide for %s does not say %s", g.name, part)
			}
		}
		for _, left := range []string{"{base}", "{key}", "{route}"} {
			if strings.Contains(text, left) {
				t.Errorf("the guide for %s still says %s", g.name, left)
			}
		}
		if g.title == "" || g.language == "" || !strings.HasSuffix(text, "\n") {
			t.Errorf("the guide for %s lacks a title, a language or its last line end", g.name)
		}
	}
}
