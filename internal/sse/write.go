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
	if bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 {
		dst = append(append(dst, "data: "...), data...)
		return append(dst, "\n\n"...)
	}
	return append(appendLines(dst, data), '\n')
}

// appendLines appends a "data" line for each line of data.
func appendLines(dst, data []byte) []byte {
	dst = append(dst, "data: "...)
	for i, c := range data {
		switch {
		case c == '\n' && i > 0 && data[i-1] == '\r': // the line has ended already
		case c == '\n', c == '\r':
			dst = append(dst, "\ndata: "...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\n')
}
