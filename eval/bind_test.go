package eval_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

// TestBind: each part of a set that evidence depends on changes what it is
// bound to, and only that; what the configuration says is left alone.
func TestBind(t *testing.T) {
	bound := func(text string) lock.Bound {
		b := lock.Bound{Eval: "evals/x.yaml", Params: "p", Endpoint: "e"}
		must(t, text, smallFiles).Bind(&b)
		return b
	}
	base := bound(smallSet)
	if base.Eval != "evals/x.yaml" || base.Params != "p" || base.Endpoint != "e" {
		t.Errorf("%+v", base)
	}
	v := reflect.ValueOf(base)
	for _, name := range []string{"Cases", "System", "Graders", "Harness", "Limits"} {
		if h := v.FieldByName(name).String(); len(h) != len("sha256:")+64 || !strings.HasPrefix(h, "sha256:") {
			t.Errorf("%s: %q", name, h)
		}
	}
	for what, more := range map[string]string{"Limits": "limits: {p95_ms: 4000}\n", "": "description: only words\n"} {
		got := reflect.ValueOf(bound(smallSet + more))
		for i := range got.NumField() {
			name := got.Type().Field(i).Name
			if changed := !reflect.DeepEqual(got.Field(i).Interface(), v.Field(i).Interface()); changed != (name == what) {
				t.Errorf("with %q %s is changed: %v", more, name, changed)
			}
		}
	}
}
