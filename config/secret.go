package config

import (
	"math"
	"strconv"
	"strings"
)

// keyPrefixes are how the keys of well-known services begin.
func keyPrefixes() []string {
	return []string{
		"sk-", "sk_", "gsk_", "xai-", "AIza", "pplx-", "hf_", "r8_", "fw_", "tgp_", "nvapi-",
		"ghp_", "github_pat_", "xoxb-", "AKIA", "Bearer ", "csk-",
	}
}

// secretLike reports whether a text looks like a key that someone wrote out,
// and what may be shown of it: never more than four characters.
func secretLike(s string) (shown string, ok bool) {
	if strings.Contains(s, "${") {
		return "", false
	}
	for _, prefix := range keyPrefixes() {
		if i := strings.Index(s, prefix); i >= 0 && (i == 0 || !isAlnum(s[i-1])) && len(s)-i >= len(prefix)+8 {
			return show(s), looksRandom(s[i+len(prefix):]) || i == 0
		}
	}
	return show(s), looksRandom(s)
}

func show(s string) string {
	return strings.ToValidUTF8(s[:min(4, len(s)/2)], "") + "..."
}

// looksRandom reports whether a text of 20 bytes or more has no spaces, has
// both letters and digits, and repeats itself as little as keys do: 3.5 bits
// of entropy per byte. English words run together have about as much, but no
// digits.
func looksRandom(s string) bool {
	if len(s) < 20 || strings.ContainsAny(s, " \t\n/") {
		return false
	}
	var counts [256]int
	letters, digits := 0, 0
	for i := range len(s) {
		counts[s[i]]++
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case isAlnum(c):
			letters++
		}
	}
	entropy := 0.0
	for _, n := range counts {
		if n > 0 {
			share := float64(n) / float64(len(s))
			entropy -= share * math.Log2(share)
		}
	}
	return letters > 0 && digits > 1 && entropy >= 3.5
}

func isAlnum(c byte) bool {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
}

// quote shows a value of the file in a message: on one line, not too long, and
// without what could be a secret.
func quote(s string) string {
	if shown, ok := secretLike(s); ok {
		return strconv.Quote(shown)
	}
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "..."
	}
	return strconv.Quote(s)
}
