package lexicon

import (
	"slices"
	"strings"
	"unicode"

	"github.com/switchgear-dev/switchgear"
)

// longestText is how much of a provider's text is looked at, in bytes. What it
// says stands at the beginning; what follows may be the request, quoted.
const longestText = 1 << 10

// Said is what an error says.
type Said struct {
	Status int      // of the answer, or the one it gives itself; 0 for neither
	Words  []string // codes and types, from the most to the least telling
	Text   string   // its text, whose lines are from different places
	Param  string   // the member of the request that it names
}

// Ruling is what a failure is taken for.
type Ruling struct {
	Class switchgear.Class
	Code  string // one of ours; "" leaves the provider's
	Marks switchgear.Mark
	Say   string // in our words
}

// Table is a table that has been read. It does not change.
type Table struct {
	Version string

	first, texts    []row
	silent, numbers []row
	codes           map[string][]row
	members         map[string]bool
}

// row is a row of a table.
type row struct {
	Ruling

	from, to int // statuses
	words    string
	anchor   byte // '^', '=' or 0
	decides  bool
}

func (r *row) covers(status int) bool {
	return status == 0 || (status >= r.from && status <= r.to)
}

func (r *row) fits(status int, text string) bool {
	if !r.covers(status) {
		return false
	}
	switch r.anchor {
	case '=':
		return strings.TrimRight(text, ".!") == r.words
	case '^':
		return strings.HasPrefix(text, r.words) || lineBegins(text, r.words)
	default:
		return strings.Contains(text, r.words)
	}
}

func lineBegins(text, words string) bool {
	for {
		i := strings.IndexByte(text, '\n')
		if i < 0 {
			return false
		}
		if text = text[i+1:]; strings.HasPrefix(text, words) {
			return true
		}
	}
}

// Judge rules on an error.
func (t *Table) Judge(s Said) Ruling {
	text := strings.ToLower(strings.TrimSpace(s.Text[:min(len(s.Text), longestText)]))
	named := strings.ContainsFunc(s.Param, unicode.IsLetter) || t.Path(s.Text) != "" || t.mentions(text)
	if text != "" {
		if r := find(t.first, s.Status, text); r != nil {
			return r.Ruling
		}
	}
	r, stranger := t.code(s)
	if r != nil {
		return r.settled(named)
	}
	if text != "" {
		if r := t.text(s.Status, text); r != nil {
			return r.Ruling
		}
	}
	ruling := t.byStatus(s.Status, text == "" && len(s.Words) == 0).settled(named)
	if stranger {
		ruling.Marks |= switchgear.MarkUnclassified
	}
	return ruling
}

// Path is the member of the request that a text says what is wrong with, as a
// path in front of a colon; "" if there is none that the table knows.
func (t *Table) Path(text string) string {
	const longestPath = 200
	path, _, ok := strings.Cut(text[:min(len(text), longestPath)], ":")
	name, _, _ := strings.Cut(path, ".")
	if !ok || !t.members[name] || strings.ContainsFunc(path, unicode.IsSpace) {
		return ""
	}
	return path
}

// settled is a row's ruling, with no doubt left of a request that the error
// itself says what is wrong with.
func (r *row) settled(named bool) Ruling {
	ruling := r.Ruling
	if named {
		ruling.Marks &^= switchgear.MarkUnsure
	}
	return ruling
}

// text is the row of the first text that decides. What would blame a key or a
// model must not stand in quotes: there it is the caller's.
func (t *Table) text(status int, text string) *row {
	own := ""
	for i := range t.texts {
		r := &t.texts[i]
		if !r.fits(status, text) {
			continue
		}
		if !r.Class.NeedsPerson() {
			return r
		}
		if own == "" {
			own = unquoted(text)
		}
		if r.fits(status, own) {
			return r
		}
	}
	return nil
}

func find(rows []row, status int, text string) *row {
	for i := range rows {
		if rows[i].fits(status, text) {
			return &rows[i]
		}
	}
	return nil
}

// code is the row of the first word that decides; stranger, whether one of them
// is in no table. Statuses that are written as codes are no words.
func (t *Table) code(s Said) (_ *row, stranger bool) {
	for _, word := range s.Words {
		if !Word(word) || status(word) {
			continue
		}
		rows, known := t.codes[strings.ToLower(word)]
		stranger = stranger || !known
		for i := range rows {
			if rows[i].decides && rows[i].covers(s.Status) {
				return &rows[i], false
			}
		}
	}
	return nil, stranger
}

func (t *Table) byStatus(status int, silent bool) *row {
	if silent {
		for i := range t.silent {
			if r := &t.silent[i]; status >= r.from && status <= r.to {
				return r
			}
		}
	}
	for i := range t.numbers {
		if r := &t.numbers[i]; status >= r.from && status <= r.to {
			return r
		}
	}
	return &row{Ruling: Ruling{Class: switchgear.ClassServer, Say: Sentence(switchgear.ClassServer)}}
}

// mentions reports whether a text, in lower case, speaks of a member of the
// request: by a name that is no plain word, or in quotes.
func (t *Table) mentions(text string) bool {
	for i := 0; i < len(text); {
		if !letter(text[i]) {
			i++
			continue
		}
		from := i
		for i < len(text) && letter(text[i]) {
			i++
		}
		if name := text[from:i]; t.members[name] {
			quoted := from > 0 && i < len(text) && quote(text[from-1]) && (quote(text[i]) || text[i] == '[' || text[i] == '.')
			if quoted || strings.Contains(name, "_") || accused(text[:from]) {
				return true
			}
		}
	}
	return false
}

// accused reports whether what comes next in a text is said to be wrong.
func accused(before string) bool {
	for _, word := range []string{"invalid ", "missing ", "unsupported "} {
		if strings.HasSuffix(before, word) {
			return true
		}
	}
	return false
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' }

func quote(c byte) bool { return c == '\'' || c == '"' || c == '`' }

// unquoted is a text without what stands in quotes in it. An apostrophe within
// a word is none.
func unquoted(text string) string {
	var b strings.Builder
	var open byte
	for i := range len(text) {
		c := text[i]
		before, after := i > 0 && letter(text[i-1]), i+1 < len(text) && letter(text[i+1])
		switch {
		case open != 0:
			if c == open && (c != '\'' || !before || !after) {
				open = 0
			}
		case quote(c) && !before && strings.IndexByte(text[i+1:], c) >= 0:
			open = c
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Word reports whether s can be a code or a type. What is longer or stranger
// may quote the request, and does not belong into a log.
func Word(s string) bool {
	const longestWord = 64
	return s != "" && len(s) <= longestWord && !slices.ContainsFunc([]byte(s), strange)
}

func strange(c byte) bool {
	plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	return !plain && c != '_' && c != '-' && c != '.'
}

// status reports whether a word is a number that can be an HTTP status.
func status(word string) bool {
	return len(word) == len("404") && word >= "100" && word < "600"
}

// Sentence says what a failure of a class is, in our words.
func Sentence(c switchgear.Class) string {
	switch c {
	case switchgear.ClassInvalid:
		return "the provider says that the request is wrong"
	case switchgear.ClassContext:
		return "the request is too long for this model"
	case switchgear.ClassPolicy:
		return "a content policy of the provider refuses the request"
	case switchgear.ClassAuth:
		return "the provider refuses our key"
	case switchgear.ClassQuota:
		return "the account behind our key is out of money or over its spending limit"
	case switchgear.ClassRateLimited:
		return "our key is over its rate limit"
	case switchgear.ClassOverloaded:
		return "the provider has no capacity"
	case switchgear.ClassGone:
		return "the provider does not have this model, or not for our key"
	case switchgear.ClassConnect:
		return "something in front of the provider answered in its place"
	case switchgear.ClassMalformed:
		return "the model wrote something that is no answer"
	default:
		return "the provider failed"
	}
}
