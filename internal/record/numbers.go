package record

import (
	"net/netip"
	"regexp"
	"strings"
)

// numbersIn finds the numbers that lead to people: telephones, cards, accounts,
// addresses of machines. Only what stands near a digit is looked at.
func numbersIn(s string) []span {
	var out []span
	for _, at := range neighbourhoods(s) {
		for _, found := range numbersNear(s[at[0]:at[1]]) {
			out = append(out, span{at[0] + found.start, at[0] + found.end, found.kind})
		}
	}
	if strings.Count(s, ":") >= 2 {
		out = append(out, machinesIn(s, six)...)
	}
	return out
}

// around is how far from a digit something may begin or end that has to do with
// it, in bytes: the word "telephone" and some signs, the letters of an IBAN.
const around = 48

// neighbourhoods are the stretches of a text that have digits in them.
func neighbourhoods(s string) [][2]int {
	var out [][2]int
	for i := range len(s) {
		if !isDigit(s[i]) {
			continue
		}
		start, end := max(0, i-around), min(len(s), i+1+around)
		if last := len(out) - 1; last >= 0 && out[last][1] >= start {
			out[last][1] = end
			continue
		}
		out = append(out, [2]int{start, end})
	}
	return out
}

func numbersNear(s string) []span {
	var out []span
	for _, at := range social.FindAllStringIndex(s, -1) {
		out = append(out, span{at[0], at[1], kindID})
	}
	out = append(out, cardsIn(s)...)
	out = append(out, accountsIn(s)...)
	out = append(out, phonesIn(s)...)
	return append(out, machinesIn(s, four)...)
}

var social = regexp.MustCompile(`\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b`)

// grouped is a number written with or without gaps.
var grouped = regexp.MustCompile(`[0-9]+(?:[ .\-\x{a0}\x{202f}][0-9]+)*`)

var run = regexp.MustCompile(`[0-9]+`)

// cardsIn finds the numbers of payment cards: 13 to 19 digits that pass Luhn's
// check, in one run or in groups of four and more as they are printed. A card's
// number may stand in a row with others, so every place a group begins is tried.
func cardsIn(s string) []span {
	var out []span
	for _, at := range grouped.FindAllStringIndex(s, -1) {
		groups := run.FindAllStringIndex(s[at[0]:at[1]], -1)
		for i := range groups {
			if end := cardFrom(s[at[0]:at[1]], groups[i:]); end > 0 {
				out = append(out, span{at[0] + groups[i][0], at[0] + end, kindCard})
			}
		}
	}
	return out
}

// cardFrom is where a card's number ends that begins with the first of some
// groups; 0 if none does.
func cardFrom(s string, groups [][]int) int {
	number, end := "", 0
	for i, g := range groups {
		if last := g[1]-g[0] < 4; last && i == 0 {
			return end
		}
		number += s[g[0]:g[1]]
		if len(number) > 19 {
			break
		}
		if len(number) >= 13 && isCard(number) {
			end = g[1]
		}
		if g[1]-g[0] < 4 {
			break // the short group is the last one
		}
	}
	return end
}

// isCard reports whether digits are the number of a payment card: those begin
// with 2 to 6.
func isCard(number string) bool {
	if len(number) < 13 || len(number) > 19 || number[0] < '2' || number[0] > '6' {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// lengths are how many characters an IBAN has, by its country (SWIFT's registry
// of 2024).
const lengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 " +
	"GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 " +
	"MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 " +
	"VA22 VG24 XK20"

var accountStart = regexp.MustCompile(`[A-Za-z]{2}[0-9]{2}`)

// accountsIn finds IBANs: as many characters as their country has, with gaps or
// without, whose check digits are right.
func accountsIn(s string) []span {
	var out []span
	for at := 0; ; {
		found := accountStart.FindStringIndex(s[at:])
		if found == nil {
			return out
		}
		start := at + found[0]
		at = start + 1
		if start > 0 && alphanumeric(s[start-1]) {
			continue
		}
		if end := accountFrom(s, start); end > 0 {
			out = append(out, span{start, end, kindIBAN})
			at = end
		}
	}
}

func accountFrom(s string, start int) int {
	country := strings.ToUpper(s[start : start+2])
	i := strings.Index(lengths, country)
	if i < 0 || i%5 != 0 {
		return 0
	}
	want := int(lengths[i+2]-'0')*10 + int(lengths[i+3]-'0')
	number := make([]byte, 0, want)
	for i := start; i < len(s); i++ {
		switch c := s[i]; {
		case alphanumeric(c):
			number = append(number, c)
		case c == ' ' || c == '-' || c == '.' || c == 0xc2 || c == 0xa0: // a no-break space is C2 A0
		default:
			return 0
		}
		if len(number) == want {
			if checks(strings.ToUpper(string(number))) {
				return i + 1
			}
			return 0
		}
	}
	return 0
}

// checks reports whether the check digits of an IBAN are right (ISO 7064, mod
// 97-10).
func checks(number string) bool {
	rest := 0
	for _, c := range number[4:] + number[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// dialled are the ways to write a telephone number, and how many digits one
// has at least. Digits that follow go with it: better that than half a number.
func dialled() []dial {
	return []dial{{abroad, 7}, {abroadZero, 9}, {trunk, 9}, {american, 10}}
}

type dial struct {
	pattern *regexp.Regexp
	least   int
}

var (
	abroad     = regexp.MustCompile(`\+[0-9][0-9 ().\-/\x{a0}\x{202f}]{4,22}[0-9]`)
	abroadZero = regexp.MustCompile(`00[1-9][0-9 ().\-/\x{a0}\x{202f}]{5,20}[0-9]`)
	trunk      = regexp.MustCompile(`\(?0[1-9][0-9]{0,4}\)?[ ./-]{0,3}[0-9][0-9 ./-]{3,12}[0-9]`)
	american   = regexp.MustCompile(`\(?[2-9][0-9]{2}\)?[ .-]{0,2}[0-9]{3}[ .-][0-9]{4}`)
	named      = regexp.MustCompile(`(?i)(?:tel|phone|mobile|cell|fax|call|handy|telefon|whatsapp|sms)[a-z.]{0,8}[^0-9\n]{0,15}([0-9][0-9 ().\-/]{4,20}[0-9])`)
	date       = regexp.MustCompile(`^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}(?:[^0-9]|$)`)
)

// phonesIn finds telephone numbers.
func phonesIn(s string) []span {
	var out []span
	for _, way := range dialled() {
		for _, at := range way.pattern.FindAllStringIndex(s, -1) {
			if count(s[at[0]:at[1]]) >= way.least && apart(s, at) && !date.MatchString(s[at[0]:at[1]]) {
				out = append(out, span{at[0], at[1], kindPhone})
			}
		}
	}
	for _, at := range named.FindAllStringSubmatchIndex(s, -1) {
		if n := count(s[at[2]:at[3]]); n >= 6 && n <= 15 {
			out = append(out, span{at[2], at[3], kindPhone})
		}
	}
	return out
}

// apart reports whether a find is a number of its own: no digit stands directly
// before or behind it, and it is not what follows a decimal point.
func apart(s string, at []int) bool {
	if at[1] < len(s) && isDigit(s[at[1]]) {
		return false
	}
	before := s[:at[0]]
	point := len(before) >= 2 && before[len(before)-1] == '.' && isDigit(before[len(before)-2])
	return before == "" || (!isDigit(before[len(before)-1]) && !point)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func count(s string) int {
	n := 0
	for i := range len(s) {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}

var (
	four = regexp.MustCompile(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`)
	six  = regexp.MustCompile(`[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{0,3}(?:\.[0-9]{1,3}){3})?`)
)

// machinesIn finds addresses of the internet.
func machinesIn(s string, pattern *regexp.Regexp) []span {
	var out []span
	for _, at := range pattern.FindAllStringIndex(s, -1) {
		text := s[at[0]:at[1]]
		if _, err := netip.ParseAddr(text); err != nil || !wordApart(s, at) || len(strings.ReplaceAll(text, ":", "")) < 4 {
			continue
		}
		out = append(out, span{at[0], at[1], kindIP})
	}
	return out
}

// wordApart reports whether no letter or digit stands directly before or behind
// a find: std::vector is no address.
func wordApart(s string, at []int) bool {
	return (at[0] == 0 || !alphanumeric(s[at[0]-1])) && (at[1] == len(s) || !alphanumeric(s[at[1]]))
}
