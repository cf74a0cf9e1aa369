// Package jsonx reads, writes and patches JSON where speed and exactness
// matter more than convenience: request bodies on their way through, and the
// thousands of small documents of a streamed answer.
//
// Check and Find look at every byte of a body once, without allocating and
// without recursion, so that whoever stands behind us never gets a body that we
// read differently. Reader walks a document without building a tree, Writer
// appends one, and Pieces and SetMembers change a few members of a body while
// every other byte stays as it came.
package jsonx
