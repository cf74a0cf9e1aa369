package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// step is one step of a path into JSON: a key, or a place in a list.
type step struct {
	key   string
	place int // from 0, or from the end where negative
	list  bool
}

var errPath = errors.New("a path is written like lines[0].total")

// CheckPath reports whether a path into JSON is written as one.
func CheckPath(path string) error {
	_, err := parsePath(path)
	return err
}

// parsePath reads a path: keys with dots between them, places in brackets, a
// key that holds either in quotes in brackets.
func parsePath(path string) ([]step, error) {
	var steps []step
	rest := strings.TrimPrefix(path, ".")
	for rest != "" {
		if inner, ok := strings.CutPrefix(rest, "["); ok {
			word, after, ok := strings.Cut(inner, "]")
			if !ok {
				return nil, errPath
			}
			if n := len(word); n >= 2 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] {
				steps = append(steps, step{key: word[1 : n-1]})
			} else if place, err := strconv.Atoi(word); err == nil {
				steps = append(steps, step{place: place, list: true})
			} else {
				return nil, errPath
			}
			rest = after
			if key, ok := strings.CutPrefix(rest, "."); ok {
				if rest = key; rest == "" {
					return nil, errPath
				}
			} else if rest != "" && rest[0] != '[' {
				return nil, errPath
			}
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, errPath
		}
		steps = append(steps, step{key: rest[:end]})
		if rest = rest[end:]; strings.HasPrefix(rest, ".") {
			if rest = rest[1:]; rest == "" || rest[0] == '.' || rest[0] == '[' {
				return nil, errPath
			}
		}
	}
	return steps, nil
}

// Look finds the value at a path in JSON. The error says how far it got.
func Look(text json.RawMessage, path string) (json.RawMessage, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	at := ""
	for _, s := range steps {
		if s.list {
			var list []json.RawMessage
			if json.Unmarshal(text, &list) != nil {
				return nil, fmt.Errorf("%s is not a list", name(at))
			}
			place := s.place
			if place < 0 {
				place += len(list)
			}
			if place < 0 || place >= len(list) {
				return nil, fmt.Errorf("%s has %d entries, and no [%d]", name(at), len(list), s.place)
			}
			text, at = list[place], index(at, s.place)
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil || object == nil {
			return nil, fmt.Errorf("%s is not an object", name(at))
		}
		inner, ok := object[s.key]
		if !ok {
			return nil, fmt.Errorf("%s has no %s", name(at), Quote(s.key))
		}
		text, at = inner, child(at, s.key)
	}
	return text, nil
}

func name(at string) string {
	if at == "" {
		return "the value"
	}
	return at
}
