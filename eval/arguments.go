package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// Arguments reads the arguments of a tool call. A model that needs none may
// write nothing.
func Arguments(text string) (map[string]any, error) {
	if strings.TrimSpace(text) == "" {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil {
		return nil, errors.New("the arguments are not a JSON object")
	}
	if _, err := d.Token(); err == nil {
		return nil, errors.New("there is something behind the JSON object of the arguments")
	}
	return v, nil
}

func encodeArguments(v map[string]any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil // never: it was read from JSON
	}
	return bytes.TrimSpace(b.Bytes())
}
