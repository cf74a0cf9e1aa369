package eval

import "slices"

// Difference is what changed between two runs.
type Difference struct {
	A, B    *Run     `json:"-"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Changed []string `json:"changed"` // what the runs were made with that is not the same
	Before  Word     `json:"before"`
	After   Word     `json:"after"`
	Gained  []string `json:"gained"` // cases that the candidate of the second passes and that of the first does not
	Lost    []string `json:"lost"`
	Only    []string `json:"only_first"`
	New     []string `json:"only_second"`
	Same    int      `json:"same"`
}

// DiffRuns compares two runs.
func DiffRuns(a, b *Run) *Difference {
	d := &Difference{
		A: a, B: b, From: a.ID, To: b.ID, Before: a.Verdict.Word, After: b.Verdict.Word,
		Changed: []string{}, Gained: []string{}, Lost: []string{}, Only: []string{}, New: []string{},
	}
	for _, c := range []struct {
		name string
		same bool
	}{
		{"cases", a.Hashes.Cases == b.Hashes.Cases},
		{"graders", a.Hashes.Graders == b.Hashes.Graders},
		{"harness", a.Hashes.Harness == b.Hashes.Harness},
		{"margin", a.Margin == b.Margin},
		{"alpha", a.Alpha == b.Alpha},
		{"incumbent", a.Incumbent.Target == b.Incumbent.Target && a.Incumbent.Params == b.Incumbent.Params},
		{"candidate", a.Candidate.Target == b.Candidate.Target && a.Candidate.Params == b.Candidate.Params},
	} {
		if !c.same {
			d.Changed = append(d.Changed, c.name)
		}
	}
	then := map[string]*Judged{}
	for i := range a.Cases {
		then[a.Cases[i].ID] = &a.Cases[i].Candidate
	}
	for i := range b.Cases {
		id, now := b.Cases[i].ID, &b.Cases[i].Candidate
		old, ok := then[id]
		delete(then, id)
		switch {
		case !ok:
			d.New = append(d.New, id)
		case old.score() < now.score():
			d.Gained = append(d.Gained, id)
		case old.score() > now.score():
			d.Lost = append(d.Lost, id)
		default:
			d.Same++
		}
	}
	for id := range then {
		d.Only = append(d.Only, id)
	}
	slices.Sort(d.Only)
	return d
}

// score is the strict score of the first metric; -1 if there is none.
func (j *Judged) score() float64 {
	if j.Missing != "" || len(j.Strict) == 0 {
		return -1
	}
	return j.Strict[0]
}
