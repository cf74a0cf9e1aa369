package route

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

const (
	unknown  = switchgear.TierUnknown
	small    = switchgear.TierSmall
	mid      = switchgear.TierMid
	frontier = switchgear.TierFrontier

	low    = switchgear.StakesLow
	normal = switchgear.StakesNormal
	high   = switchgear.StakesHigh
)

// step makes a step from "name:family".
func step(name string, tier switchgear.Tier) Step {
	name, family, _ := strings.Cut(name, ":")
	return Step{Step: failover.Step{Target: switchgear.Target{Provider: name, Model: "m"}}, Tier: tier, Family: family}
}

// say is a plan in one line: who may serve, degraded ones marked, then who may
// not.
func say(p *failover.Plan) string {
	var b strings.Builder
	for i := range p.Steps {
		fmt.Fprintf(&b, "%d%s", p.Steps[i].Number, p.Steps[i].Target.Provider)
		if p.Steps[i].Degraded {
			b.WriteString("*")
		}
		b.WriteString(" ")
	}
	for _, x := range p.Excluded {
		fmt.Fprintf(&b, "-%d%s ", x.Number, x.Target.Provider)
	}
	return strings.TrimSpace(b.String())
}

func TestFloors(t *testing.T) {
	chain := []Step{step("opus:opus", frontier), step("aws:opus", unknown), step("sonnet", mid), step("odd", unknown), step("haiku", small)}
	for name, c := range map[string]struct {
		steps  []Step
		stakes switchgear.Stakes
		floor  switchgear.Tier
		asked  switchgear.Stakes
		want   string
	}{
		"low, the whole chain":                {chain, low, unknown, 0, "1opus 2aws 3sonnet* 4odd 5haiku*"},
		"low, a floor changes nothing":        {chain, low, frontier, 0, "1opus 2aws 3sonnet* 4odd 5haiku*"},
		"unset is normal, no floor":           {chain, 0, unknown, 0, "1opus 2aws 3sonnet* 4odd 5haiku*"},
		"unset is normal, with a floor":       {chain, 0, mid, 0, "1opus 2aws 3sonnet* -4odd -5haiku"},
		"normal down to small":                {chain, normal, small, 0, "1opus 2aws 3sonnet* 5haiku* -4odd"},
		"high, the first step's tier":         {chain, high, unknown, 0, "1opus 2aws -3sonnet -4odd -5haiku"},
		"high, its own floor":                 {chain, high, mid, 0, "1opus 2aws 3sonnet* -4odd -5haiku"},
		"raised by the request":               {chain, low, unknown, high, "1opus 2aws -3sonnet -4odd -5haiku"},
		"raised to normal":                    {chain, low, mid, normal, "1opus 2aws 3sonnet* -4odd -5haiku"},
		"not lowered by the request":          {chain, high, unknown, low, "1opus 2aws -3sonnet -4odd -5haiku"},
		"beyond what there is":                {chain, low, unknown, 99, "1opus 2aws -3sonnet -4odd -5haiku"},
		"first unknown, only its own model":   {[]Step{step("x:f", unknown), step("y:f", unknown), step("z", frontier)}, high, unknown, 0, "1x 2y -3z"},
		"first unknown, nothing to be under":  {[]Step{step("x", unknown), step("y", small)}, normal, unknown, 0, "1x 2y"},
		"a first step under its own floor":    {[]Step{step("x", small), step("y", mid)}, normal, mid, 0, "2y -1x"},
		"better than the first is not worse":  {[]Step{step("x", small), step("y", mid)}, high, unknown, 0, "1x 2y"},
		"no family is no model":               {[]Step{step("x", unknown), step("y", unknown)}, high, unknown, 0, "1x -2y"},
		"the first target twice, other lever": {[]Step{step("x", unknown), step("x", unknown)}, high, unknown, 0, "1x 2x"},
		"an empty chain":                      {nil, high, unknown, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := New([]Spec{{Name: "r", Steps: c.steps, Stakes: c.stakes, Floor: c.floor}}).Lookup("r")
			plan := r.Plan(&Query{Stakes: c.asked})
			if got := say(plan); got != c.want {
				t.Errorf("plan %q, want %q", got, c.want)
			}
			if plan.Length != len(c.steps) || plan.Route != "r" {
				t.Errorf("%+v", plan)
			}
			for _, x := range plan.Excluded {
				if x.Code != switchgear.CodeFloorRefused {
					t.Errorf("%+v", x)
				}
			}
		})
	}
}

func TestReasons(t *testing.T) {
	r, _ := New([]Spec{{Name: "r", Stakes: high, Steps: []Step{step("a", frontier), step("b", small), step("c", unknown)}}}).Lookup("r")
	var got []string
	for _, x := range r.Plan(&Query{}).Excluded {
		got = append(got, x.Reason)
	}
	if diff := cmp.Diff([]string{"tier small is under floor frontier", "its tier is unknown, the floor is frontier"}, got); diff != "" {
		t.Error(diff)
	}
	r, _ = New([]Spec{{Name: "r", Stakes: high, Steps: []Step{step("a", unknown), step("b", small)}}}).Lookup("r")
	if got := r.Plan(&Query{}).Excluded[0].Reason; got != "not known to be the model of a/m, whose tier is unknown" {
		t.Error(got)
	}
}

func TestRules(t *testing.T) {
	yes := true
	spec := Spec{
		Name: "r", Stakes: low, Steps: []Step{step("base", frontier)},
		Rules: []Rule{
			{Match{InputTokens: Compare{">", 1000}, Stream: &yes}, []Step{step("long-stream", frontier)}},
			{Match{InputTokens: Compare{">", 1000}}, []Step{step("long", frontier)}},
			{Match{Labels: map[string][]string{"plan": {"gold", "silver"}, "task": {"x"}}}, []Step{step("paid", mid), step("cheap", small)}},
		},
	}
	r, _ := New([]Spec{spec}).Lookup("r")
	for name, c := range map[string]struct {
		q    Query
		want string
	}{
		"none":                    {Query{InputTokens: 1000}, "1base"},
		"first match wins":        {Query{InputTokens: 1001, Stream: true}, "1long-stream"},
		"second":                  {Query{InputTokens: 1001}, "1long"},
		"labels":                  {Query{Labels: map[string]string{"plan": "silver", "task": "x"}}, "1paid 2cheap*"},
		"all labels must fit":     {Query{Labels: map[string]string{"plan": "silver", "task": "y"}}, "1base"},
		"an absent label":         {Query{Labels: map[string]string{"plan": "silver"}}, "1base"},
		"floors hold in rules":    {Query{Stakes: high, Labels: map[string]string{"plan": "gold", "task": "x"}}, "-1paid -2cheap"},
		"rule over labels":        {Query{InputTokens: 5000, Labels: map[string]string{"plan": "gold", "task": "x"}}, "1long"},
		"high stakes, same model": {Query{Stakes: high, InputTokens: 5000}, "1long"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := say(r.Plan(&c.q)); got != c.want {
				t.Errorf("plan %q, want %q", got, c.want)
			}
		})
	}
	if n := len(r.Plans()); n != 4*3*2 {
		t.Errorf("%d plans", n)
	}
}

func TestNoFallbackPlan(t *testing.T) {
	base := failover.Plan{Config: "g7", Attempts: 4, Commit: failover.CommitWhole, Timeout: failover.Timeout{Total: time.Minute}}
	r, _ := New([]Spec{{Name: "r", Base: base, Steps: []Step{step("a", mid), step("b", mid)}}}).Lookup("r")
	p, q := r.Plan(&Query{NoFallback: true}), r.Plan(&Query{})
	if !p.NoFallback || q.NoFallback || say(p) != "1a 2b" || p.Config != "g7" || p.Attempts != 4 || p.Commit != failover.CommitWhole || p.Stakes != normal {
		t.Errorf("%+v", p)
	}
	if q != r.Plan(&Query{InputTokens: 5, Stream: true}) {
		t.Error("the same question has two plans")
	}
}

func TestLookup(t *testing.T) {
	table := New([]Spec{{Name: "chat", Aliases: []string{"claude-chat", "reason"}}, {Name: "reason", Aliases: []string{"chat", "claude-chat"}}})
	for name, want := range map[string]string{"chat": "chat", "reason": "reason", "claude-chat": "chat", "Chat": "", "": ""} {
		r, ok := table.Lookup(name)
		if ok != (want != "") || (ok && r.Name() != want) {
			t.Errorf("%q is %v", name, r)
		}
	}
	routes := table.Routes()
	if len(routes) != 2 || routes[0].Name() != "chat" || routes[1].Name() != "reason" || routes[0].Aliases()[0] != "claude-chat" || routes[0].Stakes() != normal {
		t.Errorf("%v", routes)
	}
}

func TestNearest(t *testing.T) {
	table := New([]Spec{{Name: "chat", Aliases: []string{"claude-chat"}}, {Name: "reason"}, {Name: "classify"}, {Name: "embed"}, {Name: "char"}})
	for name, want := range map[string]string{
		"chta": "chat,char", "Reason": "reason", "reasons": "reason", "claude-caht": "claude-chat", "class": "classify",
		"gpt-9-ultra": "", "": "", strings.Repeat("chat", 1000): "", "embedd": "embed",
	} {
		if got := strings.Join(table.Nearest(name), ","); got != want {
			t.Errorf("%.20q: %s, want %s", name, got, want)
		}
	}
}

func TestParseCompare(t *testing.T) {
	for text, want := range map[string]string{
		">150000": "149999:false 150000:false 150001:true", ">= 150_000": "149999:false 150000:true 150001:true",
		"<150000": "149999:true 150000:false 150001:false", "<=150000": "149999:true 150000:true 150001:false",
		"==150000": "149999:false 150000:true 150001:false",
	} {
		c, err := ParseCompare(text)
		got := fmt.Sprintf("149999:%t 150000:%t 150001:%t", c.Holds(149999), c.Holds(150000), c.Holds(150001))
		if err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "150000", ">", ">many", ">-5", "=>5", ">1.5", ">99999999999999999999"} {
		if c, err := ParseCompare(text); err == nil || !strings.Contains(err.Error(), "write, say, ") {
			t.Errorf("%q is %v, %v", text, c, err)
		}
	}
	if !(Compare{}).Holds(-1) || (Compare{Op: "~"}).Holds(1) {
		t.Error("the zero comparison holds always, an unknown one never")
	}
}

func TestMatchWords(t *testing.T) {
	no := false
	m := Match{InputTokens: Compare{">", 5}, Labels: map[string][]string{"b": {"x"}, "a": {"y", "z"}}, Stream: &no}
	if got := m.String(); got != "input_tokens > 5 and label a is y or z and label b is x and not streamed" {
		t.Error(got)
	}
	if got := (&Match{}).String(); got != "always" {
		t.Error(got)
	}
}

type perToken struct{}

func (perToken) Cost(u *switchgear.Usage, at time.Time) switchgear.Cost {
	return switchgear.Cost{USD: float64(u.Input)*2 + float64(u.Output)*3, Known: u.Has(switchgear.UsageInput | switchgear.UsageOutput), AsOf: at.Format(time.DateOnly)}
}

func TestExplain(t *testing.T) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	steps := []Step{step("a", frontier), step("b", small), step("c", frontier), step("d", frontier)}
	for i := range steps {
		steps[i].Retry = failover.Retry{Attempts: 2, Cap: 2 * time.Second, WaitHint: 2500 * time.Millisecond}
	}
	steps[0].Price = perToken{}
	base := failover.Plan{Timeout: failover.Timeout{FirstToken: 3 * time.Second, Total: 12 * time.Second}}
	r, _ := New([]Spec{{Name: "r", Base: base, Stakes: high, Steps: steps, Rules: []Rule{{Match{InputTokens: Compare{">", 99}}, steps[2:]}}}}).Lookup("r")
	got := r.Explain(&Query{InputTokens: 10, Stream: true}, 5, day)
	target := func(name string) switchgear.Target { return switchgear.Target{Provider: name, Model: "m"} }
	want := &Explanation{
		Route: "r", Stakes: high, Floor: frontier, Worst: 12 * time.Second,
		Lines: []Line{
			{Number: 1, Target: target("a"), Tier: frontier, Serves: true, Cost: switchgear.Cost{USD: 35, Known: true, AsOf: "2026-11-22"}},
			{Number: 2, Target: target("b"), Tier: small, Reason: "tier small is under floor frontier", Degraded: true, Latest: -1},
			{Number: 3, Target: target("c"), Tier: frontier, Serves: true, Latest: 8500 * time.Millisecond},
			{Number: 4, Target: target("d"), Tier: frontier, Serves: true, Latest: -1}, // 17 s is past the deadline
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = r.Explain(&Query{InputTokens: 100, NoFallback: true}, 5, day)
	if got.Rule != 1 || got.When != "input_tokens > 99" || len(got.Lines) != 2 || got.Lines[1].Serves || got.Lines[1].Reason != "no fallback was asked for" {
		t.Errorf("%+v", got)
	}
	got = r.Explain(&Query{}, 5, day)
	if got.Lines[3].Latest != 8*time.Second { // the third of three even shares
		t.Errorf("%+v", got.Lines[3])
	}
}

func TestEstimate(t *testing.T) {
	if Estimate(600_000) != 150_000 || Estimate(0) != 0 {
		t.Error(Estimate(600_000))
	}
}

func query() (*Table, *Query) {
	table := New([]Spec{{
		Name: "chat", Stakes: normal, Floor: mid, Steps: []Step{step("a", mid), step("b", small)},
		Rules: []Rule{
			{Match{InputTokens: Compare{">", 100_000}}, []Step{step("c", mid)}},
			{Match{Labels: map[string][]string{"plan": {"gold"}}}, []Step{step("d", mid)}},
		},
	}})
	return table, &Query{InputTokens: 128, Labels: map[string]string{"plan": "silver"}, Stream: true}
}

func TestNoAllocation(t *testing.T) {
	table, q := query()
	if n := testing.AllocsPerRun(100, func() {
		r, _ := table.Lookup("chat")
		r.Plan(q)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPlan(b *testing.B) {
	table, q := query()
	b.ReportAllocs()
	for b.Loop() {
		r, _ := table.Lookup("chat")
		r.Plan(q)
	}
}
