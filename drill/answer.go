package drill

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// answer is what a user got, judged by the bytes that reached it and nothing
// else.
type answer struct {
	question *question
	status   int
	first    time.Duration // until the first content; 0 if none came
	took     time.Duration // until the end
	cut      bool          // the connection broke off
	server   string        // who served, as the gateway says; "" if it does not

	rest   []byte // of a line that is not complete yet
	size   int    // bytes of content
	stated int    // tokens of output, as the answer itself says
	mused  int    // of them, tokens of reasoning, as far as it says
	ended  bool   // it has the end that its protocol demands
	failed bool   // it says that it failed
	sign   bool   // what came last looks like the end of a sentence
}

func newAnswer(q *question) *answer { return &answer{question: q} }

// Fate is how a request went for its user.
type fate uint8

const (
	fateOK        fate = iota
	fateFailed         // an error, or a stream that ended in one
	fateTruncated      // a part of an answer that looked like all of it
)

// fate judges an answer. One that broke off counts as failed, not as
// truncated, if the user could see it: by an error event, or by a connection
// that was cut.
func (a *answer) fate() fate {
	switch {
	case a.status != http.StatusOK, a.failed, a.cut:
		return fateFailed
	case a.whole():
		return fateOK
	default:
		return fateTruncated
	}
}

// whole reports whether all of the answer came. The simulator counts a token
// for every four bytes, so what it says of its answer tells whether some of it
// is missing.
func (a *answer) whole() bool {
	switch {
	case !a.ended:
		return false
	case a.question.route.embeds:
		return true
	case a.stated == 0:
		return a.sign
	}
	missing := a.stated - a.mused - (a.size+3)/4
	return missing == 0 || (a.sign && a.mused == 0 && thought(missing))
}

// thought reports whether a number of tokens is one the simulator thinks for:
// a protocol that does not say how many of an answer's tokens those were.
func thought(tokens int) bool {
	return tokens == maxTokens/2 || (tokens > 0 && tokens < maxTokens/2 && tokens%64 == 0)
}

// maxTokens is what requests allow where they must say.
const maxTokens = 400

// take reads what came at a moment.
func (a *answer) take(data []byte, since time.Duration) {
	if !a.question.stream || a.status != http.StatusOK {
		a.rest = append(a.rest, data...)
		return
	}
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			a.rest = append(a.rest, data...)
			return
		}
		line := data[:end]
		if len(a.rest) > 0 {
			line = append(a.rest, line...)
			a.rest = a.rest[:0]
		}
		a.line(bytes.TrimSuffix(line, []byte("\r")), since)
		data = data[end+1:]
	}
}

// line reads a line of a stream.
func (a *answer) line(line []byte, since time.Duration) {
	data, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok {
		return
	}
	data = bytes.TrimPrefix(data, []byte(" "))
	switch {
	case bytes.Equal(data, []byte("[DONE]")):
		return
	case bytes.HasPrefix(data, []byte(`{"error"`)), bytes.HasPrefix(data, []byte(`{"type":"error"`)):
		a.failed = true
		return
	case bytes.HasPrefix(data, []byte(`{"type":"message_stop"`)):
		a.ended = true
		return
	}
	name := []byte(`"content":"`)
	if a.question.route.anthropic {
		name = []byte(`"text":"`)
	}
	if text := member(data, name); len(text) > 0 {
		if a.first == 0 {
			a.first = since
		}
		a.content(text)
	}
	a.count(data)
	if !a.question.route.anthropic && bytes.Contains(data, []byte(`"finish_reason":"`)) {
		a.ended = true
	}
}

func (a *answer) content(text []byte) {
	a.size += len(text)
	a.sign = bytes.HasSuffix(text, []byte("."))
}

// count reads how long the answer says it is.
func (a *answer) count(data []byte) {
	if !bytes.Contains(data, []byte(`_tokens"`)) {
		return
	}
	for name, into := range map[string]*int{`"completion_tokens":`: &a.stated, `"output_tokens":`: &a.stated, `"reasoning_tokens":`: &a.mused} {
		_, rest, ok := bytes.Cut(data, []byte(name))
		if !ok {
			continue
		}
		rest = bytes.TrimLeft(rest, " ")
		end := 0
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		if n, err := strconv.Atoi(string(rest[:end])); err == nil {
			*into = n
		}
	}
}

// over judges what came in one piece, and notes how long it took.
func (a *answer) over(since time.Duration) {
	a.took = since
	if a.status != http.StatusOK || a.question.stream {
		return
	}
	if a.question.route.embeds {
		a.ended = json.Valid(a.rest) && bytes.Contains(a.rest, []byte(`"embedding"`))
		return
	}
	if !json.Valid(a.rest) {
		return
	}
	a.ended = true
	name := []byte(`"content":`)
	if a.question.route.anthropic {
		name = []byte(`"text":`)
	}
	if at := bytes.Index(a.rest, name); at >= 0 {
		if text := bytes.TrimLeft(a.rest[at+len(name):], " "); len(text) > 0 && text[0] == '"' {
			a.content(unquoted(text[1:]))
		}
	}
	a.count(a.rest)
	a.rest = nil
}

// member is the text of a member whose name, colon and opening quote are given.
func member(data, name []byte) []byte {
	at := bytes.Index(data, name)
	if at < 0 {
		return nil
	}
	return unquoted(data[at+len(name):])
}

// unquoted reads a JSON string whose opening quote was read.
func unquoted(s []byte) []byte {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if bytes.IndexByte(s[:i], '\\') < 0 {
				return s[:i]
			}
			var text string
			if json.Unmarshal(append(append([]byte{'"'}, s[:i]...), '"'), &text) != nil {
				return nil
			}
			return []byte(text)
		}
	}
	return nil
}
