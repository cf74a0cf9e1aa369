package swap

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// gate says the same of every step, and remembers what it was asked.
type gate struct {
	proof Proof
	asked []string
}

func (g *gate) Proof(after *config.Config, at Place, _ string) Proof {
	s, _, err := at.find(after)
	if err == nil {
		g.asked = append(g.asked, at.Path()+" "+s.Target.String())
	}
	return g.proof
}

// house is a house with prices, facts and findings of its own: a model whose
// name holds "bad" has an error, one with "odd" a warning.
func house(proof Proof) *House {
	return &House{
		Check: func(c *config.Config) []config.Finding {
			var out []config.Finding
			for i := range c.Routes {
				for k := range c.Routes[i].Chain {
					s := &c.Routes[i].Chain[k]
					f := config.Finding{Path: (Place{Route: c.Routes[i].Name, Step: k + 1}).Path(), Pos: s.Pos, Message: s.Target.String() + " is odd"}
					switch {
					case strings.Contains(s.Target.Model, "bad"):
						out = append(out, f)
					case strings.Contains(s.Target.Model, "odd"):
						f.Severity = config.Warning
						out = append(out, f)
					}
				}
			}
			return out
		},
		Price: func(_ *config.Config, s *config.Step, u *switchgear.Usage) switchgear.Cost {
			if strings.Contains(s.Target.Model, "free-for-all") {
				return switchgear.Cost{}
			}
			return switchgear.Cost{USD: float64(len(s.Target.Model)) * float64(u.Input+2*u.Output) / 1e6, Known: true, AsOf: "2026-01-0" + s.Target.Model[:1]}
		},
		Facts: func(_ *config.Config, s *config.Step) Facts {
			if strings.HasPrefix(s.Target.Model, "2") {
				return Facts{Tier: switchgear.TierSmall, Context: 1000, MaxOutput: 100, Retires: "2027-01-01"}
			}
			return Facts{Tier: switchgear.TierFrontier, Context: 2000}
		},
		Gate: &gate{proof: proof},
	}
}

const small = `version: 1
providers: {sim: {kind: sim}}
routes:
  chat: {chain: [sim/1aaa, sim/1odd], single_point: ok, stakes: high}
`

func now() time.Time { return time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC) }

func TestMake(t *testing.T) {
	h := house(Proof{Status: StatusProven, Sentence: "run r1"})
	p, err := Make(file(small), &Wish{Place: Place{Route: "chat", Step: 1}, To: "sim/2oddity", Usage: Usage{Input: 1000, Output: 500}, Calls: 10_000}, h, now())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"routes.chat.chain[0]: sim/2oddity is odd.",
		"sim/2oddity reads at most 1000 tokens, where sim/1aaa reads 2000",
		"sim/2oddity is of tier small, under sim/1aaa's frontier",
		"the stakes are high and no floor is written, so the floor follows the first step: from frontier down to small. Write floor: frontier to keep it",
	}
	if diff := cmp.Diff(want, p.Breaks); diff != "" {
		t.Error(diff)
	}
	if len(p.Faults)+len(p.Mends) != 0 || !slices.Contains(p.Notes, "sim/2oddity retires on 2027-01-01") {
		t.Errorf("faults %q, mends %q, notes %q", p.Faults, p.Mends, p.Notes)
	}
	c := p.Cost
	if *c.Before != 8 || *c.After != 14 || *c.BeforeMonth != 80 || *c.AfterMonth != 140 || c.AsOf != "2026-01-01" {
		t.Errorf("%v %v %v %v %s", *c.Before, *c.After, *c.BeforeMonth, *c.AfterMonth, c.AsOf)
	}
	if change, ok := c.Change(); !ok || change != 0.75 {
		t.Errorf("change %v", change)
	}
	if got := h.Gate.(*gate).asked; !slices.Equal(got, []string{"routes.chat.chain[0] sim/2oddity"}) {
		t.Errorf("the gate was asked %q", got) // of the table as it would be
	}
	if p.Refusal() != nil || p.Bound.Lock != "" || p.Bound.Config != Hash([]byte(small)) {
		t.Errorf("%v %+v", p.Refusal(), p.Bound)
	}
	back, err := Make(file(string(p.Edit().Text)), &Wish{Place: p.Place, To: "sim/free-for-all"}, h, now())
	if err != nil || len(back.Mends) != 1 || back.Cost.After != nil || back.Cost.AfterMonth != nil {
		t.Errorf("%v: mends %q, cost %v", err, back.Mends, back.Cost)
	}
	if _, ok := back.Cost.Change(); ok {
		t.Error("an unknown price changed by something known")
	}
}

func TestMakeRefuses(t *testing.T) {
	f := func(to string, status Status) error {
		t.Helper()
		p, err := Make(file(small), &Wish{Place: Place{Route: "chat", Step: 1}, To: to}, house(Proof{Status: status, Sentence: "Prove it"}), now())
		if err != nil {
			t.Fatal(err)
		}
		return p.Refusal()
	}
	if _, ok := errors.AsType[*UnprovenError](f("sim/x", StatusUnproven)); !ok {
		t.Error("an unproven model may serve")
	}
	if _, ok := errors.AsType[*FaultError](f("sim/bad", StatusProven)); !ok {
		t.Error("a file that would not load may be written")
	}
	for _, s := range []Status{StatusNoEval, StatusProven, StatusOverridden, StatusWarned, StatusOff} {
		if err := f("sim/x", s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, w := range []Wish{{Calls: -1}, {Usage: Usage{Input: -1}}, {Usage: Usage{Input: 1, Cached: 2}}} {
		w.Place, w.To = Place{Route: "chat", Step: 1}, "sim/x"
		if _, err := Make(file(small), &w, house(Proof{}), now()); err == nil {
			t.Errorf("%+v is planned", w)
		}
	}
}

// site is a file on a disk, with a gateway that answers as it is told.
type site struct {
	Site

	path  string
	tells []error // what the gateway says, in turn; nil takes the table
	told  int
}

func (s *site) Reload(context.Context) (string, error) {
	err := s.tells[min(s.told, len(s.tells)-1)]
	s.told++
	if err != nil {
		return "", err
	}
	return "abc123", nil
}

func newSite(t *testing.T, text string) *site {
	t.Helper()
	s := &site{path: filepath.Join(t.TempDir(), "switchgear.yaml"), tells: []error{nil}}
	if err := os.WriteFile(s.path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	s.Site = Site{House: house(Proof{Status: StatusProven}), By: "ann", Now: now(), Runner: s}
	s.read(t)
	return s
}

// read takes the file as it is now.
func (s *site) read(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	s.File = File{Name: s.path, Text: text, Env: os.LookupEnv}
}

func (s *site) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(s.path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	s.read(t)
}

// plan plans a swap of the first step, and passes it through its file form.
func (s *site) plan(t *testing.T, to string) *Plan {
	t.Helper()
	p, err := Make(s.File, &Wish{Place: Place{Route: "chat", Step: 1}, To: to}, s.House, s.Now)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = Parse(text); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestApplyAndRevert(t *testing.T) {
	s := newSite(t, strings.ReplaceAll(small, "\n", "\r\n"))
	first := s.File.Text
	made, reloaded, err := s.plan(t, "sim/new").Apply(t.Context(), &s.Site)
	if err != nil || made == nil || reloaded != "abc123" || s.told != 1 {
		t.Fatalf("%v %q %v, told %d times", made, reloaded, err, s.told)
	}
	s.read(t)
	second := s.File.Text
	if want := strings.Replace(string(first), "sim/1aaa", "sim/new", 1); string(second) != want {
		t.Errorf("%q", second)
	}
	if info, _ := os.Stat(s.path); info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is %v now", info.Mode())
	}
	s.Now = s.Now.Add(time.Minute)
	if _, _, err := s.plan(t, "sim/newer").Apply(t.Context(), &s.Site); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]byte{second, first} {
		s.read(t)
		undone, _, err := Revert(t.Context(), &s.Site)
		if err != nil || undone.By != "ann" {
			t.Fatal(err)
		}
		s.read(t)
		if string(s.File.Text) != string(want) {
			t.Errorf("reverted to %q, want %q", s.File.Text, want)
		}
	}
	if _, _, err := Revert(t.Context(), &s.Site); err == nil || !strings.Contains(err.Error(), "no swap") {
		t.Errorf("a third revert of two swaps: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(s.path), ".switchgear.yaml.*")); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestApplyRefusesAStalePlan(t *testing.T) {
	f := func(want string, change func(s *site, p *Plan)) {
		t.Helper()
		s := newSite(t, small)
		s.House.Lock = []byte("version: 1\n")
		p := s.plan(t, "sim/new")
		change(s, p)
		_, _, err := p.Apply(t.Context(), &s.Site)
		stale, ok := errors.AsType[*StaleError](err)
		if !ok || !strings.Contains(stale.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if s.told != 0 {
			t.Error("the gateway was told")
		}
		if text, _ := os.ReadFile(s.path); strings.Contains(string(text), "sim/new") {
			t.Error("the file was changed")
		}
		if got, _ := History(s.path); len(got) != 0 {
			t.Errorf("a swap was noted down: %v", got)
		}
	}
	f("has changed since", func(s *site, _ *Plan) { s.write(t, small+"# a word\n") })
	f("the lock has changed", func(s *site, _ *Plan) { s.House.Lock = []byte("version: 1\nroutes: {}\n") })
	f("the lock has changed", func(s *site, _ *Plan) { s.House.Lock = nil })
	f("another change", func(_ *site, p *Plan) { p.After[0].Target = "sim/harmless" })
	f("another change", func(_ *site, p *Plan) { p.New = "sim/newer" })
	f("more would break", func(s *site, _ *Plan) {
		s.House.Facts = func(c *config.Config, st *config.Step) Facts {
			f := house(Proof{}).Facts(c, st)
			if st.Target.Model == "new" {
				f.Context = 5
			}
			return f
		}
	})
	f("changed by somebody else", func(s *site, _ *Plan) { // between reading and writing
		if err := os.WriteFile(s.path, []byte(small+"# now\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
}

func TestApplyAsksTheGateAgain(t *testing.T) {
	s := newSite(t, small)
	p := s.plan(t, "sim/new")
	s.House.Gate = &gate{proof: Proof{Status: StatusUnproven, Sentence: "the override has expired"}}
	if _, _, err := p.Apply(t.Context(), &s.Site); err == nil || err.Error() != "the override has expired" {
		t.Error(err)
	}
}

func TestVariableMakesAPlanStale(t *testing.T) {
	s := newSite(t, strings.Replace(small, "sim/1odd", `"${SECOND}"`, 1))
	second := "sim/b"
	s.File.Env = func(string) (string, bool) { return second, true }
	p := s.plan(t, "sim/new")
	second = "sim/c"
	if _, _, err := p.Apply(t.Context(), &s.Site); err == nil || !strings.Contains(err.Error(), "a variable or file") {
		t.Error(err)
	}
}

func TestGatewayRefuses(t *testing.T) {
	s := newSite(t, small)
	s.tells = []error{&RefusedError{errors.New("no floor")}, nil, &RefusedError{errors.New("not proven")}, errors.New("gone")}
	made, _, err := s.plan(t, "sim/new").Apply(t.Context(), &s.Site)
	if made != nil || err == nil || !strings.Contains(err.Error(), "put back: no floor") {
		t.Errorf("%v %v", made, err)
	}
	s.read(t)
	if string(s.File.Text) != small {
		t.Errorf("the file was not put back: %s", s.File.Text)
	}
	if got, _ := History(s.path); len(got) != 0 {
		t.Error("a swap that was not made was noted down")
	}
	// This one is taken, and its revert is refused: the file stays what serves.
	if _, _, err := s.plan(t, "sim/new").Apply(t.Context(), &s.Site); err != nil {
		t.Fatal(err)
	}
	s.read(t)
	if undone, _, err := Revert(t.Context(), &s.Site); undone != nil || err == nil || !strings.Contains(err.Error(), "stays as it was: not proven") {
		t.Errorf("%v %v", undone, err)
	}
	s.read(t)
	if !strings.Contains(string(s.File.Text), "sim/new") {
		t.Error("the file is not what the gateway serves")
	}
	// A gateway that cannot be reached is another matter: the swap is made.
	if undone, _, err := Revert(t.Context(), &s.Site); undone == nil || err == nil {
		t.Errorf("%v %v", undone, err)
	}
	s.read(t)
	if string(s.File.Text) != small {
		t.Errorf("%s", s.File.Text)
	}
}

func TestRevertLeavesTheWorkOfOthers(t *testing.T) {
	s := newSite(t, small)
	if _, _, err := s.plan(t, "sim/new").Apply(t.Context(), &s.Site); err != nil {
		t.Fatal(err)
	}
	s.read(t)
	edited := string(s.File.Text) + "# a word\n"
	s.write(t, edited)
	_, _, err := Revert(t.Context(), &s.Site)
	if err == nil || !strings.Contains(err.Error(), "switchgear swap plan chat --to sim/1aaa") {
		t.Error(err)
	}
	s.read(t)
	if string(s.File.Text) != edited {
		t.Error("it was edited all the same")
	}
}

func TestApplyFollowsALink(t *testing.T) {
	s := newSite(t, small)
	link := filepath.Join(t.TempDir(), "switchgear.yaml")
	if err := os.Symlink(s.path, link); err != nil {
		t.Skip(err)
	}
	s.File.Name = link
	if _, _, err := s.plan(t, "sim/new").Apply(t.Context(), &s.Site); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if text, _ := os.ReadFile(s.path); !strings.Contains(string(text), "sim/new") {
		t.Error("the file was not changed")
	}
}

func TestParsePlan(t *testing.T) {
	for text, want := range map[string]string{"": "no plan", "{}": "no plan", "[]": "no plan", `{"version": 99}`: "newer version"} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
