package pricing

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/catalog"
)

func day(s string) time.Time {
	d, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return d
}

var autumn = day("2026-11-22T12:00:00Z")

func used(in, out, read, write, hour int64) *switchgear.Usage {
	u := &switchgear.Usage{}
	u.Set(switchgear.UsageInput, in)
	u.Set(switchgear.UsageOutput, out)
	u.Set(switchgear.UsageCacheRead, read)
	u.Set(switchgear.UsageCacheWrite, write)
	u.Set(switchgear.UsageCacheWriteHour, hour)
	return u
}

func TestLookup(t *testing.T) {
	f := func(kind, model, at, want string) {
		t.Helper()
		p, ok := Lookup(kind, model, day(at))
		got := ""
		if ok {
			r, _ := p.Rates(0, day(at))
			got = r.String()
		}
		if got != want {
			t.Errorf("%s/%s at %s costs %q, want %q", kind, model, at, got, want)
		}
	}
	now := "2026-11-22T12:00:00Z"
	f("anthropic", "claude-haiku-4-5", now, "1/5")
	f("anthropic", "claude-opus-4-8", now, "5/25")
	f("openai", "gpt-5.4-mini", now, "0.75/4.5")
	f("gemini", "gemini-3.5-flash", now, "1.5/9")
	// A price is that of the request's date, to the second.
	f("anthropic", "claude-sonnet-5", "2026-08-31T23:59:59Z", "2/10")
	f("anthropic", "claude-sonnet-5", "2026-09-01T00:00:00Z", "3/15")
	f("anthropic", "claude-sonnet-5", "2026-09-01T01:00:00+02:00", "2/10")
	f("openai", "gpt-5.6-terra", "2026-07-29T12:00:00Z", "2.5/15")
	f("openai", "gpt-5.6-terra", now, "2/12")
	f("openai", "gpt-5.6-luna", "2026-07-29T12:00:00Z", "1/6")
	f("openai", "gpt-5.6-luna", now, "0.2/1.2")
	// Where the maker has moved since the host was last seen, nothing is known.
	f("bedrock", "us.anthropic.claude-sonnet-5", "2026-08-31T12:00:00Z", "2/10")
	f("bedrock", "us.anthropic.claude-sonnet-5", now, "")
	// Regions have prices of their own.
	f("bedrock", "us.anthropic.claude-opus-4-8-v1:0", now, "5/25")
	f("bedrock", "eu.anthropic.claude-opus-4-8-v1:0", now, "5.5/27.5")
	f("bedrock", "ca.anthropic.claude-opus-4-8-v1:0", now, "") // regions differ: which one is it?
	f("bedrock", "ca.anthropic.claude-opus-4-1-v1:0", now, "15/75")
	f("vertex", "claude-haiku-4-5", now, "1/5")
	// Names with dates, versions and paths.
	f("anthropic", "claude-haiku-4-5-20251001", now, "1/5")
	f("anthropic", "claude-sonnet-4-20250514", now, "3/15")
	f("gemini", "models/gemini-2.5-pro", now, "1.25/10")
	// Unknown is unknown.
	f("openai", "claude-opus-4-8", now, "")
	f("openai", "gpt-99", now, "")
	f("openai", "", now, "")
	f("", "gpt-5.4", now, "")
	f("azure", "model-router", now, "") // its output is billed through other models
}

func TestCost(t *testing.T) {
	f := func(kind, model string, u *switchgear.Usage, millionths float64) {
		t.Helper()
		p, _ := Lookup(kind, model, autumn)
		got := p.Cost(u, autumn)
		if millionths < 0 {
			if got != (switchgear.Cost{}) {
				t.Errorf("%s/%s: %+v, want unknown", kind, model, got)
			}
			return
		}
		if !got.Known || math.Abs(got.USD*1e6-millionths) > 1e-6 || got.AsOf == "" {
			t.Errorf("%s/%s: %+v, want %v millionths", kind, model, got, millionths)
		}
	}
	const unknown = -1
	f("anthropic", "claude-sonnet-5", used(1000, 100, 0, 0, 0), 4500)
	// Each token is billed once.
	f("anthropic", "claude-sonnet-5", used(1000, 100, 600, 300, 100), 100*3+600*0.3+200*3.75+100*6+1500)
	f("anthropic", "claude-sonnet-5", used(1000, 0, 1000, 0, 0), 300)
	// Long requests cost more, all of them.
	f("openai", "gpt-5.5", used(272_000, 0, 0, 0, 0), 272_000*5)
	f("openai", "gpt-5.5", used(272_001, 10, 1, 0, 0), 272_000*10+1+450)
	// Nothing used costs nothing, and that is known.
	f("anthropic", "claude-sonnet-5", used(0, 0, 0, 0, 0), 0)
	// Counts that are missing.
	f("anthropic", "claude-sonnet-5", &switchgear.Usage{}, unknown)
	f("anthropic", "claude-sonnet-5", &switchgear.Usage{Input: 5, Output: 5, Known: switchgear.UsageInput}, unknown)
	f("anthropic", "claude-sonnet-5", &switchgear.Usage{Input: 5, Output: 5, Known: switchgear.UsageOutput}, unknown)
	f("anthropic", "claude-sonnet-5", &switchgear.Usage{Input: 5, Output: 5, Known: switchgear.UsageInput | switchgear.UsageOutput}, 90)
	f("openai", "text-embedding-3-small", &switchgear.Usage{Input: 50, Known: switchgear.UsageInput}, 1)
	// Counts that contradict each other.
	f("anthropic", "claude-sonnet-5", used(10, 5, 11, 0, 0), unknown)
	f("anthropic", "claude-sonnet-5", used(10, 5, 6, 5, 0), unknown)
	f("anthropic", "claude-sonnet-5", used(10, 5, 0, 5, 6), unknown)
	f("anthropic", "claude-sonnet-5", used(10, -1, 0, 0, 0), unknown)
	f("anthropic", "claude-sonnet-5", used(10, 1, -1, 0, 0), unknown)
	f("anthropic", "claude-sonnet-5", used(-1, 1, 0, 0, 0), unknown)
	f("anthropic", "claude-sonnet-5", used(10, 1, math.MaxInt64, math.MaxInt64, 0), unknown)
	// Tokens at a rate nobody stated.
	f("mistral", "mistral-large-latest", used(10, 1, 5, 0, 0), unknown)
	f("openai", "gpt-5.5", used(10, 1, 0, 5, 0), unknown)
	f("openai", "gpt-5.6-sol", used(10, 1, 0, 5, 5), unknown)
	// A price nobody stated.
	f("openai", "gpt-99", used(10, 1, 0, 0, 0), unknown)
}

func TestFixed(t *testing.T) {
	f := func(in, out float64, kind, model string, u *switchgear.Usage, millionths float64) {
		t.Helper()
		like, _ := Lookup(kind, model, autumn)
		p := Fixed(in, out, &like, autumn)
		got := p.Cost(u, day("2031-01-01T00:00:00Z"))
		if got.Known != (millionths >= 0) || (got.Known && math.Abs(got.USD*1e6-millionths) > 1e-6) || got.AsOf != "" {
			t.Errorf("%v/%v over %s/%s: %+v, want %v millionths", in, out, kind, model, got, millionths)
		}
	}
	f(1, 2, "", "", used(10, 10, 0, 0, 0), 30)
	f(1, 2, "", "", used(10, 10, 5, 0, 0), -1)                       // nobody said what its cache costs
	f(1, 2, "openai", "gpt-5.5", used(300_000, 0, 0, 0, 0), 300_000) // long requests too
	f(6, 30, "anthropic", "claude-sonnet-5", used(40, 1, 10, 20, 10), 10*6+10*0.6+10*7.5+10*12+30)
	f(0, 0, "", "", used(40, 1, 10, 20, 10), 0)                         // free, and said so
	f(0, 0, "anthropic", "claude-sonnet-5", used(40, 1, 10, 20, 10), 0) //
	f(0.02, 0, "", "", &switchgear.Usage{Input: 50, Known: switchgear.UsageInput}, 1)

	alone := Fixed(3, 15, nil, autumn)
	if r, ok := alone.Rates(0, autumn); !ok || r.String() != "3/15" || !alone.Cost(used(1, 1, 0, 0, 0), autumn).Known {
		t.Errorf("a price of its own is %v, %v", r, ok)
	}
}

// TestCostProperties checks what must hold for every price and usage.
func TestCostProperties(t *testing.T) {
	rows := catalog.Rows()
	rapid.Check(t, func(t *rapid.T) {
		row := rows[rapid.IntRange(0, len(rows)-1).Draw(t, "row")]
		at := autumn.AddDate(0, 0, -rapid.IntRange(0, 400).Draw(t, "days"))
		p, ok := Lookup(row.Host, row.ID, at)
		count := rapid.Int64Range(0, 2_000_000)
		fresh, read, write, out := count.Draw(t, "fresh"), count.Draw(t, "read"), count.Draw(t, "write"), count.Draw(t, "out")
		cost := p.Cost(used(fresh+read+write, out, read, write, 0), at)
		if cost.Known && !ok {
			t.Fatal("a cost is known and the price is not")
		}
		if !cost.Known {
			if cost != (switchgear.Cost{}) {
				t.Fatalf("unknown, yet %+v", cost)
			}
			return
		}
		rates, _ := p.Rates(fresh+read+write, at)
		dearest := max(rates.Input, rates.CacheRead, rates.CacheWrite)
		most := (float64(fresh+read+write)*dearest + float64(out)*rates.Output) / 1e6
		if cost.USD < 0 || cost.USD > most*(1+1e-12) {
			t.Fatalf("%v is not between 0 and %v", cost.USD, most)
		}
		if cost.USD == 0 && fresh+read+write > 0 {
			t.Fatal("tokens were read for nothing")
		}
		more := p.Cost(used(fresh+read+write, out+1, read, write, 0), at)
		if more.USD < cost.USD {
			t.Fatal("more output costs less")
		}
	})
}

func TestCostAllocatesNothing(t *testing.T) {
	p, _ := Lookup("openai", "gpt-5.6-luna", autumn)
	u := used(300_000, 100, 50, 0, 0)
	if n := testing.AllocsPerRun(100, func() { p.Cost(u, autumn) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCost(b *testing.B) {
	p, _ := Lookup("openai", "gpt-5.6-luna", autumn)
	u := used(300_000, 100, 50, 0, 0)
	b.ReportAllocs()
	for b.Loop() {
		p.Cost(u, autumn)
	}
}
