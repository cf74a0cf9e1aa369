package anthropic

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

const (
	name           = "anthropic"
	defaultVersion = "2023-06-01" // of the API, sent when the client names none
	messagesPath   = "/messages"
	countPath      = "/messages/count_tokens"

	// DefaultMaxTokens is sent when a typed request does not limit its answer:
	// the protocol demands a limit, and every model of the family allows this
	// one.
	DefaultMaxTokens = 4096

	bodyLimit  = 64 << 10 // bytes of a provider's error that are kept
	frameLimit = 16 << 20 // bytes of one frame of a stream

	modeEnabled  = "enabled" // of thinking, with a budget
	modeAdaptive = "adaptive"
	modeDisabled = "disabled"
	modeAuto     = "auto" // of the choice of tools
	modeAny      = "any"
	modeTool     = "tool"
	modeNone     = "none"

	outputConfig = "output_config"
	outputFormat = "output_format" // the older name of output_config.format
	plainText    = "text/plain"
	maxName      = 64 // bytes of the name of a schema, where a protocol has one
)

// Dialect is the messages protocol as a caller of providers speaks it. Base
// URLs end in "/v1". It holds no state and can be shared.
type Dialect struct{}

var (
	_ provider.Dialect      = (*Dialect)(nil)
	_ provider.CountDialect = (*Dialect)(nil)
)

// New returns the dialect.
func New() *Dialect { return &Dialect{} }

// Name is "anthropic".
func (*Dialect) Name() string { return name }

// invalid is an error of the caller's making.
func invalid(message, param string) *switchgear.Error {
	return &switchgear.Error{Class: switchgear.ClassInvalid, Message: message, Param: param, Dialect: name}
}

// noAnswer is an answer that is none in a way that has a name.
func noAnswer(code, message string, cause error) *switchgear.Error {
	e := malformed(message, cause)
	e.Code = code
	return e
}

// malformed is an answer that is no answer.
func malformed(message string, cause error) *switchgear.Error {
	return &switchgear.Error{Class: switchgear.ClassMalformed, Message: message, Err: cause, Dialect: name}
}
