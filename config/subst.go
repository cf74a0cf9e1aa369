package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// piece is a part of a scalar: text as it stands, or a substitution.
type piece struct {
	text     string // as it stands, or the substitution as written
	variable string // of ${VAR}
	file     string // of ${file:/path}
	fallback string // of ${VAR:-default}
	optional bool   // whether there is a default
}

// split cuts a scalar into pieces. It fails on a ${ that is no substitution.
func split(s string) ([]piece, bool) {
	var pieces []piece
	for s != "" {
		before, rest, found := strings.Cut(s, "${")
		if before != "" {
			pieces = append(pieces, piece{text: before})
		}
		if !found {
			break
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, false
		}
		p, ok := parsePiece(inner)
		if !ok {
			return nil, false
		}
		pieces = append(pieces, p)
		s = after
	}
	return pieces, true
}

func parsePiece(inner string) (piece, bool) {
	p := piece{text: "${" + inner + "}"}
	if path, ok := strings.CutPrefix(inner, "file:"); ok {
		p.file = path
		return p, path != ""
	}
	p.variable, p.fallback, p.optional = strings.Cut(inner, ":-")
	return p, isVariable(p.variable)
}

func isVariable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '_' && (!isAlnum(c) || (i == 0 && c >= '0' && c <= '9')) {
			return false
		}
	}
	return s != ""
}

// missing is a substitution that has nothing to put in its place.
type missing struct {
	reason string // "OPENAI_API_KEY is not set"
	fix    string
	secret string // the fix where a secret is missing, if it is another one
}

func (m *missing) Error() string { return m.reason }

// errForm is a ${ that is no substitution.
var errForm = errors.New("not a substitution")

// expand fills in the substitutions of a scalar. A variable that is set to
// nothing counts as not set. Secret says that what comes out must not be kept.
func (r *reader) expand(s string, secret bool) (string, error) {
	if !strings.Contains(s, "${") {
		return s, nil
	}
	pieces, ok := split(s)
	if !ok {
		return "", errForm
	}
	var out strings.Builder
	for _, p := range pieces {
		value, err := r.fill(p)
		if err != nil {
			r.used[p.text] = "missing"
			return "", err
		}
		if p.variable != "" || p.file != "" {
			r.used[p.text] = "set"
			switch {
			case !secret:
				r.used[p.text] += " to " + value
			case p.optional && value == p.fallback:
				r.used[p.text] = "by default"
			}
		}
		out.WriteString(value)
	}
	return out.String(), nil
}

// fill is the value of one piece.
func (r *reader) fill(p piece) (string, error) {
	switch {
	case p.file != "":
		return r.readFile(p.file)
	case p.variable == "":
		return p.text, nil
	}
	if value, ok := r.env(p.variable); ok && value != "" {
		return value, nil
	}
	if p.optional {
		return p.fallback, nil
	}
	return "", &missing{
		reason: p.variable + " is not set",
		fix:    "Export it, or give a default: ${" + p.variable + ":-default}.",
		secret: "Export it, or write ${" + p.variable + ":-} if it may be missing.",
	}
}

// maxFile bounds what ${file:...} reads, in bytes.
const maxFile = 64 << 10

// readFile reads the file of a ${file:...}, without the line end after its last
// line. A path that is not absolute counts from where the configuration is.
// Only regular files are read: others may never end.
func (r *reader) readFile(path string) (string, error) {
	full := path
	if !filepath.IsAbs(full) {
		full = filepath.Join(filepath.Dir(r.name), full)
	}
	fail := func(why string) (string, error) {
		return "", &missing{reason: "the file " + shortPath(path) + " " + why, fix: "Put the value there, or name another file."}
	}
	info, err := os.Stat(full)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fail("does not exist")
	case err != nil:
		return fail("cannot be read")
	case !info.Mode().IsRegular():
		return fail("is not a regular file")
	}
	file, err := os.Open(full)
	if err != nil {
		return fail("cannot be read")
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return fail("cannot be read")
	case len(data) > maxFile:
		return fail("is larger than 64 KiB")
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" {
		return fail("is empty")
	}
	return value, nil
}

func shortPath(path string) string {
	return strings.Trim(quote(path), `"`)
}

// substitute fills in the substitutions of a scalar that is no secret. Each
// failure is a finding.
func (r *reader) substitute(n *node, path string) (string, bool) {
	if shown, ok := literal(n.text, wellKnownKey); ok {
		r.literal(n, path, shown)
		return "", false
	}
	s, err := r.expand(n.text, false)
	if err != nil {
		r.cannotExpand(n, path, err)
		return "", false
	}
	return s, true
}

// literal puts a question to every part of a scalar that stands in the file
// itself, defaults included.
func literal(s string, ask func(string) (string, bool)) (shown string, ok bool) {
	pieces, ok := split(s)
	if !ok {
		return "", false
	}
	for _, p := range pieces {
		text := p.text
		switch {
		case p.variable != "":
			text = p.fallback
		case p.file != "":
			continue
		}
		if shown, ok := ask(text); ok {
			return shown, true
		}
	}
	return "", false
}

// wellKnownKey is the question put to what stands where no secret belongs: a
// price or a description must not be taken for one.
func wellKnownKey(s string) (shown string, ok bool) {
	for _, prefix := range keyPrefixes() {
		if rest, found := strings.CutPrefix(s, prefix); found && looksRandom(rest) {
			return show(s), true
		}
	}
	return "", false
}

func (r *reader) literal(n *node, path, shown string) {
	r.errorf(n.pos, path, "this looks like a literal secret ("+shown+")", "Use ${NAME} or ${file:/path}.")
}

func (r *reader) cannotExpand(n *node, path string, err error) {
	if m, ok := errors.AsType[*missing](err); ok {
		r.errorf(n.pos, path, m.reason, m.fix)
		return
	}
	r.errorf(n.pos, path, "what stands after ${ is no substitution", "There are ${NAME}, ${NAME:-default} and ${file:/path}.")
}

// secret reads a scalar that must not stand in the file itself. An error of
// type *missing is left to the caller; every other one is a finding.
func (r *reader) secret(n *node, path string) (string, error) {
	if n.kind != kindScalar {
		r.wrongType(n, path, "text", `"${ANTHROPIC_API_KEY}"`)
		return "", errForm
	}
	if shown, ok := literal(n.text, literalSecret); ok {
		r.literal(n, path, shown)
		return "", errForm
	}
	value, err := r.expand(n.text, true)
	if errors.Is(err, errForm) {
		r.cannotExpand(n, path, err)
	}
	return value, err
}
