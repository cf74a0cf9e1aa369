package alert

import (
	"strconv"
	"strings"
	"time"
)

// sentence is the line that is read first, and by some readers alone.
func (n *Notice) sentence(i *incident) string {
	var b strings.Builder
	b.WriteString(i.subject + ": ")
	switch n.Action {
	case Resolve:
		over := i.overAt()
		if over.IsZero() || over.After(n.At) {
			b.WriteString("this gateway stopped before it was over")
			break
		}
		b.WriteString("over, after " + over.Add(-calmTime).Sub(n.Opened).Round(time.Second).String())
	case Trigger, Update:
		fallthrough
	default:
		b.WriteString(n.what())
		b.WriteString(n.who())
	}
	if len(b.String()) > maxSummary {
		return strings.ToValidUTF8(b.String()[:maxSummary-3], "") + "..."
	}
	return b.String()
}

// what says what is wrong: "circuit open (overloaded, 61% of 412 failed) on 5
// models".
func (n *Notice) what() string {
	parts := make([]string, 0, len(n.Kinds))
	for _, name := range n.Kinds {
		of := n.lasting(name)
		if len(of) > 0 {
			parts = append(parts, kinds[name].word+why(&of[0])+n.whose(name, of))
		}
	}
	return strings.Join(parts, "; ")
}

// lasting are the conditions of a kind that last; all of them if none does.
func (n *Notice) lasting(name string) []Condition {
	var all, lasting []Condition
	for _, c := range n.Conditions {
		if c.Kind != name {
			continue
		}
		all = append(all, c)
		if c.Ended.IsZero() {
			lasting = append(lasting, c)
		}
	}
	if len(lasting) > 0 {
		return lasting
	}
	return all
}

// whose says what some conditions of a kind are about.
func (n *Notice) whose(kind string, of []Condition) string {
	var keys []string
	whole := false
	for i := range of {
		switch {
		case of[i].Credential != "":
			keys = append(keys, of[i].Credential)
		case of[i].Target == "":
			whole = true
		}
	}
	switch {
	case len(keys) > 0:
		return " of " + few(keys)
	case kinds[kind].scope != scopeCircuit:
		return ""
	case whole:
		return " for the whole provider"
	case len(of) > 1:
		return " on " + strconv.Itoa(len(of)) + " models"
	default:
		return " on " + strings.TrimPrefix(of[0].Target, n.Provider+"/")
	}
}

func why(c *Condition) string {
	var words []string
	if c.Reason != "" {
		words = append(words, c.Reason)
	} else if c.Class != "" {
		words = append(words, c.Class)
	}
	if c.Of > 0 {
		words = append(words, strconv.Itoa(100*c.Failed/c.Of)+"% of "+strconv.Itoa(c.Of)+" failed")
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// who says who serves now, and whom nobody serves.
func (n *Notice) who() string {
	var stranded []string
	serving := map[string][]string{}
	var order []string
	for _, r := range n.Routes {
		switch {
		case r.Stranded:
			stranded = append(stranded, r.Route)
		case r.Serving != "":
			if serving[r.Serving] == nil {
				order = append(order, r.Serving)
			}
			serving[r.Serving] = append(serving[r.Serving], r.Route)
		}
	}
	var b strings.Builder
	if len(stranded) > 0 {
		b.WriteString(". No way out for " + few(stranded))
	}
	for _, by := range order {
		b.WriteString(". " + few(serving[by]) + " now by " + by)
	}
	return b.String()
}

// few lists names until a line would be full of them.
func few(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}
