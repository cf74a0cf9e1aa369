package catalog

import (
	"regexp"
	"strings"
)

// Host is the catalogue's name for a provider kind of the configuration.
func Host(kind string) string {
	if kind == "gemini" {
		return "google"
	}
	return kind
}

// The spellings hosts give to one and the same model.
var (
	paths   = regexp.MustCompile(`^(?:publishers/[^/]+/)?(?:models|accounts/[^/]+/(?:models|routers))/`)
	region  = regexp.MustCompile(`^(?:us|us-gov|eu|au|jp|ca|apac|global)\.`)
	vendor  = regexp.MustCompile(`^[a-z][a-z0-9]*\.`)
	version = regexp.MustCompile(`-v?\d+:\d+$|-v1$`)
	variant = regexp.MustCompile(`:[a-z]+$`)
	date    = regexp.MustCompile(`[-@](?:20\d{6}|20\d\d-\d\d-\d\d|default)$`)
	pointed = regexp.MustCompile(`(\d)p(\d)`)
)

// renamed are models whose maker gave them a second undated name.
var renamed = map[string]string{ //nolint:gochecknoglobals // a constant table
	"claude-opus-4":   "claude-opus-4-0",
	"claude-sonnet-4": "claude-sonnet-4-0",
}

// bare is a name without version and date, region and vendor kept: the name
// under which one host sells one thing at one price.
func bare(model string) string {
	s := strings.ToLower(model)
	s = strings.TrimPrefix(s, "models/")
	s = version.ReplaceAllString(s, "")
	return date.ReplaceAllString(s, "")
}

// Family is the model itself, however a host spells it: paths, regions,
// vendors, versions and dates are left out, and points are dashes. It is a key
// to compare, made for any name, listed or not.
func Family(model string) string {
	s := paths.ReplaceAllString(strings.ToLower(model), "")
	s = variant.ReplaceAllString(s, "")
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		s = s[i+1:]
	}
	s = region.ReplaceAllString(s, "")
	if v := vendor.FindString(s); v != "" && !strings.ContainsAny(v, "0123456789") {
		s = s[len(v):]
		if v == "deepseek." { // "deepseek.r1", "deepseek.v3.2": the vendor's name is part of the model's
			s = "deepseek-" + s
		}
	}
	s = strings.TrimSuffix(s, "-maas")
	s = bare(s)
	s = pointed.ReplaceAllString(s, "$1.$2")
	s = strings.ReplaceAll(s, ".", "-")
	if name, ok := renamed[s]; ok {
		return name
	}
	return s
}
