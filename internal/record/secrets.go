package record

import (
	"regexp"
	"slices"
	"strings"
)

// prefixed are keys that say by how they begin whose they are. What stands
// before them must be no letter or digit ("task-...").
var prefixed = regexp.MustCompile(`(?:sk|pk|rk|sg|csk|gsk|xai|pplx|hf|r8|fw|tgp|nvapi|glpat|npm|ghp|gho|ghu|ghs|ghr|github_pat|lin_api|dop_v1|whsec|shpat)[-_][A-Za-z0-9_-]{16,}`)

// shaped are tokens that only have the one shape.
var shaped = regexp.MustCompile(`AIza[A-Za-z0-9_-]{30,}` +
	`|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}` +
	`|xox[a-z]-[A-Za-z0-9-]{10,}` +
	`|ya29\.[A-Za-z0-9_-]{20,}` +
	`|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}` +
	`|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`)

var privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`)

// carried are credentials behind the word that carries them.
var carried = regexp.MustCompile(`(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,})`)

// assigned are values given to a name that is a secret's.
var assigned = regexp.MustCompile(`(?i)(pass(?:word|wd|phrase)?|pwd|passwort|kennwort|api[ _-]?key|access[ _-]?key|secret(?:[ _-]?key)?|token|signature|sig|credential)["']?\s*(?:[:=]|\bis\b|\bist\b)\s*["']?([^\s"',;&<>{}()\[\]]{4,})`)

// inURL are passwords in addresses.
var inURL = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@`)

// random are long words of letters of both cases and digits, as keys without a
// prefix are.
var random = regexp.MustCompile(`[A-Za-z0-9]{32,}`)

// keysIn finds what opens doors. The expressions are only asked where something
// tells that they might find anything: each of them takes its time over a text.
func keysIn(s string) []span {
	out := slices.Concat(longWords(s), shapedIn(s))
	lower := strings.ToLower(s)
	if strings.Contains(lower, "bearer") || strings.Contains(lower, "basic") {
		for _, at := range carried.FindAllStringSubmatchIndex(s, -1) {
			if token := s[at[2]:at[3]]; strings.ContainsAny(token, digits) || len(token) >= 24 {
				out = append(out, span{at[2], at[3], kindKey})
			}
		}
	}
	if containsAny(lower, "pass", "pwd", "kennwort", "key", "secret", "token", "sig", "credential") {
		for _, at := range assigned.FindAllStringSubmatchIndex(s, -1) {
			if named, value := s[at[2]:at[3]], s[at[4]:at[5]]; isPassword(named) || strings.ContainsAny(value, digits) {
				out = append(out, span{at[4], at[5], kindSecret})
			}
		}
	}
	if strings.Contains(s, "://") {
		for _, at := range inURL.FindAllStringSubmatchIndex(s, -1) {
			out = append(out, span{at[2], at[3], kindSecret})
		}
	}
	return out
}

// shapedIn finds tokens and keys that only have the one shape.
func shapedIn(s string) []span {
	var out []span
	if containsAny(s, "AIza", "AKIA", "ASIA", "ABIA", "ACCA", "xox", "ya29.", "SG.", "eyJ") {
		for _, at := range shaped.FindAllStringIndex(s, -1) {
			out = append(out, span{at[0], at[1], kindKey})
		}
	}
	if strings.Contains(s, "-----BEGIN") {
		for _, at := range privateKey.FindAllStringIndex(s, -1) {
			out = append(out, span{at[0], at[1], kindKey})
		}
	}
	return out
}

// longWords finds keys among the words with a digit that are long enough for
// one: keys with a prefix, and keys that are only random.
func longWords(s string) []span {
	const shortest = 19
	var out []span
	for at := range runs(s, wordly, shortest) {
		if strings.ContainsAny(s[at[0]:at[1]], digits) {
			out = append(out, keysOfWord(s, at[0], at[1])...)
		}
	}
	return out
}

func keysOfWord(s string, start, end int) []span {
	var out []span
	word := s[start:end]
	for _, at := range prefixed.FindAllStringIndex(word, -1) {
		if (at[0] == 0 || !alphanumeric(word[at[0]-1])) && strings.ContainsAny(word[at[0]:at[1]], digits) {
			out = append(out, span{start + at[0], start + at[1], kindKey})
		}
	}
	for _, at := range random.FindAllStringIndex(word, -1) {
		if run := word[at[0]:at[1]]; strings.ContainsAny(run, digits) && strings.ToLower(run) != run && strings.ToUpper(run) != run {
			out = append(out, span{start + at[0], start + at[1], kindKey})
		}
	}
	return out
}

func containsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

const digits = "0123456789"

// isPassword reports whether a name is that of something people make up
// themselves, so that it need not look random.
func isPassword(name string) bool {
	switch name = strings.ToLower(name); name {
	case "pwd", "passwort", "kennwort":
		return true
	default:
		return strings.HasPrefix(name, "pass")
	}
}

// secretName reports whether a member of that name holds a secret.
func secretName(name string) bool {
	switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name)) {
	case "password", "passwd", "passphrase", "pwd", "secret", "clientsecret", "secretkey", "apikey", "accesskey", "accesstoken",
		"refreshtoken", "idtoken", "authtoken", "sessiontoken", "token", "authorization", "privatekey", "credentials", "pin", "otp", "cvv", "cvc":
		return true
	default:
		return false
	}
}

func alphanumeric(c byte) bool {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

var mail = regexp.MustCompile(`[\p{L}\p{N}._%+'-]+(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`)

// mailsIn finds addresses of mail.
func mailsIn(s string) []span {
	var out []span
	for i := 0; i < len(s); i++ {
		if s[i] != '@' && !strings.HasPrefix(s[i:], "%40") {
			continue
		}
		if !domainFollows(s[i:]) {
			continue
		}
		start, end := max(0, i-longestSide), min(len(s), i+longestSide)
		if len(out) > 0 {
			start = max(start, out[len(out)-1].end)
		}
		if found := mail.FindStringIndex(s[start:end]); found != nil {
			out = append(out, span{start + found[0], start + found[1], kindEmail})
			i = max(i, start+found[1]-1)
		}
	}
	return out
}

// domainFollows reports whether a dot stands in what comes after an @, before
// anything that a domain cannot hold. It keeps rows of @ from being searched
// again and again.
func domainFollows(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "@"), "%40")
	for i := range min(len(s), longestSide) {
		switch c := s[i]; {
		case c == '.':
			return i > 0
		case !alphanumeric(c) && c != '-' && c < 0x80:
			return false
		}
	}
	return false
}

// longestSide is how long each side of an address of mail may be, in bytes; the
// standard's are 64 and 255.
const longestSide = 320
