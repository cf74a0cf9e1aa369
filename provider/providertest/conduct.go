package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// roundTrip makes a transport of a function.
type roundTrip func(r *http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// conduct examines what has nothing to do with a dialect.
func conduct(ctx context.Context, c *kase, open Open) []string {
	var problems []string
	for _, part := range []struct {
		name  string
		check func(context.Context, *kase, Open) error
	}{
		{"an upstream that cannot be reached", unreachable},
		{"an upstream that redirects", redirected},
		{"a caller who leaves", abandoned},
		{"a caller who leaves with a reason", abandonedWithReason},
		{"a stream that is closed early", closedEarly},
		{"a stream that is closed while it is waited for", closedMeanwhile},
	} {
		if err := part.check(ctx, c, open); err != nil {
			problems = append(problems, part.name+": "+err.Error())
		}
	}
	return problems
}

// class checks what is true of every error, and of what class it is.
func class(err error, want ...switchgear.Class) error {
	var e *switchgear.Error
	switch {
	case err == nil:
		return errors.New("there is no error")
	case !errors.As(err, &e):
		return fmt.Errorf("the error is a %T, want a *switchgear.Error", err)
	case e.Provider == "":
		return errors.New("the error names no provider")
	}
	if found := leaks(err); len(found) > 0 {
		return errors.New(found[0])
	}
	if len(want) > 0 && !slices.Contains(want, e.Class) {
		return fmt.Errorf("the error's class is %v, want %v", e.Class, want)
	}
	return nil
}

func unreachable(ctx context.Context, c *kase, open Open) error {
	p := open(base, roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("cannot send %v to %s: %w", r.Header, r.URL, io.EOF) // an error that tells too much
	}))
	_, err := p.Complete(ctx, c.call())
	if err := class(err, switchgear.ClassConnect); err != nil {
		return err
	}
	_, err = p.Stream(ctx, c.call())
	return class(err, switchgear.ClassConnect)
}

func redirected(ctx context.Context, c *kase, open Open) error {
	u := &upstream{reply: reply{
		status: http.StatusTemporaryRedirect, header: http.Header{"Location": {base + "/elsewhere?key=" + Key}},
	}}
	p := open(base, u)
	_, err := p.Complete(ctx, c.call())
	if err := class(err); err != nil {
		return err
	}
	if len(u.requests) != 1 {
		return fmt.Errorf("%d requests were made, want 1: redirects are not followed", len(u.requests))
	}
	if u.open != 0 {
		return errors.New("the body of the answer was not closed")
	}
	return nil
}

// deaf is an upstream that never answers.
func deaf(reached chan<- struct{}) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		reached <- struct{}{}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
}

func abandoned(ctx context.Context, c *kase, open Open) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reached := make(chan struct{}, 1)
	go func() {
		<-reached
		cancel()
	}()
	_, err := open(base, deaf(reached)).Complete(ctx, c.call())
	return class(err, switchgear.ClassCanceled)
}

func abandonedWithReason(ctx context.Context, c *kase, open Open) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reached := make(chan struct{}, 1)
	go func() {
		<-reached
		cancel(&switchgear.Error{Class: switchgear.ClassTimeout, Code: "first_token"})
	}()
	_, err := open(base, deaf(reached)).Stream(ctx, c.call())
	if err := class(err, switchgear.ClassTimeout); err != nil {
		return err
	}
	var e *switchgear.Error
	if errors.As(err, &e) && e.Code != "first_token" {
		return fmt.Errorf("the error's code is %q, want that of the context's cause", e.Code)
	}
	return nil
}

// closedEarly closes a stream that has just begun.
func closedEarly(ctx context.Context, c *kase, open Open) error {
	u := &upstream{reply: reply{
		status: http.StatusOK, header: http.Header{"Content-Type": {"text/event-stream"}},
		body: []byte(": hello\n\n" + strings.Repeat(": still here\n\n", 100)),
	}}
	s, err := open(base, u).Stream(ctx, c.call())
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s.Next() {
		return errors.New("after Close the stream goes on")
	}
	if s.Err() == nil {
		return errors.New("a stream that did not come to its end has no error")
	}
	if u.open != 0 {
		return errors.New("Close does not close the body of the answer")
	}
	return nil
}

// patience is how long a provider may take for what should take no time.
const patience = 5 * time.Second

// closedMeanwhile closes a stream that another goroutine waits for.
func closedMeanwhile(ctx context.Context, c *kase, open Open) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body := &silence{ctx: ctx, waiting: make(chan struct{}), closed: make(chan struct{})}
	p := open(base, roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, ContentLength: -1, Body: body,
		}, nil
	}))
	s, err := p.Stream(ctx, c.call())
	if err != nil {
		return err
	}
	closing := make(chan error, 1)
	go func() {
		<-body.waiting
		closing <- s.Close()
	}()
	for s.Next() {
		if event := s.Event(); event.IsContent() {
			return errors.New("there is content where none was sent")
		}
	}
	if err := <-closing; err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("Close does not end Next")
	}
	return class(s.Err(), switchgear.ClassCanceled)
}

// silence is a body that says nothing until it is closed or the call is over.
type silence struct {
	ctx             context.Context
	waiting, closed chan struct{}
	once, again     sync.Once
}

// Read waits for Close.
func (s *silence) Read([]byte) (int, error) {
	s.once.Do(func() { close(s.waiting) })
	select {
	case <-s.closed:
		return 0, http.ErrBodyReadAfterClose
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}

// Close ends Read.
func (s *silence) Close() error {
	s.again.Do(func() { close(s.closed) })
	return nil
}
