package openai

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
)

const errorPage = "<html>\r\n<head><title>502 Bad Gateway</title></head></html>"

func TestErrorClasses(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		class  switchgear.Class
		code   string
	}{
		{"context", 400, `{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`, switchgear.ClassContext, "context_length_exceeded"},
		{"context, by vLLM", 400, `{"object":"error","message":"This model's maximum context length is 4096 tokens","type":"BadRequestError","param":null,"code":400}`, switchgear.ClassContext, "400"},
		{"context, by Together", 400, `{"error":{"message":"Input validation error: ` + "`inputs`" + ` tokens + max_new_tokens must be <= 8193","type":"invalid_request_error"}}`, switchgear.ClassContext, "invalid_request_error"},
		{"context, by llama.cpp", 400, `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`, switchgear.ClassContext, "400"},
		{"context, by Ollama", 400, `{"error":"the input exceeds the context length"}`, switchgear.ClassContext, ""},
		{"too large for a minute", 413, `{"error":{"message":"Request too large for model in organization on tokens per minute (TPM): Limit 6000, Requested 12328","type":"tokens","code":"rate_limit_exceeded"}}`, switchgear.ClassContext, "rate_limit_exceeded"},
		{"policy, by Azure", 400, `{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, switchgear.ClassPolicy, "content_filter"},
		{"policy, by OpenRouter", 403, `{"error":{"code":403,"message":"Input refused","metadata":{"reasons":["violence"],"flagged_input":"x"}}}`, switchgear.ClassPolicy, "403"},
		{"policy, by DeepSeek", 400, `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, switchgear.ClassPolicy, "invalid_request_error"},
		{"quota", 429, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`, switchgear.ClassQuota, "insufficient_quota"},
		{"quota, by its type alone", 429, `{"error":{"message":"no","type":"insufficient_quota","code":"project_spend_limit_exceeded"}}`, switchgear.ClassQuota, "project_spend_limit_exceeded"},
		{"quota, by DeepSeek", 402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`, switchgear.ClassQuota, "invalid_request_error"},
		{"quota, in a 402 without a body", 402, ``, switchgear.ClassQuota, ""},
		{"in flight, by OpenRouter", 402, `{"error":{"code":402,"message":"wait","metadata":{"limit_source":"in_flight_budget_exhausted"}}}`, switchgear.ClassRateLimited, "402"},
		{"rate limit", 429, `{"error":{"message":"Rate limit reached for gpt in organization org on requests per min. Please try again in 6ms.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`, switchgear.ClassRateLimited, "rate_limit_exceeded"},
		{"slow down", 429, `{"error":{"message":"Slow down","type":"rate_limit_error","code":"slow_down"}}`, switchgear.ClassRateLimited, "slow_down"},
		{"slow down, as it was once", 503, `{"error":{"message":"Slow down","type":"x","code":"slow_down"}}`, switchgear.ClassRateLimited, "slow_down"},
		{"rate limit, by Mistral", 429, `{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}`, switchgear.ClassRateLimited, "1300"},
		{"rate limit, by Anthropic's endpoint", 429, `{"error":{"code":"rate_limit_error","type":"invalid_request_error","message":"slow"}}`, switchgear.ClassRateLimited, "rate_limit_error"},
		{"capacity, by Mistral", 429, `{"object":"error","message":"Service tier capacity exceeded for this model.","type":"invalid_request_error","code":null}`, switchgear.ClassOverloaded, "invalid_request_error"},
		{"capacity, by Azure", 429, `{"error":{"code":"429","message":"The system is currently experiencing high demand."}}`, switchgear.ClassOverloaded, "429"},
		{"capacity, by Groq", 498, `{"error":{"message":"over capacity","type":"internal_server_error","code":"capacity_exceeded"}}`, switchgear.ClassOverloaded, "capacity_exceeded"},
		{"overloaded", 503, `{"error":{"message":"The engine is currently overloaded","type":"service_unavailable_error","code":"server_is_overloaded"}}`, switchgear.ClassOverloaded, "server_is_overloaded"},
		{"busy, by Ollama", 503, `{"error":{"message":"server busy, please try again. maximum pending requests exceeded","type":"api_error","param":null,"code":null}}`, switchgear.ClassOverloaded, "api_error"},
		{"server", 500, `{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}`, switchgear.ClassServer, "server_error"},
		{"dead, by vLLM", 500, `{"error":{"message":"EngineCore died","type":"InternalServerError","param":null,"code":500}}`, switchgear.ClassServer, "500"},
		{"a caller's mistake in a 500, by llama.cpp", 500, `{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}`, switchgear.ClassInvalid, "500"},
		{"nothing at all", 500, ``, switchgear.ClassServer, ""},
		{"gone", 404, `{"error":{"message":"The model x does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`, switchgear.ClassGone, "model_not_found"},
		{"gone in a 400, by Mistral", 400, `{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}`, switchgear.ClassGone, "1500"},
		{"gone in a 400, by OpenRouter", 400, `{"error":{"message":"x is not a valid model ID","code":400}}`, switchgear.ClassGone, "400"},
		{"no access to the model", 403, `{"error":{"message":"Project p does not have access to model x","type":"invalid_request_error","param":null,"code":"model_not_found"}}`, switchgear.ClassGone, "model_not_found"},
		{"gone, by vLLM", 404, `{"object":"error","message":"The model x does not exist.","type":"NotFoundError","param":null,"code":404}`, switchgear.ClassGone, "404"},
		{"gone, in plain text", 404, `Not Found`, switchgear.ClassConnect, "no_such_address"},
		{"auth", 401, `{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, switchgear.ClassAuth, "invalid_api_key"},
		{"auth, by Mistral", 401, `{"detail":"Unauthorized"}`, switchgear.ClassAuth, ""},
		{"auth in a 400, by xAI", 400, `{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xx."}`, switchgear.ClassAuth, ""},
		{"auth in a 400, by Google", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]`, switchgear.ClassAuth, "400"},
		{"region", 403, `{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}}`, switchgear.ClassAuth, "unsupported_country_region_territory"},
		{"the model's fault, by Groq", 400, `{"error":{"message":"Failed to generate JSON.","type":"invalid_request_error","code":"json_validate_failed","failed_generation":""}}`, switchgear.ClassMalformed, "json_validate_failed"},
		{"invalid", 400, `{"error":{"message":"Invalid value for 'temperature'","type":"invalid_request_error","param":"temperature","code":"invalid_value"}}`, switchgear.ClassInvalid, "invalid_value"},
		{"invalid, by FastAPI", 422, `{"detail":[{"type":"missing","loc":["body","model"],"msg":"Field required"}]}`, switchgear.ClassInvalid, ""},
		{"a page in a 502", 502, errorPage, switchgear.ClassServer, "web_page"},
		{"a page in a 403", 403, "<!DOCTYPE html><html>Just a moment...", switchgear.ClassConnect, "web_page"},
		{"a page in a 401", 401, errorPage, switchgear.ClassConnect, "web_page"},
		{"a page in a 429", 429, errorPage, switchgear.ClassConnect, "web_page"},
		{"a page in a 200", 200, errorPage, switchgear.ClassConnect, "web_page"},
		{"a redirect", 302, errorPage, switchgear.ClassServer, "redirect"},
		{"an empty 200", 200, " \n", switchgear.ClassMalformed, "empty_body"},
		{"no JSON in a 200", 200, `{"id":`, switchgear.ClassMalformed, "not_json"},
		{"no choices in a 200", 200, `{"id":"x","choices":[]}`, switchgear.ClassMalformed, "no_choices"},
		{"an error in a 200, with its status", 200, `{"error":{"code":429,"message":"x"}}`, switchgear.ClassRateLimited, "429"},
		{"an error in a 200, without", 200, `{"error":{"message":"CUDA out of memory"}}`, switchgear.ClassServer, ""},
		{"a status nobody knows", 567, `{}`, switchgear.ClassServer, ""},
		{"an address that is not for this", 405, `{"detail":"Method Not Allowed"}`, switchgear.ClassConnect, "no_such_address"},
		{"not supported, by llama.cpp", 501, `{"error":{"code":501,"message":"This server does not support x","type":"not_supported_error"}}`, switchgear.ClassInvalid, "501"},
	} {
		e := New().Error(c.status, http.Header{}, []byte(c.body))
		if e.Class != c.class || e.Code != c.code {
			t.Errorf("%s: class %s, code %q; want %s, %q", c.name, e.Class, e.Code, c.class, c.code)
		}
		if e.Status != c.status || e.Dialect != Name || string(e.Body) != c.body || e.Message == "" {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

// TestErrorsAreSafeToLog plants a prompt and a key wherever a provider may
// repeat them.
func TestErrorsAreSafeToLog(t *testing.T) {
	const canary = "sk-canary my secret prompt"
	for _, body := range []string{
		`{"error":{"message":"` + canary + `","type":"` + canary + `","param":"x","code":"` + canary + `"}}`,
		`{"error":"` + canary + `","code":"` + canary + `"}`,
		`{"detail":[{"msg":"` + canary + `"}]}`,
		canary,
		"<html>" + canary,
	} {
		for _, status := range []int{200, 302, 400, 401, 429, 500} {
			if e := New().Error(status, nil, []byte(body)); strings.Contains(e.Error(), "canary") || strings.Contains(e.Code, " ") {
				t.Errorf("%d %s: %v", status, body, e)
			}
		}
	}
}

func TestErrorKeepsTheWordsAndTheWait(t *testing.T) {
	body := `{"error":{"message":"Rate limit reached. Please try again in 1m2.5s. Visit","type":"tokens","param":"messages","code":"rate_limit_exceeded"}}`
	e := New().Error(429, http.Header{}, []byte(body))
	if e.RetryAfter != 62500*time.Millisecond || e.Param != "messages" || !strings.HasPrefix(e.Detail, "Rate limit reached") {
		t.Errorf("%+v", e)
	}
	e = New().Error(429, http.Header{"Retry-After": {"3"}}, []byte(body))
	if e.RetryAfter != 3*time.Second {
		t.Errorf("the header says 3 s, not %v", e.RetryAfter)
	}
	if e = New().Error(400, http.Header{"Retry-After": {"3"}}, []byte(`{"error":{"message":"no","code":"invalid_value"}}`)); e.RetryAfter != 0 {
		t.Errorf("a 400 is not waited for: %v", e.RetryAfter)
	}
	if e = New().Error(429, http.Header{"Retry-After": {"7200"}}, nil); e.Class != switchgear.ClassQuota || e.RetryAfter != 5*time.Minute {
		t.Errorf("two hours are more than a rate limit: %v, %v", e.Class, e.RetryAfter)
	}
	if e = New().Error(500, nil, bytes.Repeat([]byte("x"), 100<<10)); len(e.Body) != 64<<10 {
		t.Errorf("%d bytes of the body are kept", len(e.Body))
	}
}
