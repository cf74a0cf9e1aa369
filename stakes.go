package switchgear

// Stakes says how much depends on an answer being as good as it was meant to
// be, and so how far a route may degrade.
type Stakes uint8

// The stakes of a route, lowest first.
const (
	StakesUnset  Stakes = iota
	StakesLow           // the whole chain may serve
	StakesNormal        // steps down to the floor may serve
	StakesHigh          // the floor is the first step's tier unless set; then the route fails loudly
)

// String is the word used in configuration files.
func (s Stakes) String() string {
	switch s {
	case StakesLow:
		return "low"
	case StakesNormal:
		return "normal"
	case StakesHigh:
		return "high"
	case StakesUnset:
		return ""
	default:
		return ""
	}
}

// ParseStakes reads the word used in configuration files.
func ParseStakes(word string) (Stakes, bool) {
	for _, s := range []Stakes{StakesLow, StakesNormal, StakesHigh} {
		if word == s.String() {
			return s, true
		}
	}
	return StakesUnset, false
}

// Tier is how capable a model is, judged by its price: the coarse order that
// floors are stated in.
type Tier uint8

// The tiers, lowest first.
const (
	TierUnknown Tier = iota
	TierSmall
	TierMid
	TierFrontier
)

// String is the word used in configuration files.
func (t Tier) String() string {
	switch t {
	case TierSmall:
		return "small"
	case TierMid:
		return "mid"
	case TierFrontier:
		return "frontier"
	case TierUnknown:
		return "unknown"
	default:
		return "unknown"
	}
}

// ParseTier reads the word used in configuration files.
func ParseTier(word string) (Tier, bool) {
	for _, t := range []Tier{TierSmall, TierMid, TierFrontier} {
		if word == t.String() {
			return t, true
		}
	}
	return TierUnknown, false
}
