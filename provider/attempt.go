package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

const acceptJSON = "application/json"

// Complete implements [switchgear.Provider].
func (e *endpoint) Complete(ctx context.Context, call *switchgear.Call) (_ *switchgear.Response, err error) {
	defer func() { err = hush(err, call.Credential) }()
	enc, err := e.encode(call, false)
	if err != nil {
		return nil, e.fail(err)
	}
	wire, err := e.exchange(ctx, &enc, call.Credential)
	if err != nil {
		return nil, err
	}
	resp, err := e.dialect.Decode(wire.Body)
	if err != nil {
		return nil, e.fail(err)
	}
	resp.Wire = wire
	resp.Trace = traceOf(&enc)
	return resp, nil
}

// exchange sends a request and reads the whole answer.
func (e *endpoint) exchange(ctx context.Context, enc *Encoded, c switchgear.Credential) (*switchgear.Wire, error) {
	resp, err := e.send(ctx, enc, c, acceptJSON)
	if err != nil {
		return nil, err
	}
	body, err := readAll(resp.Body, resp.ContentLength, maxAnswer)
	_ = resp.Body.Close()
	if err != nil {
		return nil, e.brokeOff(ctx, err)
	}
	if jsonx.Check(body) != nil {
		return nil, e.notAnAnswer(resp, body)
	}
	return &switchgear.Wire{Dialect: e.dialect.Name(), Body: body, Header: pruned(resp.Header)}, nil
}

// refusalTime is how long the body of a refusal is waited for. It comes with
// its status or not at all, and the chain is to move on.
const refusalTime = 2 * time.Second

// refusal reads an answer whose status is not 2xx.
func (e *endpoint) refusal(resp *http.Response) *switchgear.Error {
	// What of the body cannot be read does not matter: the status is known.
	late := time.AfterFunc(refusalTime, func() { _ = resp.Body.Close() })
	body, _ := readAtMost(resp.Body, maxErrorBody)
	late.Stop()
	_ = resp.Body.Close()
	if err := e.dialect.Error(resp.StatusCode, resp.Header, body); err != nil {
		return e.fail(err)
	}
	return e.fail(&switchgear.Error{Class: switchgear.ClassUnknown, Status: resp.StatusCode, Body: body})
}

// notAnAnswer is for a body that is not what its 2xx status says: a page of
// HTML, nothing at all, JSON that is cut or nested without end.
func (e *endpoint) notAnAnswer(resp *http.Response, body []byte) *switchgear.Error {
	if len(body) > maxErrorBody {
		body = append([]byte(nil), body[:maxErrorBody]...)
	}
	if err := e.dialect.Error(resp.StatusCode, resp.Header, body); err != nil {
		return e.fail(err)
	}
	return e.fail(&switchgear.Error{
		Class: switchgear.ClassMalformed, Status: resp.StatusCode, Code: "not_json", Body: body,
		Message: "the provider answered with something that is not JSON",
	})
}

// traceOf hands what a request could not say up to the gateway, which makes
// the whole trace.
func traceOf(enc *Encoded) *switchgear.Trace {
	if len(enc.Dropped) == 0 {
		return nil
	}
	return &switchgear.Trace{Dropped: enc.Dropped}
}

// embedder is what an endpoint can do if its dialect is an [EmbedDialect].
type embedder struct {
	endpoint *endpoint
	dialect  EmbedDialect
}

// Embed implements [switchgear.Embedder].
func (m embedder) Embed(ctx context.Context, call *switchgear.EmbedCall) (_ *switchgear.EmbedResponse, err error) {
	defer func() { err = hush(err, call.Credential) }()
	enc, err := m.dialect.EncodeEmbed(call)
	if err != nil {
		return nil, m.endpoint.fail(err)
	}
	wire, err := m.endpoint.exchange(ctx, &enc, call.Credential)
	if err != nil {
		return nil, err
	}
	resp, err := m.dialect.DecodeEmbed(wire.Body)
	if err != nil {
		return nil, m.endpoint.fail(err)
	}
	resp.Wire = wire
	resp.Trace = traceOf(&enc)
	return resp, nil
}

// counter is what an endpoint can do if its dialect is a [CountDialect].
type counter struct {
	endpoint *endpoint
	dialect  CountDialect
}

// CountTokens implements [switchgear.TokenCounter].
func (m counter) CountTokens(ctx context.Context, call *switchgear.Call) (_ *switchgear.TokenCount, err error) {
	defer func() { err = hush(err, call.Credential) }()
	enc, err := m.dialect.EncodeCount(call)
	if err != nil {
		return nil, m.endpoint.fail(err)
	}
	wire, err := m.endpoint.exchange(ctx, &enc, call.Credential)
	if err != nil {
		return nil, err
	}
	count, err := m.dialect.DecodeCount(wire.Body)
	if err != nil {
		return nil, m.endpoint.fail(err)
	}
	count.Wire = wire
	count.Trace = traceOf(&enc)
	return count, nil
}
