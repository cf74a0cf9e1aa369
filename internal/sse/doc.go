// Package sse reads and writes event streams (text/event-stream, section 9.2 of
// the HTML standard), frame by frame and byte for byte: a frame keeps the bytes
// it came as, so that a stream can be forwarded as it is while it is being
// understood.
package sse
