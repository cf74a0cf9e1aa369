package provider

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

const (
	// maxAnswer is the size, in bytes, of the longest answer that is read
	// whole. Images come in base64, and several to an answer.
	maxAnswer = 64 << 20
	// maxErrorBody is how much of an error's body is kept, in bytes.
	maxErrorBody = 64 << 10
	// trustedLength is the length, in bytes, up to which memory is set aside
	// because an answer announced it.
	trustedLength = 1 << 20
)

var errTooLarge = errors.New("the answer is larger than 64 MiB")

// readAll reads r to its end. Length is what was announced, or -1.
func readAll(r io.Reader, length, limit int64) ([]byte, error) {
	if length > limit {
		return nil, errTooLarge
	}
	size := min(length, trustedLength)
	if size < 0 {
		size = 4 << 10
	}
	b := make([]byte, 0, size+1) // 1: room to read the end in
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// readAtMost reads r to its end or up to limit, whichever is first, and
// returns what there was, even with an error.
func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	return readAll(io.LimitReader(r, limit), -1, limit)
}

// decompress undoes the encoding of a body that was asked for plain and comes
// compressed nonetheless. Its size is bounded where it is read.
func decompress(resp *http.Response) error {
	values := resp.Header["Content-Encoding"]
	if len(values) == 0 {
		return nil
	}
	switch strings.ToLower(strings.TrimSpace(strings.Join(values, ","))) {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		resp.Body = &gunzip{body: resp.Body}
		resp.ContentLength = -1
		return nil
	default:
		return &switchgear.Error{
			Class: switchgear.ClassMalformed, Status: resp.StatusCode, Code: "encoding",
			Message: "the provider answered in a content encoding that was not asked for",
		}
	}
}

// gunzip decompresses a body from the first read on, so that a stream's head
// is not waited for before there is a stream.
type gunzip struct {
	body io.ReadCloser
	zip  *gzip.Reader
	err  error
}

// Read reads what the compressed body says.
func (g *gunzip) Read(b []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if g.zip == nil {
		if g.zip, g.err = gzip.NewReader(g.body); g.err != nil {
			if errors.Is(g.err, io.EOF) {
				return 0, g.err // an empty body is no broken one
			}
			g.err = corrupt(g.err)
			return 0, g.err
		}
	}
	n, err := g.zip.Read(b)
	if err != nil {
		g.err = corrupt(err)
	}
	return n, g.err
}

// corrupt marks the errors that are the compression's own.
func corrupt(err error) error {
	var broken flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &broken) {
		return errCorrupt
	}
	return err
}

var errCorrupt = errors.New("the compressed answer is corrupt")

// Close closes the compressed body.
func (g *gunzip) Close() error { return g.body.Close() }
