package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/conformance/strict"
)

// sent is one request of a client, and what came back.
type sent struct {
	at     time.Time
	retry  string
	status int
	header http.Header
}

// counting keeps what a client sends.
type counting struct{ calls []sent }

// RoundTrip implements http.RoundTripper.
func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	call := sent{at: time.Now(), retry: r.Header.Get("X-Stainless-Retry-Count")}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if resp != nil {
		call.status, call.header = resp.StatusCode, resp.Header
	}
	c.calls = append(c.calls, call)
	return resp, err
}

func (c *counting) client() *http.Client {
	return &http.Client{Transport: c, Timeout: 30 * time.Second}
}

func equal[T comparable](got, want T, what string) error {
	if got != want {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}

func must(ok bool, format string, args ...any) error {
	if !ok {
		return fmt.Errorf(format, args...)
	}
	return nil
}

// first is the first of the errors that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// served checks the headers that say who answered.
func (c *counting) served(vendor, route, condition, model string) error {
	if err := equal(len(c.calls), 1, "the number of requests"); err != nil {
		return err
	}
	h := c.calls[0].header
	id := "Request-Id"
	if vendor == "openai" {
		id = "X-Request-Id"
	}
	by, step := vendor+"-spare/"+model, "2/2"
	if condition == "calm" {
		by, step = vendor+"-calm/"+model, "1/2"
	}
	attempts, _ := strconv.Atoi(h.Get("X-Switchgear-Attempts"))
	fallback := h.Get("X-Switchgear-Fallback")
	failed := vendor + "-" + condition + "/" + model
	return first(
		must(h.Get("X-Switchgear-Request-Id") != "", "x-switchgear-request-id is missing"),
		must(h.Get(id) != "", "%s is missing", id),
		equal(h.Get("X-Switchgear-Route"), route, "x-switchgear-route"),
		equal(h.Get("X-Switchgear-Degraded"), "0", "x-switchgear-degraded"),
		equal(h.Get("X-Switchgear-Served-By"), by, "x-switchgear-served-by"),
		equal(h.Get("X-Switchgear-Step"), step, "x-switchgear-step"),
		must(attempts >= 1, "x-switchgear-attempts is %q", h.Get("X-Switchgear-Attempts")),
		must((condition == "calm") == (fallback == ""), "x-switchgear-fallback is %q", fallback),
		must(condition == "calm" || strings.Contains(fallback, failed), "x-switchgear-fallback is %q, without %s", fallback, failed),
	)
}

// refused checks that the last answer had a status, and that the requests came
// as often as they may.
func (c *counting) refused(status, retries int) error {
	if len(c.calls) == 0 {
		return errors.New("no request was sent")
	}
	last := c.calls[len(c.calls)-1]
	return first(
		equal(last.status, status, "the status"),
		must(last.header.Get("X-Switchgear-Request-Id") != "", "the error carries no x-switchgear-request-id"),
		must(status < 500 || last.header.Get("X-Should-Retry") != "" || last.header.Get("Retry-After") != "", "the error does not say whether to try again"),
		c.told(retries),
	)
}

// told checks that the requests came as often, and as late, as the answers'
// headers said.
func (c *counting) told(retries int) error {
	for i, call := range c.calls {
		if err := equal(call.retry, strconv.Itoa(i), "x-stainless-retry-count of request "+strconv.Itoa(i+1)); err != nil {
			return err
		}
		again := call.mayRetry()
		if i == len(c.calls)-1 {
			return must(!again || i == retries, "the SDK gave up after %d requests though it may retry", i+1)
		}
		ms, _ := strconv.ParseFloat(call.header.Get("Retry-After-Ms"), 64)
		wait := time.Duration(ms * float64(time.Millisecond))
		waited := c.calls[i+1].at.Sub(call.at)
		if err := first(
			must(again, "the SDK repeated an answer with status %d that said not to", call.status),
			must(waited >= wait*7/10, "the SDK waited %v, told %v", waited, wait),
		); err != nil {
			return err
		}
	}
	return nil
}

func (s *sent) mayRetry() bool {
	switch s.header.Get("X-Should-Retry") {
	case "true":
		return true
	case "false":
		return false
	}
	return s.status == http.StatusRequestTimeout || s.status == http.StatusConflict || s.status == http.StatusTooManyRequests || s.status >= 500
}

// askedTo checks that a header of the last answer asks to wait for 1 to 10
// seconds.
func (c *counting) askedTo() error {
	word := c.calls[len(c.calls)-1].header.Get("Retry-After")
	wait, err := strconv.Atoi(word)
	return must(err == nil && wait >= 1 && wait <= 10, "retry-after is %q", word)
}

// waitedOnce checks that a client was refused, waited, and was answered.
func (c *counting) waitedOnce() error {
	if len(c.calls) != 2 {
		return fmt.Errorf("%d requests, want 2", len(c.calls))
	}
	return first(
		equal(c.calls[0].status, http.StatusTooManyRequests, "the first status"),
		equal(c.calls[1].status, http.StatusOK, "the second status"),
		c.told(2),
		must(c.calls[1].at.Sub(c.calls[0].at) >= time.Second, "the SDK did not wait"),
	)
}

// upstream counts the calls that reached the simulated provider for a model.
func upstream(model string) (int, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, simulator+"/_sim/log", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	var entries []struct {
		Model string `json:"model"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&entries); err != nil {
		return 0, err
	}
	n := 0
	for _, e := range entries {
		if e.Model == model {
			n++
		}
	}
	return n, nil
}

// oneCall checks that exactly one call reaches the simulated provider.
func oneCall(model string, act func() error) error {
	before, err := upstream(model)
	if err != nil {
		return err
	}
	if err := act(); err != nil {
		return err
	}
	after, err := upstream(model)
	return first(err, equal(after-before, 1, "the number of upstream calls"))
}

// invoice checks an answer to the schema of the structured cases.
func invoice(text string) error {
	var value struct {
		Total    *float64 `json:"total"`
		Currency string   `json:"currency"`
	}
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return fmt.Errorf("%q is no invoice: %w", text, err)
	}
	return must(value.Total != nil && (value.Currency == "EUR" || value.Currency == "USD"), "%q is no invoice", text)
}

func invoiceSchema() map[string]any {
	return map[string]any{
		"type": "object", "required": []string{"total", "currency"}, "additionalProperties": false,
		"properties": map[string]any{
			"total":    map[string]any{"type": "number"},
			"currency": map[string]any{"type": "string", "enum": []string{"EUR", "USD"}},
		},
	}
}

// toolField is the one argument of each tool.
var toolField = map[string]string{"get_weather": "city", "get_time": "zone"}

// checkTool checks the arguments of a call.
func checkTool(name, arguments string) error {
	var args map[string]any
	if err := json.Unmarshal([]byte(arguments), &args); err != nil {
		return fmt.Errorf("the arguments %q of %s: %w", arguments, name, err)
	}
	_, ok := args[toolField[name]].(string)
	return must(ok, "the arguments of %s are %q", name, arguments)
}

// toolCase is a set of tools and those of them that must be called.
type toolCase struct {
	op     string
	tools  []string
	serial bool
	called string
}

var toolCases = []toolCase{
	{"tools", []string{"get_weather"}, false, "get_weather"},
	{"tools-serial", []string{"get_weather", "get_time"}, true, "get_weather"},
	{"tools-parallel", []string{"get_weather", "get_time"}, false, "get_weather,get_time"},
}

// crossModels are the models of the routes across the protocols.
var crossModels = map[string]string{"openai": "gpt-5.6-terra", "anthropic": "claude-sonnet-5"}

// servedAcross checks the headers of the answers in the other protocol: from
// the first step, or from the second while the first is down. Lost is all that
// was dropped.
func (c *counting) servedAcross(vendor, route, condition string, lost []string) error {
	other, id := "anthropic", "X-Request-Id"
	if vendor == "anthropic" {
		other, id = "openai", "Request-Id"
	}
	by, step, failed := other+"-calm/"+crossModels[other], "1/2", ""
	if condition == "down" {
		by, step, failed = other+"-spare/"+crossModels[other], "2/2", vendor+"-down/"+crossModels[vendor]
	}
	for _, call := range c.calls {
		h := call.header
		fallback, _, _ := strings.Cut(h.Get("X-Switchgear-Fallback"), ":")
		if err := first(
			must(h.Get(id) != "", "%s is missing", id),
			equal(h.Get("X-Switchgear-Route"), route, "x-switchgear-route"),
			equal(h.Get("X-Switchgear-Served-By"), by, "x-switchgear-served-by"),
			equal(h.Get("X-Switchgear-Step"), step, "x-switchgear-step"),
			equal(fallback, failed, "x-switchgear-fallback"),
			dropped(h.Get("X-Switchgear-Dropped"), lost),
		); err != nil {
			return err
		}
	}
	return must(len(c.calls) > 0, "no request was sent")
}

// dropped checks that a header names each of these, and nothing where there are
// none.
func dropped(header string, lost []string) error {
	if len(lost) == 0 {
		return equal(header, "", "x-switchgear-dropped")
	}
	for _, name := range lost {
		if !strings.Contains(header, name) {
			return fmt.Errorf("x-switchgear-dropped is %q, without %s", header, name)
		}
	}
	return nil
}

// seen is what the simulated provider was last asked for, in the driver's
// words.
func seen(ctx context.Context) (*strict.Seen, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, simulator+"/_seen", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	s := &strict.Seen{}
	return s, json.NewDecoder(resp.Body).Decode(s)
}

// sawTurns checks the history an upstream received after the given turn of two
// parallel tools.
func sawTurns(ctx context.Context, turn int, ids []string) error {
	s, err := seen(ctx)
	if err != nil {
		return err
	}
	if len(s.Results) != 2*turn {
		return fmt.Errorf("%d results arrived, want %d", len(s.Results), 2*turn)
	}
	last := s.Results[2*turn-2:]
	return first(
		equal(s.Calls, 2*turn, "the number of calls in the history"),
		equal(last[0], strict.Result{ID: ids[0], Text: strconv.Itoa(20+turn) + " degrees"}, "the first result"),
		equal(last[1], strict.Result{ID: ids[1], Text: "half past " + strconv.Itoa(turn)}, "the second result"),
		equal(s.Choice, "none", "tool_choice"),
		equal(strings.Join(s.Tools, ","), "get_weather,get_time", "the tools offered"),
	)
}

// across runs a case in both conditions.
func across(ctx context.Context, vendor, op string, act func(route string) (*counting, error), lost ...string) {
	other := map[string]string{"openai": "anthropic", "anthropic": "openai"}[vendor]
	for _, condition := range []string{"calm", "down"} {
		run(vendor+"/cross-"+op+"/"+condition, func() error {
			route := vendor + "-cross-" + condition
			c, err := act(route)
			if err != nil {
				return err
			}
			s, err := seen(ctx)
			if err != nil {
				return err
			}
			return first(c.servedAcross(vendor, route, condition, lost), equal(s.Dialect, other, "the protocol of the target"))
		})
	}
}

// A red dot of one pixel, and the address of a picture.
const (
	png     = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
	picture = "https://example.test/relay.png"
)

// sawImages checks that both pictures arrived.
func sawImages(ctx context.Context) error {
	s, err := seen(ctx)
	if err != nil {
		return err
	}
	return equal(strings.Join(s.Images, ","), "image/png "+strconv.Itoa(len(png))+","+picture, "the images")
}
