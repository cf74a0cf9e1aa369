package jsonx

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// TestRecordedBodies: every recorded body is JSON for us too, and the smaller
// ones are read as the standard library reads them.
func TestRecordedBodies(t *testing.T) {
	bodies, objects, read := 0, 0, 0
	spans := make([]Span, 2)
	for _, rec := range corpus.Load(t, "*.jsonl") {
		for _, body := range [][]byte{rec.RequestBody, rec.ResponseBody} {
			if len(body) == 0 {
				continue
			}
			bodies++
			if err := Check(body); err != nil {
				t.Errorf("%s %s: %v", rec.File, rec.ID, err)
			}
			if KindOf(body) == Object {
				objects++
				if err := Find(body, []string{"model", "stream"}, spans); err != nil {
					t.Errorf("%s %s: %v", rec.File, rec.ID, err)
				}
			}
			if len(body) > 8<<10 {
				continue
			}
			read++
			r := NewReader(body)
			if want, got := decode(t, body), tree(&r); !reflect.DeepEqual(want, got) || r.Err() != nil { // much faster than cmp
				t.Errorf("%s %s: %v (-want +got):\n%s", rec.File, rec.ID, r.Err(), cmp.Diff(want, got))
			}
		}
	}
	if bodies < 5000 || objects < 4000 || read < 5000 {
		t.Errorf("only %d bodies, %d objects, %d read", bodies, objects, read)
	}
	t.Logf("%d bodies, %d of them objects, %d read through", bodies, objects, read)
}
