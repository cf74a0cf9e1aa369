package failover

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/switchgear-dev/switchgear"
)

// PanicError is the cause of the error that a panic in a provider becomes.
type PanicError struct {
	Text  string // of a runtime error; for other values only their type, which cannot quote a request
	Stack []byte
}

// Error is safe to log; the stack is left out.
func (p *PanicError) Error() string { return "panic: " + p.Text }

// caught makes an error of what recover returned, nil for nil.
func caught(value any, provider string) *switchgear.Error {
	if value == nil {
		return nil
	}
	text := fmt.Sprintf("a value of type %T", value)
	if err, ok := value.(runtime.Error); ok {
		text = err.Error()
	}
	return &switchgear.Error{
		Class: switchgear.ClassInternal, Provider: provider, Message: "the provider's code panicked",
		Err: &PanicError{Text: text, Stack: debug.Stack()},
	}
}
