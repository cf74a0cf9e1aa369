package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/internal/catalog"
	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// TestEmbeddedAgreesWithSource fails when the data set or the generator
// changed and the file was not made anew.
func TestEmbeddedAgreesWithSource(t *testing.T) {
	dir, _ := corpus.Dir()
	data, err := os.ReadFile(filepath.Join(dir, "catalog.json"))
	if err != nil {
		t.Skip("no data set at " + dir + ": set SWITCHGEAR_SHARED to run this test")
	}
	want, err := Generate(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(catalog.Text(), "\n")); diff != "" {
		t.Errorf("internal/catalog/catalog.txt is not what the data set gives; run make generate\n%s", diff)
	}
}

// generate makes the lines of models given as JSON.
func generate(t *testing.T, models string) []string {
	t.Helper()
	text, err := Generate([]byte(`{"_as_of":{"a":"2026-07-01 rev","b(mirror)":"2026-08-01","models.dev":"2026-06-01 rev"},"models":[` + models + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return s == "" || strings.HasPrefix(s, "#") })
}

func TestGenerate(t *testing.T) {
	f := func(models string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{"as-of 2026-08-01"}, want...), generate(t, models)); diff != "" {
			t.Error(diff)
		}
	}
	// The date is that of the newest source that agrees with the price.
	f(`{"provider":"x","model":"m","kind":"chat","input":1,"output":2,"sources":["a","b"],"price_agreement":"1/2","price_disagreement":{"b":[2,2]}}`,
		"x m kind=chat price=1/2 agree=1/2 as-of=2026-07-01")
	// A dated change keeps the cache and the long contexts in proportion.
	f(`{"provider":"openai","model":"m","kind":"chat","input":2,"output":12,"cache_read":0.2,"sources":["b"],"price_agreement":"1/1",
	    "tiers":[{"above_context":1000,"input":4,"output":18}],
	    "price_history":[{"from":"2026-07-30","to":null,"input":2,"output":12},{"from":null,"to":"2026-07-30","input":2.5,"output":15}]}`,
		"openai m kind=chat tier=mid price=2.5/15/0.25@..2026-07-30 price=5/22.5/0.5>1000@..2026-07-30 price=2/12/0.2@2026-07-30.. price=4/18/0.4>1000@2026-07-30.. agree=1/1 as-of=2026-08-01")
	// A history that ends in another price than the agreed one is not trusted.
	f(`{"provider":"x","model":"m","kind":"chat","input":1,"output":2,"sources":["a"],"price_agreement":"1/1","price_history":[{"from":null,"to":null,"input":9,"output":9}]}`,
		"x m kind=chat price=1/2 agree=1/1 as-of=2026-07-01")
	// A host last seen before the maker changed the price is unknown afterwards.
	f(`{"provider":"bedrock","model":"us.anthropic.claude-q-9","kind":"chat","input":2,"output":10,"sources":["a"],"price_agreement":"1/1"},
	   {"provider":"anthropic","model":"claude-q-9","kind":"chat","input":3,"output":15,"cache_write":3.75,"sources":["a"],"price_agreement":"1/1",
	    "price_history":[{"from":null,"to":"2026-09-01","input":2,"output":10},{"from":"2026-09-01","to":null,"input":3,"output":15}]}`,
		"anthropic claude-q-9 kind=chat tier=mid price=2/10/-/2.5/4@..2026-09-01 price=3/15/-/3.75/6@2026-09-01.. agree=1/1 as-of=2026-07-01",
		"bedrock us.anthropic.claude-q-9 kind=chat tier=mid price=2/10@..2026-09-01 agree=1/1 as-of=2026-07-01")
	// What costs nothing to write is billed through something else.
	f(`{"provider":"x","model":"router","kind":"chat","input":1,"output":0,"sources":["a"],"price_agreement":"1/1"}`,
		"x router kind=chat agree=1/1 as-of=2026-07-01")
	// A long-context cache price stated as unknown stays unknown.
	f(`{"provider":"x","model":"m","kind":"chat","input":1,"output":2,"cache_read":0.1,"sources":["a"],"price_agreement":"1/1","tiers":[{"above_context":5,"input":2,"output":4,"cache_read":null}]}`,
		"x m kind=chat price=1/2/0.1 price=2/4>5 agree=1/1 as-of=2026-07-01")
	// No cache price is no proof of no cache; no modality is proof only from a source that lists them.
	f(`{"provider":"x","model":"m","kind":"chat","input":1,"output":2,"sources":["models.dev"],"price_agreement":"1/1","in_modalities":["text"],"supports":{"tools":true,"thinking":false,"prompt_caching":false}}`,
		"x m kind=chat price=1/2 agree=1/1 in=text yes=tools no=thinking,image,pdf as-of=2026-06-01")
	f(`{"provider":"x","model":"m","kind":"chat","input":1,"output":2,"sources":["a"],"price_agreement":"1/1","in_modalities":["text"],"supports":{"thinking":false}}`,
		"x m kind=chat price=1/2 agree=1/1 in=text as-of=2026-07-01")
	// Embeddings: the sources give dimensions where chat models have a limit.
	f(`{"provider":"x","model":"e","kind":"embedding","input":0.1,"output":0,"max_output":1536,"sources":["a"],"price_agreement":"1/1","supports":{"prompt_caching":false},"deprecation_date":"2027-01-01"}`,
		"x e kind=embedding price=0.1/0 agree=1/1 no=prompt_caching retires=2027-01-01 as-of=2026-07-01")
}

func TestGenerateRefusesNonsense(t *testing.T) {
	if _, err := Generate([]byte("[")); err == nil {
		t.Error("broken JSON was taken")
	}
}
