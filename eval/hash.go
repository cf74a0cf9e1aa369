package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	switchgear "github.com/switchgear-dev/switchgear"
)

// digest is the hash of a value: SHA-256 of it as JSON, keys in order.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte(err.Error()) // only for JSON that came broken from a program
	} else if canonical, err := Canonical(text); err == nil {
		text = canonical
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// hash works out the hashes of a case.
func (c *Case) hash() {
	c.Input = digest(c.sent())
	var graders []string
	for _, g := range c.Graders {
		graders = append(graders, g.Hash)
	}
	tags := slices.Sorted(slices.Values(c.Tags))
	c.Hash = digest(object{
		"id": c.ID, "input": c.Input, "expect": c.Expect, "tags": tags, "cluster": c.Cluster, "weight": c.Weight, "graders": graders,
	})
}

// sent is what goes to the model.
func (c *Case) sent() any {
	if c.Request.Wire != nil && c.Request.Wire.Body != nil {
		return object{"dialect": c.Request.Wire.Dialect, "body": json.RawMessage(c.Request.Wire.Body)}
	}
	return requestOf(c.Request)
}

// NewCase makes a case of a request that a program has, hashes included.
func NewCase(id string, r *switchgear.Request, expect json.RawMessage) *Case {
	c := &Case{ID: id, Request: r, Expect: expect, Weight: 1}
	c.hash()
	return c
}

// hash works out the hashes of a set.
func (s *Set) hash() {
	var cases, systems []string
	for _, c := range s.Cases {
		cases = append(cases, c.Hash)
		systems = append(systems, digest(systemOf(c.Request)))
	}
	slices.Sort(cases)
	slices.Sort(systems)
	var graders []string
	for _, g := range s.Graders {
		graders = append(graders, g.Hash)
	}
	slices.Sort(graders)
	h := &s.Hashes
	h.Cases, h.System, h.Graders = digest(cases), digest(slices.Compact(systems)), digest(graders)
	h.Harness = digest(object{"format": s.Harness.Format.String(), "normalise": slices.Sorted(slices.Values(s.Harness.Normalise))})
	limit, limited := s.Limits.Refusals()
	h.Set = digest(object{
		"route": s.Route, "cases": h.Cases, "graders": h.Graders, "harness": h.Harness, "margin": s.Margin, "stakes": s.Stakes.String(),
		"repeats": s.Repeats, "limits": []any{s.Limits.CostRatio, s.Limits.P95MS, limit, limited},
	})
}

// systemOf are the instructions of a request. Of a client's body they are the
// members that hold them.
func systemOf(r *switchgear.Request) any {
	if r.Wire == nil || r.Wire.Body == nil {
		return partsOf(r.System)
	}
	var body struct {
		System   json.RawMessage `json:"system"`
		Messages []struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(r.Wire.Body, &body) != nil {
		return nil
	}
	said := []json.RawMessage{}
	if body.System != nil {
		said = append(said, body.System)
	}
	for _, m := range body.Messages {
		if m.Role == "system" || m.Role == "developer" {
			said = append(said, m.Content)
		}
	}
	return said
}

// hashGrader is the hash of a grader: what it is called, its settings, and
// what is in the files it reads. Of a file that is JSON the formatting does not
// count, of any other the kind of line ends.
func hashGrader(g *Graded, o *Options) string {
	settings := object{}
	for i := range o.value.Entries {
		e := &o.value.Entries[i]
		switch e.Key {
		case "name", "gate", "weight", "margin":
		default:
			settings[e.Key] = e.Value.JSON()
		}
	}
	files := map[string]string{}
	for key, text := range o.files {
		if canonical, err := Canonical(text); err == nil {
			files[key] = string(canonical)
		} else {
			files[key] = strings.ReplaceAll(string(text), "\r\n", "\n")
		}
		delete(settings, key) // where the file lies does not matter
	}
	if f, ok := g.Grader.(Fingerprinter); ok {
		files["\x00"] = f.Fingerprint()
	}
	return digest(object{"kind": g.Kind, "gate": g.Gate, "weight": g.Weight, "margin": g.Margin, "settings": settings, "files": files})
}
