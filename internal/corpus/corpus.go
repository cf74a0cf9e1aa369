// Package corpus gives tests the recorded provider traffic that stands beside
// the project: SWITCHGEAR_SHARED names the folder, else ../shared beside the
// checkout. It is for tests only.
package corpus

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Record is one recorded exchange. Its fields are named as in the recordings.
type Record struct {
	ID              string            `json:"id"`
	Provider        string            `json:"provider"`
	API             string            `json:"api"`
	Host            string            `json:"host"`
	Path            string            `json:"path"`
	Model           string            `json:"model"`
	RequestHeaders  map[string]string `json:"request_headers"`
	RequestBody     json.RawMessage   `json:"request_body"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]string `json:"response_headers"`
	ResponseBody    json.RawMessage   `json:"response_body"`
	ResponseText    string            `json:"response_text"`
	Stream          bool              `json:"stream"`
	Features        []string          `json:"features"`
	Fidelity        string            `json:"fidelity"`
	RequestMissing  bool              `json:"request_missing"`
	Suspect         any               `json:"suspect"`
	File            string            `json:"-"`
}

// Has reports whether the record is tagged with a feature.
func (r *Record) Has(feature string) bool {
	return slices.Contains(r.Features, feature)
}

// Dir is the shared folder, and whether it is there.
func Dir() (string, bool) {
	dir := os.Getenv("SWITCHGEAR_SHARED")
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	info, err := os.Stat(filepath.Join(dir, "corpus"))
	return dir, err == nil && info.IsDir()
}

// TB is the part of testing.TB that is used here.
type TB interface {
	Helper()
	Fatal(args ...any)
	Skip(args ...any)
}

// Load reads every record of the files whose name matches one of the patterns
// ("*-chat.jsonl"). Without the folder the test is skipped, and says so.
func Load(t TB, patterns ...string) []*Record {
	t.Helper()
	dir, ok := Dir()
	if !ok {
		t.Skip("no recorded traffic at " + dir + ": set SWITCHGEAR_SHARED to run this test")
	}
	var records []*Record
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(dir, "corpus", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			records = append(records, read(t, file)...)
		}
	}
	if len(records) == 0 {
		t.Fatal("no record matches " + strings.Join(patterns, ", "))
	}
	return records
}

func read(t TB, file string) []*Record {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 1<<16), 4<<20) // the longest line is about 350 KB
	var records []*Record
	for lines.Scan() {
		r := &Record{File: filepath.Base(file)}
		if err := json.Unmarshal(lines.Bytes(), r); err != nil {
			t.Fatal(file, err)
		}
		records = append(records, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(file, err)
	}
	return records
}
