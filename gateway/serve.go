package gateway

import (
	"context"

	"github.com/switchgear-dev/switchgear"
)

// What a gateway does, it does by one snapshot from start to end.

func (s *snapshot) complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error) {
	plan, err := s.plan(req.Route, req, false)
	if err != nil {
		return nil, err
	}
	resp, err := s.gateway.runner.Complete(ctx, plan, req)
	if plan.Arm != "" {
		s.judge(plan, req, resp, err)
	}
	return resp, err
}

func (s *snapshot) stream(ctx context.Context, req *switchgear.Request) (switchgear.Stream, error) {
	plan, err := s.plan(req.Route, req, true)
	if err != nil {
		return nil, err
	}
	answer, err := s.gateway.runner.Stream(ctx, plan, req)
	if plan.Arm == "" {
		return answer, err
	}
	return s.judgeStream(plan, req, answer, err)
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
