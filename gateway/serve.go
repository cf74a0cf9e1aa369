package gateway

import (
	"context"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// What a gateway does, it does by one snapshot from start to end.

func (s *snapshot) complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error) {
	plan, err := s.plan(req.Route, req, false)
	if err != nil {
		return nil, err
	}
	x := s.taping(plan, req)
	resp, err := s.gateway.runner.Complete(ctx, plan, req)
	if plan.Arm != "" {
		s.judge(plan, req, resp, err)
	}
	if x != nil && err == nil {
		x.answered(resp)
		s.keep(&x.Exchange)
	}
	return resp, err
}

func (s *snapshot) stream(ctx context.Context, req *switchgear.Request) (switchgear.Stream, error) {
	plan, err := s.plan(req.Route, req, true)
	if err != nil {
		return nil, err
	}
	x := s.taping(plan, req)
	answer, err := s.gateway.runner.Stream(ctx, plan, req)
	if plan.Arm != "" {
		answer, err = s.judgeStream(plan, req, answer, err)
	}
	if x == nil || err != nil {
		return answer, err
	}
	return &taped{Stream: answer, snapshot: s, exchange: x, answer: failover.NewAssembly()}, nil
}

func (s *snapshot) embed(ctx context.Context, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error) {
	plan, err := s.plan(req.Route, &switchgear.Request{Wire: req.Wire, Labels: req.Labels, Limits: req.Limits}, false)
	if err != nil {
		return nil, err
	}
	return s.gateway.runner.Embed(ctx, plan, req)
}

func (s *snapshot) countTokens(ctx context.Context, req *switchgear.Request) (*switchgear.TokenCount, error) {
	plan, err := s.plan(req.Route, req, false)
	if err != nil {
		return nil, err
	}
	return s.gateway.runner.CountTokens(ctx, plan, req)
}
