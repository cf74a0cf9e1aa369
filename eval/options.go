package eval

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/config"
)

// maxFile bounds a file that a set refers to: a schema, a rubric.
const maxFile = 4 << 20

// Options are the settings of a grader, or of any other map in a set. Reading
// one says what is wrong with it, with its place; a setting that nobody reads
// is one that does not exist, and is complained about in the end.
type Options struct {
	r     *reader
	value *Value
	path  string
	open  func(name string) (io.ReadCloser, error)

	asked []string
	files map[string][]byte // what [Options.File] read, by setting
}

func (r *reader) options(v *Value, path, example string, open func(string) (io.ReadCloser, error)) *Options {
	o := &Options{r: r, value: v, path: path, open: open}
	if v.Kind != Map {
		r.wrong(v, path, "a map of keys and values", example)
		o.value = &Value{Kind: Bad, Pos: v.Pos}
	}
	return o
}

// Main names the setting that is meant where there is a single value instead of
// a map: of `contains: yes`, the text.
func (o *Options) Main(key string) {
	if o.value.Kind == Map || o.value.Kind == Null || o.value.Kind == Bad {
		return
	}
	o.value = &Value{Kind: Map, Pos: o.value.Pos, Entries: []Entry{{Key: key, Pos: o.value.Pos, Value: o.value}}}
}

// Value is a setting as it stands; nil if it is not there.
func (o *Options) Value(key string) *Value {
	if !slices.Contains(o.asked, key) {
		o.asked = append(o.asked, key)
	}
	if v := o.value.Get(key); v != nil && v.Kind != Null {
		return v
	}
	return nil
}

// Has reports whether a setting is there.
func (o *Options) Has(key string) bool { return o.Value(key) != nil }

// Complain says that a setting is wrong, what is wrong with it and how to mend
// it. Of a setting that is not there it complains at the map.
func (o *Options) Complain(key, message, fix string) {
	pos, path := o.value.Pos, o.path
	if key != "" {
		path = child(o.path, key)
		if v := o.Value(key); v != nil {
			pos = v.Pos
		}
	}
	o.r.errorf(pos, path, message, fix)
}

func (r *reader) wrong(v *Value, path, want, example string) {
	if v.Kind == Bad {
		return
	}
	if example != "" {
		example = "For example: " + example + "."
	}
	got := v.Kind.String()
	if v.Kind == String || v.Kind == Number || v.Kind == Bool {
		got = Quote(v.Text)
	}
	r.errorf(v.Pos, path, "this must be "+want+", not "+got, example)
}

// Text reads a setting that is text. A number or a true is taken as written.
func (o *Options) Text(key string) (string, bool) {
	v := o.Value(key)
	if v == nil {
		return "", false
	}
	if v.Kind != String && v.Kind != Number && v.Kind != Bool {
		o.r.wrong(v, child(o.path, key), "text", "")
		return "", false
	}
	return v.Text, true
}

// Word reads a setting that is one of some words.
func (o *Options) Word(key string, words ...string) (string, bool) {
	s, ok := o.Text(key)
	if ok && !slices.Contains(words, s) {
		o.Complain(key, Quote(s)+" is not one of "+strings.Join(words, ", "), config.DidYouMean(s, words))
		return "", false
	}
	return s, ok
}

// Number reads a setting that is a number between two others.
func (o *Options) Number(key string, least, most float64) (float64, bool) {
	v := o.Value(key)
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	if v.Kind != Number || err != nil {
		o.r.wrong(v, child(o.path, key), "a number without quotes", "")
		return 0, false
	}
	if n < least || n > most {
		o.Complain(key, fmt.Sprintf("%s is not between %v and %v", v.Text, least, most), "")
		return 0, false
	}
	return n, true
}

// Int reads a setting that is a whole number between two others.
func (o *Options) Int(key string, least, most int) (int, bool) {
	n, ok := o.Number(key, float64(least), float64(most))
	if ok && n != float64(int(n)) {
		o.r.wrong(o.Value(key), child(o.path, key), "a whole number", "")
		return 0, false
	}
	return int(n), ok
}

// Bool reads a setting that is true or false.
func (o *Options) Bool(key string) (value, ok bool) {
	v := o.Value(key)
	if v == nil {
		return false, false
	}
	if v.Kind != Bool {
		o.r.wrong(v, child(o.path, key), "true or false", "")
		return false, false
	}
	return v.Text == "true", true
}

// Duration reads a setting that is a length of time above zero.
func (o *Options) Duration(key string, most time.Duration) (time.Duration, bool) {
	s, ok := o.Text(key)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > most {
		o.Complain(key, Quote(s)+" is not a length of time above zero and up to "+most.String(), "Write a number with its unit: 500ms, 10s, 2m.")
		return 0, false
	}
	return d, true
}

// Texts reads a setting that is a list of texts, or a single one.
func (o *Options) Texts(key string) []string {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	if v.Kind == String || v.Kind == Number || v.Kind == Bool {
		return []string{v.Text}
	}
	if v.Kind != List {
		o.r.wrong(v, child(o.path, key), "a list of texts", "")
		return nil
	}
	var out []string
	for i, item := range v.Items {
		if item.Kind != String && item.Kind != Number && item.Kind != Bool {
			o.r.wrong(item, index(child(o.path, key), i), "text", "")
			continue
		}
		out = append(out, item.Text)
	}
	return out
}

// Map reads a setting that is a map; nil if it is not there.
func (o *Options) Map(key, example string) *Options {
	v := o.Value(key)
	if v == nil {
		return nil
	}
	return o.r.options(v, child(o.path, key), example, o.open)
}

// File reads the file that a setting names, beside the set. What is in it
// becomes part of the grader's hash.
func (o *Options) File(key string) ([]byte, bool) {
	name, ok := o.Text(key)
	if !ok {
		return nil, false
	}
	text, err := readFile(o.open, name)
	if err != nil {
		o.Complain(key, "the file "+Quote(name)+" cannot be read: "+reason(err), "Paths are relative to the folder of the set.")
		return nil, false
	}
	o.keep(key, text)
	return text, true
}

// Dir is the folder of the set.
func (o *Options) Dir() string { return filepath.Dir(o.r.root) }

// Peek is File for what may well be no file: a word of a command.
func (o *Options) Peek(key, name string) {
	if filepath.IsAbs(name) || strings.HasPrefix(name, "-") || name == "" {
		return
	}
	if text, err := readFile(o.open, name); err == nil {
		o.keep(key+" "+name, text)
	}
}

func (o *Options) keep(key string, text []byte) {
	if o.files == nil {
		o.files = map[string][]byte{}
	}
	o.files[key] = text
}

func readFile(open func(string) (io.ReadCloser, error), name string) ([]byte, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = errors.New("it is larger than 4 MiB")
	}
	return text, err
}

// reason is why a file cannot be read, without its path a second time.
func reason(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file"
	}
	return err.Error()
}

// finish complains about settings that nobody read.
func (o *Options) finish() {
	for i := range o.value.Entries {
		e := &o.value.Entries[i]
		if slices.Contains(o.asked, e.Key) {
			continue
		}
		fix := config.DidYouMean(e.Key, o.asked)
		if fix == "" {
			fix = "There are: " + strings.Join(o.asked, ", ") + "."
		}
		o.r.errorf(e.Pos, child(o.path, e.Key), "no such setting", fix)
	}
}

// warn is Complain for what can be lived with.
func (o *Options) warn(key, message, fix string) {
	pos := o.value.Pos
	if v := o.Value(key); v != nil {
		pos = v.Pos
	}
	o.r.warn(pos, child(o.path, key), message, fix)
}
