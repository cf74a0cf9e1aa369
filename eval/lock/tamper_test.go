package lock_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

// TestAnyCharacter changes every character of a lock in turn. What was proven
// either is refused, or stands on an entry that says exactly what it said.
func TestAnyCharacter(t *testing.T) {
	f := proven(t, nil)
	if err := f.Excuse(route, "openai/excused", excuse(20, "ann"), nil); err != nil {
		t.Fatal(err)
	}
	text := f.Text()
	wanted := []lock.Claim{claim(fresh), claim(old), claim("openai/excused")}
	terms := lock.Terms{Now: now()}
	before := lock.Stand(again(t, f), wanted, terms)
	refusals := 0
	for i := range text {
		c := byte('0')
		if text[i] == c {
			c = 'x'
		}
		changed := slices.Clone(text)
		changed[i] = c
		read, findings := lock.Parse("switchgear.lock", changed)
		if lock.HasErrors(findings) {
			refusals++
			continue
		}
		for k, s := range lock.Stand(read, wanted, terms) {
			if s.Ground == lock.Unproven {
				refusals++
				continue
			}
			ignore := cmp.Options{
				cmpopts.IgnoreUnexported(lock.Evidence{}, lock.Override{}, lock.Standing{}), cmpopts.IgnoreTypes(lock.Position{}), cmpopts.IgnoreFields(lock.Standing{}, "Why"),
			}
			if diff := cmp.Diff(before[k], s, ignore); diff != "" {
				t.Fatalf("%q for %q in %q: it holds, and differs\n%s", c, text[i], line(text, i), diff)
			}
		}
	}
	if refusals < len(text)/2 {
		t.Errorf("only %d refusals of %d characters: the test proves little", refusals, len(text))
	}
}

func line(text []byte, i int) string {
	begin := bytes.LastIndexByte(text[:i], '\n') + 1
	rest, _, _ := bytes.Cut(text[begin:], []byte("\n"))
	return string(rest)
}
