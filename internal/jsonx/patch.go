package jsonx

import (
	"cmp"
	"slices"
)

// Edit replaces a range of a document. A range of no length inserts.
type Edit struct {
	Span Span
	New  []byte
}

// Pieces returns b with the edits applied, as pieces that alias b and the
// edits' new bytes, so that a large body is not copied in order to change one
// word of it. Edits must be sorted and must not overlap.
func Pieces(b []byte, edits ...Edit) [][]byte {
	pieces := make([][]byte, 0, 2*len(edits)+1)
	at := 0
	for _, e := range edits {
		if e.Span.Start > at {
			pieces = append(pieces, b[at:e.Span.Start])
		}
		if len(e.New) > 0 {
			pieces = append(pieces, e.New)
		}
		at = e.Span.End
	}
	if at < len(b) {
		pieces = append(pieces, b[at:])
	}
	return pieces
}

// Member is a member of an object: its name, and its value as JSON.
type Member struct {
	Name  string
	Value []byte
}

// SetMembers sets members of the object b: the value of one that exists is
// replaced where it stands, others are appended before the closing brace, and
// all else stays byte for byte. It checks b, and the members' names, as Find
// does; the values must be JSON. The pieces alias b and the values.
func SetMembers(b []byte, members ...Member) ([][]byte, error) {
	names, spans := make([]string, len(members)), make([]Span, len(members))
	for i, m := range members {
		if slices.Contains(names[:i], m.Name) {
			return nil, &MemberError{Name: m.Name, Problem: problemTwice}
		}
		names[i] = m.Name
	}
	found, err := find(b, names, spans)
	if err != nil {
		return nil, err
	}
	edits := make([]Edit, 0, len(members)+1)
	var added []byte
	for i, m := range members {
		if spans[i].End != 0 {
			edits = append(edits, Edit{Span: spans[i], New: m.Value})
			continue
		}
		if len(added) > 0 || !found.empty {
			added = append(added, ',')
		}
		added = AppendQuote(added, m.Name)
		added = append(added, ':')
		added = append(added, m.Value...)
	}
	slices.SortFunc(edits, func(x, y Edit) int { return cmp.Compare(x.Span.Start, y.Span.Start) })
	if len(added) > 0 {
		edits = append(edits, Edit{Span: Span{Start: found.closing, End: found.closing}, New: added})
	}
	return Pieces(b, edits...), nil
}

// Join copies pieces into one slice.
func Join(pieces [][]byte) []byte {
	return slices.Concat(pieces...)
}
