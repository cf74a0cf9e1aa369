package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

// codec reads a client's request.
type codec interface {
	Decode(body []byte) (*switchgear.Request, error)
}

// told is what a target is sent for a client's request, and what it is not told.
func told(from codec, to provider.Dialect, model, body string) (any, []string, error) {
	req, err := from.Decode([]byte(body))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", body, err)
	}
	encoded, err := to.Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Provider: to.Name(), Model: model}}, false)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", body, err)
	}
	sent, err := parse(bytes.Join(encoded.Body, nil))
	return sent, encoded.Dropped, err
}

func parse(body []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// change is a value that one body has and another has not, or not so.
type change struct {
	path  string
	value any
}

// changes lists what is new in b, the highest place of each.
func changes(path string, a, b any) []change {
	switch was := a.(type) {
	case map[string]any:
		is, ok := b.(map[string]any)
		if !ok {
			return []change{{path, b}}
		}
		var found []change
		for _, key := range slices.Sorted(maps.Keys(is)) {
			at := strings.TrimPrefix(path+"."+key, ".")
			if before, ok := was[key]; ok {
				found = append(found, changes(at, before, is[key])...)
			} else {
				found = append(found, change{at, is[key]})
			}
		}
		return found
	case []any:
		is, ok := b.([]any)
		if !ok {
			return []change{{path, b}}
		}
		return listChanges(path, was, is)
	default:
		if a == b {
			return nil
		}
		if list, ok := b.([]any); ok && len(list) > 0 { // a text that has become a list of parts, or the other way round
			if first, ok := list[0].(map[string]any); ok && first["text"] == a {
				return listChanges(path, list[:1], list)
			}
		}
		return []change{{path, b}}
	}
}

// listChanges lines two lists up from both ends: what is new stands between.
func listChanges(path string, a, b []any) []change {
	head := 0
	for head < len(a) && head < len(b) && len(changes("", a[head], b[head])) == 0 {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && len(changes("", a[len(a)-1-tail], b[len(b)-1-tail])) == 0 {
		tail++
	}
	var found []change
	for i := head; i < len(b)-tail; i++ {
		at := path + "[" + strconv.Itoa(i) + "]"
		if len(a) == len(b) {
			found = append(found, changes(at, a[i], b[i])...)
		} else {
			found = append(found, change{at, b[i]})
		}
	}
	return found
}

// say writes changes for a reader: `path: value`.
func say(list []change) string {
	words := make([]string, 0, len(list))
	for _, c := range list {
		words = append(words, "`"+c.path+": "+compact(c.value)+"`")
	}
	return strings.Join(words, ", ")
}

// compact is a value as JSON.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "|", `\|`)
}

// fate says what becomes of a sample at a model of the other protocol.
func fate(from codec, to provider.Dialect, model, plain string, s *sample) (string, error) {
	if s.plain != "" {
		plain = s.plain
	}
	before, lostBefore, err := told(from, to, model, plain)
	if err != nil {
		return "", err
	}
	after, lost, err := told(from, to, model, s.body)
	if err != nil {
		return "", err
	}
	lost = slices.DeleteFunc(lost, func(path string) bool { return slices.Contains(lostBefore, path) })
	sent := changes("", before, after)
	asked, err := asked(plain, s.body)
	if err != nil {
		return "", err
	}
	return verdict(asked, sent, lost), nil
}

func asked(plain, body string) ([]change, error) {
	a, err := parse([]byte(plain))
	if err != nil {
		return nil, err
	}
	b, err := parse([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", body, err)
	}
	return changes("", a, b), nil
}

// verdict puts what was asked, sent and lost into words.
func verdict(asked, sent []change, lost []string) string {
	missing := ""
	if len(lost) > 0 {
		missing = "`" + strings.Join(lost, "`, `") + "`"
	}
	switch {
	case len(sent) == 0 && missing == "":
		return "what holds without it"
	case len(sent) == 0:
		return "dropped: " + missing
	case missing != "":
		return "mapped: " + say(sent) + "; named: " + missing
	case say(asked) == say(sent):
		return "native"
	default:
		return "mapped: " + say(sent)
	}
}
