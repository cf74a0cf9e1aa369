package config

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Record says whether requests are kept with their answers, for eval sets: how
// many, where, and for how long.
type Record struct {
	On      bool          // bodies: sampled
	Rate    float64       // the share of requests that are kept, over 0 and up to 1
	Keep    time.Duration // nothing is kept for longer
	Folder  string        // as it is to be opened
	MaxSize int64         // bytes in the folder, over all files
	Redact  []Word        // patterns (RE2) of what is taken out besides what always is
	Pos     Position      // zero if the file says nothing of it
}

// What holds for records if the file does not say.
const (
	defaultRecordRate   = 0.1
	defaultRecordKeep   = 14 * day
	defaultRecordSize   = 1_000_000_000
	defaultRecordFolder = ".switchgear/records"
)

const (
	day           = 24 * time.Hour
	minRecordKeep = time.Minute
	maxRecordKeep = 365 * day
	minRecordSize = 1_000_000
	maxRecordSize = 1_000_000_000_000
	maxPatterns   = 100 // each of them is looked for in every text that is kept
)

// record reads what is kept.
func (r *reader) record(c *Config, parent *object) {
	c.Record = Record{Rate: defaultRecordRate, Keep: defaultRecordKeep, MaxSize: defaultRecordSize, Folder: r.beside(defaultRecordFolder)}
	n := parent.get("record")
	if n == nil {
		return
	}
	o := r.object(n, "record", shapeRecord)
	c.Record.Pos = n.pos
	if n.kind == kindMap && o.get("bodies") == nil {
		r.errorf(n.pos, "record", "this does not say whether anything is kept", "Add bodies: sampled, or bodies: off.")
	}
	c.Record.On = o.word("bodies", "sampled", "off", "false") == "sampled"
	if rate := o.share("rate"); rate != nil {
		c.Record.Rate = *rate
		if *rate == 0 {
			r.errorf(o.pos("rate"), "record.rate", "a rate of 0 keeps nothing", "Write bodies: off, or a share over 0 and up to 1.")
		}
	}
	if keep, ok := r.days(o, "keep"); ok {
		c.Record.Keep = keep
	}
	if size, ok := r.size(o, "max_size"); ok {
		c.Record.MaxSize = size
	}
	if s, n, ok := o.text("folder", defaultRecordFolder); ok {
		if s == "" || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			r.errorf(n.pos, "record.folder", "this is not the path of a folder", "For example: "+defaultRecordFolder+".")
		} else {
			c.Record.Folder = r.beside(filepath.FromSlash(s))
		}
	}
	c.Record.Redact = r.expressions(o, "redact")
}

// beside is a path as it is to be opened: one that is not absolute counts from
// the folder of the file.
func (r *reader) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(r.name), name)
}

// days reads a length of time that may be given in days, as nothing else in the
// file is.
func (r *reader) days(o *object, key string) (time.Duration, bool) {
	s, n, ok := o.text(key, "14d")
	if !ok {
		return 0, false
	}
	at := child(o.path, key)
	d, err := time.ParseDuration(s)
	if whole, inDays := strings.CutSuffix(s, "d"); inDays {
		var count int
		count, err = strconv.Atoi(whole)
		d = time.Duration(min(max(count, 0), 100_000)) * day
	}
	if err != nil {
		r.errorf(n.pos, at, quote(n.text)+" is not a length of time", "Write a number with its unit: 14d, 12h or 30m.")
		return 0, false
	}
	if d < minRecordKeep || d > maxRecordKeep {
		r.errorf(n.pos, at, quote(n.text)+" is not between 1m and 365d", "For example: 14d.")
		return 0, false
	}
	return d, true
}

// size reads a number of bytes with its unit.
func (r *reader) size(o *object, key string) (int64, bool) {
	s, n, ok := o.text(key, "1GB")
	if !ok {
		return 0, false
	}
	at := child(o.path, key)
	for unit, factor := range map[string]float64{"MB": 1e6, "GB": 1e9, "TB": 1e12} {
		number, has := strings.CutSuffix(s, unit)
		if !has {
			continue
		}
		x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil {
			break
		}
		if x*factor < minRecordSize || x*factor > maxRecordSize {
			r.errorf(n.pos, at, quote(n.text)+" is not between 1MB and 1TB")
			return 0, false
		}
		return int64(x * factor), true
	}
	r.errorf(n.pos, at, quote(n.text)+" is not a size", "Write a number with its unit: 200MB or 1GB.")
	return 0, false
}

// expressions reads regular expressions.
func (r *reader) expressions(o *object, key string) []Word {
	words := o.list(key, `["ORDER-[0-9]+"]`)
	if len(words) > maxPatterns {
		r.errorf(words[maxPatterns].Pos, child(o.path, key), "there are more than "+itoa(maxPatterns)+" patterns", "Put several into one with |.")
	}
	var out []Word
	for i, w := range words {
		at := index(child(o.path, key), i)
		expression, err := regexp.Compile(w.Text)
		switch {
		case err != nil:
			r.errorf(w.Pos, at, "this is no regular expression of RE2: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "Look-ahead and back-references are not known to RE2.")
		case expression.MatchString(""):
			r.errorf(w.Pos, at, "this pattern also matches nothing at all, and so everywhere", "Make it match at least one character: + instead of *.")
		default:
			out = append(out, w)
		}
	}
	return out
}
