package capability

import (
	"cmp"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/internal/catalog"
)

// Nearest are the names at a host that a misspelt one may have meant, the
// likeliest first, at most three.
func Nearest(kind, model string) []string {
	type guess struct {
		name string
		far  int // between what they mean
		odd  int // between how they are spelt
	}
	host, wanted := catalog.Host(kind), catalog.Family(model)
	var guesses []guess
	rows := catalog.Rows()
	for i := range rows {
		if rows[i].Host != host {
			continue
		}
		far := distance(wanted, rows[i].Family)
		if far <= (len(wanted)+3)/4 {
			guesses = append(guesses, guess{rows[i].ID, far, distance(model, rows[i].ID)})
		}
	}
	slices.SortFunc(guesses, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.odd, b.odd), strings.Compare(a.name, b.name))
	})
	names := make([]string, 0, 3)
	for _, g := range guesses[:min(len(guesses), 3)] {
		names = append(names, g.name)
	}
	return names
}

// distance counts the insertions, deletions and substitutions of bytes that
// turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
