package swap

import (
	"reflect"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// means reports whether an edited text means what the file's own does, but that
// the step is what it is to be. The configuration is the edited one's.
func (f File) means(text []byte, at Place, g *goal) (*config.Config, bool) {
	after, err := f.parse(text)
	if err != nil {
		return nil, false
	}
	// Comparing takes the positions out, so it gets values of its own.
	a, err1 := f.parse(f.Text)
	b, err2 := f.parse(text)
	if err1 != nil || err2 != nil {
		return nil, false
	}
	from, _, err1 := at.find(a)
	to, _, err2 := at.find(b)
	if err1 != nil || err2 != nil || !g.reached(to) {
		return nil, false
	}
	unplace(a)
	unplace(b)
	*from = *to
	a.Generation, b.Generation = "", ""
	return after, reflect.DeepEqual(a, b)
}

// reached reports whether a step is what it is to be.
func (g *goal) reached(s *config.Step) bool {
	if s.Use != g.use || s.Target != g.target || !sameLevers(s.With, g.levers) || (s.Canary == nil) != (g.canary == nil) {
		return false
	}
	if g.canary == nil {
		return true
	}
	a, b := s.Canary, g.canary
	return a.Step.Use == b.Step.Use && a.Step.Target == b.Step.Target && sameLevers(a.Step.With, b.Step.With) && a.Share == b.Share && a.Answers == b.Answers
}

// sameLevers compares what is set. None and an empty map are the same.
func sameLevers(a, b *switchgear.Levers) bool {
	var none switchgear.Levers
	if a == nil {
		a = &none
	}
	if b == nil {
		b = &none
	}
	return reflect.DeepEqual(a, b)
}

// unplace takes the positions out of a value that v points to.
func unplace(v any) { clearPositions(reflect.ValueOf(v)) }

func clearPositions(v reflect.Value) {
	positions := reflect.TypeFor[config.Position]()
	switch v.Kind() { //nolint:exhaustive // nothing else holds a position
	case reflect.Pointer:
		if !v.IsNil() {
			clearPositions(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == positions {
			v.SetZero()
			return
		}
		for _, field := range v.Fields() {
			if field.CanSet() {
				clearPositions(field)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			clearPositions(v.Index(i))
		}
	case reflect.Map:
		if v.Type().Elem() != positions {
			return
		}
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.Zero(positions))
		}
	}
}
