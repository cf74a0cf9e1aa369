package record

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// The kinds of what is taken out, as they stand in its place: [email-1].
const (
	kindKey    = "key"    // API keys, tokens, private keys
	kindSecret = "secret" // passwords, and what stands where a secret does
	kindEmail  = "email"
	kindPhone  = "phone"
	kindCard   = "card"
	kindIBAN   = "iban"
	kindIP     = "ip"
	kindID     = "id"     // social security numbers
	kindUser   = "user"   // a client's own name for its user
	kindCustom = "custom" // the patterns of the configuration
	kindMedia  = "media"  // images, documents and the like
)

// Redaction says what is taken out beside what always is.
type Redaction struct {
	Secrets  []switchgear.Secret // to be found word for word: the gateway's own
	Hashes   []string            // "sha256:" and hexadecimal digits: the keys of clients, which nobody has
	Patterns []string            // regular expressions of RE2
}

// Redactor takes out of texts what is not to be kept.
type Redactor struct {
	literals []string
	hashes   map[[sha256.Size]byte]bool
	patterns []*regexp.Regexp
}

// shortestLiteral keeps a placeholder for a key ("x", "none") from being taken
// out of every text.
const shortestLiteral = 8

// NewRedactor makes a redactor. The error is that of a pattern.
func NewRedactor(o Redaction) (*Redactor, error) {
	r := &Redactor{hashes: map[[sha256.Size]byte]bool{}}
	for _, s := range o.Secrets {
		if text := s.Reveal(); len(text) >= shortestLiteral {
			r.literals = append(r.literals, text)
		}
	}
	for _, h := range o.Hashes {
		var sum [sha256.Size]byte
		if n, err := hex.Decode(sum[:], []byte(strings.TrimPrefix(h, "sha256:"))); err == nil && n == len(sum) {
			r.hashes[sum] = true
		}
	}
	for _, p := range o.Patterns {
		compiled, err := regexp.Compile(p)
		if err != nil {
			return nil, err
		}
		r.patterns = append(r.patterns, compiled)
	}
	return r, nil
}

// pass is one record's way through a redactor. The same thing gets the same
// name throughout: an address that is asked for and answered is [email-1] in
// both, so that the answer can still be compared.
type pass struct {
	*Redactor

	names  map[string]string
	kinds  map[string]int // how many different things of a kind there were
	counts map[string]int // how often something was taken out
}

func (r *Redactor) pass() *pass {
	return &pass{Redactor: r, names: map[string]string{}, kinds: map[string]int{}, counts: map[string]int{}}
}

// instead is what stands in the place of something.
func (p *pass) instead(kind, text string) string {
	p.counts[kind]++
	key := kind + "\x00" + text
	name, known := p.names[key]
	if !known {
		p.kinds[kind]++
		name = "[" + kind + "-" + strconv.Itoa(p.kinds[kind]) + "]"
		p.names[key] = name
	}
	return name
}

// span is a piece of a text that is to be taken out.
type span struct {
	start, end int
	kind       string
}

// text redacts a text. Everything is looked for in the text as it was, and what
// overlaps goes as one, so that no rule can cut in two what another would have
// found.
func (p *pass) text(s string) string {
	s = p.media(s)
	spans := p.spans(s)
	if plain, at := unescaped(s); at != nil {
		for _, found := range p.spans(plain) {
			spans = append(spans, span{at[found.start], at[found.end], found.kind})
		}
	}
	if len(spans) == 0 {
		return s
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	var out strings.Builder
	at := 0
	for i := 0; i < len(spans); {
		whole := spans[i]
		for i++; i < len(spans) && spans[i].start < whole.end; i++ {
			whole.end = max(whole.end, spans[i].end)
		}
		out.WriteString(s[at:whole.start])
		out.WriteString(p.instead(whole.kind, s[whole.start:whole.end]))
		at = whole.end
	}
	out.WriteString(s[at:])
	return out.String()
}

func (p *pass) spans(s string) []span {
	return slices.Concat(p.literal(s), p.hashed(s), keysIn(s), mailsIn(s), numbersIn(s), p.custom(s))
}

// unescaped is a text with the escapes of JSON undone, as they stand where JSON
// was cut short or is quoted, and where each byte of it stands in the text; nil
// if there are none.
func unescaped(s string) (plain string, at []int) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var out []byte
	for i := 0; i < len(s); {
		c, size := unescape(s[i:])
		out, at = append(out, c), append(at, i)
		i += size
	}
	return string(out), append(at, len(s))
}

// unescape is the byte a text begins with, and how long it is as it is written.
func unescape(s string) (c byte, size int) {
	if len(s) < 2 || s[0] != '\\' {
		return s[0], 1
	}
	switch s[1] {
	case 'n', 'r', 't', 'b', 'f':
		return ' ', 2
	case '"', '/', '\\':
		return s[1], 2
	case 'u':
		if len(s) >= 6 {
			if n, err := strconv.ParseUint(s[2:6], 16, 16); err == nil && n < 0x80 {
				return byte(n), 6
			}
		}
	}
	return s[0], 1
}

// literal finds the gateway's own secrets.
func (r *Redactor) literal(s string) []span {
	var out []span
	for _, secret := range r.literals {
		for at := 0; ; {
			i := strings.Index(s[at:], secret)
			if i < 0 {
				break
			}
			out = append(out, span{at + i, at + i + len(secret), kindKey})
			at += i + len(secret)
		}
	}
	return out
}

// hashed finds the keys of the gateway's clients, of which only hashes are
// known: words are hashed and compared.
func (r *Redactor) hashed(s string) []span {
	if len(r.hashes) == 0 {
		return nil
	}
	var out []span
	for _, in := range []func(byte) bool{wordly, tokenly} {
		for at := range runs(s, in, shortestLiteral) {
			if start, end, ok := r.hashedIn(s, at[0], at[1]); ok {
				out = append(out, span{start, end, kindKey})
			}
		}
	}
	return out
}

// wordly are the bytes of words, tokenly those of tokens of every kind.
func wordly(c byte) bool { return alphanumeric(c) || c == '_' || c == '-' }

func tokenly(c byte) bool {
	return wordly(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '='
}

// runs are the stretches of a text that consist of some bytes and are long
// enough.
func runs(s string, in func(byte) bool, least int) iter.Seq[[2]int] {
	return func(yield func([2]int) bool) {
		for start := 0; start < len(s); start++ {
			end := start
			for end < len(s) && in(s[end]) {
				end++
			}
			if end-start >= least && !yield([2]int{start, end}) {
				return
			}
			start = end
		}
	}
}

// hashedIn looks for a key in a word, whatever signs stand around it: the full
// stop of a sentence, or name=.
func (r *Redactor) hashedIn(s string, start, end int) (int, int, bool) {
	const sides = 4     // signs before or behind that may be none of the key's
	const longest = 256 // bytes; a longer word is no key, and would be hashed far too often
	if end-start > longest {
		return 0, 0, false
	}
	for a := start; end-a >= shortestLiteral; a++ {
		for b := end; b > max(a, end-sides); b-- {
			if r.hashes[sha256.Sum256([]byte(s[a:b]))] {
				return a, b, true
			}
			if alphanumeric(s[b-1]) {
				break
			}
		}
		next := strings.IndexAny(s[a:end], "_.~+/=-")
		if next < 0 {
			break
		}
		a += next
	}
	return 0, 0, false
}

// custom finds what the configuration names.
func (r *Redactor) custom(s string) []span {
	var out []span
	for _, pattern := range r.patterns {
		for _, at := range pattern.FindAllStringIndex(s, -1) {
			if at[1] > at[0] {
				out = append(out, span{at[0], at[1], kindCustom})
			}
		}
	}
	return out
}
