package sim

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFaultsCombineAndCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		var got []int
		for range 4 {
			got = append(got, s.ask(t, openai, request("sim-503x2", false, "")).status)
		}
		if !slices.Equal(got, []int{503, 503, 200, 200}) {
			t.Errorf("503x2 gives %v", got)
		}
		s.Reset()
		if r := s.ask(t, openai, request("sim-503x2", false, "")); r.status != 503 {
			t.Errorf("after Reset: %d", r.status)
		}
		r := s.ask(t, anthropic, request("claude-sonnet-5+slow-4s+cut-3", true, ""))
		if r.took != 4*time.Second || strings.Contains(r.body, "message_stop") || !strings.Contains(r.body, "claude-sonnet-5") {
			t.Errorf("combined: %v %s", r.took, r.body)
		}
	})
}

func TestShareOfCalls(t *testing.T) {
	s := New(Options{Seed: 3})
	bad := 0
	for range 400 {
		if s.ask(t, openai, request("sim-503@25%", false, "")).status == 503 {
			bad++
		}
	}
	if bad < 70 || bad > 130 { // 100 expected, standard deviation 8.7
		t.Errorf("%d of 400 calls failed, want about 100", bad)
	}
}

func TestFaultSources(t *testing.T) {
	s := New(Options{})
	status := func(model string, headers ...string) int {
		return s.ask(t, openai, request(model, false, ""), headers...).status
	}
	s.SetFault("gpt-*", Fault{Name: "500"}, Fault{Name: "drip"})
	if got := []int{status("gpt-5"), status("other"), status("gpt-5", faultHeader, "409"), status("gpt-5+422")}; !slices.Equal(got, []int{500, 200, 409, 422}) {
		t.Errorf("set for gpt-*: %v", got)
	}
	s.SetFault("gpt-*", Fault{Name: "502", Times: 1})
	if got := []int{status("gpt-5"), status("gpt-5")}; !slices.Equal(got, []int{502, 200}) {
		t.Errorf("set anew: %v", got)
	}
	s.SetFault("gpt-*")
	if got := status("gpt-5"); got != 200 {
		t.Errorf("cleared: %d", got)
	}
	s.SetFault("*", Fault{Name: "429-spend"})
	if got := status("gpt-5"); got != 200 {
		t.Errorf("a standing fault of the other dialect: %d", got)
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	for spec, want := range map[string]string{
		"":            "a fault is missing",
		"teapot":      `there is no fault "teapot"`,
		"slow-fast":   `takes a duration, for example slow-20s, not "fast"`,
		"cut-many":    `takes a count`,
		"503@0%":      "is no share of calls",
		"503-5":       `there is no fault "503-5"`,
		"503+":        "a fault is missing",
		"stall--2":    "takes a count",
		"503@1.2.3%":  "is no share of calls",
		"503x2+nope2": `there is no fault "nope2"`,
	} {
		if _, err := ParseFaults(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
	}
	s := New(Options{})
	for _, dialect := range bothDialects {
		for _, r := range []reply{
			s.ask(t, dialect, request("gpt-5+nonsense", false, "")),
			s.ask(t, dialect, request("gpt-5", false, ""), faultHeader, "nonsense"),
		} {
			if r.status != 400 || !strings.Contains(r.body, "there is no fault") {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
	}
	if r := s.ask(t, openai, request("sim-429-spend", false, "")); r.status != 400 || !strings.Contains(r.body, "anthropic dialect only") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := s.ask(t, openai, request("sim-anything-else", false, "")); r.status != 200 {
		t.Errorf("a model whose name names no fault: %d", r.status)
	}
}

func TestFaultsReadAsWritten(t *testing.T) {
	for _, info := range Faults() {
		for _, suffix := range []string{"", "x2", "@25%", "x3@12.5%"} {
			spec := info.Name + suffix
			if info.Arg != "" {
				spec = info.Name + "-" + info.Default + suffix
			}
			got, err := ParseFaults(spec)
			if err != nil || joinFaults(got) != spec || got[0].Name != info.Name {
				t.Errorf("%q reads as %v (%v)", spec, got, err)
			}
		}
		if info.Does == "" || (info.Arg == "") != (info.Default == "") {
			t.Errorf("%s is not described: %+v", info.Name, info)
		}
		if info.Arg == argCount {
			if _, err := strconv.Atoi(info.Default); err != nil {
				t.Errorf("%s: default %q", info.Name, info.Default)
			}
		}
	}
}
