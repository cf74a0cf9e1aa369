package jsonx

import "fmt"

// SyntaxError says where a document stops being JSON, and why. It never quotes
// the document, which may hold somebody's prompt.
type SyntaxError struct {
	Offset int    // in bytes, from the start of the document
	Reason string // a clause without a full stop
}

// Error is one sentence.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Reason)
}

// MemberError says that a member which decides how a body is handled is written
// in a way that two readers of the same body may understand differently.
type MemberError struct {
	Name    string // as the caller of Find spelled it
	Problem string // "appears twice", ...
}

// Error is one sentence.
func (e *MemberError) Error() string {
	return fmt.Sprintf("member %q of the JSON body %s", e.Name, e.Problem)
}

// What is wrong with a watched member.
const (
	problemTwice   = "appears twice; send it once"
	problemEscaped = "has a name written with escapes; write it plainly"
	problemCase    = "has a name that differs in upper and lower case; write it exactly so"
)

// fault is the reason of a SyntaxError while it costs nothing.
type fault uint8

const (
	none fault = iota
	faultBOM
	faultColon
	faultControl
	faultDepth
	faultEnd
	faultEscape
	faultKey
	faultNext
	faultNumber
	faultObject
	faultString
	faultTrailing
	faultUTF8
	faultValue
	faultUnread
)

// at makes the error of a fault.
func (f fault) at(offset int) error {
	return &SyntaxError{Offset: offset, Reason: f.reason()}
}

func (f fault) reason() string {
	switch f {
	case faultBOM:
		return "the document begins with a byte order mark, which JSON does not allow"
	case faultColon:
		return "a colon is expected after a member's name"
	case faultControl:
		return "a string holds a control character that is not escaped"
	case faultDepth:
		return fmt.Sprintf("arrays and objects are nested deeper than %d levels", MaxDepth)
	case faultEnd:
		return "the document ends too early"
	case faultEscape:
		return "a string holds an unknown escape"
	case faultKey:
		return "a member's name in double quotes is expected"
	case faultNext:
		return "a comma or the closing bracket is expected after a value"
	case faultNumber:
		return "a number is malformed"
	case faultObject:
		return "the document must be an object"
	case faultString:
		return "a string is not closed"
	case faultTrailing:
		return "something follows the end of the document"
	case faultUTF8:
		return "a string holds bytes that are not UTF-8"
	case faultUnread:
		return "there is no value to read here"
	default:
		return "a value is expected"
	}
}
