package swap

import (
	"reflect"

	"github.com/switchgear-dev/switchgear/config"
)

// means reports whether an edited text means what the file's own does, but that
// the step names another model. The configuration is the edited one's.
func (f File) means(text []byte, at Place, want spelling) (*config.Config, bool) {
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
	if err1 != nil || err2 != nil || to.Use != want.use || to.Target != want.target {
		return nil, false
	}
	unplace(a)
	unplace(b)
	from.Use, from.Target, from.Model = to.Use, to.Target, to.Model
	a.Generation, b.Generation = "", ""
	return after, reflect.DeepEqual(a, b)
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
