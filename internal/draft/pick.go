package draft

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/internal/record"
)

// Picked is a request that was picked for a case.
type Picked struct {
	record.Entry

	ID    string
	Times int // how often it was asked
	Other int // how often it was answered otherwise than here
}

// Passed counts the records that no case is made of, by why.
type Passed struct {
	Route     int `json:"other_routes"` // of another route
	Model     int `json:"other_models"` // answered by another model than the route's first
	Media     int `json:"media"`        // what was left out of it cannot be sent again
	Cut       int `json:"cut"`          // the answer was cut at its limit
	Refused   int `json:"refused"`
	Nothing   int `json:"without_answer"` // neither text nor tool calls
	Again     int `json:"asked_before"`   // asked before, word for word
	Earlier   int `json:"earlier_turns"`  // an earlier turn of a conversation that is in
	Remaining int `json:"more_than_n"`    // more than were asked for
}

// Choice says which records are to be picked.
type Choice struct {
	Route  string
	Target string // who must have answered; "" for anyone
	N      int
	Seed   uint64
}

// Pick picks records for cases: each conversation once, at its longest, spread
// over labels, lengths and time. The same records and seed give the same cases.
func Pick(entries []record.Entry, c Choice) ([]Picked, Passed) {
	var passed Passed
	var fit []Picked
	for i := range entries {
		if e := &entries[i]; fits(e, &c, &passed) {
			fit = append(fit, Picked{Entry: *e, ID: idOf(e), Times: 1})
		}
	}
	fit = once(fit, &passed)
	out := spread(fit, c.N, c.Seed)
	passed.Remaining = len(fit) - len(out)
	slices.SortFunc(out, func(a, b Picked) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID)) })
	return out, passed
}

// fits reports whether a case can be made of a record, and counts why not.
func fits(e *record.Entry, c *Choice, passed *Passed) bool {
	var why *int
	switch {
	case e.Route != c.Route:
		why = &passed.Route
	case c.Target != "" && e.Target != c.Target:
		why = &passed.Model
	case e.Redacted["media"] > 0:
		why = &passed.Media
	case e.Answer.Refusal != "" || e.Answer.Finish == "refused":
		why = &passed.Refused
	case e.Answer.Finish == "length" || e.Answer.Finish == "pause":
		why = &passed.Cut
	case strings.TrimSpace(e.Answer.Text) == "" && len(e.Answer.Calls) == 0:
		why = &passed.Nothing
	default:
		return true
	}
	*why++
	return false
}

// idOf names a case by what is asked.
func idOf(e *record.Entry) string {
	sum := sha256.Sum256(append([]byte(e.Dialect+"\x00"), e.Body...))
	return "t-" + hex.EncodeToString(sum[:6])
}

// once keeps each conversation once, at its longest; of a request that was asked
// several times the answer that was given most.
func once(all []Picked, passed *Passed) []Picked {
	byID := map[string][]Picked{}
	for i := range all {
		byID[all[i].ID] = append(byID[all[i].ID], all[i])
	}
	longest := map[string]Picked{}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		p := agreed(byID[id])
		passed.Again += len(byID[id]) - 1
		key := conversation(p.Body)
		other, seen := longest[key]
		if seen {
			passed.Earlier++
		}
		if !seen || len(p.Body) > len(other.Body) {
			longest[key] = p
		}
	}
	out := slices.Collect(maps.Values(longest))
	slices.SortFunc(out, func(a, b Picked) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// agreed is the record with the answer that most of them have; of answers that
// are as frequent, the earlier one.
func agreed(same []Picked) Picked {
	slices.SortStableFunc(same, func(a, b Picked) int { return a.Time.Compare(b.Time) })
	counts, best := map[string]int{}, 0
	for i := range same {
		counts[spoken(&same[i])]++
	}
	for i := range same {
		if counts[spoken(&same[i])] > counts[spoken(&same[best])] {
			best = i
		}
	}
	p := same[best]
	p.Times, p.Other = len(same), len(same)-counts[spoken(&p)]
	return p
}

// spoken is what an answer says, to be compared.
func spoken(p *Picked) string {
	calls, err := json.Marshal(p.Answer.Calls)
	if err != nil {
		return p.Answer.Text
	}
	return strings.TrimSpace(p.Answer.Text) + "\x00" + string(calls)
}

// conversation is what the turns of one conversation have in common: the
// instructions and the first words of the user.
func conversation(body []byte) string {
	var b struct {
		System   json.RawMessage `json:"system"`
		Messages []struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(body, &b) != nil || len(b.Messages) == 0 {
		return string(body)
	}
	key := bytes.Clone(b.System)
	for _, m := range b.Messages {
		key = append(append(key, 0), m.Content...)
		if m.Role == "user" {
			break
		}
	}
	return string(key)
}

// spread picks n of some records: from each group of like labels and length in
// proportion, but from each at least one as long as there is room, and over the
// time of each group.
func spread(all []Picked, n int, seed uint64) []Picked {
	if n >= len(all) {
		return all
	}
	groups := grouped(all)
	shares := shareOut(groups, n, len(all))
	var out []Picked
	for i, g := range groups {
		rng := rand.New(rand.NewPCG(seed, binary.LittleEndian.Uint64([]byte(g[0].ID + "........")[:8])))
		slices.SortFunc(g, func(a, b Picked) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID)) })
		for k := range shares[i] {
			from, to := k*len(g)/shares[i], (k+1)*len(g)/shares[i]
			out = append(out, g[from+rng.IntN(to-from)])
		}
	}
	return out
}

// grouped are the records by their labels and by whether they are short, of
// middle length, or long, the largest group first.
func grouped(all []Picked) [][]Picked {
	sizes := make([]int, 0, len(all))
	for i := range all {
		sizes = append(sizes, len(all[i].Body))
	}
	slices.Sort(sizes)
	first, second := sizes[len(sizes)/3], sizes[2*len(sizes)/3]
	by := map[string][]Picked{}
	for i := range all {
		length := "0"
		switch size := len(all[i].Body); {
		case size >= second:
			length = "2"
		case size >= first:
			length = "1"
		}
		key := strings.Join(tags(all[i].Labels), " ") + "\x00" + length
		by[key] = append(by[key], all[i])
	}
	var out [][]Picked
	for _, key := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[key])
	}
	slices.SortStableFunc(out, func(a, b []Picked) int { return cmp.Compare(len(b), len(a)) })
	return out
}

// shareOut is how many of n each group gives.
func shareOut(groups [][]Picked, n, total int) []int {
	shares := make([]int, len(groups))
	left := n
	for i := range groups {
		if left > 0 {
			shares[i], left = 1, left-1
		}
	}
	for i, g := range groups {
		more := min(left, max(0, n*len(g)/total-shares[i]), len(g)-shares[i])
		shares[i], left = shares[i]+more, left-more
	}
	for i := 0; left > 0; i = (i + 1) % len(groups) {
		if shares[i] < len(groups[i]) {
			shares[i], left = shares[i]+1, left-1
		}
	}
	return shares
}

// tags are labels as an eval set has them.
func tags(labels map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, name+":"+labels[name])
	}
	return out
}

// days are the first and the last day of some records.
func days(all []Picked) (from, to string) {
	if len(all) == 0 {
		return "", ""
	}
	first, last := all[0].Time, all[0].Time
	for i := range all {
		if t := all[i].Time; t.Before(first) {
			first = t
		} else if t.After(last) {
			last = t
		}
	}
	return first.Format(time.DateOnly), last.Format(time.DateOnly)
}
