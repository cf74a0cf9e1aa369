package classtest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/lexicon"
	"github.com/switchgear-dev/switchgear/provider"
)

// refusals are the labelled answers whose body is JSON under a bad status.
func refusals(t testing.TB) []*entry {
	t.Helper()
	var all []*entry
	for _, e := range entries(t) {
		if e.status >= 400 && json.Valid([]byte(e.body)) {
			all = append(all, e)
		}
	}
	if len(all) < 200 {
		t.Fatalf("only %d", len(all))
	}
	return all
}

// retold writes a body anew: members in another order, more members beside
// them, strings replaced.
type retold struct {
	rand   *rand.Rand
	more   bool
	string func(string) string
}

func (r *retold) body(t interface{ Fatal(args ...any) }, body string) string {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	r.write(&b, v, true)
	return b.String()
}

// write writes a value. Open is whether members may be added to it: a list of
// headers is no place for traps.
func (r *retold) write(b *bytes.Buffer, v any, open bool) {
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v)+1)
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		if r.more && open {
			names = append(names, "x_trap")
		}
		r.rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		b.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Quote(name) + ":")
			if name == "x_trap" && r.more {
				b.WriteString(`{"code":"insufficient_quota","message":"maximum context length","error":{"type":"authentication_error"},"status":503}`)
				continue
			}
			r.write(b, v[name], open && name != "headers")
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			r.write(b, e, open)
		}
		b.WriteByte(']')
	default:
		if text, ok := v.(string); ok && r.string != nil {
			v = r.string(text)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		b.Write(raw)
	}
}

// TestOrderOfMembers: in which order a body has its members, and what it has
// beside those that are known, makes no difference.
func TestOrderOfMembers(t *testing.T) {
	all := refusals(t)
	rapid.Check(t, func(t *rapid.T) {
		e := all[rapid.IntRange(0, len(all)-1).Draw(t, "entry")]
		seed := rapid.Uint64().Draw(t, "seed")
		r := retold{rand: rand.New(rand.NewPCG(seed, seed)), more: rapid.Bool().Draw(t, "more")}
		body := r.body(t, e.body)
		want, got := e.dialect.Error(e.status, e.header, []byte(e.body)), e.dialect.Error(e.status, e.header, []byte(body))
		want.Body, got.Body = nil, nil
		want.RetryAfter, got.RetryAfter = want.RetryAfter.Round(1e9), got.RetryAfter.Round(1e9)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s\n%s", e.key, body, diff)
		}
	})
}

// TestNothingLeaks plants a secret in every text of every labelled body.
func TestNothingLeaks(t *testing.T) {
	const secret = "CANARY my secret prompt"
	for _, e := range refusals(t) {
		for i := range 8 { // which of its texts it is put behind
			n := 0
			r := retold{rand: rand.New(rand.NewPCG(1, uint64(i))), string: func(text string) string {
				if n++; i > 0 && n != i {
					return text
				}
				return text + " " + secret
			}}
			got := e.dialect.Error(e.status, e.header, []byte(r.body(t, e.body)))
			if strings.Contains(got.Error(), "CANARY") || strings.Contains(got.Code, " ") {
				t.Errorf("%s: %v", e.key, got)
			}
		}
	}
}

// TestEveryRow: each row of the tables decides what it says, and none stands in
// the shadow of another.
func TestEveryRow(t *testing.T) {
	for name, d := range map[string]provider.Dialect{"openai": openai.New(), "anthropic": anthropic.New()} {
		data, err := os.ReadFile("../dialect/" + name + "/failures.tsv")
		if err != nil {
			t.Fatal(err)
		}
		if table, err := lexicon.Parse(string(data)); err != nil || table.Version < "2026" {
			t.Fatalf("%s: %v", name, err)
		}
		rows := 0
		for line := range strings.SplitSeq(string(data), "\n") {
			cells := strings.Split(line, "\t")
			if strings.HasPrefix(line, "#") || len(cells) < 8 || cells[3] == "-" {
				continue
			}
			rows++
			status, body := example(cells)
			got := d.Error(status, nil, []byte(body))
			if got.Class.String() != cells[3] || (cells[4] != "-" && got.Code != cells[4]) {
				t.Errorf("%s: %s\n%d %s: %v", name, line, status, body, got)
			}
		}
		if rows < 70 {
			t.Errorf("%s: only %d rows", name, rows)
		}
	}
}

// example is the answer that a row is about.
func example(cells []string) (status int, body string) {
	from, _, _ := strings.Cut(cells[1], "-")
	status, err := strconv.Atoi(from)
	switch {
	case err != nil:
		status = http.StatusBadRequest
	case status == 0:
		status = http.StatusOK
	}
	words := strings.TrimLeft(cells[2], "^=")
	member := "message"
	switch cells[0] {
	case "code":
		member = "code"
	case "silent":
		return status, ""
	case "status":
		words = "nothing that is known"
	}
	raw, _ := json.Marshal(map[string]any{"error": map[string]string{member: words}})
	return status, string(raw)
}

// FuzzFailure: whatever comes, the same is made of it twice, it is of a class a
// provider's failure can have, and what is logged of it is ours.
func FuzzFailure(f *testing.F) {
	for _, e := range entries(f) {
		f.Add(e.dialect.Name() == openai.Name, e.status, e.header.Get("Content-Type"), e.header.Get("Retry-After"), []byte(e.body))
	}
	ours := said(f)
	dialects := map[bool]provider.Dialect{true: openai.New(), false: anthropic.New()}
	f.Fuzz(func(t *testing.T, first bool, status int, kind, after string, body []byte) {
		h := http.Header{"Content-Type": {kind}, "Retry-After": {after}, "X-Ratelimit-Remaining-Requests": {after}, "Location": {kind}}
		before := bytes.Clone(body)
		got, again := dialects[first].Error(status, h, body), dialects[first].Error(status, h, body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was written to")
		}
		again.RetryAfter = got.RetryAfter // measured from now
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatal(diff)
		}
		if got.Class < switchgear.ClassInvalid || got.Class > switchgear.ClassInterrupted {
			t.Fatalf("class %s", got.Class)
		}
		if got.Code != "" && !lexicon.Word(got.Code) {
			t.Fatalf("code %q", got.Code)
		}
		if got.Marks.Has(switchgear.MarkUnsure) && got.Class != switchgear.ClassInvalid {
			t.Fatalf("unsure of %s", got.Class)
		}
		if got.Message == "" || !ours[got.Message] {
			t.Fatalf("the message is not one of ours: %q", got.Message)
		}
	})
}

// said are all the messages there are.
func said(t testing.TB) map[string]bool {
	t.Helper()
	ours := map[string]bool{}
	for c := switchgear.ClassUnknown; c <= switchgear.ClassInternal; c++ {
		ours[lexicon.Sentence(c)] = true
	}
	for _, name := range []string{"../dialect/openai/failures.tsv", "../dialect/anthropic/failures.tsv"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(data), "\n") {
			if cells := strings.Split(line, "\t"); len(cells) == 9 {
				ours[cells[8]] = true
			}
		}
	}
	for _, s := range []string{
		"the provider sent an empty answer", "the provider sent an answer that is not JSON", "the provider sent an answer without choices",
		"the answer is empty", "the answer is no valid JSON", "the answer is JSON without content",
		"the provider sends us to a login page: our key is not taken there",
		"the provider redirects to another address, which is never followed: check its base_url",
		"a web page came instead of an answer: something in front of the provider answered in its place, or the base_url is wrong",
		"our key is over a limit that lasts for five minutes or longer",
		"the provider limits our key although its limits have room left: its limiter is broken",
	} {
		ours[s] = true
	}
	return ours
}

// BenchmarkClassify is the cost of a failure: of all labelled ones in turn, and
// of the largest body that is kept.
func BenchmarkClassify(b *testing.B) {
	all := refusals(b)
	b.Run("labelled", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			e := all[i%len(all)]
			e.dialect.Error(e.status, e.header, []byte(e.body))
		}
	})
	b.Run("unknown", func(b *testing.B) { // no row fits: all of them are asked
		body := []byte(`{"error":{"message":"` + strings.Repeat("nothing that is known ", 12) + `","type":"invalid_request_error","param":null,"code":null}}`)
		for b.Loop() {
			openai.New().Error(http.StatusBadRequest, nil, body)
		}
	})
	b.Run("64KiB", func(b *testing.B) {
		body := []byte(`{"error":{"message":"` + strings.Repeat("nothing that is known ", 2970) + `","type":"invalid_request_error","param":null,"code":null}}`)
		for b.Loop() {
			openai.New().Error(http.StatusBadRequest, nil, body)
		}
	})
}
