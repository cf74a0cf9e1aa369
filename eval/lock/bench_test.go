package lock_test

import (
	"bytes"
	"testing"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

// BenchmarkLoad reads and verifies the lock of 100 routes with five targets
// each: what every load of a configuration costs. It is to stay under 20 ms.
func BenchmarkLoad(b *testing.B) {
	text, wanted := large(b, 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		f, findings := lock.Parse("switchgear.lock", text)
		if len(findings) > 0 || len(lock.Verify(f, wanted, lock.Terms{Now: now()})) > 0 {
			b.Fatal("it does not hold")
		}
	}
}

// BenchmarkLoadSigned is the same with a signature to check for each entry.
func BenchmarkLoadSigned(b *testing.B) {
	text, wanted := large(b, 100)
	f, _ := lock.Parse("switchgear.lock", text)
	signed := resign(b, f)
	terms := lock.Terms{Now: now(), Trusted: []lock.Key{signer(0).Key()}}
	for b.Loop() {
		f, findings := lock.Parse("switchgear.lock", signed)
		if len(findings) > 0 || len(lock.Verify(f, wanted, terms)) > 0 {
			b.Fatal("it does not hold")
		}
	}
}

// resign records everything a lock holds anew, signed.
func resign(b *testing.B, f *lock.File) []byte {
	b.Helper()
	out := &lock.File{Name: f.Name}
	for _, r := range f.Routes {
		for _, t := range r.Targets {
			for _, base := range t.Baselines {
				if err := out.Declare([]lock.Claim{{Route: r.Name, Target: t.Name, Bound: base.Bound}}, "ann", now(), signer(0)); err != nil {
					b.Fatal(err)
				}
			}
		}
		for _, t := range r.Targets {
			for _, e := range t.Evidence {
				if err := out.Record(r.Name, t.Name, *e, signer(0)); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	return out.Text()
}

// BenchmarkLoadReformatted is the same after a formatter of YAML was at the
// file, so that the library has to read it.
func BenchmarkLoadReformatted(b *testing.B) {
	text, wanted := large(b, 100)
	text = bytes.Replace(text, []byte("version: 1\n"), []byte("version: 1\n\n"), 1)
	for b.Loop() {
		f, findings := lock.Parse("switchgear.lock", text)
		if len(findings) > 0 || len(lock.Verify(f, wanted, lock.Terms{Now: now()})) > 0 {
			b.Fatal("it does not hold")
		}
	}
}
