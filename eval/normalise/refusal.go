package normalise

import "regexp"

// refusal are the ways models begin to decline. They are looked for at the
// start of an answer only: a text about refusing is none.
var refusal = regexp.MustCompile(`(?i)^[\s"'*]*(?:i(?:'|’)?m (?:really |very |so |truly )?sorry|i am (?:really |very |so )?sorry|sorry|i apologi[sz]e|unfortunately|my apologies)?[,.:;!\s-]*(?:but |however,? )?` +
	`(?:i|we)(?:(?:'|’)?m| am| are)? (?:(?:do not|don(?:'|’)?t) feel comfortable|not comfortable|must (?:decline|refuse)|have to decline|decline to|refuse to|` +
	`(?:can(?:not|(?:'|’)?t| not)|won(?:'|’)?t|will not|unable to|not able to|shouldn(?:'|’)?t|should not|not going to) (?:\w+ ){0,3}?` +
	`(?:help|assist|provide|create|write|generate|comply|fulfil|fulfill|do that|do this|continue|engage|discuss|answer|support|share|give|offer|produce|participate|complete|fabricate|reproduce|access|make)\b)`)

// Refuses reports whether an answer declines to answer, going by its first
// words. A provider's own word for it (a finish reason, a refusal part) is
// better evidence where there is one.
func Refuses(text string) bool {
	if len(text) > 2000 {
		text = text[:2000]
	}
	return refusal.MatchString(text)
}
