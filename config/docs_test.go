package config

import (
	"os"
	"strings"
	"testing"
)

// TestReferenceIsComplete looks for every key, and for every variable of the
// zero-configuration with its models, in the reference.
func TestReferenceIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, s := range []shape{
		shapeFile, shapeProvider, shapeModel, shapeRoute, shapeWith, shapeTimeout, shapeRetry, shapeWhen, shapeClient, shapeBreaker, shapeReceiver,
	} {
		for _, key := range s.keys() {
			if key != "admin" && !strings.Contains(page, "\n| `"+key+"` | ") {
				t.Errorf("the reference has no row for %s.%s", s, key)
			}
		}
	}
	for _, key := range shapeGate.keys() {
		if !strings.Contains(page, "\n| `gate."+key+"` | ") {
			t.Errorf("the reference has no row for gate.%s", key)
		}
	}
	for _, key := range shapeRecord.keys() {
		if !strings.Contains(page, "\n| `record."+key+"` | ") {
			t.Errorf("the reference has no row for record.%s", key)
		}
	}
	for _, key := range shapeAdmin.keys() {
		if !strings.Contains(page, "\n| `admin."+key+"` | ") {
			t.Errorf("the reference has no row for admin.%s", key)
		}
	}
	for _, key := range shapeDrill.keys() {
		if !strings.Contains(page, "\n| `drill."+key+"` | ") {
			t.Errorf("the reference has no row for drill.%s", key)
		}
	}
	for _, key := range shapeFigures.keys() {
		if !strings.Contains(page, "`"+key+"`") {
			t.Errorf("the reference does not name drill.limits.%s", key)
		}
	}
	for _, s := range services() {
		last := func(model string) string { return model[strings.LastIndex(model, "models/")+len("models/"):] }
		row := "| `" + s.variable + "` | " + s.small
		if s.name == "fireworks" {
			row = "| `" + s.variable + "` | " + last(s.small) + " | " + last(s.chat) + " | " + last(s.reason)
		}
		if !strings.Contains(page, row) {
			t.Errorf("the reference does not have: %s", row)
		}
	}
}
