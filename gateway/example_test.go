package gateway_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/gateway"
)

// Ten lines: a route whose first step is down, and the answer of its second.
func Example() {
	gw, err := gateway.Open(context.Background(), "testdata/example.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gw.Close()
	resp, err := gw.Complete(context.Background(), switchgear.Ask("chat", "Where is my order?"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Text() != "", resp.Trace.Target, len(resp.Trace.Attempts))
	// Output: true sim/backup 2
}

// Errors have a class; it says whose fault it was and what was done about it.
func Example_errors() {
	gw, err := gateway.Open(context.Background(), "testdata/example.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gw.Close()
	_, err = gw.Complete(context.Background(), switchgear.Ask("caht", "Hello"))
	if e, ok := errors.AsType[*switchgear.Error](err); ok {
		fmt.Println(e.Class, e.Code)
		fmt.Println(e.Message)
	}
	// Output:
	// invalid unknown_route
	// There is no route "caht". Did you mean "chat"?
}

// A stream is ranged over; the last pair holds the error, if there was one.
func ExampleGateway_Stream() {
	gw, err := gateway.Open(context.Background(), "testdata/example.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gw.Close()
	s, err := gw.Stream(context.Background(), switchgear.Ask("chat", "Tell me a story"))
	if err != nil {
		fmt.Println(err)
		return
	}
	text := ""
	for event, err := range switchgear.Events(s) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if event.Kind == switchgear.EventText {
			text += event.Text
		}
	}
	fmt.Println(text != "")
	// Output: true
}
