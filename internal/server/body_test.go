package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// timedWriter keeps the deadlines that are set on its connection.
type timedWriter struct {
	http.ResponseWriter

	set []time.Time
}

func (w *timedWriter) SetReadDeadline(t time.Time) error {
	w.set = append(w.set, t)
	return nil
}

// TestBodiesAreTimed: however small a body is said to be, it must come in time;
// and once it is there the deadline is gone.
func TestBodiesAreTimed(t *testing.T) {
	for _, c := range []struct {
		body    string
		unknown bool // its length
		want    int  // deadlines
	}{
		{"x", false, 2},
		{strings.Repeat("x", 5000), false, 2},
		{"x", true, 2},
		{"", false, 0},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		if c.unknown {
			r.ContentLength = -1
		}
		w := &timedWriter{ResponseWriter: httptest.NewRecorder()}
		got, err := readBody(w, r)
		if err != nil || string(got) != c.body {
			t.Errorf("%.5q: read %d bytes, %v", c.body, len(got), err)
		}
		if len(w.set) != c.want {
			t.Errorf("%.5q: %d deadlines, want %d", c.body, len(w.set), c.want)
			continue
		}
		if c.want > 0 && (time.Until(w.set[0]) < bodyTime-time.Second || !w.set[1].IsZero()) {
			t.Errorf("%.5q: deadlines %v", c.body, w.set)
		}
	}
}
