package lexicon

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// The columns of a row, of which the last may be missing.
const (
	kindColumn = iota
	statusColumn
	wordsColumn
	classColumn
	codeColumn
	marksColumn
	whoColumn
	evidenceColumn
	sayColumn
	columns
)

const none = "-"

// anyStatus is above every status there is.
const anyStatus = 999

// Parse reads a table. Its first line that is no comment says its version:
// "version: 2026-11-22".
func Parse(data string) (*Table, error) {
	t := &Table{codes: map[string][]row{}, members: map[string]bool{}}
	var bad []error
	for i, line := range strings.Split(data, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if version, ok := strings.CutPrefix(line, "version: "); ok && t.Version == "" {
			t.Version = version
			continue
		}
		if err := t.add(strings.Split(line, "\t")); err != nil {
			bad = append(bad, fmt.Errorf("line %d: %w", i+1, err))
		}
	}
	if t.Version == "" {
		bad = append(bad, errors.New("the table has no version"))
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return t, nil
}

// MustParse reads a table that is part of the program.
func MustParse(data string) *Table {
	t, err := Parse(data)
	if err != nil {
		panic("lexicon: a table that is part of the program cannot be read: " + err.Error())
	}
	return t
}

func (t *Table) add(cells []string) error {
	if len(cells) < sayColumn || len(cells) > columns {
		return fmt.Errorf("%d columns, want %d or %d", len(cells), sayColumn, columns)
	}
	if cells[whoColumn] == "" || cells[evidenceColumn] == "" {
		return errors.New("nobody is named who says so, or no evidence for it")
	}
	r, err := parseRow(cells)
	if err != nil {
		return err
	}
	kind := cells[kindColumn]
	if !r.decides && kind != "code" && kind != "member" {
		return errors.New("a row of this kind needs a class")
	}
	switch kind {
	case "first":
		t.first = append(t.first, r)
	case "code":
		t.codes[r.words] = append(t.codes[r.words], r)
	case "text":
		t.texts = append(t.texts, r)
	case "silent":
		t.silent = append(t.silent, r)
	case "status":
		t.numbers = append(t.numbers, r)
	case "member":
		t.members[r.words] = true
	default:
		return fmt.Errorf("there is no kind %q", kind)
	}
	return nil
}

func parseRow(cells []string) (row, error) {
	r := row{words: cells[wordsColumn]}
	var err error
	if r.from, r.to, err = statuses(cells[statusColumn]); err != nil {
		return r, err
	}
	if r.words != strings.ToLower(r.words) || r.words == "" {
		return r, fmt.Errorf("%q is not in lower case, or empty", r.words)
	}
	if len(r.words) > 1 && (r.words[0] == '^' || r.words[0] == '=') {
		r.anchor, r.words = r.words[0], r.words[1:]
	}
	if cells[classColumn] != none {
		if r.Class, r.decides = class(cells[classColumn]); !r.decides {
			return r, fmt.Errorf("%q is no class a provider's failure can have", cells[classColumn])
		}
	}
	if code := cells[codeColumn]; code != none {
		if r.Code = code; !Word(code) {
			return r, fmt.Errorf("%q is no code", code)
		}
	}
	if r.Marks, err = marks(cells[marksColumn]); err != nil {
		return r, err
	}
	if r.Say = Sentence(r.Class); len(cells) == columns {
		r.Say = cells[sayColumn]
	}
	return r, nil
}

func statuses(cell string) (from, to int, err error) {
	if cell == "*" {
		return 0, anyStatus, nil
	}
	low, high, two := strings.Cut(cell, "-")
	if !two {
		high = low
	}
	if from, err = strconv.Atoi(low); err == nil {
		to, err = strconv.Atoi(high)
	}
	if err != nil || from > to || to > anyStatus {
		return 0, 0, fmt.Errorf("%q is no status", cell)
	}
	return from, to, nil
}

// class finds the class of a name. Those of the gateway itself are not for
// tables.
func class(name string) (switchgear.Class, bool) {
	for c := switchgear.ClassInvalid; c <= switchgear.ClassInterrupted; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

func marks(cell string) (switchgear.Mark, error) {
	var all switchgear.Mark
	if cell == none {
		return 0, nil
	}
	for name := range strings.SplitSeq(cell, ",") {
		switch name {
		case "edge":
			all |= switchgear.MarkEdge
		case "unsure":
			all |= switchgear.MarkUnsure
		case "ramp":
			all |= switchgear.MarkRamp
		case "dear":
			all |= switchgear.MarkDear
		default:
			return 0, fmt.Errorf("there is no mark %q", name)
		}
	}
	return all, nil
}
