package record

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// longestBase64 is how long a run of base64 may be that stays: ids and hashes
// are shorter, and pictures longer.
const longestBase64 = 400

var (
	dataURL = regexp.MustCompile(`data:([A-Za-z0-9.+/-]*)(?:;[A-Za-z0-9=.+-]+)*;base64,([A-Za-z0-9+/=_%-]*)`)
	blob    = regexp.MustCompile(fmt.Sprintf(`(?:[A-Za-z0-9+/_-]{100}){%d}[A-Za-z0-9+/_-]*={0,2}`, longestBase64/100))
	encoded = regexp.MustCompile(`^[A-Za-z0-9+/_\s-]+={0,2}\s*$`)
)

// media puts a note of type and size in the place of what is no text.
func (p *pass) media(s string) string {
	if len(s) < len("data:;base64,") {
		return s
	}
	if strings.Contains(s, "base64,") {
		s = dataURL.ReplaceAllStringFunc(s, func(url string) string {
			parts := dataURL.FindStringSubmatch(url)
			return p.note(parts[1], parts[2])
		})
	}
	long := false
	for range runs(s, tokenly, longestBase64) {
		long = true
		break
	}
	if !long {
		return s
	}
	return blob.ReplaceAllStringFunc(s, func(data string) string { return p.note("", data) })
}

// inline are the members that hold media as base64, however short it is: in
// Anthropic's protocol source.data, in OpenAI's input_audio.data and
// file.file_data.
func inline(parent, name, value string) bool {
	switch parent + "." + name {
	case "source.data", "input_audio.data", "file.file_data":
		return len(value) >= 8 && encoded.MatchString(value)
	default:
		return false
	}
}

// note says what was left out. A type that is not given is read from how the
// data begins.
func (p *pass) note(kind, data string) string {
	p.counts[kindMedia]++
	if kind == "" {
		kind = sniff(data)
	}
	return fmt.Sprintf("[%s, %d bytes left out]", kind, len(strings.TrimRight(data, "="))*3/4)
}

// sniff is the type of some data, as far as its beginning tells.
func sniff(data string) string {
	const enough = 64 // characters; 48 bytes tell every type that has a signature
	start := strings.TrimRight(data[:min(len(data), enough)], "=")
	start = start[:len(start)-len(start)%4]
	raw, err := base64.StdEncoding.DecodeString(start)
	if err != nil {
		return "base64"
	}
	kind, _, _ := strings.Cut(http.DetectContentType(raw), ";")
	if kind == "application/octet-stream" || strings.HasPrefix(kind, "text/") {
		return "base64"
	}
	return kind
}
