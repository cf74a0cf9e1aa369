package config

import (
	"slices"
	"strings"
)

// Nearest finds the name that word is most likely a slip for: at most a third
// of its letters differ, or one of the two begins with the other. Words of one
// or two letters are nobody's slip.
func Nearest(word string, names []string) (string, bool) {
	word = strings.ToLower(word)
	if len(word) < 3 {
		return "", false
	}
	best, least := "", len(word)/3+1
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := distance(word, strings.ToLower(name), least); d < least {
			best, least = name, d
		}
	}
	if best != "" {
		return best, true
	}
	return startsLike(word, names)
}

// startsLike finds the shortest name that word begins, or that begins word.
func startsLike(word string, names []string) (string, bool) {
	best := ""
	for _, name := range slices.Sorted(slices.Values(names)) {
		low := strings.ToLower(name)
		if len(low) < 3 || (!strings.HasPrefix(low, word) && !strings.HasPrefix(word, low)) {
			continue
		}
		if best == "" || len(name) < len(best) {
			best = name
		}
	}
	return best, best != ""
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour that turn a into b. Where that is surely more than limit, it is limit + 1.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before := make([]int, len(b)+1)
	above := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
