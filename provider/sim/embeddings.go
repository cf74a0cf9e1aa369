package sim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
)

type (
	embedBody struct {
		Object string      `json:"object"`
		Data   []embedding `json:"data"`
		Model  string      `json:"model"`
		Usage  struct {
			Prompt int `json:"prompt_tokens"`
			Total  int `json:"total_tokens"`
		} `json:"usage"`
	}
	embedding struct {
		Object string          `json:"object"`
		Index  int             `json:"index"`
		Vector json.RawMessage `json:"embedding"`
	}
)

// embeddings answers POST /v1/embeddings.
func (c *call) embeddings() *exchange {
	w := c.ask.wire
	inputs, tokens := embedInputs(w.Input)
	switch {
	case w.Model == "":
		return openaiError(http.StatusBadRequest, "invalid_request_error", "", "", "you must provide a model parameter")
	case len(inputs) == 0:
		return openaiError(http.StatusBadRequest, "invalid_request_error", "", "", "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.")
	}
	size := 1536
	if strings.Contains(w.Model, "large") {
		size = 3072
	}
	if w.Dimensions > 0 && w.Dimensions < size {
		size = w.Dimensions
	}
	body := embedBody{Object: "list", Model: c.ask.echoed()}
	for i, input := range inputs {
		v := vector(input, size)
		raw := quote(v)
		if w.EncodingFormat == "base64" {
			raw = quote(pack(v))
		}
		body.Data = append(body.Data, embedding{"embedding", i, raw})
	}
	body.Usage.Prompt, body.Usage.Total = tokens, tokens
	return whole(http.StatusOK, "application/json", append(jsonBody(body, "  "), '\n'))
}

// embedInputs reads a text, a list of texts, a list of tokens or a list of
// such lists.
func embedInputs(raw json.RawMessage) (inputs []string, tokens int) {
	var numbers []int
	var lists [][]int
	switch {
	case json.Unmarshal(raw, &numbers) == nil && len(numbers) > 0:
		return []string{string(raw)}, len(numbers)
	case json.Unmarshal(raw, &lists) == nil && len(lists) > 0:
		for _, list := range lists {
			inputs = append(inputs, string(quote(list)))
			tokens += len(list)
		}
		return inputs, tokens
	}
	for _, text := range texts(raw) {
		inputs = append(inputs, text)
		tokens += max(1, tokensOf(len(text)))
	}
	return inputs, tokens
}

// vector is of length one, and the same for the same text. Texts that share
// words are closer to each other than texts that do not.
func vector(text string, size int) []float32 {
	sum := make([]float64, size)
	add := func(word string, weight float64) {
		r := rand.New(rand.NewPCG(hashOf([]byte(word)), 0))
		for i := range sum {
			sum[i] += weight * r.NormFloat64()
		}
	}
	words := strings.Fields(strings.ToLower(text))
	for _, word := range words[:min(len(words), 256)] { // enough to tell texts apart
		add(strings.Trim(word, ".,;:!?\"'()"), 1)
	}
	add("\x00"+text, 0.5) // different orders of the same words differ
	norm := 0.0
	for _, v := range sum {
		norm += v * v
	}
	out := make([]float32, size)
	for i, v := range sum {
		out[i] = float32(v / math.Sqrt(norm))
	}
	return out
}

// pack writes a vector as base64 of little-endian 32-bit floats.
func pack(v []float32) string {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}
