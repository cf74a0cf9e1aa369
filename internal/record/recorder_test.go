package record

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func settings(t *testing.T) Settings {
	t.Helper()
	return Settings{Folder: filepath.Join(t.TempDir(), "a", "records"), Keep: 14 * 24 * time.Hour, MaxSize: 1 << 30}
}

func opened(t *testing.T, s Settings) *Folder {
	t.Helper()
	f, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.Name() != ".gitignore" {
			out = append(out, e.Name())
		}
	}
	return out
}

// TestEntry holds one line beside the exchange it was made of.
func TestEntry(t *testing.T) {
	x := asked("openai", `{"model":"chat","messages":[{"role":"user","content":"I am ada@mail.example"}],"temperature":0}`)
	x.Start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	x.Duration, x.FirstToken, x.Stream, x.Degraded = 1500*time.Millisecond, 200*time.Millisecond, true, true
	x.Usage.Set(switchgear.UsageInput, 12)
	x.Usage.Set(switchgear.UsageOutput, 3)
	x.Cost = switchgear.Cost{USD: 0.0015, Known: true}
	x.Request.Labels = map[string]string{"tenant": "web"}
	x.Answer.Parts = []switchgear.Part{
		{Kind: switchgear.PartThinking, Text: "She is Ada"},
		{Text: "Hello, ada@mail.example"},
		{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c1", Name: "mail", Arguments: `{"to": "ada@mail.example", "n": 1.0}`}},
	}
	line, err := redactor(t).entry(x).line()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-11-30T12:00:00Z","route":"chat","target":"p/m","dialect":"openai",` +
		`"body":{"messages":[{"role":"user","content":"I am [email-1]"}],"temperature":0},` +
		`"answer":{"text":"Hello, [email-1]","calls":[{"name":"mail","arguments":{"to":"[email-1]","n":1.0}}],"finish":"stop"},` +
		`"usage":{"input":12,"output":3},"cost_usd":0.0015,"latency_ms":1500,"first_token_ms":200,"stream":true,"degraded":true,` +
		`"labels":{"tenant":"web"},"redacted":{"email":3}}` + "\n"
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Error(diff)
	}
}

func TestModes(t *testing.T) {
	s := settings(t)
	r := New(nil)
	r.Use(opened(t, s), redactor(t))
	r.Record(asked("openai", `{"messages":[]}`))
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := files(t, s.Folder)
	if len(names) != 1 {
		t.Fatal(names)
	}
	if text, err := os.ReadFile(filepath.Join(s.Folder, ".gitignore")); err != nil || string(text) != "*\n" {
		t.Errorf("%q %v", text, err)
	}
	for path, want := range map[string]fs.FileMode{filepath.Join(s.Folder, ".gitignore"): 0o600, s.Folder: 0o700, filepath.Dir(s.Folder): 0o700, filepath.Join(s.Folder, names[0]): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestFoldersThatAreNotFit(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"others may enter": func(dir string) error { return os.MkdirAll(dir, 0o750) },
		"a link":           func(dir string) error { return os.Symlink(".", dir) },
		"a file":           func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s := Settings{Folder: filepath.Join(t.TempDir(), "records"), Keep: time.Hour, MaxSize: 1 << 20}
			if err := prepare(s.Folder); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(s); err == nil || !strings.Contains(err.Error(), "record.folder") {
				t.Error(err)
			}
		})
	}
	s := settings(t)
	s.Owned = func(fs.FileInfo) bool { return false }
	if _, err := Open(s); err == nil || !strings.Contains(err.Error(), "must be a folder of yours") {
		t.Error("somebody else's folder:", err)
	}
}

// TestRetention plays a month: nothing is ever older than it may be, and what is
// not is there.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t)
		r := New(func(line string) { t.Error(line) })
		r.Use(opened(t, s), redactor(t))
		if err := os.WriteFile(filepath.Join(s.Folder, "notes.txt"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for hour := range 30 * 24 {
			r.Record(asked("openai", `{"messages":[]}`))
			time.Sleep(time.Hour)
			synctest.Wait()
			oldest, n := time.Now(), 0
			if _, err := Read(s.Folder, time.Time{}, func(e *Entry) { n++; oldest = earlier(oldest, e.Time) }); err != nil {
				t.Fatal(err)
			}
			if age := time.Since(oldest); age > s.Keep {
				t.Fatalf("after %d hours there is a record of %v ago", hour, age)
			}
			if hour > 14*24 && n < 12*24 {
				t.Fatalf("after %d hours there are only %d records", hour, n)
			}
		}
		time.Sleep(15 * 24 * time.Hour) // nobody asks anything
		synctest.Wait()
		if got := files(t, s.Folder); len(got) != 1 || got[0] != "notes.txt" {
			t.Errorf("left: %v", got)
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// TestRetentionAtStart sweeps what an earlier process has left, even while
// nothing is kept any more.
func TestRetentionAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings(t)
		f := opened(t, s)
		if err := f.write([]byte("{}\n"), time.Now()); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		time.Sleep(13 * 24 * time.Hour)
		r := New(nil)
		left, err := OpenIfThere(s)
		if err != nil || len(files(t, s.Folder)) != 1 {
			t.Fatal(err, files(t, s.Folder))
		}
		r.Use(left, nil)
		r.Record(asked("openai", `{"messages":[]}`))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if got := files(t, s.Folder); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if f, err := OpenIfThere(settings(t)); f != nil || err != nil {
		t.Error(f, err)
	}
}

// TestSize keeps a folder within its size, and the newest records.
func TestSize(t *testing.T) {
	s := settings(t)
	s.MaxSize = 1 << 20
	r := New(func(line string) { t.Error(line) })
	r.Use(opened(t, s), redactor(t))
	body := `{"messages":[{"content":"` + strings.Repeat("word ", 10_000) + `"}],"n":`
	for i := range 100 {
		encoded, _ := json.Marshal(i)
		for r.bytes.Load() > 1<<20 {
			time.Sleep(time.Millisecond) // the writer is behind
		}
		r.Record(asked("openai", body+string(encoded)+"}"))
	}
	r.Record(asked("openai", `{"messages":[{"content":"`+strings.Repeat("word ", 100_000)+`"}]}`))
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, name := range files(t, s.Folder) {
		info, err := os.Stat(filepath.Join(s.Folder, name))
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	last := ""
	if _, err := Read(s.Folder, time.Time{}, func(e *Entry) { last = string(e.Body[len(e.Body)-7:]) }); err != nil {
		t.Fatal(err)
	}
	if total > s.MaxSize || total < s.MaxSize/2 || last != `,"n":99}`[1:] {
		t.Errorf("%d bytes are left, the last record ends with %s", total, last)
	}
	if n := r.Counts(); n[Written] != 100 || n[TooLarge] != 1 {
		t.Errorf("%v", n)
	}
}

// TestNeverBlocks fills the queue while the writer cannot write.
func TestNeverBlocks(t *testing.T) {
	r := New(nil)
	r.Use(opened(t, settings(t)), redactor(t))
	r.mu.Lock() // the disk hangs
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 100 {
					r.Record(asked("openai", `{"messages":[]}`))
				}
			})
		}
		all.Wait()
		huge := asked("openai", `"`+strings.Repeat("x", maxBytes)+`"`)
		r.Record(huge)
	}()
	<-done // a call that blocked would hang here
	n := r.Counts()
	if n[Dropped] < 800-maxWaiting-1 || n[TooLarge] != 1 {
		t.Errorf("%v", n)
	}
	r.mu.Unlock()
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.Counts(); n[Written]+n[Dropped] != 800 {
		t.Errorf("%v", n)
	}
}

// TestQueueIsBoundInBytes drops what is too much to hold in memory, however few
// requests it is.
func TestQueueIsBoundInBytes(t *testing.T) {
	r := New(nil)
	r.Use(opened(t, settings(t)), redactor(t))
	r.mu.Lock()
	body := `{"messages":"` + strings.Repeat("x", 7<<20) + `"}`
	for range 12 {
		r.Record(asked("openai", body))
	}
	if n := r.Counts()[Dropped]; n < 2 || n > 4 {
		t.Errorf("%d were dropped", n)
	}
	r.mu.Unlock()
	r.Use(nil, nil) // nothing of it is to be written
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOffWritesNothing(t *testing.T) {
	s := settings(t)
	r := New(nil)
	r.Record(asked("openai", `{"messages":[]}`))
	r.Use(opened(t, s), redactor(t))
	r.Use(nil, nil)
	r.Record(asked("openai", `{"messages":[]}`))
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := files(t, s.Folder); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestDiskFails says it once, counts, and goes on when the disk does.
func TestDiskFails(t *testing.T) {
	var said []string
	r := New(func(line string) { said = append(said, line) })
	f := opened(t, settings(t))
	r.account(f.write([]byte("{}\n"), time.Now()))
	_ = f.file.Close()
	r.account(f.write([]byte("{}\n"), time.Now()))
	r.account(f.write([]byte("{}\n"), time.Now()))
	f.shut()
	r.account(f.write([]byte("{}\n"), time.Now()))
	if n := r.Counts(); n[Written] != 2 || n[Failed] != 2 {
		t.Errorf("%v", n)
	}
	if len(said) != 2 || !strings.HasPrefix(said[0], "records cannot be written: ") || said[1] != "records are written again" {
		t.Errorf("%q", said)
	}
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestReadsPastACutLine reads what a killed process has left.
func TestReadsPastACutLine(t *testing.T) {
	s := settings(t)
	f := opened(t, s)
	line, err := redactor(t).entry(asked("openai", `{"messages":[]}`)).line()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{line, line[:len(line)/2], []byte("\n"), line, line[:20]} {
		if err := f.write(text, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	unread, err := Read(s.Folder, time.Time{}, func(*Entry) { n++ })
	if err != nil || n != 2 || unread != 2 {
		t.Errorf("%d read, %d not, %v", n, unread, err)
	}
}
