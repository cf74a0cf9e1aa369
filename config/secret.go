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

// secretLike reports whether a text that should be none looks like a key, and
// what may be shown of it: never more than four characters. The names of models
// hold letters and digits too, but not sixteen of them mixed in one run.
func secretLike(s string) (shown string, ok bool) {
	for _, prefix := range keyPrefixes() {
		if len(s) >= len(prefix)+8 && strings.HasPrefix(s, prefix) {
			return show(s), true
		}
	}
	for _, run := range strings.FieldsFunc(s, func(c rune) bool { return c >= 0x80 || !isAlnum(byte(c)) }) {
		if len(run) >= 16 && entropy(run) >= 3 && strings.ContainsAny(run, "0123456789") && strings.ContainsFunc(run, isLetter) {
			return show(s), true
		}
	}
	return "", false
}

// literalSecret is the stricter question put to what stands where a secret
// belongs. Short words pass: some servers want any key at all.
func literalSecret(s string) (shown string, ok bool) {
	if shown, ok := secretLike(s); ok {
		return shown, true
	}
	return show(s), looksRandom(s)
}

func show(s string) string {
	return strings.ToValidUTF8(s[:min(4, len(s)/2)], "") + "..."
}

// looksRandom reports whether a text of 20 bytes or more has no spaces, has
// both letters and digits, and repeats itself as little as keys do.
func looksRandom(s string) bool {
	return len(s) >= 20 && !strings.ContainsAny(s, " \t\n") && entropy(s) >= 3.5 &&
		strings.ContainsAny(s, "0123456789") && strings.ContainsFunc(s, isLetter)
}

// entropy is Shannon's, in bits per byte: about 3 for words, 3.5 and more for
// keys of 20 bytes.
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	sum := 0.0
	for _, n := range counts {
		if n > 0 {
			share := float64(n) / float64(len(s))
			sum -= share * math.Log2(share)
		}
	}
	return sum
}

func isLetter(c rune) bool { return c < 0x80 && isAlnum(byte(c)) && (c < '0' || c > '9') }

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
