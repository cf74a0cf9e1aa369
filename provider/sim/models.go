package sim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

type (
	openaiModel struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		Owner   string `json:"owned_by"`
	}
	anthropicModel struct {
		Type    string `json:"type"`
		ID      string `json:"id"`
		Display string `json:"display_name"`
		Created string `json:"created_at"`
	}
)

// modelsSince is when every simulated model came out: 2026-01-01.
const modelsSince = 1767225600

// modelNames is what GET /v1/models lists.
func (s *Server) modelNames() []string {
	if s.opts.Models != nil {
		return s.opts.Models
	}
	return []string{"sim-small", "sim-mid", "sim-frontier", "sim-reasoning", "sim-embed"}
}

// models answers GET /v1/models and GET /v1/models/NAME, in Anthropic's shape
// when anthropic-version is sent.
func (c *call) models(rest string) *exchange {
	name := strings.TrimPrefix(rest, "/")
	names := c.s.modelNames()
	if name != "" {
		if !slices.Contains(names, name) {
			return c.noSuchModel(name)
		}
		names = []string{name}
	}
	if c.dialect == anthropic {
		return anthropicModels(names, name != "")
	}
	list := struct {
		Object string        `json:"object"`
		Data   []openaiModel `json:"data"`
	}{"list", []openaiModel{}}
	for _, id := range names {
		list.Data = append(list.Data, openaiModel{id, "model", modelsSince, "simulated"})
	}
	if name != "" {
		return whole(http.StatusOK, "application/json", append(jsonBody(list.Data[0], "  "), '\n'))
	}
	return whole(http.StatusOK, "application/json", append(jsonBody(list, "  "), '\n'))
}

func anthropicModels(names []string, one bool) *exchange {
	page := struct {
		Data    []anthropicModel `json:"data"`
		HasMore bool             `json:"has_more"`
		First   *string          `json:"first_id"`
		Last    *string          `json:"last_id"`
	}{Data: []anthropicModel{}}
	since := time.Unix(modelsSince, 0).UTC().Format(time.RFC3339)
	for _, id := range names {
		page.Data = append(page.Data, anthropicModel{"model", id, "Simulated " + strings.TrimPrefix(id, "sim-"), since})
	}
	if one {
		return whole(http.StatusOK, "application/json", quote(page.Data[0]))
	}
	if len(names) > 0 {
		page.First, page.Last = &names[0], &names[len(names)-1]
	}
	return whole(http.StatusOK, "application/json", quote(page))
}
