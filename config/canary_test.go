package config

import "testing"

// TestCanary: a candidate sets what its step sets, unless it says otherwise.
func TestCanary(t *testing.T) {
	c, findings := parseIn(t, "testdata/good", "canary.yaml")
	if len(findings) > 0 {
		t.Fatal(say(findings))
	}
	r := &c.Routes[0]
	k := r.Chain[0].Canary
	if k == nil || k.Share != 0.05 || k.Answers != DefaultCanaryAnswers || k.Step.Target.String() != "openai/gpt-5.4-mini" || k.Step.Model == nil ||
		k.Step.WithText != "effort=low" || k.Pos.Line != 8 || k.SharePos.Line != 8 {
		t.Errorf("%+v", k)
	}
	if r.Chain[1].Canary != nil {
		t.Error("a step without a canary has one")
	}
	k = r.Rules[0].Chain[0].Canary
	if k == nil || k.Share != 0.125 || k.Answers != 200 || k.Step.Target.String() != "openai/gpt-5.4-nano" || k.Step.WithText != "max_tokens=500" || k.Step.WithAt.Line != 17 {
		t.Errorf("%+v", k)
	}
	for share, want := range map[string]float64{"5%": 0.05, "12.5 %": 0.125, "50%": 0.5, "0.01": 0.01} {
		if got, ok := ParseShare(share); !ok || got != want {
			t.Errorf("%q is %v, %t", share, got, ok)
		}
	}
	for _, share := range []string{"", "0", "0%", "51%", "5", "-1%", "NaN", "a fifth"} {
		if got, ok := ParseShare(share); ok {
			t.Errorf("%q is %v", share, got)
		}
	}
	if ShareText(0.05) != "5%" || ShareText(0.125) != "12.5%" || ShareText(0.001) != "0.1%" {
		t.Error(ShareText(0.05), ShareText(0.125), ShareText(0.001))
	}
}
