package sse

import "bytes"

// AppendEvent appends a frame: the event's name, unless it is empty, and the
// data, one "data" line for each of its lines. A carriage return ends a line
// too, for a reader would take it for one. What follows a line's end in the
// name is left out, so that no name can smuggle in a field.
func AppendEvent(dst []byte, event string, data []byte) []byte {
	if event != "" {
		dst = append(dst, "event: "...)
		for i := 0; i < len(event) && event[i] != '\n' && event[i] != '\r'; i++ {
			dst = append(dst, event[i])
		}
		dst = append(dst, '\n')
	}
	for {
		dst = append(dst, "data: "...)
		i := bytes.IndexAny(data, "\r\n")
		if i < 0 {
			dst = append(dst, data...)
			return append(dst, "\n\n"...)
		}
		dst = append(dst, data[:i]...)
		dst = append(dst, '\n')
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}
