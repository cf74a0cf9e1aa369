package provider

import (
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// encode writes a request, and refuses it if something had to be left out that
// must not be.
func (e *endpoint) encode(call *switchgear.Call, stream bool) (Encoded, error) {
	enc, err := e.dialect.Encode(call, stream)
	if err != nil || !call.Strict || len(enc.Dropped) == 0 {
		return enc, err
	}
	return enc, &switchgear.Error{
		Class: switchgear.ClassRefused, Code: switchgear.CodeLeversDropped, Param: enc.Dropped[0], Trace: traceOf(&enc),
		Message: call.Target.String() + " cannot be told " + strings.Join(enc.Dropped, ", ") + ", and nothing may be left out",
	}
}
