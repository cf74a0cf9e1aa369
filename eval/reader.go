package eval

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
)

// maxFindings bounds how much is said about a broken file.
const maxFindings = 200

// reader collects what is wrong with a file.
type reader struct {
	file     string // that is being read
	root     string // the set's own
	findings []config.Finding
	more     int // findings beyond the bound
}

func (r *reader) errorf(pos config.Position, path, message string, fix ...string) {
	r.add(config.Error, pos, path, message, fix)
}

func (r *reader) warn(pos config.Position, path, message string, fix ...string) {
	r.add(config.Warning, pos, path, message, fix)
}

func (r *reader) add(s config.Severity, pos config.Position, path, message string, fix []string) {
	if len(r.findings) >= maxFindings {
		r.more++
		return
	}
	if pos.File == "" {
		pos.File = r.file
	}
	r.findings = append(r.findings, config.Finding{Pos: pos, Path: path, Message: message, Fix: sentences(fix), Severity: s})
}

// all is everything that was found, in the order of the files.
func (r *reader) all() []config.Finding {
	config.Sort(r.findings)
	if r.more > 0 {
		r.findings = append(r.findings, config.Finding{
			Pos: config.Position{File: r.file}, Severity: config.Error,
			Message: fmt.Sprintf("%d more findings are not shown", r.more), Fix: "Mend the ones above first.",
		})
	}
	return r.findings
}

func (r *reader) failed() bool { return config.HasErrors(r.findings) }

func sentences(parts []string) string {
	var kept []string
	for _, s := range parts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " ")
}

func child(path, key string) string {
	if key = visible(key, 60); path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return path + "[" + itoa(i) + "]" }

func itoa(i int) string { return strconv.Itoa(i) }

// Quote shows a text inside a sentence: in quotes, on one line, no longer than
// a reader wants it.
func Quote(text string) string { return strconv.Quote(visible(text, 80)) }

// visible shortens a text to some bytes and to one line.
func visible(text string, most int) string {
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
}
